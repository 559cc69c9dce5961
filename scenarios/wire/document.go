package wire

import (
	"context"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Clients that go away before their document is out. What has come of it says
// something already; it must not be done by half.

// leaveDocument sends so much of r's body, and goes.
func leaveDocument(ctx context.Context, s *S, r Request, behind, way string) {
	conn := Dial(ctx, s)
	defer conn.Close()
	head, body := conn.Render(r)
	at := strings.Index(string(body), behind) + len(behind)
	_ = conn.Write(append(head, body[:at]...)) // a refusal may be there already
	if way == "breaks" {
		conn.Reset()
		return
	}
	_ = conn.CloseWrite()
	got := conn.Answer(r.Method)
	s.Observe("answer", Outcome(got))
	if got.Status/100 == 2 && got.Code == "" {
		s.Silently("got %s for a document that is not whole", Outcome(got))
	}
}

func init() {
	for _, way := range []string{"ends", "breaks"} {
		Add(Scenario{
			ID:    "wire.disconnect.delete-objects." + way,
			Rule:  "X-21",
			Says:  "DeleteObjects MUST delete nothing when the connection " + way + " behind the first keys of its document.",
			Ref:   rfc9112 + "#section-8",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "a", "old")
				s.MustPut(ctx, b, "b", "old")
				doc := deleting("", "a", "b")
				for _, payload := range []sign.Payload{sign.Signed, sign.Unsigned} {
					r := Request{Method: "POST", Bucket: b, Query: "delete=", Body: []byte(doc), Payload: payload, Header: [][2]string{ContentMD5([]byte(doc))}}
					leaveDocument(ctx, s, r, "<Key>a</Key></Object>", way)
					s.ExpectUnchanged(ctx, b, "a", "old")
					s.ExpectUnchanged(ctx, b, "b", "old")
				}
			},
		})
		Add(Scenario{
			ID:    "wire.disconnect.complete." + way,
			Rule:  "X-21",
			Says:  "CompleteMultipartUpload MUST make no object when the connection " + way + " behind the first part of its document, and keep the upload.",
			Ref:   rfc9112 + "#section-8",
			Level: Must,
			Needs: []Feature{Wire, Multipart},
			Check: func(ctx context.Context, s *S) {
				b, key := s.Bucket(ctx), "k"
				up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key})
				s.Must(err, "create a multipart upload")
				out, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: &key, UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
				s.Must(err, "upload a part")
				doc := "<CompleteMultipartUpload" + ns + "><Part><PartNumber>1</PartNumber><ETag>" + aws.ToString(out.ETag) + "</ETag></Part></CompleteMultipartUpload>"
				r := Request{Method: "POST", Bucket: b, Key: key, Query: "uploadId=" + url.QueryEscape(aws.ToString(up.UploadId)), Body: []byte(doc), Payload: sign.Unsigned}
				leaveDocument(ctx, s, r, "</Part>", way)
				s.ExpectAbsent(ctx, b, key)
				parts, err := s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &b, Key: &key, UploadId: up.UploadId})
				s.Expect(err).To(OK(), "list the parts")
				s.Expect(parts.Parts).To(HaveLen(1), "parts of the upload")
			},
		})
	}
}
