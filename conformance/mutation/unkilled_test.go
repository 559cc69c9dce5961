package mutation

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExcuses(t *testing.T) {
	for text, ok := range map[string]bool{
		"":                                  true,
		"[]":                                true,
		"- {id: a.b, reason: so}":           true,
		"- {id: a.b}":                       false,
		"- {reason: so}":                    false,
		"- {id: a.b, reason: so, until: x}": false,
		"- {id: 'a.[', reason: so}":         false,
		"[{id: a.b, reason: x}, {id: a.b, reason: y}]": false,
	} {
		if _, err := ParseExcuses([]byte(text)); (err == nil) != ok {
			t.Errorf("%s: got %v", text, err)
		}
	}
	if _, err := LoadExcuses(); err != nil {
		t.Error(err)
	}
}

func TestExcuse(t *testing.T) {
	scenes := []Scene{{ID: "a.one"}, {ID: "a.two"}, {ID: "b.one"}, {ID: "c.one"}}
	out, unknown, needless := excuse(scenes, map[string][]string{"b.one": {"m"}},
		[]Excuse{{"a.*", "so"}, {"b.one", "not so"}, {"z.*", "gone"}})
	if diff := cmp.Diff([]Unkilled{{"a.one", "so"}, {"a.two", "so"}, {"c.one", ""}}, out); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(unknown, []string{"z.*"}) || !slices.Equal(needless, []string{"b.one"}) {
		t.Errorf("got %v, %v", unknown, needless)
	}
}
