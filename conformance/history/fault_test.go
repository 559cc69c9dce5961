package history

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What was done to a server is in the header of its history; a history without
// faults is written, and read, as it always was.
func TestFaultsInTheHeader(t *testing.T) {
	want := &Faults{
		From: 5, To: 900, MinRate: 50, Recovery: time.Second,
		Bands:  []Band{{Kind: "net.cut", Group: "partition", Says: "node-1", From: 10, To: 20}, {Kind: "disk.full", From: 30, To: 30, Skipped: "no disk"}},
		Quorum: []Quorum{{0, true}, {12, false}}, States: []State{{"node-1", 7, "abc"}}, Broken: []string{"node-2 ended"},
	}
	save := func(f *Faults) string {
		var file strings.Builder
		w, err := NewWriter(&file, Header{Faults: f})
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
		return file.String()
	}
	text := save(want)
	got, err := Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got.Faults); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := len(got.Faults.Done()); n != 1 {
		t.Errorf("%d faults were done", n)
	}
	if old := save(nil); strings.Contains(old, "faults") {
		t.Errorf("without faults: %s", old)
	}
	for name, swap := range map[string][2]string{
		"a fault that ends before it begins": {`"to":20`, `"to":9`},
		"a run that ends before it begins":   {`"to":900`, `"to":4`},
		"no kind":                            {`"kind":"net.cut"`, `"kind":""`},
		"an unknown key":                     {`"skipped"`, `"skiped"`},
		"times that go back":                 {`"at":0`, `"at":13`},
	} {
		if _, err := Read(strings.NewReader(strings.Replace(text, swap[0], swap[1], 1))); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
