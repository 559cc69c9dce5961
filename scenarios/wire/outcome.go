package wire

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// features are what a kind of request needs beyond objects.
var features = map[string][]Feature{
	"list": {Listing}, "copy": {Copy}, "create": {Multipart}, "part": {Multipart}, "complete": {Multipart},
}

// outcomes say what a client expects of each kind of request.
var outcomes = map[string]func(ctx context.Context, s *S, r recording){
	"put": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		got := r.replay(ctx, s, b, blank{})
		if r.lacksACL(s, got) {
			return
		}
		s.Expect(got).To(HaveStatus(200))
		stored, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK(), "read the object")
		s.Expect(string(stored.Bytes)).To(Equal(r.payload()))
		s.Expect(stored.Header).To(HaveHeader("Content-Encoding", Not(ContainSubstring("aws-chunked"))))
	},
	"get": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := r.replay(ctx, s, b, blank{})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(string(got.Body)).To(Equal("hello"))
		s.Expect(got).To(HaveHeader("Content-Encoding", ""))
	},
	"list": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		key := "k"
		if strings.Contains(r.head, "prefix=keys%2F") {
			key = "keys/k"
		}
		s.MustPut(ctx, b, key, "hello")
		got := r.replay(ctx, s, b, blank{})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(strings.ReplaceAll(string(got.Body), "%2F", "/")).To(ContainSubstring("<Key>" + key + "</Key>"))
	},
	"location": func(ctx context.Context, s *S, r recording) {
		got := r.replay(ctx, s, s.Bucket(ctx), blank{})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(string(got.Body)).To(ContainSubstring("LocationConstraint"))
	},
	"delete": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := r.replay(ctx, s, b, blank{})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got.Code).To(BeEmpty(), "the error in the answer")
		s.ExpectAbsent(ctx, b, "k")
	},
	"head": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := r.replay(ctx, s, b, blank{})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got).To(HaveHeader("Content-Length", "5"))
	},
	"copy": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := r.replay(ctx, s, b, blank{})
		if r.lacksACL(s, got) {
			return
		}
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got.Code).To(BeEmpty(), "the error in the answer")
		s.ExpectBody(ctx, b, "c", "hello")
	},
	"remove": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		s.Expect(r.replay(ctx, s, b, blank{})).To(HaveStatus(204))
		s.ExpectAbsent(ctx, b, "k")
	},
	"create": func(ctx context.Context, s *S, r recording) {
		got := r.replay(ctx, s, s.Bucket(ctx), blank{})
		if r.lacksACL(s, got) {
			return
		}
		s.Expect(got).To(HaveStatus(200))
		s.Expect(string(got.Body)).To(MatchRegexp("<UploadId>[^<]+</UploadId>"))
	},
	"part": func(ctx context.Context, s *S, r recording) {
		l, id := r.slot(ctx, s)
		got := r.replay(ctx, s, l.Bucket, blank{upload: id})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got).To(HaveHeader("ETag", Not(BeEmpty())))
		l.ExpectStored(ctx, "hello")
	},
	"complete": func(ctx context.Context, s *S, r recording) {
		l, id := r.slot(ctx, s)
		part := Request{Body: []byte("hello")}
		switch r.algorithm() {
		case "CRC32":
			part.Header = [][2]string{{"x-amz-checksum-crc32", "NhCmhg=="}}
		case "CRC32C":
			part.Header = [][2]string{{"x-amz-checksum-crc32c", "mnG7TA=="}}
		}
		sent := l.Send(ctx, part)
		if sent.Status != 200 {
			s.Must(fmt.Errorf("status %d %s", sent.Status, sent.Code), "upload the part")
		}
		got := r.replay(ctx, s, l.Bucket, blank{upload: id, etag: strings.Trim(sent.Header.Get("ETag"), `"`)})
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got.Code).To(BeEmpty(), "the error in the answer")
		s.ExpectBody(ctx, l.Bucket, l.Key, "hello")
	},
}

// lacksACL reports whether the client's ACL was refused as is documented of a
// bucket without ACLs, which is then all that there is to see.
func (r recording) lacksACL(s *S, got *Response) bool {
	if !strings.Contains(r.head, "X-Amz-Acl: ") || got.Code != "AccessControlListNotSupported" {
		return false
	}
	s.Observe("the client's ACL", Outcome(got))
	return true
}

// slot begins the upload that a recording belongs to, created with the
// algorithm of the checksum that its client sends with each part.
func (r recording) slot(ctx context.Context, s *S) (l Slot, id string) {
	if a := r.algorithm(); a != "" {
		l = PartSlot(ctx, s, Header("x-amz-checksum-algorithm", a))
	} else {
		l = PartSlot(ctx, s)
	}
	q, err := url.ParseQuery(l.Query)
	s.Must(err, "read the upload's id")
	return l, q.Get("uploadId")
}

// algorithm is that of the checksum in the request, "" when there is none.
func (r recording) algorithm() string {
	text := strings.ToUpper(strings.ReplaceAll(r.head+r.body, "-", ""))
	for _, a := range []string{"CRC32C", "CRC32"} {
		if strings.Contains(text, "AMZCHECKSUM"+a) || strings.Contains(text, "<CHECKSUM"+a+">") {
			return a
		}
	}
	return ""
}

// payload is what the body holds once it is decoded.
func (r recording) payload() string {
	if strings.Contains(r.body, "\r\n") {
		return "hello"
	}
	if strings.Contains(r.head, string(sign.ChunkedTrailer)) {
		return "hello"
	}
	return r.body
}
