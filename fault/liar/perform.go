package liar

import (
	"crypto/md5"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"bleepstore/scenarios/sign"
)

// perform sends a refused request again, so that it works, and hands on the
// refusal.
func perform(op, code string) lie {
	return lie{on: ops(op), when: failing(code), change: func(t *telling, q *request, _ *answer) bool {
		again := q.clone()
		again.own(t.liar)
		a := t.send(again)
		return a != nil && a.ok()
	}}
}

// keepCut stores what came of a request that broke off.
func keepCut(op, thing string) lie {
	return lie{on: and(ops(op), func(*request) bool { return thing == "cut" }), cut: true, take: func(t *telling, q *request) *answer {
		if q.whole {
			return nil
		}
		q.mend()
		q.own(t.liar)
		return t.send(q)
	}}
}

// obstacles are why a server may refuse a request.
var obstacles = []string{"Authorization", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
	"X-Amz-Copy-Source-If-Match", "X-Amz-Copy-Source-If-None-Match", "X-Amz-Copy-Source-If-Modified-Since", "X-Amz-Copy-Source-If-Unmodified-Since",
	"X-Amz-Expected-Bucket-Owner", "X-Amz-Source-Expected-Bucket-Owner", "X-Amz-Security-Token", "X-Amz-Sdk-Checksum-Algorithm",
	"Expect", "Transfer-Encoding", "Content-Length", "Date", "X-Amz-If-Match-Size", "X-Amz-If-Match-Last-Modified-Time"}

// own makes a request one of the owner's, who asks for no more than that it be
// done: without conditions, digests and framing. Its signature, and so what was
// wrong with it, is gone.
func (q *request) own(l *Liar) {
	for _, name := range obstacles {
		q.drop(name)
	}
	q.fields = slices.DeleteFunc(slices.Clone(q.fields), func(line [2]string) bool { return digests[strings.ToLower(line[0])] != nil })
	for name := range q.params() {
		if strings.HasPrefix(name, "X-Amz-") {
			q.forget(name)
		}
	}
	q.body = q.content()
	q.unframe()
	q.set("Content-Length", strconv.Itoa(len(q.body)))
	q.whole = true
	q.by = signature{mode: "header", good: true, payload: q.by.payload, form: form{path: true}, names: []string{"host"}}
	if len(l.keys) > 0 {
		q.by.scope = sign.Scope{Access: l.keys[0].Access, Secret: l.keys[0].Secret, Region: l.region, Service: "s3", Time: time.Now().UTC()}
	}
	q.set("X-Amz-Date", q.by.scope.Stamp())
	q.had = nil
	q.resign()
}

// content is the body without framing, as far as that can be taken apart.
func (q *request) content() []byte {
	if !sign.Payload(q.get("X-Amz-Content-Sha256")).Streaming() {
		return q.body
	}
	s := &stream{}
	s.read(string(q.body))
	return s.data
}

// tag is the ETag that the body has as an object.
func (q *request) tag() string {
	sum := md5.Sum(q.content())
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// mend ends a document behind the last whole thing that it lists.
func (q *request) mend() {
	for op, name := range map[string]string{"DeleteObjects": "Delete Object", "CompleteMultipartUpload": "CompleteMultipartUpload Part"} {
		root, item, _ := strings.Cut(name, " ")
		if i := strings.LastIndex(string(q.body), "</"+item+">"); q.op == op && i >= 0 {
			q.body = append(q.body[:i:i], "</"+item+"></"+root+">"...)
		}
	}
}
