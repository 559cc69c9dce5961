package history

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A history is handed on workload by workload, those without operations last,
// and what cannot be parted or read is told.
func TestReadEach(t *testing.T) {
	header := Header{Workloads: []Workload{{Name: "a"}, {Name: "b"}, {Name: "none"}}}
	file := func(workloads ...string) string {
		var out bytes.Buffer
		w, err := NewWriter(&out, header)
		if err != nil {
			t.Fatal(err)
		}
		for i, name := range workloads {
			w.Add(Op{N: int64(i + 1), Workload: name, Kind: Get, Call: int64(9 - i), Return: 10, Outcome: OK})
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	whole := file("a", "a", "b")
	for name, tc := range map[string]struct {
		text, want string
		err        error
	}{
		"in order":           {whole, "a 2, b 1, none 0, ", nil},
		"empty":              {file(), "a 0, b 0, none 0, ", nil},
		"scattered":          {file("a", "b", "a"), "a 1, b 1, ", ErrScattered},
		"of no workload":     {file("a", "c"), "a 1, ", ErrFormat},
		"cut off":            {whole[:len(whole)-5], "", ErrFormat},
		"twice":              {whole + strings.SplitAfter(whole, "\n")[3], "a 2, ", ErrFormat},
		"no history":         {"{}", "", ErrFormat},
		"nothing whatsoever": {"", "", ErrFormat},
	} {
		got := ""
		err := ReadEach(strings.NewReader(tc.text), func(h *History) error {
			if len(h.Workloads) != 1 || len(h.Of(h.Workloads[0].Name)) != len(h.Ops) {
				t.Errorf("%s: got %+v", name, h)
			}
			for i := 1; i < len(h.Ops); i++ {
				if h.Ops[i].Call < h.Ops[i-1].Call {
					t.Errorf("%s: not in order: %+v", name, h.Ops)
				}
			}
			got += h.Workloads[0].Name + " " + string(rune('0'+len(h.Ops))) + ", "
			return nil
		})
		if got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%s: got %q, %v; want %q, %v", name, got, err, tc.want, tc.err)
		}
	}
}
