package page_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// browsers are names that Chromium goes by.
var browsers = []string{"chromium", "chromium-browser", "google-chrome"}

// TestBrowser uses the page in headless Chromium as a reader would, with and
// without JavaScript, and asks axe about it. `make browser` installs what it
// needs, where that is to be had.
func TestBrowser(t *testing.T) {
	modules := os.Getenv("BLEEPSTORE_BROWSER_MODULES")
	if modules == "" {
		t.Skip("make browser runs it: it needs Chromium, Node.js, playwright-core and axe-core")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node on PATH")
	}
	chromium := ""
	for _, name := range browsers {
		if chromium, err = exec.LookPath(name); err == nil {
			break
		}
	}
	if err != nil {
		t.Skip("no Chromium on PATH")
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return at
	}
	cmd := exec.CommandContext(t.Context(), node, filepath.Join("testdata", "browser.mjs"), modules, chromium,
		file("report.html", write(t, stored(t))), file("hostile.html", write(t, compared(t, hostileServer()))))
	out, err := cmd.CombinedOutput()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		t.Fatal(err)
	}
	steps := 0
	for _, text := range strings.Split("\n"+string(out), "\nok\t")[1:] {
		name, _, _ := strings.Cut(text, "\n")
		steps++
		t.Log("ok", name)
	}
	const want = 12
	if err != nil || steps != want {
		t.Errorf("%d of %d steps passed: %v\n%s", steps, want, err, out)
	}
}
