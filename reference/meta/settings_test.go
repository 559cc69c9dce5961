package meta

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/errcode"
)

// A setting is kept, replaced and removed without the others, across a restart,
// and a Bucket that was read before does not change.
func TestSetSetting(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"))
	s.refuse(errcode.NoSuchBucket, SetSetting{"absent", CORS, json.RawMessage(`1`)})
	s.refuse(errcode.NotImplemented, SetSetting{"b", "logging", json.RawMessage(`1`)})
	settings := func() Settings {
		t.Helper()
		b, err := s.db.Bucket(t.Context(), "b")
		if err != nil {
			t.Fatal(err)
		}
		return b.Settings
	}
	if got := settings(); got != nil {
		t.Errorf("a new bucket has %s", got)
	}
	empty := s.hash()
	s.must(SetSetting{"b", CORS, json.RawMessage(`{"a":1}`)}, SetSetting{"b", Website, json.RawMessage(`2`)})
	before := settings()
	s.must(SetSetting{"b", CORS, json.RawMessage(`3`)})
	if d := cmp.Diff(Settings{CORS: json.RawMessage(`{"a":1}`), Website: json.RawMessage(`2`)}, before); d != "" {
		t.Errorf("what was read before (-want +got):\n%s", d)
	}
	if d := cmp.Diff(Settings{CORS: json.RawMessage(`3`), Website: json.RawMessage(`2`)}, settings()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if s.hash() == empty {
		t.Error("the hash does not tell settings")
	}
	s.must(SetSetting{"b", CORS, nil}, SetSetting{"b", CORS, nil}, SetSetting{"b", Website, nil})
	if got := settings(); len(got) != 0 {
		t.Errorf("after their removal: %s", got)
	}
}
