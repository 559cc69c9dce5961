package replica

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"
)

// changing is a body in the middle of which the members change.
func (f *fleet) changing(data []byte, m ...Member) io.Reader {
	half := len(data) / 2
	change := iotest.ErrReader(io.EOF)
	return io.MultiReader(bytes.NewReader(data[:half]), readerFunc(func(p []byte) (int, error) {
		f.setMembers(m...)
		return change.Read(p)
	}), bytes.NewReader(data[half:]))
}

type readerFunc func(p []byte) (int, error)

func (fn readerFunc) Read(p []byte) (int, error) { return fn(p) }

func voting(ids ...string) (ms []Member) {
	for _, id := range ids {
		ms = append(ms, Member{ID: id, Voter: true})
	}
	return ms
}

// TestMembersChangeUnderACreate: what was durable on a majority of those who were
// to hold the blob when it began must be so on one of those who are at its end.
func TestMembersChangeUnderACreate(t *testing.T) {
	const id = blob.ID("a")
	data := content(id, 4*mib)
	for _, c := range []struct {
		name   string
		n      int
		after  []Member
		down   string
		enough bool
	}{
		{"one becomes three", 1, voting("n0", "n3", "n4"), "", false},
		{"one is replaced", 1, voting("n3"), "", false},
		{"one gets a member without a vote", 1, append(voting("n0"), Member{ID: "n3"}), "", true},
		{"who has it is replaced", 3, voting("n0", "n2", "n3"), "n2", false},
		{"who lacks it is replaced", 3, voting("n0", "n1", "n3"), "n2", true},
		{"the others are enough", 3, voting("n0", "n2", "n3"), "", true},
		{"who has it is removed", 3, voting("n0", "n2"), "n2", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFleet(t, c.n)
			f.add("n3")
			f.add("n4")
			if c.down != "" {
				f.nodes[c.down].setDown(true)
			}
			_, err := f.nodes["n0"].Create(t.Context(), id, f.changing(data, c.after...), int64(len(data)))
			switch {
			case c.enough && err != nil:
				t.Fatalf("got %v, want success", err)
			case !c.enough && !errors.Is(err, blob.ErrUnavailable):
				t.Fatalf("got %v with copies on %v of %v, want %v", err, f.copies(id), c.after, blob.ErrUnavailable)
			case !c.enough:
				f.nodes["n0"].quiet(id)
				f.wantCopies(id)
			}
		})
	}
}

// TestSafeWithoutAsksForTheLatestNames: a member that lags behind must not think
// that nothing is lost with another.
func TestSafeWithoutAsksForTheLatestNames(t *testing.T) {
	var catchUp func(context.Context) error
	f := newFleet(t, 3, func(o *Options) {
		o.CatchUp = func(ctx context.Context) error { return catchUp(ctx) }
	})
	const id = blob.ID("a")
	catchUp = func(context.Context) error { f.name(id, true); return nil }
	n := f.nodes["n0"]
	n.mustPut(id, content(id, 100))
	n.quiet(id)
	f.drop(id, n, f.nodes["n1"])
	if got, err := n.SafeWithout(t.Context(), "n2"); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v, want that the only copy of %s is there", got, err, id)
	}
	gone := errors.New("no leader")
	catchUp = func(context.Context) error { return gone }
	if _, err := n.SafeWithout(t.Context(), "n2"); !errors.Is(err, gone) {
		t.Errorf("by old names: got %v, want %v", err, gone)
	}
}
