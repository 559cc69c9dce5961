package s3

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

func TestCheckTags(t *testing.T) {
	long := func(n int) string { return strings.Repeat("é", n) }
	for _, tag := range []object.Tag{
		{Key: "a"}, {Key: long(128), Value: long(256)}, {Key: "a b+-=._:/@", Value: "ключ 値"}, {Key: "awsx"}, {Key: "हिन्दी", Value: "١٢"},
	} {
		if err := checkTags([]object.Tag{tag}, maxObjectTags); err != nil {
			t.Errorf("%+v: got %v", tag, err)
		}
	}
	for _, tag := range []object.Tag{
		{}, {Key: long(129)}, {Key: "a", Value: long(257)}, {Key: "a<b"}, {Key: "a", Value: "x\n"}, {Key: "aws:x"}, {Key: "AWS:x"},
	} {
		if err := checkTags([]object.Tag{tag}, maxObjectTags); errcode.Of(err) != errcode.InvalidTag {
			t.Errorf("%.40q: got %v, want InvalidTag", tag, err)
		}
	}
	if err := checkTags([]object.Tag{{Key: "a"}, {Key: "b"}, {Key: "a"}}, maxObjectTags); errcode.Of(err) != errcode.InvalidTag {
		t.Errorf("got %v, want InvalidTag", err)
	}
}

func tagging(n int) string {
	var b strings.Builder
	b.WriteString("<Tagging><TagSet>")
	for i := range n {
		fmt.Fprintf(&b, "<Tag><Value>v</Value><Key>k%d</Key></Tag>", i)
	}
	b.WriteString("</TagSet></Tagging>")
	return b.String()
}

func TestTagging(t *testing.T) {
	for _, c := range []struct {
		target, method string
		limit, ok      int
	}{{"/b?tagging", "SetBucketTags", 50, 204}, {"/b/k?tagging", "SetTags", 10, 200}} {
		f := &fake{tagged: "v3"}
		srv := newTest(t, f)
		if got := doXML(t, srv, "PUT", c.target, tagging(c.limit)); got.status != c.ok {
			t.Fatalf("got %+v, want %d", got, c.ok)
		}
		if tags := f.only(t, c.method).in.([]object.Tag); len(tags) != c.limit || tags[3] != (object.Tag{Key: "k3", Value: "v"}) {
			t.Errorf("got %+v", tags)
		}
		if got := doXML(t, srv, "PUT", c.target, tagging(0)); got.status != c.ok {
			t.Errorf("empty set: got %+v, want %d", got, c.ok)
		}
		if tags := f.calls[1].in.([]object.Tag); tags == nil || len(tags) != 0 {
			t.Errorf("got %#v, want an empty set that is not nil", tags)
		}
		if got := do(t, srv, "DELETE", c.target, ""); got.status != 204 || f.calls[2].in.([]object.Tag) != nil {
			t.Errorf("got %+v %v, want 204 and nil", got, f.calls[2])
		}
		doXML(t, srv, "PUT", c.target, tagging(c.limit+1)).wantError(t, 400, errcode.BadRequest)
		for body, want := range map[string]errcode.Code{
			"":                                      errcode.MissingRequestBody,
			"<Tagging></Tagging>":                   errcode.MalformedXML,
			"<Tagging><TagSet/><TagSet/></Tagging>": errcode.MalformedXML,
			"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>":                     errcode.MalformedXML,
			"<Tagging><TagSet><Tag><Value>a</Value></Tag></TagSet></Tagging>":                 errcode.MalformedXML,
			"<Tagging><TagSet><Tag><Key>a</Key><Key>b</Key><Value/></Tag></TagSet></Tagging>": errcode.MalformedXML,
			"<Tagging><TagSet><Tag><Key>a</Key><Value/><Note/></Tag></TagSet></Tagging>":      errcode.MalformedXML,
			"<Tagging><TagSet><x/></TagSet></Tagging>":                                        errcode.MalformedXML,
			"<Tagging><TagSet><Tag><Key>aws:a</Key><Value/></Tag></TagSet></Tagging>":         errcode.InvalidTag,
		} {
			doXML(t, srv, "PUT", c.target, body).wantError(t, 400, want)
		}
		do(t, srv, "PUT", c.target, tagging(1)).wantError(t, 400, errcode.InvalidRequest)
		if len(f.calls) != 3 {
			t.Errorf("got %d calls, want 3", len(f.calls))
		}
	}
}

func TestGetObjectTagging(t *testing.T) {
	v := stored()
	f := &fake{get: object.GetResult{Version: v, ShowVersion: true}}
	srv := newTest(t, f)
	got := do(t, srv, "GET", "/b/k?tagging&versionId=v1", "")
	want := declaration + `<Tagging xmlns="` + namespace + `"><TagSet><Tag><Key>a</Key><Value></Value></Tag><Tag><Key>b</Key><Value></Value></Tag></TagSet></Tagging>`
	if d := cmp.Diff(want, got.body); d != "" || got.header.Get("x-amz-version-id") != "v1" {
		t.Errorf("got %v (-want +got)\n%s", got.header, d)
	}
	f.get.Version.Tags = nil
	if got := do(t, srv, "GET", "/b/k?tagging", ""); got.status != 200 || !strings.Contains(got.body, "<TagSet></TagSet>") {
		t.Errorf("got %+v, want an empty set", got)
	}
	if in := f.calls[0].in.(object.GetInput); in.VersionID != "v1" {
		t.Errorf("got %+v", in)
	}
}
