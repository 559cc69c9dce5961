package peer

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/raft"
)

// TestAppendOutlastsACut: a call that meets a cut link succeeds once the link
// is back, whether there was a stream before or not.
func TestAppendOutlastsACut(t *testing.T) {
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("stream before: %v", before), func(t *testing.T) {
			f := newFleet(t, "a", "b")
			a, b := f.ports["a"].Transport(always), f.ports["b"].Transport(always)
			commands := attend(t, b, agree)
			if before {
				if err := <-call(a, entries()); err != nil {
					t.Fatal(err)
				}
				<-commands
			}
			f.sever("b", true)
			done := call(a, entries())
			from := f.dialed("a")
			eventually(t, "it was tried often", func() bool { return f.dialed("a") > from+8 })
			select {
			case err := <-done:
				t.Fatalf("it returned %v over a cut link", err)
			default:
			}
			f.sever("b", false)
			if err := <-done; err != nil {
				t.Errorf("got %v once the link is back, want nil", err)
			}
			if got := (<-commands).(*raft.AppendEntriesRequest); len(got.Entries) != 1 || string(got.Entries[0].Data) != "x" {
				t.Errorf("got %+v, want what was sent", got)
			}
		})
	}
}

// TestStreamBreaksInsideAppend: a stream that is cut while the answer is awaited
// is a failure of the network too.
func TestStreamBreaksInsideAppend(t *testing.T) {
	f := newFleet(t, "a", "b")
	a, b := f.ports["a"].Transport(always), f.ports["b"].Transport(always)
	var times atomic.Int64
	attend(t, b, func(rpc raft.RPC) (any, error) {
		if times.Add(1) == 1 {
			f.sever("a", true)
			f.sever("a", false)
		}
		return agree(rpc)
	})
	if err := <-call(a, entries()); err != nil || times.Load() != 2 {
		t.Errorf("got %v after %d times, want nil after 2", err, times.Load())
	}
}

// TestHeartbeatsFail: raft has to see that.
func TestHeartbeatsFail(t *testing.T) {
	f := newFleet(t, "a", "b")
	a := f.ports["a"].Transport(always)
	f.sever("b", true)
	if err := <-call(a, beat()); !errors.Is(err, errCut) || f.dialed("a") != 1 {
		t.Errorf("got %v after %d tries, want the cut after 1", err, f.dialed("a"))
	}
}

// TestAppendEndsWithKeep: once this node no longer leads, the call ends.
func TestAppendEndsWithKeep(t *testing.T) {
	f := newFleet(t, "a", "b")
	var leads atomic.Bool
	leads.Store(true)
	a := f.ports["a"].Transport(func(node string, term uint64) bool { return node == "b" && term == 3 && leads.Load() })
	f.sever("b", true)
	done := call(a, entries())
	eventually(t, "it was repeated", func() bool { return f.dialed("a") > 3 })
	leads.Store(false)
	if err := <-done; !errors.Is(err, errCut) {
		t.Errorf("got %v, want the cut", err)
	}
}

func TestAppendEndsWithPort(t *testing.T) {
	f := newFleet(t, "a", "b")
	a := f.ports["a"].Transport(always)
	f.sever("b", true)
	done := call(a, entries())
	eventually(t, "it was repeated", func() bool { return f.dialed("a") > 3 })
	if err := f.ports["a"].Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil {
		t.Error("it succeeded")
	}
	if err := <-call(a, entries()); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v afterwards, want ErrClosed", err)
	}
}

// TestAnswersAreNotRepeated: what the other raft says is no failure of the
// network.
func TestAnswersAreNotRepeated(t *testing.T) {
	f := newFleet(t, "a", "b")
	a, b := f.ports["a"].Transport(always), f.ports["b"].Transport(always)
	commands := attend(t, b, func(raft.RPC) (any, error) { return &raft.AppendEntriesResponse{}, errors.New("no") })
	if err := <-call(a, entries()); err == nil || err.Error() != "no" || len(commands) != 1 {
		t.Errorf("got %v after %d times, want the answer after 1", err, len(commands))
	}
}
