package auth

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

// Requests whose signature is not theirs. Each kind is tried on every
// operation of the core, so that none has a way round the check.

// A forgery makes a request that must be refused out of a well-signed one. It
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

// shifted is a request signed at another time.
func shifted(by time.Duration) func(*Request, string) bool {
	return signedBy(func(sc *sign.Scope) { sc.Time = sc.Time.Add(by) })
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
	{"anonymous", "AN-01", "without credentials", apiErrors, []Answer{denied}, anonymous},
	{"signature", "AN-03", "with one digit of its signature changed", apiErrors, []Answer{mismatch}, edit(onSignature(turn))},
	{"half-signature", "AN-03", "with half of its signature", apiErrors, either, edit(onSignature(func(v string) string { return v[:32] }))},
	{"long-signature", "AN-03", "with more behind its signature", apiErrors, either, edit(onSignature(func(v string) string { return v + "00" }))},
	{"zero-signature", "AN-03", "with a signature of zeros", apiErrors, []Answer{mismatch}, edit(onSignature(func(string) string { return strings.Repeat("0", 64) }))},
	{"secret", "AN-03", "signed with another secret", apiErrors, []Answer{mismatch}, signedBy(func(sc *sign.Scope) { sc.Secret += "x" })},
	{"no-secret", "AN-03", "signed with an empty secret", apiErrors, []Answer{mismatch}, signedBy(func(sc *sign.Scope) { sc.Secret = "" })},
	{"method", "AN-03", "signed for another method", apiErrors, []Answer{mismatch}, otherMethod},
	{"bucket", "AN-03", "signed for another bucket", apiErrors, []Answer{mismatch}, otherBucket},
	{"key", "AN-03", "signed for another key", apiErrors, []Answer{mismatch}, otherKey},
	{"query", "AN-03", "with a parameter added to its query", apiErrors, []Answer{mismatch}, edit(onTarget(addParam))},
	{"date", "AN-03", "with another x-amz-date than was signed", apiErrors, []Answer{mismatch}, edit(onHeader("X-Amz-Date", nextSecond))},
	{"downgrade", "AN-03", "whose x-amz-content-sha256 was changed to UNSIGNED-PAYLOAD", apiErrors, []Answer{mismatch},
		edit(onHeader("X-Amz-Content-Sha256", func(string) string { return "UNSIGNED-PAYLOAD" }))},
	{"nobody", "AN-02", "of an access key that nobody has", apiErrors, []Answer{nobody},
		signedBy(func(sc *sign.Scope) { sc.Access = "AKIAIOSFODNN7NOBODY1" })},
	{"early", "AN-04", "signed 20 minutes in the future", apiTime, []Answer{skewed}, shifted(20 * time.Minute)},
	{"late", "AN-04", "signed 20 minutes ago", apiTime, []Answer{skewed}, shifted(-20 * time.Minute)},
	{"replayed", "AN-04", "replayed a day after it was signed", apiTime, []Answer{skewed}, shifted(-24 * time.Hour)},
	{"region", "AN-08", "signed for another region", apiErrors, []Answer{malformed}, signedBy(func(sc *sign.Scope) { sc.Region = "xx-nowhere-1" })},
	{"service", "AN-09", "signed for another service", apiErrors, []Answer{malformed}, signedBy(func(sc *sign.Scope) { sc.Service = "iam" })},
	{"unsigned-header", "AN-11", "with an x-amz-meta header that was not signed", apiSingle, []Answer{forbidden}, func(r *Request, _ string) bool {
		r.Late = [][2]string{{"x-amz-meta-added", "1"}}
		return true
	}},
	{"version4a", "AN-17", "with an invented signature of version 4A", apiHeader, []Answer{bad, forbidden, absent}, version4a},
	{"version2", "AN-03", "with an invented signature of version 2", api + "RESTAuthentication.html", []Answer{bad, forbidden, absent}, version2},
}

func anonymous(r *Request, _ string) bool {
	r.As = Anonymous
	return r.Bucket != "" // S3 redirects an anonymous ListBuckets to its home page
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
		r.Method = http.MethodDelete
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

func addParam(target string) string {
	if strings.Contains(target, "?") {
		return target + "&x-added=1"
	}
	return target + "?x-added=1"
}

// nextSecond changes the last digit of a time in basic ISO form.
func nextSecond(v string) string {
	digit := "1"
	if strings.HasSuffix(v, "1Z") {
		digit = "0"
	}
	return v[:len(v)-2] + digit + "Z"
}

// version4a replaces the header by one that only an asymmetric verifier could
// refuse for its signature.
func version4a(r *Request, _ string) bool {
	r.Header = append(r.Header, [2]string{"x-amz-region-set", "*"})
	r.EditHead = onAuthorization(func(v string) string {
		_, rest, _ := strings.Cut(v, "Credential=")
		key, rest, _ := strings.Cut(rest, "/")
		_, signed, _ := strings.Cut(rest, "SignedHeaders=")
		signed, _, _ = strings.Cut(signed, ",")
		return fmt.Sprintf("AWS4-ECDSA-P256-SHA256 Credential=%s/%s/s3/aws4_request, SignedHeaders=%s, Signature=%s",
			key, rest[:8], signed, "3045022100"+strings.Repeat("1a", 32)+"0220"+strings.Repeat("2b", 32))
	})
	return true
}

// version2 replaces the header by one of version 2.
func version2(r *Request, _ string) bool {
	r.EditHead = onAuthorization(func(v string) string {
		_, rest, _ := strings.Cut(v, "Credential=")
		key, _, _ := strings.Cut(rest, "/")
		return "AWS " + key + ":frJIUN8DYpKDtOLCwo//yllqDzg="
	})
	return true
}

func init() {
	for _, f := range forgeries {
		Add(Scenario{
			ID:    "auth.forged." + f.id,
			Rule:  f.rule,
			Says:  fmt.Sprintf("A request %s MUST be refused with %s for every operation, and change nothing.", f.text, list(f.want)),
			Ref:   f.ref,
			Level: Must,
			Needs: []Feature{Auth, Objects, Multipart},
			Check: func(ctx context.Context, s *S) {
				st, other, tried := sample.Prepare(ctx, s), s.AbsentBucket(), 0
				for _, op := range st.Operations() {
					r := st.Request(op)
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
