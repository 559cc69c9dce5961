package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

// The form is the edge's to read; what it cannot tell is refused here.
func TestCheck(t *testing.T) {
	yes, prefix := true, "p"
	expires := func(e Expiration) Rule { return enabled(Rule{Expiration: &e}) }
	moves := func(list ...Transition) Rule { return enabled(Rule{Transitions: list}) }
	tagged := &Filter{Tags: []Tag{{"a", "1"}}}
	for name, c := range map[string]struct {
		rule Rule
		want errcode.Code
	}{
		"days":                        {expires(Expiration{Days: 1}), ""},
		"date":                        {expires(Expiration{Date: day("2030-01-01 00:00:00")}), ""},
		"old form":                    {Rule{Status: Disabled, Prefix: &prefix, AbortDays: 1}, ""},
		"noon":                        {expires(Expiration{Date: day("2030-01-01 12:00:00")}), errcode.InvalidArgument},
		"zero":                        {expires(Expiration{Days: -1}), errcode.InvalidArgument},
		"nothing":                     {expires(Expiration{}), errcode.MalformedXML},
		"two":                         {expires(Expiration{Days: 1, Date: day("2030-01-01 00:00:00")}), errcode.MalformedXML},
		"marker and days":             {expires(Expiration{Days: 1, Marker: &yes}), errcode.MalformedXML},
		"marker and tag":              {enabled(Rule{Filter: tagged, Expiration: &Expiration{Marker: &yes}}), errcode.InvalidRequest},
		"abort and tag":               {enabled(Rule{Filter: tagged, AbortDays: 1}), errcode.InvalidRequest},
		"abort and size":              {enabled(Rule{Filter: &Filter{Less: ptr(int64(4))}, AbortDays: 1}), errcode.InvalidRequest},
		"abort at once":               {enabled(Rule{AbortDays: -1}), errcode.InvalidArgument},
		"status":                      {Rule{Status: "on", Filter: &Filter{}, AbortDays: 1}, errcode.MalformedXML},
		"no action":                   {enabled(Rule{}), errcode.InvalidRequest},
		"no filter":                   {Rule{Status: Enabled, AbortDays: 1}, errcode.MalformedXML},
		"both":                        {Rule{Status: Enabled, Prefix: &prefix, Filter: &Filter{}, AbortDays: 1}, errcode.MalformedXML},
		"two outside And":             {enabled(Rule{Filter: &Filter{Prefix: &prefix, Tags: tagged.Tags}, Expiration: &Expiration{Days: 1}}), errcode.MalformedXML},
		"an empty And":                {enabled(Rule{Filter: &Filter{And: true}, Expiration: &Expiration{Days: 1}}), errcode.MalformedXML},
		"one tag twice":               {enabled(Rule{Filter: &Filter{And: true, Tags: []Tag{{"a", "1"}, {"a", "2"}}}, Expiration: &Expiration{Days: 1}}), errcode.InvalidRequest},
		"a tag without key":           {enabled(Rule{Filter: &Filter{Tags: []Tag{{"", "1"}}}, Expiration: &Expiration{Days: 1}}), errcode.InvalidRequest},
		"crossed":                     {enabled(Rule{Filter: &Filter{And: true, Less: ptr(int64(4)), Greater: ptr(int64(4))}, Expiration: &Expiration{Days: 1}}), errcode.InvalidRequest},
		"a negative size":             {enabled(Rule{Filter: &Filter{Greater: ptr(int64(-1))}, Expiration: &Expiration{Days: 1}}), errcode.InvalidRequest},
		"6 TB":                        {enabled(Rule{Filter: &Filter{Less: ptr(int64(6 << 40))}, Expiration: &Expiration{Days: 1}}), errcode.InvalidRequest},
		"noncurrent":                  {enabled(Rule{Noncurrent: &NoncurrentExpiration{Days: 1, Newer: 100}}), ""},
		"noncurrent at once":          {enabled(Rule{Noncurrent: &NoncurrentExpiration{Days: -1}}), errcode.InvalidArgument},
		"101 newer":                   {enabled(Rule{Noncurrent: &NoncurrentExpiration{Days: 1, Newer: 101}}), errcode.InvalidArgument},
		"newer, old form":             {Rule{Status: Enabled, Prefix: &prefix, Noncurrent: &NoncurrentExpiration{Days: 1, Newer: 1}}, errcode.InvalidRequest},
		"moves":                       {moves(Transition{Class: "STANDARD_IA", Days: 30}, Transition{Class: "GLACIER_IR"}), ""},
		"moves too soon":              {moves(Transition{Class: "STANDARD_IA", Days: 29}), errcode.InvalidArgument},
		"moves in the past":           {moves(Transition{Class: "GLACIER_IR", Days: -1}), errcode.InvalidArgument},
		"moves by age and date":       {moves(Transition{Class: "STANDARD_IA", Days: 30}, Transition{Class: "GLACIER_IR", Date: day("2030-01-01 00:00:00")}), errcode.InvalidRequest},
		"moves on a day, ends by age": {enabled(Rule{Expiration: &Expiration{Days: 5}, Transitions: []Transition{{Class: "GLACIER_IR", Date: day("2030-01-01 00:00:00")}}}), errcode.InvalidRequest},
		"moves and ends on days":      {enabled(Rule{Expiration: &Expiration{Date: day("2031-01-01 00:00:00")}, Transitions: []Transition{{Class: "GLACIER_IR", Date: day("2030-01-01 00:00:00")}}}), ""},
		"moves nowhere":               {moves(Transition{Class: "STANDARD"}), errcode.MalformedXML},
		"moves twice":                 {moves(Transition{Class: "GLACIER_IR"}, Transition{Class: "GLACIER_IR", Days: 9}), errcode.InvalidRequest},
		"moves at noon":               {moves(Transition{Class: "GLACIER_IR", Date: day("2030-01-01 12:00:00")}), errcode.InvalidArgument},
		"moves when gone": {enabled(Rule{Expiration: &Expiration{Days: 5}, Transitions: []Transition{{Class: "GLACIER_IR", Days: 5}}}),
			errcode.InvalidArgument},
	} {
		conf := Configuration{Rules: []Rule{c.rule}, MinimumSize: All128K}
		if got := errcode.Of(conf.Check()); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestCheckOfMany(t *testing.T) {
	rules := func(n, id int) (list []Rule) {
		for i := range n {
			list = append(list, enabled(Rule{ID: fmt.Sprint(i, strings.Repeat("ü", id)), AbortDays: 1}))
		}
		return list
	}
	twice := append(rules(1, 0), rules(1, 0)...)
	for want, list := range map[errcode.Code][][]Rule{
		"":                      {rules(1000, 0), rules(1, 254)},
		errcode.MalformedXML:    {nil, rules(1001, 0)},
		errcode.InvalidArgument: {twice, rules(1, 255)},
	} {
		for _, l := range list {
			if got := errcode.Of((&Configuration{Rules: l, MinimumSize: Varies}).Check()); got != want {
				t.Errorf("%d rules: got %q, want %q", len(l), got, want)
			}
		}
	}
	if got := errcode.Of((&Configuration{Rules: rules(1, 0), MinimumSize: "small"}).Check()); got != errcode.InvalidArgument {
		t.Errorf("an unknown minimum size: got %q", got)
	}
}

func TestEncode(t *testing.T) {
	p := "p"
	c := &Configuration{MinimumSize: Varies, Rules: []Rule{
		{ID: "a", Status: Enabled, Prefix: &p, Expiration: &Expiration{Date: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}},
		{ID: "b", Status: Disabled, Filter: &Filter{And: true, Tags: []Tag{{"ü", ""}}, Less: ptr(int64(9)), Greater: new(int64)},
			Noncurrent: &NoncurrentExpiration{1, 2}, AbortDays: 3, Transitions: []Transition{{Class: "GLACIER_IR", Days: 0}}},
	}}
	b, err := c.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if b, err := (*Configuration)(nil).Encode(); b != nil || err != nil {
		t.Errorf("none encodes as %s, %v", b, err)
	}
	if c, err := Decode(nil); c != nil || err != nil {
		t.Errorf("none decodes as %v, %v", c, err)
	}
	if _, err := Decode([]byte(`{"Rules":1}`)); err == nil {
		t.Error("what is no configuration decodes")
	}
}
