package cors

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

func age(n int32) *int32 { return &n }

// get is a configuration of one rule that allows GET.
func get(edit func(*Rule)) *Configuration {
	r := Rule{Methods: []string{"GET"}, Origins: []string{"http://a.example"}}
	edit(&r)
	return &Configuration{[]Rule{r}}
}

func TestCheck(t *testing.T) {
	long := func(n int) *Configuration {
		return &Configuration{slices.Repeat([]Rule{{Methods: Methods, Origins: []string{"*"}}}, n)}
	}
	for name, c := range map[string]struct {
		c    *Configuration
		want errcode.Code
	}{
		"one rule":           {long(1), ""},
		"100 rules":          {long(100), ""},
		"101 rules":          {long(101), errcode.MalformedXML},
		"no rule":            {&Configuration{}, errcode.MalformedXML},
		"no method":          {get(func(r *Rule) { r.Methods = nil }), errcode.MalformedXML},
		"no origin":          {get(func(r *Rule) { r.Origins = nil }), errcode.MalformedXML},
		"PATCH":              {get(func(r *Rule) { r.Methods = []string{"GET", "PATCH"} }), errcode.InvalidRequest},
		"OPTIONS":            {get(func(r *Rule) { r.Methods = []string{"OPTIONS"} }), errcode.InvalidRequest},
		"lower case":         {get(func(r *Rule) { r.Methods = []string{"get"} }), errcode.InvalidRequest},
		"origin, one *":      {get(func(r *Rule) { r.Origins = []string{"https://*.example"} }), ""},
		"origin, two *":      {get(func(r *Rule) { r.Origins = []string{"http://*.*.example"} }), errcode.InvalidRequest},
		"header, one *":      {get(func(r *Rule) { r.Headers = []string{"x-amz-*"} }), ""},
		"header, two *":      {get(func(r *Rule) { r.Headers = []string{"x-*-*"} }), errcode.InvalidRequest},
		"exposed wildcard":   {get(func(r *Rule) { r.Expose = []string{"x-amz-*"} }), errcode.InvalidRequest},
		"id of 255":          {get(func(r *Rule) { r.ID = strings.Repeat("ä", 255) }), ""},
		"id of 256":          {get(func(r *Rule) { r.ID = strings.Repeat("a", 256) }), errcode.InvalidRequest},
		"no age":             {get(func(r *Rule) { r.MaxAge = age(0) }), ""},
		"an age before now":  {get(func(r *Rule) { r.MaxAge = age(-1) }), ""},
		"no header":          {get(func(r *Rule) { r.Headers = []string{"two words"} }), errcode.InvalidRequest},
		"header with a sign": {get(func(r *Rule) { r.Headers = []string{"x-amz:date"} }), errcode.InvalidRequest},
		"exposes no header":  {get(func(r *Rule) { r.Expose = []string{"é"} }), errcode.InvalidRequest},
	} {
		if got := errcode.Of(c.c.Check()); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestEncoding(t *testing.T) {
	c := get(func(r *Rule) { r.ID, r.Headers, r.Expose, r.MaxAge = "r", []string{"*"}, []string{"ETag"}, age(0) })
	text, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(text)
	if d := cmp.Diff(c, back); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if text, err := (*Configuration)(nil).Encode(); text != nil || err != nil {
		t.Errorf("got %s %v", text, err)
	}
	if c, err := Decode(nil); c != nil || err != nil {
		t.Errorf("got %v %v", c, err)
	}
	if _, err := Decode(json.RawMessage(`[`)); err == nil {
		t.Error("half a document was read")
	}
}

func TestMatch(t *testing.T) {
	c := &Configuration{[]Rule{
		{ID: "put", Methods: []string{"PUT"}, Origins: []string{"http://a.example"}, Headers: []string{"X-Amz-*", "content-type"}},
		{ID: "wild", Methods: []string{"GET", "PUT"}, Origins: []string{"https://*.example", "http://b.example"}},
		{ID: "any", Methods: []string{"GET"}, Origins: []string{"*"}, Headers: []string{"*"}},
		{ID: "late", Methods: []string{"GET", "DELETE"}, Origins: []string{"http://c.example"}},
	}}
	for _, m := range []struct {
		ask         Ask
		rule        string // "" for none
		origin      string
		credentials bool
	}{
		{Ask{"http://a.example", "PUT", nil}, "put", "http://a.example", true},
		{Ask{"http://a.example", "PUT", []string{"x-amz-date", "CONTENT-TYPE"}}, "put", "http://a.example", true},
		{Ask{"http://a.example", "PUT", []string{"x-amz-date", "range"}}, "", "", false},
		{Ask{"http://a.example:80", "PUT", nil}, "", "", false},
		{Ask{"HTTP://A.example", "PUT", nil}, "", "", false},
		{Ask{"xhttp://a.examplex", "PUT", nil}, "", "", false},
		{Ask{"https://x.y.example", "PUT", nil}, "wild", "https://x.y.example", true},
		{Ask{"https://.example", "PUT", nil}, "wild", "https://.example", true},
		{Ask{"https://example", "PUT", nil}, "", "", false},
		{Ask{"http://b.example", "GET", nil}, "wild", "http://b.example", true},
		{Ask{"http://b.example", "GET", []string{"range"}}, "any", "*", false},
		{Ask{"http://c.example", "GET", nil}, "any", "*", false},
		{Ask{"http://c.example", "DELETE", nil}, "late", "http://c.example", true},
		{Ask{"null", "GET", nil}, "any", "*", false},
		{Ask{"http://c.example", "delete", nil}, "", "", false},
	} {
		l, ok := c.Match(m.ask)
		if ok != (m.rule != "") || ok && (l.ID != m.rule || l.Origin != m.origin || l.Credentials != m.credentials) {
			t.Errorf("%v: got %+v %v, want %s %s %v", m.ask, l, ok, m.rule, m.origin, m.credentials)
		}
	}
	if _, ok := (*Configuration)(nil).Match(Ask{"http://a.example", "GET", nil}); ok {
		t.Error("no configuration allows something")
	}
}
