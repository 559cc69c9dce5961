package website

import "testing"

func TestRoute(t *testing.T) {
	text := func(s string) *string { return &s }
	c := &Configuration{Index: "index.html", Rules: []Rule{
		{Condition: &Condition{Prefix: "docs/"}, Redirect: Redirect{ReplacePrefix: text("documents/")}},
		{Condition: &Condition{Prefix: "docs/x"}, Redirect: Redirect{ReplaceKey: text("never")}},
		{Condition: &Condition{Prefix: "images/", Error: "404"}, Redirect: Redirect{ReplaceKey: text("gone?.html"), Code: "302"}},
		{Condition: &Condition{Error: "404"}, Redirect: Redirect{Host: "example.com", Protocol: "https", ReplacePrefix: text("report-404/")}},
		{Condition: &Condition{Error: "403"}, Redirect: Redirect{Protocol: "https"}},
	}}
	at := Place{Scheme: "http", Host: "h:80", Path: "/b"}
	for _, tc := range []struct {
		key      string
		status   int
		location string
		code     int
	}{
		{"docs/a b", 0, "http://h:80/b/documents/a%20b", 301},
		{"docs/x", 0, "http://h:80/b/documents/x", 301},
		{"docs", 0, "", 0},
		{"images/a", 0, "", 0},
		{"images/a", 404, "http://h:80/b/gone%3F.html", 302},
		{"images/a", 500, "", 0},
		{"other/ä", 404, "https://example.com/report-404/other/%C3%A4", 301},
		{"k", 403, "https://h:80/b/k", 301},
	} {
		r := c.Route(tc.key, tc.status)
		if r == nil {
			if tc.location != "" {
				t.Errorf("%s, %d: no rule holds", tc.key, tc.status)
			}
			continue
		}
		if location, code := r.Location(at, tc.key); location != tc.location || code != tc.code {
			t.Errorf("%s, %d: got %d %s, want %d %s", tc.key, tc.status, code, location, tc.code, tc.location)
		}
	}
	everything := Configuration{Index: "i", Rules: []Rule{{Redirect: Redirect{ReplaceKey: text("one")}}}}
	if everything.Route("k", 0) == nil || everything.Route("k", 404) != nil {
		t.Error("a rule without condition holds for every request, once")
	}
	for all, want := range map[All]string{
		{Host: "example.com"}:                    "http://example.com/a/b",
		{Host: "example.com", Protocol: "https"}: "https://example.com/a/b",
	} {
		if got := all.Location(at, "a/b"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
