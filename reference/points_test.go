package reference_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference"
)

// What can be asked for is what there is in the code, no more and no less.
func TestPointsAreThoseOfTheCode(t *testing.T) {
	got := calls(t, regexp.MustCompile(`fault\.Point\("([^"]+)"\)`))
	if d := cmp.Diff(reference.Points(), got); d != "" {
		t.Errorf("names of fault.Point (-told +in the code):\n%s", d)
	}
}

// calls returns what is called with, in this directory and below, sorted.
func calls(t *testing.T, call *regexp.Regexp) (names []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range call.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
