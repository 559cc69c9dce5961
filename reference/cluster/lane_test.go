package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// Commands of a crowd share requests, and each is told what became of it alone.
func TestForwardsShareRequests(t *testing.T) {
	m := newMesh(t)
	var requests atomic.Int64
	gate := make(chan struct{}) // the first requests wait for the crowd
	defer m.serve("b", "b", answer(func(_ context.Context, req *http.Request) (any, error) {
		requests.Add(1)
		<-gate
		commands, err := split(req)
		answers := make([]proposed, len(commands))
		for i, c := range commands {
			if _, err := fmt.Sscanf(string(c), "%d", &answers[i].Index); err != nil || answers[i].Index%3 > 0 {
				f := failureOf(&RefusedError{ErrNotLeader})
				if answers[i].Index%3 == 1 {
					f = failureOf(errors.New("unclear"))
				}
				answers[i] = proposed{Kind: f.kind, Code: f.code, Text: f.text}
			}
		}
		return answers, err
	}))()
	w := NewWire(caller{m, "a"})
	const crowd = 300
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			index, err := w.Propose(context.Background(), "b", []byte(fmt.Sprint(i)))
			var refused *RefusedError
			ok := false
			switch i % 3 {
			case 0:
				ok = err == nil && index == uint64(i)
			case 1:
				ok = err != nil && !errors.As(err, &refused)
			case 2:
				ok = errors.As(err, &refused) && errors.Is(err, ErrNotLeader)
			}
			if !ok {
				t.Errorf("command %d: %d, %v", i, index, err)
			}
		})
	}
	f := w.lane("b").forwards
	eventually(t, "a crowd waits", func() bool { return requests.Load() == forwardsInFlight && f.Waiting() > crowd/2 })
	close(gate)
	wg.Wait()
	if n := requests.Load(); n > crowd/2 {
		t.Errorf("%d commands took %d requests", crowd, n)
	}
}

// A command that waits for its turn is refused when its caller gives up; one
// that has been sent is in doubt.
func TestForwardGivenUp(t *testing.T) {
	m := newMesh(t)
	var arrived atomic.Int64
	gate := make(chan struct{})
	defer m.serve("b", "b", answer(func(context.Context, *http.Request) (any, error) {
		arrived.Add(1)
		<-gate
		return nil, &RefusedError{ErrClosed}
	}))()
	w := NewWire(caller{m, "a"})
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error, forwardsInFlight)
	for i := range forwardsInFlight {
		go func() {
			_, err := w.Propose(ctx, "b", []byte("sent"))
			errs <- err
		}()
		eventually(t, "it has arrived", func() bool { return arrived.Load() == int64(i+1) })
	}
	waits, giveUp := context.WithCancel(context.Background())
	late := make(chan error, 2)
	propose := func() { // the first of these is its flush's, and waits for a slot
		_, err := w.Propose(waits, "b", []byte("waits"))
		late <- err
	}
	go propose()
	go propose()
	eventually(t, "one waits", func() bool { return w.lane("b").forwards.Waiting() == 1 })
	giveUp()
	var refused *RefusedError
	for range 2 {
		if err := <-late; !errors.As(err, &refused) {
			t.Errorf("a command that was not sent: %v", err)
		}
	}
	cancel()
	for range forwardsInFlight {
		if err := <-errs; err == nil || errors.As(err, &refused) {
			t.Errorf("a command that was sent: %v", err)
		}
	}
	close(gate)
}
