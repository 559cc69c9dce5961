package mutation

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
)

// A told worker answers as it is told.
type told struct {
	Worker
	do func(ctx context.Context, j Job) (*Outcome, error)
}

func (w told) Do(ctx context.Context, j Job) (*Outcome, error) { return w.do(ctx, j) }

func (told) List(context.Context) (*Inventory, error) {
	return &Inventory{Mutants: map[string][]fault.Mutant{"g": {{Name: "a.b"}}}}, nil
}

// remote serves a worker at the other end of two pipes.
func remote(t *testing.T, w Worker) (r *Remote, ended chan error) {
	t.Helper()
	in, to := io.Pipe()
	from, out := io.Pipe()
	ended = make(chan error, 1)
	go func() {
		err := Serve(t.Context(), in, out, w)
		out.Close()
		ended <- err
	}()
	return &Remote{To: to, From: from}, ended
}

func TestRemote(t *testing.T) {
	r, ended := remote(t, told{do: func(_ context.Context, j Job) (*Outcome, error) {
		if j.Mutant == "bad" {
			return nil, errors.New("it broke")
		}
		return &Outcome{Killer: j.Mutant, Took: time.Second}, nil
	}})
	inv, err := r.List(t.Context())
	if err != nil || inv.Mutants["g"][0].Name != "a.b" {
		t.Errorf("got %+v, %v", inv, err)
	}
	out, err := r.Do(t.Context(), Job{Mutant: "x"})
	if err != nil || out.Killer != "x" || out.Took != time.Second {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := r.Do(t.Context(), Job{Mutant: "bad"}); err == nil || err.Error() != "it broke" || errors.Is(err, ErrWorker) {
		t.Errorf("got %v", err)
	}
	if err := errors.Join(r.Close(), <-ended); err != nil {
		t.Error(err)
	}
}

// TestWorkerHangs: who asked may go on, and the end of the orders cuts the job
// short.
func TestWorkerHangs(t *testing.T) {
	began := make(chan struct{})
	r, ended := remote(t, told{do: func(ctx context.Context, _ Job) (*Outcome, error) {
		close(began)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := r.Do(ctx, Job{}); !errors.Is(err, ErrWorker) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	go func() { _, _ = io.Copy(io.Discard, r.From) }() // the reply that nobody waits for
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWorkerDies: its end is told, and the slot takes another worker.
func TestWorkerDies(t *testing.T) {
	started := 0
	s := &slot{start: func() (Worker, error) {
		started++
		in, to := io.Pipe()
		go func() { _, _ = io.Copy(io.Discard, in) }()
		return &Remote{To: to, From: strings.NewReader(""), Gone: func() error { return errors.New("last words") }}, nil
	}}
	for range 2 {
		if _, err := s.do(t.Context(), Job{}); !errors.Is(err, ErrWorker) || !strings.Contains(err.Error(), "last words") {
			t.Errorf("got %v", err)
		}
	}
	if started != 2 {
		t.Errorf("%d workers were started, want 2", started)
	}
}

func TestBadOrders(t *testing.T) {
	var out strings.Builder
	if err := Serve(t.Context(), strings.NewReader("{}\n{"), &out, told{}); err == nil {
		t.Error("an order that is cut off is none")
	}
	if !strings.Contains(out.String(), "says nothing") {
		t.Errorf("got %s", &out)
	}
}
