//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bleepstore/conformance/trial"
	"bleepstore/fault/process"
)

// TestMain is the program itself where it is called so.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "gofakes3" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestLossIsFound: a server that nobody here wrote, and that keeps everything in
// memory, is killed and started again under load. That acknowledged writes are
// gone is found, and said of one of them.
func TestLossIsFound(t *testing.T) {
	top, err := process.ReadFile("../../fault/process/testdata/gofakes3.yaml")
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "gofakes3")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	c, err := process.Start(t.Context(), top, process.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	access, secret, _ := c.Keys()
	load, err := trial.Start(t.Context(), trial.Options{
		Endpoints: c.Endpoints(), Access: access, Secret: secret, Workloads: []string{"register", "append", "list"},
		Clients: 6, Timeout: 5 * time.Second, Settle: time.Second, Most: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := load.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	await := func(what string, ok func(trial.Tally) bool) {
		t.Helper()
		if err := load.Await(ctx, what, ok); err != nil {
			t.Fatal(err)
		}
	}
	// So many that some key of each workload holds something for certain.
	await("everybody writes", func(c trial.Tally) bool { return load.Each(c, 250) })
	if err := c.Kill(ctx, "n1"); err != nil {
		t.Fatal(err)
	}
	if err := c.Revive(ctx); err != nil {
		t.Fatal(err)
	}
	load.Mark()
	await("clients are answered again", func(c trial.Tally) bool { return c.Refused >= 20 })
	if err := load.Stop(); err != nil {
		t.Fatal(err)
	}
	v, err := load.Judge(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range v.Workloads {
		found := false
		for _, x := range w.Violations {
			found = found || strings.Contains(x.Says, "put of v") && strings.Contains(x.Says, "NoSuchBucket")
		}
		if !found {
			t.Errorf("%s: no lost write is named: level %s of %s, %s, %+v", w.Name, w.Level, w.Top, w.Inconclusive, w.Violations)
		}
	}
	if why := trial.Short(v); strings.Count(why, "VIOLATION") != 3 {
		t.Errorf("got %q, want three violations", why)
	} else {
		t.Logf("%s\n%s", why, v.Workloads[0].Violations[0].Says)
	}
	if deaths := c.Deaths(); len(deaths) > 0 {
		t.Errorf("a kill that was ordered is told as %v", deaths)
	}
}
