package conformance_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"bleepstore/conformance/report"
	. "bleepstore/scenarios"
)

// suite runs this test binary as `go test ./conformance args` would, by the
// command that args begins with, and returns its output and exit code.
func suite(t *testing.T, name string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "NO_COLOR=1", "GITHUB_ACTIONS=")
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func self(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func TestSuiteDoor(t *testing.T) {
	f := newForeign(t, nil)
	for name, tc := range map[string]struct {
		args []string
		code int
		want []string // patterns
	}{
		"pass": {[]string{"-id=object.put.empty", "-seed=42"}, 0,
			[]string{`(?m)^ *endpoint  http://`, `(?m)^ *seed +42$`, `(?m)^ *object +1 `, `Ran 1 of 1 Specs`}},
		"silent": {[]string{"-id=conditional.delete.if-match.stale", "-seed=42"}, 1,
			[]string{`SILENT conditional.delete.if-match.stale\n.*DeleteObject with If-Match MUST fail`, `at scenarios/conditional/`, `curl -sS`,
				`repeat: go test ./conformance -endpoint=http://\S+ -id=conditional.delete.if-match.stale -seed=42\n`, `scenarios/conditional/\w+\.go:\d+`}},
		"invariant": {[]string{"-id=bucket.delete.missing"}, 1,
			[]string{`FAIL shape.error-body`, `Ran 1 of 1 Specs`, `1 Passed`, `repeat: go test .* -id=bucket.delete.missing`}},
		"usage": {[]string{"-id=no.such"}, 1, []string{`-id=no.such matches no scenario`}},
	} {
		out, code := suite(t, self(t), append([]string{"-test.v", "-endpoint=" + f.URL, "-out=" + t.TempDir()}, tc.args...)...)
		if code != tc.code {
			t.Errorf("%s: exit code %d, want %d", name, code, tc.code)
		}
		for _, want := range tc.want {
			if !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("%s: no %s in\n%s", name, want, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s: colours in spite of NO_COLOR", name)
		}
	}
}

// TestSuiteDoorInGitHub: a workflow's run is annotated by this door too, and
// -out holds the reports.
func TestSuiteDoorInGitHub(t *testing.T) {
	f, dir := newForeign(t, nil), t.TempDir()
	step := filepath.Join(dir, "step.md")
	out, code := suite(t, "env", "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+step, self(t), "-test.v", "-endpoint="+f.URL,
		"-out="+filepath.Join(dir, "out"), "-id=conditional.delete.if-match.stale")
	if code != 1 || !regexp.MustCompile(`(?m)^ *::error file=scenarios/conditional/\w+\.go,line=\d+,title=silent conditional`).MatchString(out) {
		t.Errorf("exit code %d, want 1 and an annotation in\n%s", code, out)
	}
	for _, name := range []string{"step.md", "out/result.json", "out/junit.xml", "out/summary.md"} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !strings.Contains(string(text), "conditional.delete.if-match.stale") {
			t.Errorf("%s: %v, want the failure in\n%s", name, err, text)
		}
	}
}

// TestSuiteDoorInParallel: the results of several processes make one report.
func TestSuiteDoorInParallel(t *testing.T) {
	if testing.Short() {
		t.Skip("builds ginkgo's command line")
	}
	f, dir := newForeign(t, nil), t.TempDir()
	binary := filepath.Join(dir, "conformance.test")
	if err := os.Symlink(self(t), binary); err != nil {
		t.Fatal(err)
	}
	out, _ := suite(t, "go", "tool", "ginkgo", "--procs=3", binary, "--", "-endpoint="+f.URL, "-id=object.put.*,bucket.delete.*", "-out="+dir)
	data, err := os.ReadFile(filepath.Join(dir, "result.json"))
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var run report.Run
	if err := json.Unmarshal(data, &run); err != nil {
		t.Fatal(err)
	}
	if run.NotRun != 0 || verdictOf(&run, "object.put.empty") != Pass || verdictOf(&run, "shape.error-body") != Fail {
		t.Errorf("%d not run, object.put.empty %s, shape.error-body %s; want the results of every process, judged as one\n%s",
			run.NotRun, verdictOf(&run, "object.put.empty"), verdictOf(&run, "shape.error-body"), out)
	}
	if ledgers, err := filepath.Glob(filepath.Join(dir, "ledger-*")); err != nil || len(ledgers) > 0 {
		t.Errorf("ledgers left: %v, %v", ledgers, err)
	}
}
