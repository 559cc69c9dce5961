package page_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"bleepstore/conformance/compare"
	"bleepstore/conformance/page"
	"bleepstore/conformance/report"
	"bleepstore/scenarios"
)

// stored is a comparison of real results, kept small.
func stored(t *testing.T) *compare.Comparison {
	t.Helper()
	var servers []compare.Server
	for _, name := range []string{"bleepstore", "gofakes3"} {
		f, err := os.Open(filepath.Join("testdata", name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		run, err := report.ReadJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, compare.Server{Name: name, Run: run})
	}
	return compared(t, servers...)
}

func compared(t *testing.T, servers ...compare.Server) *compare.Comparison {
	t.Helper()
	c, err := compare.New(servers, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, c *compare.Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestEveryCellLeads: each result that is not a pass leads to its finding,
// whose exchange stands there.
func TestEveryCellLeads(t *testing.T) {
	c := stored(t)
	html := write(t, c)
	if html != write(t, c) {
		t.Error("the same results made two pages")
	}
	links := 0
	for _, s := range c.Servers {
		for _, res := range s.Run.Results {
			link, target := fmt.Sprintf(`href="#x.%s.%s"`, s.Name, res.ID), fmt.Sprintf(`id="x.%s.%s"`, s.Name, res.ID)
			want := 0
			if res.Verdict != scenarios.Pass {
				want = 1
				links++
			}
			if strings.Count(html, link) != want || strings.Count(html, target) != want {
				t.Errorf("%s %s (%s): got %d links and %d findings, want %d", s.Name, res.ID, res.Verdict, strings.Count(html, link), strings.Count(html, target), want)
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d results were looked at", links)
	}
	for _, part := range []string{`<mark class="wrong">HTTP/1.1 200 OK</mark>`, "curl -sS -i", "--id=conditional.delete-objects.etag", "<dt>Want</dt>",
		`<a href="https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html"`} {
		if !strings.Contains(html, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

// TestPageIsWhole: it asks nobody for anything, and its policy lets in its own
// style and script alone.
func TestPageIsWhole(t *testing.T) {
	html := write(t, stored(t))
	for _, tag := range []string{"<link", "<img", "<iframe", " src=", "@import", "url("} {
		if strings.Contains(html, tag) {
			t.Errorf("the page holds %s", tag)
		}
	}
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(html)
	if policy == nil || !strings.HasPrefix(policy[1], "default-src &#39;none&#39;;") {
		t.Fatalf("policy: %q", policy)
	}
	for _, tag := range []string{"style", "script"} {
		parts := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(html, -1)
		if len(parts) != 1 {
			t.Fatalf("%d %s elements, want 1", len(parts), tag)
		}
		sum := sha256.Sum256([]byte(parts[0][1]))
		want := tag + "-src &#39;sha256-" + strings.ReplaceAll(base64.StdEncoding.EncodeToString(sum[:]), "+", "&#43;") + "&#39;"
		if !strings.Contains(policy[1], want) {
			t.Errorf("the policy %s does not let in the %s: %s", policy[1], tag, want)
		}
	}
}

// hostile are words of a server that would be markup if they could.
const hostile = `</code></pre></script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">"'><svg onload=window.pwned=1>javascript:window.pwned=1`

// poison puts words into every string that v holds.
func poison(v reflect.Value, words string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(words)
	case reflect.Pointer:
		if !v.IsNil() {
			poison(v.Elem(), words)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poison(v.Index(i), words)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			poison(v.Field(i), words)
		}
	}
}

func hostileServer() compare.Server {
	x := scenarios.Exchange{N: 1, Status: 200, Request: "GET / HTTP/1.1\nA-B: c\n", Response: "HTTP/1.1 200 OK\n"}
	run := &report.Run{Endpoints: []string{""}, Preflight: report.Preflight{Notes: []string{""}}, Known: &report.Known{Stale: []report.Stale{{}}},
		Judged:  []report.WorkloadVerdict{{Because: []string{""}}},
		Results: []scenarios.Result{{Observations: []scenarios.Observation{{}}, Exchanges: []scenarios.Exchange{x, x, x}}}}
	poison(reflect.ValueOf(run), hostile)
	poisoned := &run.Results[0].Exchanges[2]
	poisoned.Request, poisoned.Response = "GET /"+hostile+" HTTP/1.1\nA-B: "+hostile, "HTTP/1.1 200 OK\nServer: "+hostile+"\n\n<Error><Code>"+hostile+"</Code></Error>"
	run.Results[0].Reason = "header A-B: got \"\", want " + hostile
	return compare.Server{Name: "hostile", Run: run, Note: hostile}
}

// TestServersAreText: nothing that a server said becomes markup.
func TestServersAreText(t *testing.T) {
	html := write(t, compared(t, hostileServer()))
	if strings.Count(html, "window.pwned") < 20 {
		t.Errorf("the words are not shown: %d times", strings.Count(html, "window.pwned"))
	}
	for tag, want := range map[string]int{"<script": 1, "</script": 1, "<img": 0, "<svg": 0, "<style": 1} {
		if got := strings.Count(strings.ToLower(html), tag); got != want {
			t.Errorf("%s: got %d, want %d", tag, got, want)
		}
	}
	for _, attribute := range regexp.MustCompile(`(?i)(href|src|on[a-z]+)\s*=\s*"[^"]*"`).FindAllString(html, -1) {
		if strings.Contains(strings.ToLower(attribute), "=\"javascript:") {
			t.Errorf("a link runs a script: %s", attribute)
		}
	}
}

// TestSymbolsDiffer: no two verdicts share a symbol, and none has none, so
// that the page needs no colour.
func TestSymbolsDiffer(t *testing.T) {
	css, err := os.ReadFile("page.css")
	if err != nil {
		t.Fatal(err)
	}
	of := map[string]string{}
	for _, v := range scenarios.Verdicts() {
		m := regexp.MustCompile(`(?m)^\.` + string(v) + `\.sym::before.* td\.` + string(v) + ` > ::before \{ content: "(.*?)";`).FindSubmatch(css)
		if m == nil {
			t.Errorf("%s has no symbol", v)
			continue
		}
		if other, taken := of[string(m[1])]; taken {
			t.Errorf("%s and %s share %s", v, other, m[1])
		}
		of[string(m[1])] = string(v)
	}
}

// TestSizeStaysSmall: four servers that fail most of 1,700 rules, at length,
// make a page that a browser opens.
func TestSizeStaysSmall(t *testing.T) {
	x := scenarios.Exchange{N: 3, Method: "PUT", URL: "http://127.0.0.1:9000/bleep-abcdefgh-1/key", Request: strings.Repeat("X-Header: value\n", 300), Response: strings.Repeat("X-Header: value\n", 300),
		Status: 200, Curl: "curl " + strings.Repeat("-H 'X-Header: value' ", 20)}
	var servers []compare.Server
	for i := range 4 {
		run := &report.Run{RepeatOne: "bleepstore test --endpoint=http://127.0.0.1:9000"}
		for j := range 1700 {
			run.Results = append(run.Results, scenarios.Result{ID: fmt.Sprintf("object.put.some-name-%04d", j), Rule: "O-01", Level: scenarios.Must, Verdict: scenarios.Fail,
				Says: "PutObject MUST do what its page says it does, and nothing else whatever is asked of it.", Ref: "https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html",
				Reason: "got 200, want 412", Exchanges: slices.Repeat([]scenarios.Exchange{x}, 12)})
		}
		servers = append(servers, compare.Server{Name: fmt.Sprintf("s%d", i), Run: run})
	}
	const most = 20 << 20
	if got := len(write(t, compared(t, servers...))); got > most {
		t.Errorf("got %d bytes, want at most %d", got, most)
	}
	for _, s := range servers[1:] { // one that fails and three that pass, as is common
		for j := range s.Run.Results {
			s.Run.Results[j].Verdict, s.Run.Results[j].Exchanges = scenarios.Pass, nil
		}
	}
	const usual = 10 << 20
	if got := len(write(t, compared(t, servers...))); got > usual {
		t.Errorf("got %d bytes, want at most %d", got, usual)
	}
}

// TestMarks: what a reason is about is marked in the exchange.
func TestMarks(t *testing.T) {
	for name, c := range map[string]struct {
		reason, says, request, response string
		status                          int
		want, not                       []string
	}{
		"status": {reason: "got 404 NoSuchKey, want 403 AccessDenied", status: 404, response: "HTTP/1.1 404 Not Found\nServer: x\n\n<Error><Code>NoSuchKey</Code></Error>",
			want: []string{`<mark class="wrong">HTTP/1.1 404 Not Found</mark>`, `<mark class="wrong">&lt;Code&gt;NoSuchKey&lt;/Code&gt;</mark>`}, not: []string{`<mark class="wrong">Server`}},
		"another status": {reason: "got 404, want 403", status: 200, response: "HTTP/1.1 200 OK\n", not: []string{"<mark"}},
		"success":        {reason: "got success, want 412", status: 200, response: "HTTP/1.1 200 OK\n", want: []string{`<mark class="wrong">HTTP/1.1 200 OK</mark>`}},
		"header": {reason: `header Content-Length: got 5, want 0`, status: 200, response: "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Type: a\n",
			want: []string{`<mark class="wrong">Content-Length: 5</mark>`}, not: []string{`<mark class="wrong">Content-Type`, "is absent<"}},
		"absent header": {reason: `header ETag: got , want "abc"`, status: 200, response: "HTTP/1.1 200 OK\nServer: x\n\nbody",
			want: []string{"Server: x\n<mark class=\"wrong\">ETag is absent</mark>\n\nbody"}},
		"header of another answer": {reason: `header ETag: got x, want "abc"`, status: 200, response: "HTTP/1.1 200 OK\nServer: x\n", not: []string{"is absent<"}},
		"a failure of its own":     {reason: "the server answered 500 InternalError to PUT /b/k", status: 500, response: "HTTP/1.1 500 Internal Server Error\n", want: []string{`<mark class="wrong">HTTP/1.1 500`}},
		"element": {reason: "IsTruncated is false", status: 200, response: "HTTP/1.1 200 OK\n\n<R><IsTruncated>false</IsTruncated><Key>k</Key></R>",
			want: []string{`<mark class="wrong">&lt;IsTruncated&gt;false&lt;/IsTruncated&gt;</mark>`}},
		"value":        {reason: `got "hello world", want "hello"`, status: 200, response: "HTTP/1.1 200 OK\n\nhello world", want: []string{`<mark class="wrong">hello world</mark>`}},
		"quoted value": {reason: `got "\"abc123\"", want "\"def\""`, status: 200, response: "HTTP/1.1 200 OK\nEtag: \"abc123\"\n", want: []string{`Etag: &#34;<mark class="wrong">abc123</mark>&#34;`}},
		"asked": {reason: "got success, want 412", says: "PutObject with If-None-Match and max-keys MUST fail.", status: 412, request: "PUT /b?max-keys=3&a=b HTTP/1.1\nHost: h\nIf-None-Match: *\n",
			want: []string{`<mark class="asked">max-keys=3</mark>&amp;a=b`, `<mark class="asked">If-None-Match: *</mark>`}, not: []string{`<mark class="asked">Host`}},
	} {
		t.Run(name, func(t *testing.T) {
			res := scenarios.Result{ID: "object.x", Rule: "O-01", Verdict: scenarios.Fail, Reason: c.reason, Says: cmp.Or(c.says, "It MUST hold."),
				Exchanges: []scenarios.Exchange{{N: 1, Request: c.request, Response: c.response, Status: c.status}}}
			html := write(t, compared(t, compare.Server{Name: "s", Run: &report.Run{Results: []scenarios.Result{res}}}))
			for _, part := range c.want {
				if !strings.Contains(html, part) {
					t.Errorf("the page lacks %s", part)
				}
			}
			for _, part := range c.not {
				if strings.Contains(html, part) {
					t.Errorf("the page holds %s", part)
				}
			}
		})
	}
}
