package cloudtest

import (
	"context"
	"testing"
	"time"

	"bleepstore/conformance/trial"
)

// Workloads has concurrent clients work on a server, and every workload shows the
// highest level that it can: with the cloud as it should be, and with one that fails
// in between. Each kind of operation succeeds at least n times before and after, and
// n/6 times while it fails.
func Workloads(t *testing.T, c Cloud, n int) {
	seed := draw(t)
	for name, disturbed := range map[string]bool{"calm": false, "disturbed": true} {
		t.Run(name, func(t *testing.T) {
			l := lodge(t, c, seed)
			load := l.load(t, seed)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			await := func(what string, n int) {
				t.Helper()
				if err := load.Await(ctx, what, func(c trial.Tally) bool { return load.Each(c, n) }); err != nil {
					t.Fatal(err)
				}
			}
			await("everybody gets on", n)
			if disturbed {
				load.Mark()
				l.disturb(seed)
				await("everybody gets on under faults", n/6)
				l.heal()
			}
			load.Mark()
			await("everybody gets on to the end", n)
			if err := load.Stop(); err != nil {
				t.Fatal(err)
			}
			v, err := load.Judge(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			if why := trial.Short(v); why != "" {
				t.Error(why)
			}
			for _, w := range v.Workloads {
				t.Logf("%s: %s of %s", w.Name, w.Level, w.Top)
			}
		})
	}
}

// load starts the workloads; they end with the test.
func (l *lodger) load(t *testing.T, seed uint64) *trial.Load {
	t.Helper()
	load, err := trial.Start(t.Context(), trial.Options{
		Endpoints: []string{l.URL}, Access: l.AccessKey, Secret: l.SecretKey,
		Workloads: []string{"register", "register-torn", "cas", "list", "versions", "delete", "copy"}, Clients: 4,
		Timeout: 10 * time.Second, Most: 5 * time.Minute, Seed: seed,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.heal()
		if err := load.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return load
}
