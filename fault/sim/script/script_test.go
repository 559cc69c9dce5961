package script_test

import (
	"bytes"
	"testing"

	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/sim/script"
)

// Every script is a schedule of kinds that there are.
func TestScriptsAreSchedules(t *testing.T) {
	if len(script.Names()) == 0 {
		t.Fatal("there are none")
	}
	for _, name := range script.Names() {
		text, err := script.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := fault.ReadSchedule(bytes.NewReader(text)); err != nil || len(s.Events) == 0 {
			t.Errorf("%s: %d events, %v", name, len(s.Events), err)
		}
	}
	if _, err := script.Read("none"); err == nil {
		t.Error("a script is read that there is not")
	}
}
