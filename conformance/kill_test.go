package conformance

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestKillHook(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	if err := killHook("touch " + file)(context.Background()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("the command did not run as it was given: %v", err)
	}
	for _, bad := range []string{"false", "/no/such/program", " "} {
		if killHook(bad)(context.Background()) == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
