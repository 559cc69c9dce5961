package s3

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bleepstore/reference/errcode"
)

func TestParseXML(t *testing.T) {
	want := &element{name: "Delete", kids: []element{
		{name: "Object", kids: []element{{name: "Key", text: "a<b\r\n&"}}},
		{name: "Quiet", text: "true"},
	}}
	const inner = `<Object><Key>a&lt;b&#13;&#xA;&amp;</Key></Object><Quiet>tr<!-- no -->ue</Quiet>`
	for name, doc := range map[string]string{
		"bare":                 `<Delete>` + inner + `</Delete>`,
		"namespace":            `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + inner + `</Delete>`,
		"other namespace":      `<x:Delete xmlns:x="urn:x">` + inner + `</x:Delete>`,
		"declaration":          `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<Delete>` + inner + `</Delete>` + "\n",
		"byte order mark":      "\xef\xbb\xbf<Delete>" + inner + `</Delete>`,
		"mark and declaration": "\xef\xbb\xbf" + `<?xml version='1.0'?><Delete>` + inner + `</Delete>`,
		"character data":       `<Delete><Object><Key><![CDATA[a<b]]>&#13;&#xA;&amp;</Key></Object><Quiet>true</Quiet></Delete>`,
	} {
		got, err := parseXML([]byte(doc), "Delete")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := cmp.Diff(want, got, cmp.AllowUnexported(element{})); d != "" {
			t.Errorf("%s: (-want +got)\n%s", name, d)
		}
	}
}

func TestParseXMLRefuses(t *testing.T) {
	for name, doc := range map[string]string{
		"empty":                  ``,
		"only space":             "  \n",
		"text":                   `hello`,
		"other root":             `<Tagging></Tagging>`,
		"unclosed":               `<Delete><Object>`,
		"crossed":                `<Delete><a></Delete></a>`,
		"doctype":                `<!DOCTYPE Delete><Delete></Delete>`,
		"entity":                 `<!DOCTYPE d [<!ENTITY x "y">]><Delete>&x;</Delete>`,
		"external entity":        `<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete>&x;</Delete>`,
		"undeclared entity":      `<Delete>&nbsp;</Delete>`,
		"trailing text":          `<Delete></Delete>x`,
		"trailing element":       `<Delete></Delete><Delete></Delete>`,
		"leading text":           `x<Delete></Delete>`,
		"processing instruction": `<?php x?><Delete></Delete>`,
		"late declaration":       `<Delete><?xml version="1.0"?></Delete>`,
		"nested deeply":          `<Delete>` + strings.Repeat("<a>", 50) + strings.Repeat("</a>", 50) + `</Delete>`,
		"many elements":          `<Delete>` + strings.Repeat("<a/>", maxElements) + `</Delete>`,
		"control character":      "<Delete><Key>\x01</Key></Delete>",
		"forbidden reference":    `<Delete><Key>&#1;</Key></Delete>`,
		"not UTF-8":              "<Delete><Key>\xff</Key></Delete>",
		"other encoding":         `<?xml version="1.0" encoding="ISO-8859-1"?><Delete></Delete>`,
	} {
		if got, err := parseXML([]byte(doc), "Delete"); errcode.Of(err) != errcode.MalformedXML {
			t.Errorf("%s: got %v %v, want MalformedXML", name, got, err)
		}
	}
}

// FuzzXML: any bytes are refused as MalformedXML or give a tree within bounds.
func FuzzXML(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0"?><Delete xmlns="x"><Object><Key>k</Key><VersionId>v</VersionId></Object></Delete>`))
	f.Add([]byte("\xef\xbb\xbf<Delete><Quiet>true</Quiet></Delete>\n"))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><Delete>&b;</Delete>`))
	f.Add([]byte(`<Delete><a><b><c/></b></a></Delete>junk`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := parseXML(data, "Delete")
		if err != nil {
			if errcode.Of(err) != errcode.MalformedXML {
				t.Fatalf("got %v, want MalformedXML", err)
			}
			return
		}
		if e.name != "Delete" || depth(e) > maxDepth {
			t.Fatalf("got root %s of depth %d", e.name, depth(e))
		}
	})
}

func depth(e *element) int {
	d := 0
	for i := range e.kids {
		d = max(d, depth(&e.kids[i]))
	}
	return d + 1
}

// What the encoder escapes, a parser reads back: every string of characters
// that XML allows.
func TestEscapeRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Filter(legal).Draw(t, "s")
		x := &xmlBuf{}
		x.root("R")
		x.text("V", s)
		x.end("R")
		var got struct {
			V string
		}
		if err := xml.Unmarshal(x.b, &got); err != nil || got.V != s {
			t.Fatalf("got %q %v, want %q in %s", got.V, err, s, x.b)
		}
	})
}

func legal(s string) bool {
	for _, r := range s {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF || r == 0xFFFD {
			return false
		}
	}
	return true
}

func TestIllegalCharactersAreReferences(t *testing.T) {
	got := string(appendEscaped(nil, "a\x01\r\uFFFE<"))
	if want := "a&#x1;&#xd;&#xfffe;&lt;"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestURLEncodingRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		enc := string(appendURL(nil, s))
		path, err := url.PathUnescape(enc)
		if err != nil || path != s {
			t.Fatalf("%q: got %q %v from %s", s, path, err, enc)
		}
		if query, err := url.QueryUnescape(enc); err != nil || query != s {
			t.Fatalf("%q: got %q %v as a query from %s", s, query, err, enc)
		}
	})
	// The example of the API reference.
	if got := string(appendURL(nil, "test_file(3).png")); got != "test_file%283%29.png" {
		t.Errorf("got %s", got)
	}
	if got := string(appendURL(nil, "a b/c+d")); got != "a%20b/c%2Bd" {
		t.Errorf("got %s", got)
	}
}

func TestAppendISO(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMilli(rapid.Int64Range(0, 253402300799999).Draw(t, "ms"))
		if got, want := string(appendISO(nil, at)), at.UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestTokens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		after := rapid.String().Filter(validText).Draw(t, "after")
		prefix := rapid.Bool().Draw(t, "prefix")
		a, p, err := parseToken(newToken(after, prefix))
		if err != nil || a != after || p != prefix {
			t.Fatalf("got %q %t %v, want %q %t", a, p, err, after, prefix)
		}
	})
	for _, bad := range []string{"", "x", "invalid-token", "AAAAAAA", newToken("k", true) + "A", newToken("k", true) + "=", newToken("key", false)[1:]} {
		if _, _, err := parseToken(bad); errcode.Of(err) != errcode.InvalidArgument {
			t.Errorf("%q: got %v, want InvalidArgument", bad, err)
		}
	}
}
