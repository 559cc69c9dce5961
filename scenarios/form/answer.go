package form

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What a successful upload is answered.

func init() {
	for _, c := range []struct {
		id, says, value string
		status          int
	}{
		{"default", "without success_action_status", "", 204}, {"200", "with success_action_status 200", "200", 200},
		{"204", "with success_action_status 204", "204", 204}, {"invalid", "with a success_action_status that is none of 200, 201 and 204", "404", 204},
	} {
		Add(Scenario{
			ID:    "form.success." + c.id,
			Rule:  "PO-01",
			Says:  fmt.Sprintf("An upload %s MUST be stored and answered %d with an empty body.", c.says, c.status),
			Ref:   apiPost,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				d := of("k", "hello")
				if c.value != "" {
					d.fields = append(d.fields, [2]string{"success_action_status", c.value})
				}
				r := d.expectStored(ctx, s, b, "k")
				s.Expect(r).To(HaveStatus(c.status))
				s.Expect(string(r.Body)).To(BeEmpty(), "the body")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "form.success.201",
	Rule:  "PO-01",
	Says:  "An upload with success_action_status 201 MUST be answered 201 with a document PostResponse of Location, Bucket, Key and ETag.",
	Ref:   apiPost,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := of("dir/k &1", "hello", [2]string{"success_action_status", "201"}).expectStored(ctx, s, b, "dir/k &1")
		s.Expect(r).To(HaveStatus(201))
		var doc struct {
			XMLName                     xml.Name `xml:"PostResponse"`
			Location, Bucket, Key, ETag string
		}
		s.Expect(xml.Unmarshal(r.Body, &doc)).To(Succeed(), "the document")
		s.Expect(doc.Bucket).To(Equal(b), "Bucket")
		s.Expect(doc.Key).To(Equal("dir/k &1"), "Key")
		s.Expect(doc.ETag).To(Equal(head(ctx, s, b, "dir/k &1").Get("ETag")), "ETag")
		u, err := url.Parse(doc.Location)
		s.Expect(err).To(Succeed(), "Location")
		s.Expect(u.Host != "" && strings.HasSuffix(u.Path, "/dir/k &1")).To(BeTrue(), "Location %s names the key", doc.Location)
	},
})

var _ = Add(Scenario{
	ID:    "form.success.headers",
	Rule:  "PO-01",
	Says:  "The answer to an upload SHOULD have the ETag of the object, and its Location.",
	Ref:   apiPost,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := of("k", "hello").expectStored(ctx, s, b, "k")
		s.Expect(r).To(HaveHeader("ETag", head(ctx, s, b, "k").Get("ETag")))
		s.Expect(r).To(HaveHeader("Location", HaveSuffix("/k")))
	},
})

var _ = Add(Scenario{
	ID:    "form.success.version",
	Rule:  "PO-01",
	Says:  "An upload into a bucket with versioning MUST make a version of its own, whose id the answer has.",
	Ref:   apiPost,
	Level: Must,
	Needs: []Feature{Form, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		id := of("k", "new").expectStored(ctx, s, b, "k").Header.Get("X-Amz-Version-Id")
		s.Expect(id).To(Equal(head(ctx, s, b, "k").Get("X-Amz-Version-Id")), "x-amz-version-id")
		s.Expect(id).NotTo(BeEmpty(), "x-amz-version-id")
	},
})

// redirected is an upload that is to be sent on to an address.
func redirected(to string, more ...[2]string) draft {
	return of("dir/k", "hello", append([][2]string{{"success_action_redirect", to}}, more...)...)
}

var _ = Add(Scenario{
	ID:    "form.redirect.basic",
	Rule:  "PO-02",
	Says:  "An upload with success_action_redirect MUST be answered 303 with that address, to which bucket, key and etag are appended as a query, whatever success_action_status says.",
	Ref:   guideRedirect,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := redirected("http://www.example.com/done.html", [2]string{"success_action_status", "201"}).expectStored(ctx, s, b, "dir/k")
		s.Expect(r).To(HaveStatus(303))
		u, err := url.Parse(r.Header.Get("Location"))
		s.Expect(err).To(Succeed(), "Location")
		s.Expect(u.Scheme+"://"+u.Host+u.Path).To(Equal("http://www.example.com/done.html"), "Location")
		s.Expect(u.Query().Get("bucket")).To(Equal(b), "bucket")
		s.Expect(u.Query().Get("key")).To(Equal("dir/k"), "key")
		s.Expect(strings.Trim(u.Query().Get("etag"), `"`)).To(Equal(strings.Trim(head(ctx, s, b, "dir/k").Get("ETag"), `"`)), "etag")
	},
})

var _ = Add(Scenario{
	ID:    "form.redirect.query",
	Rule:  "PO-02",
	Says:  "To an address that has a query already, the three values MUST be appended.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := redirected("https://www.example.com/done?user=1").expectStored(ctx, s, b, "dir/k")
		s.Expect(r).To(HaveStatus(303))
		u, err := url.Parse(r.Header.Get("Location"))
		s.Expect(err).To(Succeed(), "Location")
		for name, want := range map[string]string{"user": "1", "bucket": b, "key": "dir/k"} {
			s.Expect(u.Query().Get(name)).To(Equal(want), "%s in %s", name, u)
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.redirect.no-address",
	Rule:  "PO-02",
	Says:  "A success_action_redirect that is no address MUST be ignored.",
	Ref:   guideRedirect,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		r := redirected("http://:not an address", [2]string{"success_action_status", "200"}).expectStored(ctx, s, s.Bucket(ctx), "dir/k")
		s.Expect(r).To(HaveStatus(200))
	},
})

var _ = Add(Scenario{
	ID:    "form.redirect.failure",
	Rule:  "PO-02",
	Says:  "An upload that fails MUST be answered with its error, and with no redirection.",
	Ref:   guideRedirect,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := redirected("http://www.example.com/done.html")
		r := d.with(b, list("eq", "$key", "other")).send(ctx, s, b)
		s.Expect(r).To(byPolicy)
		s.Expect(r).To(HaveHeader("Location", ""))
	},
})

var _ = Add(Scenario{
	ID:    "form.filename.key",
	Rule:  "PO-03",
	Says:  "${filename} in the key MUST be replaced by the name of the file, before the policy is checked.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("user/betty/${filename}", "hello")
		d.with(b, list("eq", "$key", "user/betty/file.txt")).expectStored(ctx, s, b, "user/betty/file.txt")
	},
})

var _ = Add(Scenario{
	ID:    "form.filename.path",
	Rule:  "PO-03",
	Says:  "Of a file name with a path only what follows the last slash or backslash MUST be used.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for path, key := range map[string]string{`C:\Program Files\directory1\back.txt`: "u/back.txt", "/home/betty/slash.txt": "u/slash.txt"} {
			d := of("u/${filename}", path)
			d.file = `name="file"; filename="` + path + `"`
			d.expectStored(ctx, s, b, key)
		}
	},
})

var _ = Add(Scenario{
	ID:    "form.filename.fields",
	Rule:  "PO-03",
	Says:  "${filename} MUST be replaced in every field, wherever it stands and as often.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		of("k", "hello", [2]string{"x-amz-meta-name", "a ${filename} and ${filename}"}).expectStored(ctx, s, b, "k")
		s.Expect(head(ctx, s, b, "k")).To(HaveHeader("x-amz-meta-name", "a file.txt and file.txt"))
	},
})

var _ = Add(Scenario{
	ID:    "form.filename.none",
	Rule:  "PO-03",
	Says:  "Where there is no file name, ${filename} MUST be replaced by nothing.",
	Ref:   guideFields,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		d := of("a${filename}b", "text of an area")
		d.file = `name="file"`
		d.expectStored(ctx, s, b, "ab")
	},
})
