package cluster

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"bleepstore/reference/meta"
)

// someUser is a command that programs of version 2 do not know.
var someUser = meta.Command{Op: meta.SetUser{Name: "u", User: &meta.User{Name: "u", Account: "a", Keys: []meta.AccessKey{{ID: "key", Secret: "secret"}}}}}

// mixed is a fleet whose node c is of an older program, and who leads it.
func mixed(t *testing.T, c *int) (*fleet, *Raft) {
	*c = meta.OldestVersion
	f := newFleet(t, func(id string, o *RaftOptions, _ *raft.Config) {
		if id == "c" {
			o.StateVersion = *c
		}
	}, "a", "b", "c")
	return f, f.leads(meta.OldestVersion)
}

// leads waits for a node that leads, by a state of that version.
func (f *fleet) leads(version int) (found *Raft) {
	f.t.Helper()
	eventually(f.t, "a leader", func() bool {
		for _, r := range f.nodes {
			if r.Leads() && r.db.Version() == version {
				found = r
			}
		}
		return found != nil
	})
	return found
}

// While one node is of an older program, what that does not know is refused, by
// whomever it is proposed, and the rest is done; when the last is replaced, all is.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	var c int
	f, _ := mixed(t, &c)
	f.do(f.nodes["a"], meta.CreateBucket{Name: "b", Owner: "o"})
	f.do(f.nodes["b"], put("k", "v", meta.WriteCondition{}))
	for id, r := range f.nodes {
		var refused *RefusedError
		if _, err := r.Propose(context.Background(), someUser); !errors.As(err, &refused) || !errors.Is(err, ErrVersion) {
			t.Errorf("%s takes what not all know: %v", id, err)
		}
	}
	f.want("k", "v")
	f.stop("c")
	c = meta.StateVersion
	f.start("c")
	l := f.leader()
	if _, err := l.Propose(context.Background(), someUser); err != nil {
		t.Errorf("%s refuses what all know: %v", l.o.Node, err)
	}
	f.equal()
}

// What is in the log too early ends an older node: that is why it is refused.
func TestTooEarly(t *testing.T) {
	t.Parallel()
	var c int
	f, l := mixed(t, &c)
	if err := l.command(t.Context(), someUser.Op, l.raft.CurrentTerm()); err != nil && l.o.Node != "c" {
		t.Fatal(err)
	}
	eventually(t, "the older node ends", func() bool { return errors.Is(f.nodes["c"].Err(), meta.ErrUnknownCommand) })
	for _, id := range []string{"a", "b"} {
		if err := f.nodes[id].Err(); err != nil {
			t.Errorf("%s ended: %v", id, err)
		}
	}
	_ = f.nodes["c"].Close() // says what broke it
	delete(f.nodes, "c")
}

// The version is not raised over the head of a member that does not answer.
func TestSilentMember(t *testing.T) {
	t.Parallel()
	f := newStopped(t, nil, "a", "b", "c")
	f.start("a")
	f.start("b")
	l := f.leads(1)
	if _, err := l.Propose(context.Background(), someUser); !errors.Is(err, ErrVersion) {
		t.Errorf("one member has not said what it knows: %v", err)
	}
	f.start("c")
	f.leader()
}

// A node that could not apply the state is not taken in.
func TestOlderNodeJoins(t *testing.T) {
	t.Parallel()
	f := newFleet(t, nil, "a")
	l := f.leader()
	for knows, want := range map[int]error{0: ErrVersion, meta.OldestVersion: ErrVersion, meta.StateVersion: nil} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err := l.ServeChange(ctx, Change{Kind: ChangeJoin, ID: "x", Addr: "x", StateVersion: knows})
		cancel()
		if !errors.Is(err, want) {
			t.Errorf("a node that knows %d: %v", knows, err)
		}
		if want == nil {
			break
		}
	}
}
