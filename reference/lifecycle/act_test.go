package lifecycle

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func day(text string) time.Time {
	t, err := time.Parse(time.DateTime, text)
	if err != nil {
		panic(err) // the test is wrong
	}
	return t
}

// The examples of AWS's page on the elements of a configuration.
func TestDue(t *testing.T) {
	for _, c := range []struct {
		made string
		days int
		want string
	}{
		{"2014-01-15 10:30:00", 3, "2014-01-19 00:00:00"},
		{"2014-01-02 11:30:00", 5, "2014-01-08 00:00:00"},
		{"2014-01-15 00:00:00", 1, "2014-01-17 00:00:00"},
		{"2016-02-28 23:59:59", 0, "2016-02-29 00:00:00"},
	} {
		if got := Due(day(c.made), c.days); !got.Equal(day(c.want)) {
			t.Errorf("%s and %d days: got %s, want %s", c.made, c.days, got, c.want)
		}
	}
	zone := time.FixedZone("", 5*60*60)
	if got, want := Due(day("2014-01-15 20:00:00").In(zone), 1), day("2014-01-17 00:00:00"); !got.Equal(want) {
		t.Errorf("in another zone: got %s, want %s", got, want)
	}
}

func enabled(r Rule) Rule {
	if r.Status = Enabled; r.Filter == nil {
		r.Filter = &Filter{}
	}
	return r
}

func TestActions(t *testing.T) {
	made, now := day("2020-01-01 12:00:00"), day("2020-02-01 00:00:00")
	yes := true
	plain := func(id string, d int) Version { return Version{ID: id, Modified: made.AddDate(0, 0, d)} }
	mark := func(id string, d int) Version { return Version{ID: id, Modified: made.AddDate(0, 0, d), Marker: true} }
	large := func(id, class string) Version {
		return Version{ID: id, Modified: made, Size: smallest, Class: class}
	}
	for name, c := range map[string]struct {
		rule     Rule
		versions []Version
		want     []Action
	}{
		"expires":                {Rule{Expiration: &Expiration{Days: 1}}, []Version{plain("a", 0)}, []Action{{Kind: Delete, Version: "a"}}},
		"not yet":                {Rule{Expiration: &Expiration{Days: 31}}, []Version{plain("a", 0)}, nil},
		"older ones stay":        {Rule{Expiration: &Expiration{Days: 1}}, []Version{plain("b", 1), plain("a", 0)}, []Action{{Kind: Delete, Version: "b"}}},
		"by date":                {Rule{Expiration: &Expiration{Date: now}}, []Version{plain("a", 30)}, []Action{{Kind: Delete, Version: "a"}}},
		"by a date to come":      {Rule{Expiration: &Expiration{Date: now.AddDate(0, 0, 1)}}, []Version{plain("a", 0)}, nil},
		"a marker on versions":   {Rule{Expiration: &Expiration{Days: 1}}, []Version{mark("m", 1), plain("a", 0)}, nil},
		"a marker alone, by day": {Rule{Expiration: &Expiration{Days: 1}}, []Version{mark("m", 1)}, []Action{{Kind: Remove, Version: "m"}}},
		"a marker alone":         {Rule{Expiration: &Expiration{Marker: &yes}}, []Version{mark("m", 30)}, []Action{{Kind: Remove, Version: "m"}}},
		"a marker kept":          {Rule{Expiration: &Expiration{Marker: new(bool)}}, []Version{mark("m", 0)}, nil},
		"noncurrent, by its successor's age": {Rule{Noncurrent: &NoncurrentExpiration{Days: 20}},
			[]Version{plain("c", 30), plain("b", 12), plain("a", 0)}, nil},
		"noncurrent": {Rule{Noncurrent: &NoncurrentExpiration{Days: 20}},
			[]Version{plain("c", 30), mark("m", 5), plain("a", 0)}, []Action{{Kind: Remove, Version: "a"}}},
		"newer ones": {Rule{Noncurrent: &NoncurrentExpiration{Days: 1, Newer: 1}},
			[]Version{plain("d", 4), mark("m", 3), plain("b", 2), plain("a", 0)}, []Action{{Kind: Remove, Version: "a"}}},
		"disabled by tag":   {Rule{Filter: &Filter{Tags: []Tag{{"a", "1"}}}, Expiration: &Expiration{Days: 1}}, []Version{plain("a", 0)}, nil},
		"moves":             {Rule{Transitions: []Transition{{Class: "GLACIER_IR", Days: 1}}}, []Version{large("a", "")}, []Action{{Transit, "a", "GLACIER_IR"}}},
		"moves once":        {Rule{Transitions: []Transition{{Class: "STANDARD_IA", Days: 30}}}, []Version{large("a", "STANDARD_IA")}, nil},
		"moves to the last": {Rule{Transitions: []Transition{{Class: "STANDARD_IA", Days: 1}, {Class: "GLACIER_IR", Days: 2}}}, []Version{large("a", "")}, []Action{{Transit, "a", "GLACIER_IR"}}},
		"too small to move": {Rule{Transitions: []Transition{{Class: "GLACIER_IR", Days: 1}}}, []Version{plain("a", 0)}, nil},
		"small, on demand":  {Rule{Filter: &Filter{Greater: new(int64)}, Transitions: []Transition{{Class: "GLACIER_IR", Days: 1}}}, []Version{{ID: "a", Modified: made, Size: 1}}, []Action{{Transit, "a", "GLACIER_IR"}}},
		"expires, not moves": {Rule{Expiration: &Expiration{Days: 9}, Transitions: []Transition{{Class: "GLACIER_IR", Days: 1}}},
			[]Version{large("a", "")}, []Action{{Kind: Delete, Version: "a"}}},
		"noncurrent moves": {Rule{NoncurrentTransitions: []Transition{{Class: "GLACIER_IR", Days: 1}}},
			[]Version{plain("b", 3), large("a", "")}, []Action{{Transit, "a", "GLACIER_IR"}}},
	} {
		conf := Configuration{Rules: []Rule{enabled(c.rule)}, MinimumSize: All128K}
		if d := cmp.Diff(c.want, conf.Act("k", c.versions, now, 100)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		conf.Rules[0].Status = Disabled
		if got := conf.Act("k", c.versions, now, 100); got != nil {
			t.Errorf("%s: disabled, it does %v", name, got)
		}
	}
}

var classList = []string{"", "STANDARD_IA", "GLACIER_IR"}

func drawRule(t *rapid.T, i int) Rule {
	r := Rule{ID: fmt.Sprint(i), Status: rapid.SampledFrom([]string{Enabled, Enabled, Disabled}).Draw(t, "status"), Filter: &Filter{}}
	if p := rapid.SampledFrom([]string{"", "k", "other"}).Draw(t, "prefix"); p != "" {
		r.Filter.Prefix = &p
	}
	days := rapid.IntRange(1, 20)
	if rapid.Bool().Draw(t, "expires") {
		r.Expiration = &Expiration{Days: days.Draw(t, "days")}
	}
	if rapid.Bool().Draw(t, "noncurrent") {
		r.Noncurrent = &NoncurrentExpiration{Days: days.Draw(t, "days"), Newer: rapid.IntRange(0, 3).Draw(t, "newer")}
	}
	if rapid.Bool().Draw(t, "moves") {
		r.Transitions = []Transition{{Class: "GLACIER_IR", Days: days.Draw(t, "days")}}
	}
	return r
}

// Whatever the rules and the versions: nothing is done twice, in the wrong order or
// to what is not there; a current version is never removed for good; as many
// noncurrent versions stay as the laxest rule retains; and what is due stays due.
func TestActProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Configuration{MinimumSize: Varies}
		for i := range rapid.IntRange(1, 3).Draw(t, "rules") {
			c.Rules = append(c.Rules, drawRule(t, i))
		}
		at := day("2020-03-01 00:00:00")
		var versions []Version
		for i := range rapid.IntRange(1, 6).Draw(t, "versions") {
			versions = append(versions, Version{ID: fmt.Sprint(i), Modified: at, Marker: rapid.Bool().Draw(t, "marker"),
				Size: rapid.SampledFrom([]int64{0, smallest}).Draw(t, "size"), Class: rapid.SampledFrom(classList).Draw(t, "class")})
			at = at.Add(-time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
		}
		now := versions[0].Modified.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "after")) * time.Hour)
		all := c.Act("k", versions, now, 100)
		last := -1
		for _, a := range all {
			i := int(a.Version[0] - '0')
			if i <= last || i >= len(versions) {
				t.Fatalf("%v of %v", all, versions)
			}
			last = i
			v := &versions[i]
			switch {
			case a.Kind == Delete && (i > 0 || v.Marker), a.Kind == Remove && i == 0 && (!v.Marker || len(versions) > 1),
				a.Kind == Transit && (v.Marker || rank(a.Class) <= rank(v.Class)):
				t.Fatalf("%v is done to %+v at %d", a, v, i)
			}
		}
		least := 100 // retained by every rule that removes noncurrent versions
		for _, r := range c.Rules {
			if r.Noncurrent != nil && r.Status == Enabled && (r.Filter.Prefix == nil || *r.Filter.Prefix == "k") {
				least = min(least, r.Noncurrent.Newer)
			}
		}
		gone, seen := map[string]bool{}, 0
		for _, a := range all {
			gone[a.Version] = a.Kind == Remove
		}
		for _, v := range versions[1:] {
			if v.Marker {
				continue
			}
			if seen < least && gone[v.ID] {
				t.Fatalf("%s is removed, and %d are retained", v.ID, least)
			}
			seen++
		}
		if first := c.Act("k", versions, now, 1); len(all) > 0 && (len(first) != 1 || first[0] != all[0]) {
			t.Fatalf("the first action is %v, of all %v", first, all)
		}
		due := map[Action]bool{}
		for _, a := range c.Act("k", versions, now.AddDate(0, 0, 30), 100) {
			due[a] = true
		}
		for _, a := range all {
			if a.Kind != Transit && !due[a] {
				t.Fatalf("%v is due now, and not a month later", a)
			}
		}
	})
}

func TestExpires(t *testing.T) {
	made := day("2020-01-01 12:00:00")
	c := Configuration{Rules: []Rule{
		enabled(Rule{ID: "nine", Expiration: &Expiration{Days: 9}}),
		enabled(Rule{ID: "tagged", Filter: &Filter{Tags: []Tag{{"a", "1"}, {"b", "2"}}}, Expiration: &Expiration{Days: 2}}),
		enabled(Rule{ID: "date", Filter: &Filter{Less: ptr(int64(5))}, Expiration: &Expiration{Date: day("2020-01-05 00:00:00")}}),
		enabled(Rule{ID: "abort", AbortDays: 4}),
	}}
	for _, v := range []struct {
		version Version
		want    *Expiry
	}{
		{Version{Modified: made, Size: 9}, &Expiry{day("2020-01-11 00:00:00"), "nine"}},
		{Version{Modified: made, Size: 4}, &Expiry{day("2020-01-05 00:00:00"), "date"}},
		{Version{Modified: made, Size: 9, Tags: []Tag{{"b", "2"}, {"c", "3"}, {"a", "1"}}}, &Expiry{day("2020-01-04 00:00:00"), "tagged"}},
		{Version{Modified: made, Size: 9, Tags: []Tag{{"b", "2"}}}, &Expiry{day("2020-01-11 00:00:00"), "nine"}},
		{Version{Modified: made, Marker: true}, nil},
	} {
		if d := cmp.Diff(v.want, c.Expires("k", &v.version)); d != "" {
			t.Errorf("%+v (-want +got):\n%s", v.version, d)
		}
	}
	if d := cmp.Diff(&Expiry{day("2020-01-06 00:00:00"), "abort"}, c.Aborts("k", made)); d != "" {
		t.Errorf("an upload (-want +got):\n%s", d)
	}
}

func ptr[T any](v T) *T { return &v }
