package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Documents: what an XML parser must not be made to do.

const ns = ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"`

// bulk is a DeleteObjects with the document.
func bulk(bucket, doc string) Request {
	return Request{Method: "POST", Bucket: bucket, Query: "delete=", Body: []byte(doc), Header: [][2]string{ContentMD5([]byte(doc))}}
}

// deleting is a document that deletes keys, behind a prolog.
func deleting(prolog string, keys ...string) string {
	var b strings.Builder
	b.WriteString(prolog + "<Delete" + ns + ">")
	for _, k := range keys {
		b.WriteString("<Object><Key>" + k + "</Key></Object>")
	}
	return b.String() + "</Delete>"
}

var (
	malformedXML = Answer{Status: 400, Codes: []string{"MalformedXML"}}
	tooLong      = Answer{Status: 400, Codes: []string{"MaxMessageLengthExceeded"}}
	noBody       = Answer{Status: 400, Codes: []string{"MissingRequestBodyError"}}
)

// laughs is a document type whose last entity is 10^9 times ten bytes.
func laughs() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE Delete [<!ENTITY l0 "0123456789">`)
	for i := 1; i <= 9; i++ {
		fmt.Fprintf(&b, `<!ENTITY l%d "%s">`, i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
	}
	return b.String() + "]>"
}

func init() {
	for _, c := range []struct {
		id, text string
		doc      func() string
		level    Level
	}{
		{"expansion", "entities that expand to gigabytes", func() string { return deleting(laughs(), "&l9;") }, Must},
		{"quadratic", "one large entity named thousands of times", func() string {
			return deleting(`<!DOCTYPE Delete [<!ENTITY a "`+strings.Repeat("k", 10_000)+`">]>`, strings.Repeat("&a;", 5_000))
		}, Must},
		{"undefined", "an entity that is not defined", func() string { return deleting("", "&nbsp;k") }, Must},
		{"file", "an entity that names a file of the server", func() string { return deleting(`<!DOCTYPE Delete [<!ENTITY f SYSTEM "file:///etc/hostname">]>`, "&f;") }, Must},
		{"doctype", "a document type declaration without entities", func() string { return deleting("<!DOCTYPE Delete>", "k") }, Should},
		{"internal", "an entity of its own that stands for the key", func() string { return deleting(`<!DOCTYPE Delete [<!ENTITY e "k">]>`, "&e;") }, Should},
		{"parameter", "a parameter entity", func() string { return deleting(`<!DOCTYPE Delete [<!ENTITY % p "<!ENTITY e 'k'>"> %p;]>`, "&e;") }, Should},
	} {
		Add(Scenario{
			ID:    "wire.xml.entity." + c.id,
			Rule:  "X-13",
			Says:  "A document with " + c.text + " " + strings.ToUpper(string(c.level)) + " be refused with 400 MalformedXML, and change nothing.",
			Ref:   apiErrors,
			Level: c.level,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				r := s.Send(ctx, bulk(b, c.doc()))
				s.ExpectUnchanged(ctx, b, "k", "old")
				s.Expect(r).To(FailWithAny(malformedXML))
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.xml.entity.fetched",
	Rule:  "X-13",
	Says:  "A document that names an external entity MUST NOT make the server fetch it.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		s.Must(err, "listen for a fetch")
		defer l.Close()
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, doctype := range []string{`<!DOCTYPE Delete SYSTEM "http://%s/d.dtd">`, `<!DOCTYPE Delete [<!ENTITY e SYSTEM "http://%s/e">]>`,
			`<!DOCTYPE Delete [<!ENTITY %% p SYSTEM "http://%s/p"> %%p;]>`} {
			s.Observe("answer", Outcome(s.Send(ctx, bulk(b, deleting(fmt.Sprintf(doctype, l.Addr()), "&e;")))))
		}
		_ = l.(*net.TCPListener).SetDeadline(time.Now().Add(50 * time.Millisecond)) // connections that are there already are accepted at once
		if _, err := l.Accept(); err == nil || !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
			s.Silently("the server connected to the address that a document named")
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func init() {
	const deep = 50_000
	for _, c := range []struct {
		id, text string
		doc      func() string // made when it is needed: half a megabyte
	}{
		{"deep", "elements nested 50,000 deep", func() string {
			return "<Delete" + ns + ">" + strings.Repeat("<a>", deep) + strings.Repeat("</a>", deep) + "</Delete>"
		}},
		{"deep-open", "elements nested 50,000 deep that never end", func() string { return "<Delete" + ns + ">" + strings.Repeat("<a>", deep) }},
		{"attributes", "an element of 20,000 attributes, cut off before its end", func() string {
			return "<Delete" + ns + manyAttributes(20_000) + "><Object><Key>k</Key></Object></Delete"
		}},
	} {
		Add(Scenario{
			ID:    "wire.xml.bomb." + c.id,
			Rule:  "X-14",
			Says:  "A document with " + c.text + " MUST be refused with 400 MalformedXML or MaxMessageLengthExceeded, and change nothing.",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				s.Expect(s.Send(ctx, bulk(b, c.doc()))).To(FailWithAny(malformedXML, tooLong))
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ` a%d=""`, i)
	}
	return b.String()
}

var _ = Add(Scenario{
	ID:    "wire.xml.bomb.large",
	Rule:  "X-14",
	Says:  "A document of 12 MiB SHOULD be refused with 400 MaxMessageLengthExceeded or MalformedXML, or with 413 by an HTTP library, or be cut off, and change nothing.",
	Ref:   apiErrors,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := s.Send(ctx, bulk(b, deleting("<!-- "+strings.Repeat("x", 12<<20)+" -->", "k")))
		s.Observe("12 MiB", Outcome(r))
		if r.Err == nil {
			s.Expect(r).To(FailWithAny(tooLong, malformedXML, Answer{Status: 400, Codes: []string{"EntityTooLarge"}}, Answer{Status: 413}))
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

func init() {
	for _, c := range []struct{ id, text, doc string }{
		{"no-namespace", "without a namespace", "<Delete><Object><Key>k</Key></Object></Delete>"},
		{"declaration", "with an XML declaration", `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + deleting("", "k")},
		{"bom", "with a byte order mark", "\ufeff" + deleting("", "k")},
		{"comments", "with comments and white space", deleting("<!-- x -->\n", "<!-- y -->k")},
		{"prefix", "with a prefix for the namespace", `<s:Delete xmlns:s="http://s3.amazonaws.com/doc/2006-03-01/"><s:Object><s:Key>k</s:Key></s:Object></s:Delete>`},
		{"cdata", "with the key in CDATA", deleting("", "<![CDATA[k]]>")},
	} {
		Add(Scenario{
			ID:    "wire.xml.accepted." + c.id,
			Rule:  "X-15",
			Says:  "A well-formed document " + c.text + " SHOULD be accepted.",
			Ref:   "https://www.w3.org/TR/xml/",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				s.Expect(s.Send(ctx, bulk(b, c.doc))).To(OK())
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
	for _, c := range []struct{ id, text, doc string }{
		{"text-behind", "with text behind it", deleting("", "k") + "garbage"},
		{"second-root", "with a second root", deleting("", "k") + deleting("", "k")},
		{"unclosed", "that does not end", "<Delete><Object><Key>k</Key></Object>"},
		{"crossed", "whose elements cross", "<Delete><Object><Key>k</Object></Key></Delete>"},
		{"not-xml", "that is no XML", `{"Objects":[{"Key":"k"}]}`},
		{"other-root", "of another kind", "<Tagging><Object><Key>k</Key></Object></Tagging>"},
		{"not-utf-8", "that is not UTF-8", deleting("", "k\xff")},
	} {
		Add(Scenario{
			ID:    "wire.xml.refused." + c.id,
			Rule:  "X-15",
			Says:  "A document " + c.text + " SHOULD be refused with 400 MalformedXML, and change nothing.",
			Ref:   apiErrors,
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				s.Expect(s.Send(ctx, bulk(b, c.doc))).To(FailWithAny(malformedXML))
				s.ExpectUnchanged(ctx, b, "k", "old")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.xml.empty.delete-objects",
	Rule:  "X-16",
	Says:  "DeleteObjects without a body MUST be refused with 400 MissingRequestBodyError or MalformedXML.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		s.Expect(s.Send(ctx, bulk(b, ""))).To(FailWithAny(noBody, malformedXML))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "wire.xml.empty.complete",
	Rule:  "X-16",
	Says:  "CompleteMultipartUpload without a body MUST be refused with 400 MissingRequestBodyError or MalformedXML, and make no object.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Wire, Multipart},
	Check: func(ctx context.Context, s *S) {
		b, key := s.Bucket(ctx), "k"
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key})
		s.Must(err, "create a multipart upload")
		r := s.Send(ctx, Request{Method: "POST", Bucket: b, Key: key, Query: "uploadId=" + *up.UploadId})
		s.Expect(r).To(FailWithAny(noBody, malformedXML))
		s.ExpectAbsent(ctx, b, key)
	},
})

func init() {
	for _, c := range []struct {
		id, sub string
		need    Feature
	}{{"versioning", "versioning", Versioning}, {"tagging", "tagging", Tagging}} {
		Add(Scenario{
			ID:    "wire.xml.empty." + c.id,
			Rule:  "X-16",
			Says:  "A PUT of a bucket's " + c.sub + " without a body MUST be refused with 400 MissingRequestBodyError or MalformedXML.",
			Ref:   apiErrors,
			Level: Must,
			Needs: []Feature{Wire, c.need},
			Check: func(ctx context.Context, s *S) {
				r := Request{Method: "PUT", Bucket: s.Bucket(ctx), Query: c.sub + "=", Header: [][2]string{ContentMD5(nil)}}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(noBody, malformedXML))
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.xml.key.escaped",
	Rule:  "X-15",
	Says:  "The five entities of XML itself, and character references, SHOULD stand for what they are in a document.",
	Ref:   "https://www.w3.org/TR/xml/#sec-predefined-ent",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, `a<&>"'é`, "old")
		s.Expect(s.Send(ctx, bulk(b, deleting("", "a&lt;&amp;&gt;&quot;&apos;&#xE9;")))).To(OK())
		s.Expect(keysOf(ctx, s, b)).To(BeEmpty(), "keys")
	},
})
