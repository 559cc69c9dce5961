package check

import (
	"testing"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// A key whose last reads all failed within the server cannot be read; one that
// was busy, or was read in between, may be.
func TestUnread(t *testing.T) {
	failing := func(status int) history.Op {
		o := get(0)
		o.Outcome, o.Result = history.Unclear, history.Result{Status: status}
		return o
	}
	reads := func(first event, n, status int) []event {
		out := []event{first}
		for i := range n {
			at := int64(10 + 2*i)
			out = append(out, event{2, at, at + 1, failing(status)})
		}
		return out
	}
	other := get(2)
	other.Key = "other"
	wrote := put(2)
	wrote.Key = "other"
	served := []event{{3, 3, 4, wrote}, {3, 12, 13, other}}
	written := event{1, 1, 2, put(1)}
	for _, c := range []struct {
		name   string
		breaks model.Level
		events []event
	}{
		{"all fail", model.Raw, append(reads(written, leastUnread, 500), served...)},
		{"all fail, and nobody is served", none, reads(written, leastUnread, 500)},
		{"a few fail", none, append(reads(written, leastUnread-1, 500), served...)},
		{"the server is busy", none, append(reads(written, leastUnread, 503), served...)},
		{"nothing was acknowledged", none, append(reads(event{1, 1, 0, put(1)}, leastUnread, 500), served...)},
		{"it is read in the end", none, append(append(reads(written, leastUnread, 500), served...), event{2, 90, 91, get(1)})},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, w := judged(t, tiny("register", c.events...)); got != c.breaks {
				t.Errorf("breaks %v, want %v: %+v", got, c.breaks, w.Violations)
			}
		})
	}
}
