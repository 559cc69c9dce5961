package consistency

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bleepstore/conformance/history"
)

// valueHeader carries the value of a write as user metadata: it names the write
// where a body is too short to, and tells when body and metadata are of two.
const valueHeader = "X-Amz-Meta-V"

// written is what a client knows of a write before it sends it.
type written struct {
	size   int64
	etag   string        // hex MD5; "" where the server's ETags are none
	upload history.Value // of a part, and of an upload itself: the upload's value
	whole  bool          // an upload, whose parts hold the bodies
}

// knows returns what was written as v, nil when nobody wrote it.
func (r *run) knows(v history.Value) *written {
	w, ok := r.known.Load(v)
	if !ok {
		return nil
	}
	return w.(*written)
}

// body makes the body of a new write of size bytes, part of the upload of where
// that is not 0, and notes what it is.
func (r *run) body(size int64, of history.Value) (history.Value, []byte, *written) {
	v := r.rec.Value()
	body := history.Body(v, size)
	return v, body, r.note(v, body, of)
}

// note notes what is about to be written as v: before it is sent, so that
// whoever reads it knows.
func (r *run) note(v history.Value, body []byte, of history.Value) *written {
	w := &written{size: int64(len(body)), upload: of}
	if r.digests {
		w.etag = digest(body)
	}
	r.known.Store(v, w)
	return w
}

func digest(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// bare is an ETag without its quotes.
func bare(etag string) string { return strings.Trim(etag, `"`) }

// quoted is an ETag, or "*", as a header carries it.
func quoted(etag string) string {
	if etag == "" || etag == "*" {
		return etag
	}
	return `"` + etag + `"`
}

// headers makes a header of pairs; those without a value are left out.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			h.Set(pairs[i], pairs[i+1])
		}
	}
	return h
}

func meta(v history.Value) string { return strconv.FormatUint(uint64(v), 10) }

// probe learns whether the server's ETags are MD5s of what was stored, as AWS
// documents for objects that are not encrypted with keys of KMS or the customer's,
// and that it keeps metadata, without which a short body names no write.
func (r *run) probe(ctx context.Context) error {
	h := &holding{wear: maxWear}
	c := r.client(-1)
	c.unrecorded = true
	key := r.Name + "/probe"
	v, body, _ := r.body(64, 0)
	op := c.patiently(ctx, func() history.Op {
		op := history.Op{Kind: history.Put, Key: key, Arg: history.Arg{Value: v, Size: 64}}
		c.do(ctx, h, &op, request{method: http.MethodPut, header: c.digested(headers(valueHeader, meta(v)), body), body: body}, func(op *history.Op, a *answer) {
			op.Result.ETag = bare(a.header.Get("ETag"))
		})
		return op
	})
	if err := r.failed.Load(); err != nil {
		return *err
	}
	if op.Outcome != history.OK {
		return fmt.Errorf("a first PUT got %d %s %s", op.Result.Status, op.Result.Code, op.Result.Error)
	}
	read := c.patiently(ctx, func() history.Op { return c.get(ctx, h, key) })
	if read.Outcome != history.OK || read.Result.Torn != "" || read.Result.Value != v {
		return fmt.Errorf("a first object was not read as it was written: got %d %s, %s, %s", read.Result.Status, read.Result.Code, read.Result.Value, read.Result.Torn)
	}
	r.digests = op.Result.ETag == digest(body)
	c.remove(ctx, h, key, history.Arg{})
	return nil
}

// patiently repeats an operation that is no part of the history for as long as
// its outcome is unclear: a busy server, or a cluster that elects, is waited for
// as a new bucket is.
func (c *client) patiently(ctx context.Context, do func() history.Op) history.Op {
	for end := time.Now().Add(c.s.Target().Settle); ; {
		op := do()
		if op.Outcome == history.OK || op.Outcome == history.Refused || time.Now().After(end) || c.failed.Load() != nil {
			return op
		}
		select {
		case <-ctx.Done():
			return op
		case <-time.After(50 * time.Millisecond):
		}
	}
}
