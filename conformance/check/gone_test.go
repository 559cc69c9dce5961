package check

import (
	"strings"
	"testing"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// nowhere is o answered as where there is no bucket.
func nowhere(o history.Op) history.Op {
	o.Outcome, o.Result = history.Refused, history.Result{Status: 404, Code: noBucket}
	return o
}

func TestBucketThatIsNotThere(t *testing.T) {
	all := history.Op{Kind: history.List, Arg: history.Arg{Page: 1}}
	for _, c := range []struct {
		name, model string
		gone        []int
		breaks      model.Level
		says        string // told of the violation
		events      []event
	}{
		{"new, and known later", "register", nil, none, "", []event{{1, 1, 2, put(1)}, {2, 3, 4, nowhere(get(0))}, {2, 5, 6, get(1)}}},
		{"lost", "register", []int{0}, model.Raw, "404 NoSuchBucket", []event{{1, 1, 2, put(1)}, {2, 3, 4, nowhere(get(0))}}},
		{"lost after it was deleted", "register", []int{0}, none, "", []event{{1, 1, 2, put(1)}, {1, 3, 4, del()}, {2, 5, 6, nowhere(get(0))}}},
		{"lost, but what was written may not have been", "register", []int{0}, none, "", []event{{1, 1, 0, put(1)}, {2, 3, 4, nowhere(get(0))}}},
		{"at another endpoint", "register", []int{1}, none, "", []event{{1, 1, 2, put(1)}, {2, 3, 4, nowhere(get(0))}}},
		{"before it was known", "register", []int{0}, none, "", []event{{1, 1, 2, put(1)}, {2, 3, 4, nowhere(get(0))}, {2, 5, 6, get(1)}}},
		{"a write that found none did nothing", "register", []int{0}, model.Raw, "was refused", []event{{1, 1, 2, nowhere(put(1))}, {2, 3, 4, get(1)}}},
		{"a listing of what is lost", "list", []int{0}, model.Raw, "shows no a", []event{{1, 1, 2, under("a", put(1))}, {2, 3, 4, nowhere(all)}}},
		{"a listing of what is new", "list", nil, none, "", []event{{1, 1, 2, under("a", put(1))}, {2, 3, 4, nowhere(all)}}},
		{"a condition on what is lost", "cas", []int{0}, model.CAS, "NoSuchBucket", []event{{1, 1, 2, put(1)}, {2, 3, 4, nowhere(swap(1, 2))}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := tiny(c.model, c.events...)
			h.Workloads[0].Gone = c.gone
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
