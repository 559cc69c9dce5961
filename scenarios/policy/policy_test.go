package policy

import (
	"encoding/json"
	"testing"
)

// A policy that is no JSON would be refused for that, and the rule about its own
// flaw hold by mistake.
func TestFlawsAreJSON(t *testing.T) {
	for heading, all := range flaws {
		for _, f := range all {
			if json.Valid([]byte(f.text)) == (heading == "json-syntax-error") {
				t.Errorf("%s: %s: %s", heading, f.name, f.text)
			}
		}
	}
	for _, text := range []string{whole, narrow, document(locking)} {
		if !json.Valid([]byte(text)) {
			t.Errorf("no JSON: %s", text)
		}
	}
}

// Lists of one and the one in them mean the same in a policy, and nothing else
// does.
func TestMeaning(t *testing.T) {
	same := func(a, b string) bool {
		x, err := meaning(a)
		if err != nil {
			t.Fatal(err)
		}
		y, err := meaning(b)
		if err != nil {
			t.Fatal(err)
		}
		p, _ := json.Marshal(x)
		q, _ := json.Marshal(y)
		return string(p) == string(q)
	}
	if !same(`{"Statement":[{"Action":["a"]}]}`, ` {"Statement" : {"Action":"a"}}`) {
		t.Error("a list of one is something else")
	}
	if same(`{"Statement":{"Action":["a","b"]}}`, `{"Statement":{"Action":["b","a"]}}`) || same(`{"A":"a"}`, `{"A":"b"}`) {
		t.Error("two policies are one")
	}
	if _, err := meaning("x"); err == nil {
		t.Error("no JSON is a policy")
	}
}
