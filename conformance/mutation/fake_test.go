package mutation

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/onsi/gomega"

	"bleepstore/conformance"
	"bleepstore/fault"
	"bleepstore/scenarios"
)

// A fake is a subject whose bugs its scenarios ask for themselves.
type fake struct {
	mutants []fault.Mutant

	mu      sync.Mutex
	planted string
	tracing bool
	met     map[string]bool
	plants  []string // all that were planted
}

func (f *fake) Mutants() []fault.Mutant { return f.mutants }

func (f *fake) Plant(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if name == "no.such" {
		return fmt.Errorf("there is no bug %s", name)
	}
	f.planted, f.plants = name, append(f.plants, name)
	return nil
}

func (f *fake) Unplant() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.planted = ""
}

func (f *fake) Trace(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tracing = on
}

func (f *fake) Met() (names []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name := range f.met {
		names = append(names, name)
	}
	clear(f.met)
	slices.Sort(names)
	return names
}

// on says whether a bug is planted, and notes that its occasion came up.
func (f *fake) on(name string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tracing {
		f.met[name] = true
	}
	return f.planted == name
}

// meets is a scenario that has the occasion of bugs, and fails with each.
func (f *fake) meets(id string, bugs ...string) scenarios.Scenario {
	return f.scene(id, func(s *scenarios.S) {
		for _, b := range bugs {
			s.Expect(f.on(b)).To(gomega.BeFalse(), "%s", b)
		}
	})
}

// misses is one that has the occasion, and does not see the bug.
func (f *fake) misses(id string, bugs ...string) scenarios.Scenario {
	return f.scene(id, func(*scenarios.S) {
		for _, b := range bugs {
			f.on(b)
		}
	})
}

func (f *fake) scene(id string, check func(*scenarios.S)) scenarios.Scenario {
	return scenarios.Declared(scenarios.Scenario{ID: id, Rule: "O-01", Says: "It MUST.", Ref: "https://example.com", Level: scenarios.Must,
		Check: func(_ context.Context, s *scenarios.S) { check(s) }})
}

// matrix is a matrix over the subject and its scenarios, in this process.
func (f *fake) matrix(t *testing.T, all []scenarios.Scenario) *Matrix {
	t.Helper()
	f.met = map[string]bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")
	}))
	t.Cleanup(srv.Close)
	ground := func(context.Context) (*Site, error) {
		o := conformance.DefaultOptions()
		o.Embed(conformance.Embedded{URL: srv.URL, AccessKey: "a", SecretKey: "b"})
		return &Site{Options: o, Subject: f, Close: func(context.Context) error { return nil }}, nil
	}
	bench := &Bench{Grounds: map[string]Ground{"fake": ground}, Scenarios: all, Getenv: func(string) string { return "" }}
	return &Matrix{Start: func() (Worker, error) { return bench, nil }, Seed: 7, Seeds: 1, Control: 12, Say: func(line string) { t.Log(line) },
		Codes: Codes{Found: 4, Sound: 0, Here: 3}}
}

// run runs a matrix and returns its report.
func run(t *testing.T, m *Matrix) *Report {
	t.Helper()
	r, err := m.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// row returns the row of a mutant.
func (r *Report) row(t *testing.T, name string) *Row {
	t.Helper()
	i := slices.IndexFunc(r.Mutants, func(row *Row) bool { return row.Name == name })
	if i < 0 {
		t.Fatalf("there is no row of %s", name)
	}
	return r.Mutants[i]
}
