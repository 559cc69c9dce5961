package presign

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/sign"
)

// What a presigned address can do.

var _ = Add(Scenario{
	ID:    "presign.get",
	Rule:  "PS-01",
	Says:  "A presigned GET MUST return the object to a client without credentials.",
	Ref:   guide,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		r := s.Send(ctx, get(b))
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(Equal("hello"))
	},
})

var _ = Add(Scenario{
	ID:    "presign.put",
	Rule:  "PS-01",
	Says:  "A presigned PUT MUST store the body, whatever it is, since the payload is not signed.",
	Ref:   apiQuery,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, body := range []string{"one", "another"} {
			s.Expect(s.Send(ctx, put(b, body))).To(HaveStatus(200), "body %q", body)
			s.ExpectBody(ctx, b, "k", body)
		}
	},
})

var _ = Add(Scenario{
	ID:    "presign.head",
	Rule:  "PS-01",
	Says:  "A presigned HEAD MUST return the object's headers, and no body.",
	Ref:   guide,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		r := s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Presign: lifetime})
		s.Expect(r).To(HaveStatus(200))
		s.Expect(r).To(HaveHeader("Content-Length", "5"))
	},
})

var _ = Add(Scenario{
	ID:    "presign.delete",
	Rule:  "PS-01",
	Says:  "A presigned DELETE MUST delete the object.",
	Ref:   apiQuery,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Expect(s.Send(ctx, del(b))).To(HaveStatus(204))
		s.ExpectAbsent(ctx, b, "k")
	},
})

var _ = Add(Scenario{
	ID:    "presign.part",
	Rule:  "PS-01",
	Says:  "A presigned UploadPart MUST store the part.",
	Ref:   apiQuery,
	Level: Must,
	Needs: []Feature{Presigned, Multipart},
	Check: func(ctx context.Context, s *S) {
		slot := PartSlot(ctx, s)
		s.Expect(slot.Send(ctx, Request{Body: []byte("part"), Presign: lifetime})).To(HaveStatus(200))
		slot.ExpectStored(ctx, "part")
	},
})

// unfit are operations that cannot succeed on the stage, or whose header would
// move into the query, which no page documents.
var unfit = map[string]bool{"DeleteBucket": true, "CreateBucket": true, "GetObjectAttributes": true}

func init() {
	for _, op := range sample.Every() {
		if unfit[op.Name] || !inCore(op.Need) {
			continue
		}
		Add(Scenario{
			ID:    "presign.operation." + strings.ToLower(strings.ReplaceAll(op.Name, " ", "-")),
			Rule:  "PS-01",
			Says:  "Every operation MUST accept a signature in the query: " + op.Name + ".",
			Ref:   apiQuery,
			Level: Must,
			Needs: []Feature{Presigned, op.Need},
			Check: func(ctx context.Context, s *S) {
				st := sample.Prepare(ctx, s)
				plain := st.Request(op)
				r := plain
				r.Presign = lifetime
				got := s.Send(ctx, r)
				if again := s.Send(ctx, plain); got.Status/100 != 2 && again.Status/100 != 2 {
					s.Must(fmt.Errorf("%s", Outcome(again)), op.Name+" signed in the header")
				}
				s.Expect(got).To(OK())
			},
		})
	}
}

func inCore(f Feature) bool {
	for _, c := range Profiles["core"] {
		if c == f {
			return true
		}
	}
	return false
}

var _ = Add(Scenario{
	ID:    "presign.reuse",
	Rule:  "PS-01",
	Says:  "A presigned address MUST work as often as it is used until it expires.",
	Ref:   guide,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		at := time.Now()
		for i := range 3 {
			r := s.Send(ctx, by(get(b), func(sc *sign.Scope) { sc.Time = at }))
			s.Expect(r).To(HaveStatus(200), "use %d", i+1)
		}
	},
})

var _ = Add(Scenario{
	ID:    "presign.sdk",
	Rule:  "PS-01",
	Says:  "An address presigned by the SDK MUST store and return the object without any other credentials.",
	Ref:   guide,
	SDK:   "s3@v1.114.8 PresignClient",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), "a b+c/é"
		client := s3.NewPresignClient(s.SDK())
		up, err := client.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: &key})
		s.Must(err, "presign a PUT")
		s.Expect(s.Send(ctx, aimed(s, up.URL, Request{Method: "PUT", Bucket: b, Key: key, Body: []byte("hello"), As: Anonymous}))).To(HaveStatus(200))
		down, err := client.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &b, Key: &key})
		s.Must(err, "presign a GET")
		r := s.Send(ctx, aimed(s, down.URL, Request{Bucket: b, Key: key, As: Anonymous}))
		s.Expect(r).To(HaveStatus(200))
		s.Expect(string(r.Body)).To(Equal("hello"))
	},
})

var _ = Add(Scenario{
	ID:    "presign.sdk.checksum",
	Rule:  "PS-01",
	Says:  "An address presigned with a checksum of the body MUST store that body, and no other.",
	Ref:   guide,
	Level: Must,
	Needs: []Feature{Presigned, Objects, Checksum},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		up, err := s3.NewPresignClient(s.SDK()).PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &b, Key: aws.String("k"),
			ChecksumCRC32: aws.String("NhCmhg==")}) // of "hello"
		s.Must(err, "presign a PUT")
		r := aimed(s, up.URL, Request{Method: "PUT", Bucket: b, Key: "k", As: Anonymous})
		for name, values := range up.SignedHeader {
			if name != "Host" {
				r.Header = append(r.Header, [2]string{name, values[0]})
			}
		}
		r.Body = []byte("other")
		s.Expect(s.Send(ctx, r)).To(FailWith(400), "another body")
		s.ExpectAbsent(ctx, b, "k")
		r.Body = []byte("hello")
		s.Expect(s.Send(ctx, r)).To(HaveStatus(200), "the body")
		s.ExpectBody(ctx, b, "k", "hello")
	},
})

// aimed is r as it goes to a presigned address.
func aimed(s *S, address string, r Request) Request {
	u, err := url.Parse(address)
	s.Must(err, "read the address")
	r.Host, r.Query = u.Host, u.RawQuery
	return r
}

func init() {
	for name, c := range map[string]struct{ at, query string }{
		"inside":  {"response-content-type=text%2Fx-probe&response-cache-control=no-store", ""},
		"outside": {"", "response-content-type=text%2Fx-probe"},
	} {
		says := "A presigned GET MUST answer with the response-* headers that its signature covers."
		if name == "outside" {
			says = "A presigned GET MUST fail with 403 SignatureDoesNotMatch when a response-* parameter was added behind the signature."
		}
		Add(Scenario{
			ID: "presign.response." + name, Rule: "PS-10", Says: says, Ref: apiQuery, Level: Must, Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "hello")
				r := get(b)
				r.Query = c.at
				if c.query != "" {
					r.EditHead = addParam(c.query)
					s.Expect(s.Send(ctx, r)).To(FailWithAny(mismatch))
					return
				}
				got := s.Send(ctx, r)
				s.Expect(got).To(HaveStatus(200))
				s.Expect(got).To(HaveHeader("Content-Type", "text/x-probe"))
				s.Expect(got).To(HaveHeader("Cache-Control", "no-store"))
			},
		})
	}
}
