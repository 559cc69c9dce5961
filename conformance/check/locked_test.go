package check

import (
	"strings"
	"testing"

	"bleepstore/conformance/model"
)

// Where every version is locked, no delete of one has an effect: not one that is
// refused, not one that ended unclear.
func TestLockedVersions(t *testing.T) {
	one, two := given("1", put(1)), given("2", put(2))
	all := rows(row1("2", 2), row1("1", 1))
	gone := rows(row1("2", 2))
	remove := ofVersion("1", del())
	for _, c := range []struct {
		name   string
		free   bool // nothing is locked
		breaks model.Level
		says   string
		events []event
	}{
		{"refused, and there", false, none, "", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, refuse(remove, 403)}, {2, 7, 8, all}, {3, 9, 10, ofVersion("1", get(1))}}},
		{"unclear, and there", false, none, "", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 0, remove}, {3, 7, 8, all}, {3, 9, 10, ofVersion("1", get(1))}}},
		{"done", false, model.Raw, "is locked", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, remove}}},
		{"refused, and not listed", false, model.Raw, "nothing removed it", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, refuse(remove, 403)}, {3, 7, 8, gone}}},
		{"unclear, and not listed", false, model.Raw, "nothing removed it", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 0, remove}, {3, 7, 8, gone}}},
		{"unclear, and not found", false, model.Raw, "nothing removed it", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 0, remove}, {3, 7, 8, ofVersion("1", missing())}}},
		{"done where nothing is locked", true, none, "", []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, remove}, {3, 7, 8, gone}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := tiny("versions", c.events...)
			h.Workloads[0].Locked, h.Workloads[0].Versioned = !c.free, !c.free
			got, w := judged(t, h)
			if got != c.breaks {
				t.Fatalf("breaks %v, want %v: %+v", got, c.breaks, w.Violations)
			}
			if c.says != "" && !strings.Contains(w.Violations[0].Says, c.says) {
				t.Errorf("it says %q, want %q", w.Violations[0].Says, c.says)
			}
		})
	}
}
