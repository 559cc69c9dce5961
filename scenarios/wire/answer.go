package wire

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// The form of answers.

func init() {
	for _, size := range []int{0, 1, 5, 4096, 1 << 20} {
		Add(Scenario{
			ID:    fmt.Sprintf("wire.answer.length.%d", size),
			Rule:  "X-22",
			Says:  fmt.Sprintf("The Content-Length of a HEAD and of a GET, where they have one, MUST be the size of the GET's body: %d bytes.", size),
			Ref:   rfc9110 + "#section-8.6",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b, conn := s.Bucket(ctx), Dial(ctx, s)
				defer conn.Close()
				s.MustPut(ctx, b, "k", string(s.Bytes(size)))
				// On one connection a byte too many or too few spoils the next answer.
				for _, method := range []string{"HEAD", "GET", "HEAD", "GET"} {
					s.Must(conn.Send(Request{Method: method, Bucket: b, Key: "k"}), "send "+method)
					r := conn.Answer(method)
					s.Expect(r).To(HaveStatus(200), method)
					s.Expect(r).To(HaveHeader("Content-Length", Or(BeEmpty(), Equal(fmt.Sprint(size)))), method)
					s.Expect(len(r.Body) == size || method == "HEAD").To(BeTrue(), "%s: the body has %d bytes", method, size)
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.answer.empty",
	Rule:  "X-22",
	Says:  "Answers without a body MUST leave the connection where the next answer begins.",
	Ref:   rfc9112 + "#section-6.3",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, conn := s.Bucket(ctx), Dial(ctx, s)
		defer conn.Close()
		tag := *s.MustPut(ctx, b, "k", "hello").ETag
		for _, r := range []Request{{Method: "DELETE", Key: "absent"}, {Method: "HEAD", Key: "absent"}, {Method: "GET", Key: "k", Header: [][2]string{{"If-None-Match", tag}}},
			{Method: "HEAD", Key: "k", Header: [][2]string{{"Range", "bytes=0-1"}}}, {Method: "PUT", Key: "e"}} {
			r.Bucket = b
			s.Must(conn.Send(r), "send "+r.Method)
			got := conn.Answer(r.Method)
			s.Expect(got.Err).NotTo(HaveOccurred(), r.Method)
			if got.Status == 204 || got.Status == 304 || r.Method == "HEAD" {
				s.Expect(got.Body).To(BeEmpty(), "%s: body", r.Method)
			}
			s.Must(conn.Send(Request{Method: "GET", Bucket: b, Key: "k"}), "send the GET behind it")
			s.Expect(string(conn.Answer("GET").Body)).To(Equal("hello"), "the answer behind that to %s %s", r.Method, r.Key)
		}
	},
})

var _ = Add(Scenario{
	ID:    "wire.answer.error-document",
	Rule:  "X-24",
	Says:  "The answer to a request that fails MUST be a document Error of type application/xml with Code, Message and RequestId.",
	Ref:   api + "ErrorResponses.html#RESTErrorResponses",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, absent := s.Bucket(ctx), s.AbsentBucket()
		forged := func(sc *sign.Scope) { sc.Secret += "x" }
		for name, r := range map[string]Request{
			"NoSuchKey": {Bucket: b, Key: "absent"}, "NoSuchBucket": {Bucket: absent}, "AccessDenied": {Bucket: b, As: Anonymous},
			"SignatureDoesNotMatch": {Bucket: b, Scope: forged}, "MethodNotAllowed": {Method: "POST", Path: "/"},
			"NoSuchUpload": {Method: "DELETE", Bucket: b, Key: "k", Query: "uploadId=none"},
			"MalformedXML": bulk(b, "<Delete>"), "InvalidArgument": {Bucket: b, Query: "list-type=2&max-keys=x"},
		} {
			got := s.Send(ctx, r)
			var doc struct {
				XMLName                  xml.Name `xml:"Error"`
				Code, Message, RequestId string
			}
			s.Expect(xml.Unmarshal(got.Body, &doc)).To(Succeed(), "%s: the document", name)
			s.Expect(doc.Code).NotTo(BeEmpty(), "%s: Code", name)
			s.Expect(doc.Message).NotTo(BeEmpty(), "%s: Message", name)
			s.Expect(doc.RequestId).NotTo(BeEmpty(), "%s: RequestId", name)
			s.Expect(got).To(HaveHeader("Content-Type", HavePrefix("application/xml")), name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "wire.answer.identified",
	Rule:  "I1",
	Says:  "The x-amz-request-id of an answer MUST identify its request alone, and Date MUST tell when it was answered.",
	Ref:   api + "RESTCommonResponseHeaders.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		seen := map[string]string{}
		for _, r := range []Request{{Key: "k"}, {Key: "k"}, {Method: "HEAD", Key: "k"}, {Key: "absent"}, {Method: "PUT", Key: "k", Body: []byte("new")}, {Query: "list-type=2"}} {
			r.Bucket = b
			got := s.Send(ctx, r)
			s.Expect(got.Err).NotTo(HaveOccurred())
			id, what := got.Header.Get("X-Amz-Request-Id"), r.Method+" "+r.Key
			s.Expect(id).NotTo(BeEmpty(), "x-amz-request-id of %s", what)
			s.Expect(seen[id]).To(BeEmpty(), "the answer before that to %s with its x-amz-request-id", what)
			seen[id] = what + "."
			_, err := http.ParseTime(got.Header.Get("Date"))
			s.Expect(err).NotTo(HaveOccurred(), "Date of %s", what)
		}
	},
})
