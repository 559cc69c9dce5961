package encryption

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Keys of the client's: SSE-C.

var own = []Feature{SSEC}

var _ = Add(Scenario{
	ID:    "encryption.customer.put",
	Rule:  "E-03",
	Says:  "An object that is put with a key of the client's MUST read back with that key, and PUT, GET and HEAD answer with the algorithm and the key's MD5, and never with the key.",
	Ref:   guideHeaders,
	SDK:   "s3@v1.114.8 PutObjectOutput.SSECustomerKeyMD5",
	Level: Must,
	Needs: own,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		key := keyOf(s, 0)
		sum := md5.Sum(key)
		h := headersOf(hOwn, key)
		for _, r := range []Request{put(b, "k", "hello", h...), get(b, "k", h...), head(b, "k", h...)} {
			resp := send(ctx, s, r)
			s.Expect(resp).To(OK(), r.Method)
			s.Expect(resp).To(HaveHeader(hOwn+"algorithm", aes), r.Method)
			s.Expect(resp).To(HaveHeader(hOwn+"key-MD5", base64.StdEncoding.EncodeToString(sum[:])), r.Method)
			for name := range resp.Header {
				s.Expect(strings.Join(resp.Header[name], "")).NotTo(ContainSubstring(base64.StdEncoding.EncodeToString(key)), "%s of %s", name, r.Method)
			}
			if r.Method == "GET" {
				s.Expect(string(resp.Body)).To(Equal("hello"))
			}
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.range",
	Rule:  "E-03",
	Says:  "A range of a large object that was put with a key of the client's MUST be the bytes at its place in the data.",
	Ref:   guideHeaders,
	SDK:   "s3@v1.114.8 GetObjectInput.SSECustomerKey",
	Level: Must,
	Needs: []Feature{SSEC, Range},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		h := keys(s, hOwn, 0)
		whole := string(s.Bytes(300000))
		must(ctx, s, put(b, "k", whole, h...), "put")
		for _, from := range edges {
			to := min(from+70000, len(whole))
			r := send(ctx, s, get(b, "k", append(keys(s, hOwn, 0), header("Range", fmt.Sprintf("bytes=%d-%d", from, to-1)))...))
			s.Expect(r).To(HaveStatus(206))
			s.Expect(string(r.Body) == whole[from:to]).To(BeTrue(), "bytes %d to %d are those", from, to-1)
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.http",
	Rule:  "E-04",
	Says:  "A request with a key of the client's over plain HTTP MUST be refused, and write nothing.",
	Ref:   guideCustomer,
	Level: Must,
	Needs: []Feature{SSEC, TLS},
	Check: func(ctx context.Context, s *S) {
		if s.Target().Endpoints[0].Scheme != "http" {
			s.Skip("the endpoint is not plain HTTP")
		}
		b := open(ctx, s)
		r := s.Send(ctx, put(b, "k", "hello", keys(s, hOwn, 0)...))
		if ok, _ := OK().Match(r); ok {
			s.Silently("the key went over plain HTTP: got %s, want a refusal", Outcome(r))
		}
		s.ExpectAbsent(ctx, b, "k")
		s.Expect(send(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...))).To(OK(), "by TLS")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.http-code",
	Rule:  "E-04",
	Says:  "A request with a key of the client's over plain HTTP SHOULD be refused with 400 InvalidRequest.",
	Ref:   guideCustomer,
	Level: Should,
	Needs: []Feature{SSEC, TLS},
	Check: func(ctx context.Context, s *S) {
		if s.Target().Endpoints[0].Scheme != "http" {
			s.Skip("the endpoint is not plain HTTP")
		}
		b := open(ctx, s)
		s.Expect(s.Send(ctx, put(b, "k", "hello", keys(s, hOwn, 0)...))).To(FailWith(400, "InvalidRequest"))
	},
})

// What no key is.
var noKeys = []struct {
	name    string
	headers func(key []byte) [][2]string
}{
	{"a key of 16 bytes", func(key []byte) [][2]string { return headersOf(hOwn, key[:16]) }},
	{"a key of 33 bytes", func(key []byte) [][2]string { return headersOf(hOwn, append(append([]byte{}, key...), 1)) }},
	{"a key that is not base64", func(key []byte) [][2]string { return replaced(key, "key", "not base64 at all!") }},
	{"the MD5 of another key", func(key []byte) [][2]string {
		return replaced(key, "key-MD5", "1B2M2Y8AsgTpgAmY7PhCfg==") // of nothing
	}},
	{"no MD5", func(key []byte) [][2]string { return without(key, "key-MD5") }},
	{"no key", func(key []byte) [][2]string { return without(key, "key") }},
	{"no algorithm", func(key []byte) [][2]string { return without(key, "algorithm") }},
	{"another algorithm", func(key []byte) [][2]string { return replaced(key, "algorithm", "AES128") }},
}

// replaced are the headers of a key, but one that has another value.
func replaced(key []byte, name, value string) [][2]string {
	return append(without(key, name), header(hOwn+name, value))
}

func without(key []byte, name string) (out [][2]string) {
	for _, h := range headersOf(hOwn, key) {
		if h[0] != hOwn+name {
			out = append(out, h)
		}
	}
	return out
}

var _ = Add(Scenario{
	ID:    "encryption.customer.malformed",
	Rule:  "E-05",
	Says:  "A key of the client's that is not 32 bytes long, not of AES256, not of its MD5, or lacks one of its three headers MUST be refused with 400 and nothing written.",
	Ref:   guideHeaders,
	SDK:   "s3@v1.114.8 PutObjectInput.SSECustomerKeyMD5",
	Level: Must,
	Needs: own,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		s.MustPut(ctx, b, "k", "old")
		for _, c := range noKeys {
			r := send(ctx, s, put(b, "k", "new", c.headers(keyOf(s, 0))...))
			s.Expect(r).To(FailWith(400, "InvalidArgument", "InvalidRequest", "InvalidEncryptionAlgorithmError"), c.name)
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

// What is not given without the right key.
var readings = []struct {
	id, name string
	n        int // of the key; -1: none
	level    Level
	answer   Answer
}{
	{"keyless", "without the key", -1, Should, Answer{Status: 400, Codes: []string{"InvalidRequest"}}},
	{"other-key", "with another key", 1, Should, Answer{Status: 403, Codes: []string{"AccessDenied"}}},
}

func init() {
	for _, c := range readings {
		Add(Scenario{
			ID:    "encryption.customer.read-" + c.id,
			Rule:  "E-06",
			Says:  "An object that was put with a key of the client's MUST NOT be read " + c.name + ", by GET, HEAD or GetObjectAttributes.",
			Ref:   guideHeaders,
			SDK:   "s3@v1.114.8 GetObjectInput.SSECustomerKey, HeadObjectInput.SSECustomerKey",
			Level: Must,
			Needs: own,
			Check: func(ctx context.Context, s *S) {
				b := open(ctx, s)
				must(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...), "put")
				for _, r := range readRequests(s, b, c.n) {
					resp := send(ctx, s, r)
					s.Expect(resp).To(HaveStatus(400, 403, 404), "%s %s", r.Method, r.Query)
					s.Expect(string(resp.Body)).NotTo(ContainSubstring("hello"), "%s %s", r.Method, r.Query)
				}
				s.Expect(send(ctx, s, get(b, "k", keys(s, hOwn, 0)...))).To(OK(), "with the key")
			},
		})
		Add(Scenario{
			ID:    "encryption.customer.code-" + c.id,
			Rule:  "E-06",
			Says:  fmt.Sprintf("GET of an object that was put with a key of the client's SHOULD be refused with %s %s.", c.answer, c.name),
			Ref:   guideHeaders,
			Level: c.level,
			Needs: own,
			Check: func(ctx context.Context, s *S) {
				b := open(ctx, s)
				must(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...), "put")
				s.Expect(send(ctx, s, readRequests(s, b, c.n)[0])).To(FailWithAny(c.answer))
			},
		})
	}
}

// readRequests read k with the n-th key: GET, HEAD, a range and the attributes.
func readRequests(s *S, bucket string, n int) []Request {
	var h [][2]string
	if n >= 0 {
		h = keys(s, hOwn, n)
	}
	attributes := get(bucket, "k", append(h[:len(h):len(h)], header("x-amz-object-attributes", "ETag"))...)
	attributes.Query = "attributes="
	return []Request{get(bucket, "k", h...), head(bucket, "k", h...), get(bucket, "k", append(h[:len(h):len(h)], header("Range", "bytes=0-1"))...), attributes}
}

var _ = Add(Scenario{
	ID:    "encryption.customer.needless",
	Rule:  "E-07",
	Says:  "GET and HEAD with a key of the client's of an object that was put without one SHOULD be refused with 400.",
	Ref:   guideHeaders,
	Level: Should,
	Needs: own,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		s.MustPut(ctx, b, "k", "hello")
		s.Expect(send(ctx, s, get(b, "k", keys(s, hOwn, 0)...))).To(FailWith(400, "InvalidRequest"), "GET")
		s.Expect(send(ctx, s, head(b, "k", keys(s, hOwn, 0)...))).To(FailWith(400), "HEAD")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.etag",
	Rule:  "E-10",
	Says:  "The ETag of an object that is put with a key of the client's MUST NOT be the MD5 of its data, and MUST be the same for PUT, GET and HEAD.",
	Ref:   guideCustomer,
	Level: Must,
	Needs: own,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		h := keys(s, hOwn, 0)
		for _, body := range []string{"hello", string(s.Bytes(100000))} {
			r := send(ctx, s, put(b, "k", body, h...))
			s.Expect(r).To(OK())
			tag := r.Header.Get("ETag")
			s.Expect(tag).NotTo(Equal(fmt.Sprintf(`"%x"`, md5.Sum([]byte(body)))))
			s.Expect(send(ctx, s, get(b, "k", h...))).To(HaveHeader("ETag", tag))
			s.Expect(send(ctx, s, head(b, "k", h...))).To(HaveHeader("ETag", tag))
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.conditions",
	Rule:  "E-10",
	Says:  "Conditional reads MUST know the ETag that PUT returned for an object with a key of the client's.",
	Ref:   api + "API_GetObject.html",
	Level: Must,
	Needs: append([]Feature{ConditionalRead}, own...),
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		tag := must(ctx, s, put(b, "k", "hello", keys(s, hOwn, 0)...), "put an object").Header.Get("ETag")
		for name, read := range map[string]func(string, string, ...[2]string) Request{"GET": get, "HEAD": head} {
			ask := func(condition, tag string) *Response {
				return send(ctx, s, read(b, "k", append(keys(s, hOwn, 0), header(condition, tag))...))
			}
			s.Expect(ask("If-Match", tag)).To(HaveStatus(200), "%s, If-Match with its ETag", name)
			s.Expect(ask("If-Match", `"00000000000000000000000000000000"`)).To(FailWith(412), "%s, If-Match with another ETag", name)
			s.Expect(ask("If-None-Match", tag)).To(FailWith(304), "%s, If-None-Match with its ETag", name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.two-kinds",
	Rule:  "E-11",
	Says:  "A key of the client's together with x-amz-server-side-encryption MUST be refused with 400 and nothing written.",
	Ref:   guide + "serv-side-encryption.html",
	SDK:   "s3@v1.114.8 PutObjectInput.ServerSideEncryption, PutObjectInput.SSECustomerAlgorithm",
	Level: Must,
	Needs: own,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s)
		for _, name := range []string{aes, kms} {
			r := send(ctx, s, put(b, "k", "hello", append(keys(s, hOwn, 0), header(hSSE, name))...))
			s.Expect(r).To(FailWith(400, "InvalidArgument", "InvalidRequest"), name)
		}
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "encryption.customer.versions",
	Rule:  "E-03",
	Says:  "Each version of an object MUST read back with the client's key that it was put with.",
	Ref:   guideCustomer,
	Level: Must,
	Needs: []Feature{SSEC, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		unblock(ctx, s, b)
		first := must(ctx, s, put(b, "k", "first", keys(s, hOwn, 0)...), "put").Header.Get("x-amz-version-id")
		must(ctx, s, put(b, "k", "second", keys(s, hOwn, 1)...), "put again")
		r := get(b, "k", keys(s, hOwn, 0)...)
		r.Query = "versionId=" + first
		old := send(ctx, s, r)
		s.Expect(old).To(OK(), "the first version, by the first key")
		s.Expect(string(old.Body)).To(Equal("first"))
		now := send(ctx, s, get(b, "k", keys(s, hOwn, 1)...))
		s.Expect(now).To(OK(), "the current version, by the second key")
		s.Expect(string(now.Body)).To(Equal("second"))
		s.Expect(send(ctx, s, get(b, "k", keys(s, hOwn, 0)...))).To(HaveStatus(400, 403), "the current version, by the first key")
	},
})
