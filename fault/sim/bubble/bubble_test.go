package bubble_test

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/fault/sim/bubble"
)

// TestProgram: a program with arguments and flags of its own runs bubbles one
// after the other, sees no trace of package testing, and ends as it wants.
func TestProgram(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a program")
	}
	bin := filepath.Join(t.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", bin, "testdata/program.go").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, c := range []struct {
		arg, want string
		code      int
	}{
		{"fine", "an hour has passed\nan hour has passed\nits own flags: [mine]\n", 7},
		{"deadlock", "blocked goroutines remain", 2},
		{"panic", "panic: on purpose", 2},
	} {
		t.Run(c.arg, func(t *testing.T) {
			out, err := exec.Command(bin, "--odd", c.arg).CombinedOutput()
			if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != c.code {
				t.Errorf("got %v, want exit code %d", err, c.code)
			}
			if got := string(out); c.arg == "fine" && got != c.want || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestNotInATest(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it runs")
		}
	}()
	bubble.Run(func() {})
}
