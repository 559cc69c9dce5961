package check

import (
	"testing"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// under is o on another key.
func under(key string, o history.Op) history.Op {
	o.Key = key
	return o
}

// page is a page of a listing, the first one where after is empty.
func page(after string, truncated bool, entries ...history.Entry) history.Op {
	o := history.Op{Kind: history.List, Outcome: history.OK, Arg: history.Arg{After: after, Page: 1}}
	if after != "" {
		o.Arg.Page = 2
	}
	o.Result = history.Result{Status: 200, Entries: entries, Truncated: truncated}
	return o
}

func line(key string, v history.Value) history.Entry {
	return history.Entry{Key: key, ETag: etag(v), Size: 64}
}

func TestTinyListings(t *testing.T) {
	a, b := under("a", put(1)), under("b", put(2))
	later := under("a", put(3))
	gone := under("a", del())
	for _, c := range []struct {
		name   string
		breaks model.Level
		events []event
	}{
		{"both are shown", none, []event{{1, 1, 2, a}, {1, 3, 4, b}, {2, 5, 6, page("", false, line("a", 1), line("b", 2))}}},
		{"one is missing", model.Raw, []event{{1, 1, 2, a}, {1, 3, 4, b}, {2, 5, 6, page("", false, line("b", 2))}}},
		{"one is missing and may be deleted", none, []event{
			{1, 1, 2, a}, {1, 3, 4, b}, {3, 4, 0, gone}, {2, 5, 6, page("", false, line("b", 2))},
		}},
		{"a listing that began before the acknowledgement", none, []event{
			{1, 1, 4, a}, {2, 3, 6, page("", false)},
		}},
		{"an entry that is no longer so", model.Raw, []event{
			{1, 1, 2, a}, {1, 3, 4, later}, {2, 5, 6, page("", false, line("a", 1))},
		}},
		{"an entry that was deleted", model.Raw, []event{
			{1, 1, 2, a}, {1, 3, 4, gone}, {2, 5, 6, page("", false, line("a", 1))},
		}},
		{"an entry from the future", model.Raw, []event{
			{2, 1, 2, page("", false, line("a", 1))}, {1, 3, 4, a},
		}},
		{"a phantom", model.Raw, []event{{1, 1, 2, a}, {2, 5, 6, page("", false, line("a", 1), line("c", 2))}}},
		{"a key that was never written", model.Raw, []event{{1, 1, 2, a}, {2, 5, 6, page("", false, line("a", 1), line("b", 2))}}},
		{"an entry twice", model.Raw, []event{{1, 1, 2, a}, {2, 5, 6, page("", false, line("a", 1), line("a", 1))}}},
		{"out of order", model.Raw, []event{
			{1, 1, 2, a}, {1, 3, 4, b}, {2, 5, 6, page("", false, line("b", 2), line("a", 1))},
		}},
		{"what the page before ended with", model.Raw, []event{
			{1, 1, 2, a}, {1, 3, 4, b}, {2, 5, 6, page("", true, line("a", 1))}, {2, 7, 8, page("a", false, line("a", 1), line("b", 2))},
		}},
		{"an entry of another size", model.Raw, []event{
			{1, 1, 2, a}, {2, 5, 6, page("", false, history.Entry{Key: "a", ETag: etag(1), Size: 63})},
		}},
		{"what was cut short tells nothing behind", none, []event{
			{1, 1, 2, a}, {1, 3, 4, b}, {2, 5, 6, page("", true, line("a", 1))},
		}},
		{"a later page from what the first one saw", none, []event{
			{1, 1, 2, a}, {2, 3, 4, page("", true, line("a", 1))}, {1, 5, 6, b}, {2, 7, 8, page("a", false)},
		}},
		{"a later page from before the first one", model.Raw, []event{
			{1, 1, 2, a}, {1, 3, 4, b}, {2, 5, 6, page("", true, line("a", 1))}, {2, 7, 8, page("a", false)},
		}},
		{"seen and then not seen", model.List, []event{
			{1, 1, 9, a}, {2, 2, 3, page("", false, line("a", 1))}, {2, 4, 5, page("", false)},
		}},
		{"read and then not listed", model.List, []event{
			{1, 1, 9, a}, {2, 2, 3, under("a", get(1))}, {2, 4, 5, page("", false)},
		}},
		{"a later write without an earlier one", model.ListAtomic, []event{
			{2, 1, 9, page("", false, line("b", 2))}, {1, 2, 3, a}, {1, 4, 5, b},
		}},
		{"an earlier write without a later one", none, []event{
			{2, 1, 9, page("", false, line("a", 1))}, {1, 2, 3, a}, {1, 4, 5, b},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := tiny("list", c.events...)
			h.Workloads[0].Keys = []string{"a", "b"}
			h.Workloads[0].Groups = [][]string{{"a", "b"}}
			listed(h)
			if got, w := judged(t, h); got != c.breaks {
				t.Errorf("got breaks %s, want %s: %+v", got, c.breaks, w.Violations)
			}
		})
	}
}

// listed makes the pages of h one listing each that begins with a page 1.
func listed(h *history.History) {
	first := int64(0)
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Arg.Page == 1 {
			first = o.N
		}
		if o.Arg.Page > 0 {
			o.Arg.Listing = first
		}
	}
}

// given is o with the version that it made or saw.
func given(id string, o history.Op) history.Op {
	o.Result.VersionID = id
	return o
}

func ofVersion(id string, o history.Op) history.Op {
	o.Arg.VersionID = id
	return o
}

func rows(entries ...history.Entry) history.Op {
	for i := range entries {
		entries[i].Key, entries[i].Latest = "k", i == 0
	}
	return history.Op{
		Kind: history.ListVersions, Outcome: history.OK, Arg: history.Arg{Prefix: "k", Page: 1},
		Result: history.Result{Status: 200, Entries: entries},
	}
}

func row1(id string, v history.Value) history.Entry {
	return history.Entry{VersionID: id, ETag: etag(v), Size: 64}
}

func marker(id string) history.Entry { return history.Entry{VersionID: id, Marker: true} }

func TestTinyVersions(t *testing.T) {
	one, two := given("1", put(1)), given("2", put(2))
	twoLatest := rows(row1("2", 2), row1("1", 1))
	twoLatest.Result.Entries[1].Latest = true
	for _, c := range []struct {
		name   string
		breaks model.Level
		events []event
	}{
		{"in order", none, []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, rows(row1("2", 2), row1("1", 1))}}},
		{"the wrong way round", model.Raw, []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, rows(row1("1", 1), row1("2", 2))}}},
		{"at the same time, either way", none, []event{{1, 1, 4, one}, {2, 2, 3, two}, {2, 5, 6, rows(row1("1", 1), row1("2", 2))}}},
		{"one is lost", model.Raw, []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, rows(row1("2", 2))}}},
		{"one is not there yet", none, []event{{1, 1, 2, one}, {1, 3, 6, two}, {2, 5, 7, rows(row1("1", 1))}}},
		{"one was removed", none, []event{
			{1, 1, 2, one}, {1, 3, 4, two}, {3, 5, 0, ofVersion("1", del())}, {2, 6, 7, rows(row1("2", 2))},
		}},
		{"two are the latest", model.Raw, []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, twoLatest}}},
		{"one id for two writes", model.Raw, []event{{1, 1, 2, one}, {1, 3, 4, given("1", put(2))}}},
		{"a version changed", model.Raw, []event{{1, 1, 2, one}, {1, 3, 4, two}, {2, 5, 6, ofVersion("1", get(2))}}},
		{"a version under a marker", none, []event{
			{1, 1, 2, one}, {1, 3, 4, given("m", del())}, {2, 5, 6, ofVersion("1", get(1))}, {2, 7, 8, missing()},
			{2, 9, 10, rows(marker("m"), row1("1", 1))},
		}},
		{"a version that is gone", model.Raw, []event{{1, 1, 2, one}, {2, 5, 6, ofVersion("1", missing())}}},
		{"the latest is not what is read", model.Register, []event{
			{1, 1, 4, one}, {3, 2, 5, two}, {2, 6, 7, get(1)}, {2, 9, 10, rows(row1("2", 2), row1("1", 1))},
		}},
		{"an unclear write that happened", none, []event{
			{1, 1, 2, one}, {3, 3, 0, put(2)}, {2, 5, 6, given("1", get(1))}, {2, 9, 10, rows(row1("2", 2), row1("1", 1))},
		}},
		{"an unclear write that a later listing does not show", model.Register, []event{
			{1, 1, 2, one}, {3, 3, 0, put(2)}, {2, 5, 6, get(2)}, {2, 7, 8, rows(row1("1", 1))},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := tiny("versions", c.events...)
			h.Workloads[0].Versioned = true
			if got, w := judged(t, h); got != c.breaks {
				t.Errorf("got breaks %s, want %s: %+v", got, c.breaks, w.Violations)
			}
		})
	}
}
