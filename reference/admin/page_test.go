package admin

import (
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/cluster"
)

func (d *desk) page(path string) string {
	d.t.Helper()
	r, body := d.ask("GET", path, "")
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "text/html; charset=utf-8" || !strings.Contains(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		d.t.Fatalf("page: %d %v\n%s", r.StatusCode, r.Header, body)
	}
	return body
}

// words is the text of a page, a line for each row, without its style.
func words(t *testing.T, page string) string {
	t.Helper()
	dec := xml.NewDecoder(strings.NewReader(page))
	dec.Strict, dec.AutoClose, dec.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var b strings.Builder
	for hidden := 0; ; {
		tok, err := dec.Token()
		if err != nil {
			break
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if tok.Name.Local == "style" || tok.Name.Local == "title" {
				hidden++
			}
		case xml.EndElement:
			switch tok.Name.Local {
			case "style", "title":
				hidden--
			case "tr", "p", "dd", "h1", "h2", "caption":
				b.WriteString("\n")
			}
		case xml.CharData:
			if hidden == 0 {
				b.WriteString(" " + strings.Join(strings.Fields(string(tok)), " "))
			}
		}
	}
	var lines []string
	for line := range strings.Lines(b.String()) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// golden compares with a file of testdata, which UPDATE=1 writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", name, d)
	}
}

// troubled is a cluster in which much is wrong.
func troubled() []cluster.NodeStatus {
	n := append(trio(), unreachable("d", true), trio()[2])
	n[4].ID, n[4].Addr, n[4].Voter = "e", "e.example:9100", false
	lacks(&n[4], 60, "x")
	lacks(&n[0], 1, "y")
	n[0].Blobs.Lost, n[0].LastContactMS, n[2].LastContactMS = 1, -1, 1234
	n[2].Applied, n[1].Commit = 40, 5000
	return n
}

func TestPage(t *testing.T) {
	d := newDesk(t)
	golden(t, "well.txt", words(t, d.page("/admin/")))
	d.band.nodes = troubled()
	golden(t, "troubled.txt", words(t, d.page("/admin/")))
	d.band.nodes[1] = unreachable("a", true)
	golden(t, "leaderless.txt", words(t, d.page("/admin/?refresh=off")))
	d.c.Cluster = func() Cluster { return nil }
	golden(t, "single.txt", words(t, d.page("/admin/")))
}

// The page works without script, loads nothing, and reads well by ear.
func TestPageIsSelfContainedAndAccessible(t *testing.T) {
	d := newDesk(t)
	d.band.nodes = troubled()
	page := d.page("/admin/")
	for _, forbidden := range []string{"<script", " src=", "<link", "@import", "url("} {
		if strings.Contains(page, forbidden) {
			t.Errorf("it holds %q", forbidden)
		}
	}
	if a, b := strings.Count(page, "<th "), strings.Count(page, "<th scope="); a != b || a < 18 {
		t.Errorf("%d headers of a table, %d with a scope", a, b)
	}
	for _, want := range []string{`<html lang="en">`, "prefers-color-scheme: dark", "<caption>", `name="viewport"`, `http-equiv="refresh" content="5"`} {
		if !strings.Contains(page, want) {
			t.Errorf("it lacks %s", want)
		}
	}
	if strings.Contains(d.page("/admin/?refresh=off"), "http-equiv") {
		t.Error("loading again cannot be turned off")
	}
}

// What nodes say of themselves is shown, not obeyed.
func TestPageEscapes(t *testing.T) {
	d := newDesk(t)
	evil := `<script>alert("x")</script>`
	for i := range d.band.nodes {
		n := &d.band.nodes[i]
		n.ID, n.Addr, n.Role, n.Leader = evil, evil, evil, evil
	}
	d.band.nodes[0].Err = evil
	d.band.nodes[1].Role = "leader"
	page := d.page("/admin/")
	if strings.Contains(page, "<script") || !strings.Contains(page, "&lt;script&gt;") {
		t.Errorf("it is not escaped:\n%s", page)
	}
}
