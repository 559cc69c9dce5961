package presign

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/sign"
)

// Addresses that somebody changed, or made for something else. Each is tried
// on every operation of the core, so that none has a way round the check.

// A forgery makes a request that must be refused out of a presigned one. It
// returns false where it does not apply.
type forgery struct {
	id, rule, text string
	ref            string
	want           []Answer
	make           func(r *Request, other string) bool
}

// edit is a forgery on the finished head.
func edit(with func(head string) string) func(*Request, string) bool {
	return func(r *Request, _ string) bool { r.EditHead = with; return true }
}

// signedBy is a forgery in the scope of the signature.
func signedBy(with func(*sign.Scope)) func(*Request, string) bool {
	return func(r *Request, _ string) bool { r.Scope = with; return true }
}

// turn changes one digit of a signature.
func turn(sig string) string {
	last := "0"
	if strings.HasSuffix(sig, "0") {
		last = "1"
	}
	return sig[:len(sig)-1] + last
}

var either = []Answer{mismatch, malformed}

var forgeries = []forgery{
	{"signature", "PS-04", "with one digit of its signature changed", apiQuery, []Answer{mismatch},
		edit(onParam("X-Amz-Signature", func(v string) (string, bool) { return turn(v), true }))},
	{"half-signature", "PS-04", "with half of its signature", apiQuery, either,
		edit(onParam("X-Amz-Signature", func(v string) (string, bool) { return v[:32], true }))},
	{"long-signature", "PS-04", "with more behind its signature", apiQuery, either,
		edit(onParam("X-Amz-Signature", func(v string) (string, bool) { return v + "00", true }))},
	{"zero-signature", "PS-04", "with a signature of zeros", apiQuery, []Answer{mismatch},
		edit(setParam("X-Amz-Signature", strings.Repeat("0", 64)))},
	{"secret", "PS-04", "signed with another secret", apiQuery, []Answer{mismatch}, signedBy(func(sc *sign.Scope) { sc.Secret += "x" })},
	{"method", "PS-04", "signed for another method", apiQuery, []Answer{mismatch}, otherMethod},
	{"bucket", "PS-04", "signed for another bucket", apiQuery, []Answer{mismatch}, otherBucket},
	{"key", "PS-04", "signed for another key", apiQuery, []Answer{mismatch}, otherKey},
	{"query", "PS-04", "with a parameter added to its query", apiQuery, []Answer{mismatch}, edit(addParam("x-added=1"))},
	{"lifetime", "PS-04", "with a longer X-Amz-Expires than was signed", apiQuery, []Answer{mismatch}, edit(setParam("X-Amz-Expires", "604800"))},
	{"date", "PS-04", "with a later X-Amz-Date than was signed", apiQuery, []Answer{mismatch}, otherTime},
	{"nobody", "AN-02", "of an access key that nobody has", apiErrors, []Answer{{Status: 403, Codes: []string{"InvalidAccessKeyId"}}},
		signedBy(func(sc *sign.Scope) { sc.Access = "AKIAIOSFODNN7NOBODY1" })},
	{"region", "PS-06", "signed for another region", apiErrors, []Answer{malformed}, signedBy(func(sc *sign.Scope) { sc.Region = "xx-nowhere-1" })},
	{"service", "PS-06", "signed for another service", apiErrors, []Answer{malformed}, signedBy(func(sc *sign.Scope) { sc.Service = "iam" })},
	{"expired", "PS-02", "that has expired", expiry, []Answer{forbidden}, func(r *Request, _ string) bool {
		r.Presign, r.Scope = "60", func(sc *sign.Scope) { sc.Time = sc.Time.Add(-time.Hour) }
		return true
	}},
	{"unsigned-header", "PS-09", "with an x-amz-meta header that was not signed", apiQuery, []Answer{forbidden}, func(r *Request, _ string) bool {
		r.Late = [][2]string{{"x-amz-meta-added", "1"}}
		return true
	}},
}

// otherMethod signs for a method that does no harm, or for PUT where that is
// the method itself.
func otherMethod(r *Request, _ string) bool {
	method := r.Method
	if method == http.MethodHead {
		return false // the answer to a HEAD cannot be read as one to a GET
	}
	r.Method = http.MethodGet
	if method == http.MethodGet {
		r.Method = http.MethodPut
	}
	r.EditHead = func(head string) string { return method + head[strings.IndexByte(head, ' '):] }
	return true
}

func otherBucket(r *Request, other string) bool {
	bucket := r.Bucket
	if bucket == "" {
		return false
	}
	r.Bucket = other
	r.EditHead = func(head string) string { return strings.ReplaceAll(head, other, bucket) }
	return true
}

func otherKey(r *Request, _ string) bool {
	key := r.Key
	if key == "" {
		return false
	}
	r.Key = "signed-for-this"
	r.EditHead = onTarget(func(target string) string { return strings.Replace(target, "/signed-for-this", "/"+key, 1) })
	return true
}

// otherTime moves X-Amz-Date by a second, within the signed day.
func otherTime(r *Request, _ string) bool {
	noon := func(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
	r.Presign = "172800"
	r.Scope = func(sc *sign.Scope) { sc.Time = noon(sc.Time) }
	r.EditHead = onParam("X-Amz-Date", func(v string) (string, bool) { return strings.TrimSuffix(v, "0Z") + "1Z", true })
	return true
}

func init() {
	for _, f := range forgeries {
		Add(Scenario{
			ID:    "presign.forged." + f.id,
			Rule:  f.rule,
			Says:  fmt.Sprintf("An address %s MUST be refused with %s for every operation, and change nothing.", f.text, list(f.want)),
			Ref:   f.ref,
			Level: Must,
			Needs: []Feature{Presigned, Objects, Multipart},
			Check: func(ctx context.Context, s *S) {
				st, other, tried := sample.Prepare(ctx, s), s.AbsentBucket(), 0
				for _, op := range st.Operations() {
					r := st.Request(op)
					r.Presign = lifetime
					if f.make(&r, other) {
						s.Expect(s.Send(ctx, r)).To(refused(op.Method, f.want...), op.Name)
						tried++
					}
				}
				s.Observe("requests refused", tried)
				st.ExpectUnchanged(ctx)
			},
		})
	}
}

// list names answers in a sentence.
func list(answers []Answer) string {
	var texts []string
	for _, a := range answers {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", or ")
}
