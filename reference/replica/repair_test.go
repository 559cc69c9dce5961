package replica

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/reference/blob"
)

// fill creates some blobs and names them.
func (f *fleet) fill(n int) []blob.ID {
	f.t.Helper()
	var all []blob.ID
	at := f.nodes["n0"]
	for i := range n {
		id := blob.ID(fmt.Sprintf("blob-%03d", i))
		at.mustPut(id, content(id, sizeOf(i)))
		at.quiet(id)
		f.name(id, true)
		all = append(all, id)
	}
	return all
}

// sizeOf is how long fill makes its i-th blob.
func sizeOf(i int) int { return i % 7 * 10_000 }

// wantStatus waits until the node's Status is what is wanted, ids aside.
func (n *node) wantStatus(want Status) {
	n.f.t.Helper()
	var got Status
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		got = n.Status()
		if got.Held == want.Held && got.Missing == want.Missing && got.Lost == want.Lost && got.Complete == want.Complete {
			return
		}
		if time.Now().After(deadline) {
			n.f.t.Fatalf("status of %s: got %+v, want %+v", n.id, got, want)
		}
	}
}

func TestAnEmptiedNodeIsFilledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		all := f.fill(20)
		n := f.nodes["n1"]
		for i, id := range all {
			if i%5 != 0 {
				f.drop(id, n)
			}
		}
		n.disk.partial = "blob-" // remains of something, which nothing names
		n.run()
		n.wantStatus(Status{Held: 20, Complete: true})
		for _, id := range all {
			f.wantCopies(id, "n0", "n1", "n2")
		}
		f.drop(all[3], n)
		n.Kick()
		f.wantCopies(all[3], "n0", "n1", "n2")
		f.drop(all[4], n)
		f.wantCopies(all[4], "n0", "n1", "n2") // by itself
	})
}

func TestRemainsDoNotCount(t *testing.T) {
	f := newFleet(t, 3)
	id := f.fill(1)[0]
	n := f.nodes["n1"]
	f.drop(id, n)
	n.disk.partial = id
	sc := scan{s: n.Store, members: f.current()}
	if err := sc.run(t.Context()); err != nil || sc.held != 0 || !slices.Equal(sc.missing, []blob.ID{id}) {
		t.Errorf("got %d held, %v missing, %v, want the one that is listed as partial", sc.held, sc.missing, err)
	}
}

// TestLostBlobs: a blob is lost only when every other member was reached and
// the name, up to date, still stands.
func TestLostBlobs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		all := f.fill(3)
		f.drop(all[1], f.nodes["n0"], f.nodes["n1"], f.nodes["n2"])
		n := f.nodes["n1"]
		f.nodes["n2"].setDown(true)
		n.run()
		n.wantStatus(Status{Held: 2, Missing: 1})
		if got := n.Status().MissingIDs; !slices.Equal(got, all[1:2]) {
			t.Errorf("missing: got %v, want %v", got, all[1:2])
		}
		f.nodes["n2"].setDown(false)
		n.Kick()
		n.wantStatus(Status{Held: 2, Lost: 1, Complete: true})
		if got := n.Status().MissingIDs; !slices.Equal(got, all[1:2]) {
			t.Errorf("lost: got %v, want %v", got, all[1:2])
		}
		// It turns up again.
		if _, err := f.nodes["n2"].disk.Create(t.Context(), all[1], bytes.NewReader(content(all[1], sizeOf(1))), int64(sizeOf(1))); err != nil {
			t.Fatal(err)
		}
		n.Kick()
		n.wantStatus(Status{Held: 3, Complete: true})
		// Its name goes with all copies.
		f.drop(all[2], f.nodes["n0"], f.nodes["n1"], f.nodes["n2"])
		f.name(all[2], false)
		n.Kick()
		n.wantStatus(Status{Held: 2, Complete: true})
	})
}

// TestNamesThatAreOldTellNothing: while the metadata lag, a node is neither
// complete nor is a blob lost.
func TestNamesThatAreOldTellNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind atomic.Bool
		behind.Store(true)
		f := newFleet(t, 3, func(o *Options) {
			o.CatchUp = func(context.Context) error {
				if behind.Load() {
					return errors.New("no leader")
				}
				return nil
			}
		})
		all := f.fill(3)
		n := f.nodes["n1"]
		f.drop(all[0], n)
		f.drop(all[1], f.nodes["n0"], f.nodes["n1"], f.nodes["n2"])
		n.run()
		n.wantStatus(Status{Held: 2, Missing: 1})
		time.Sleep(time.Hour) // of the bubble: many passes
		n.wantStatus(Status{Held: 2, Missing: 1})
		behind.Store(false)
		n.Kick()
		n.wantStatus(Status{Held: 2, Lost: 1, Complete: true})
	})
}

// TestOldNamesMakeNobodyComplete, though nothing that they name is missing.
func TestOldNamesMakeNobodyComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind atomic.Bool
		behind.Store(true)
		f := newFleet(t, 3, func(o *Options) {
			o.CatchUp = func(context.Context) error {
				if behind.Load() {
					return errors.New("no leader")
				}
				return nil
			}
		})
		f.fill(3)
		n := f.nodes["n1"]
		n.run()
		n.wantStatus(Status{Held: 3})
		time.Sleep(time.Hour) // of the bubble: many passes
		n.wantStatus(Status{Held: 3})
		behind.Store(false)
		n.Kick()
		n.wantStatus(Status{Held: 3, Complete: true})
	})
}

// TestADeletionDuringAPassIsNoLoss: that nobody has a blob any more tells nothing
// until its name is asked for anew.
func TestADeletionDuringAPassIsNoLoss(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone blob.ID
		var asked atomic.Int32
		var f *fleet
		f = newFleet(t, 3, func(o *Options) {
			o.Every = 24 * time.Hour
			o.CatchUp = func(context.Context) error {
				if asked.Add(1) == 2 { // behind the pass
					f.name(gone, false)
				}
				return nil
			}
		})
		gone = f.fill(3)[1]
		f.drop(gone, f.nodes["n0"], f.nodes["n1"], f.nodes["n2"])
		n := f.nodes["n1"]
		n.run()
		n.wantStatus(Status{Held: 2, Complete: true})
	})
}

// TestANewMember: it pulls its share without a vote, and is complete only by a
// pass that began when it was a member.
func TestANewMember(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 6)
		all := f.fill(40)
		n := f.add("new")
		n.run()
		synctest.Wait()
		n.wantStatus(Status{})
		members := slices.Clone(f.current())
		f.setMembers(append(members, Member{ID: "new"})...)
		share := 0
		for _, id := range all {
			if holds("new", id, f.current()) {
				share++
			}
		}
		n.wantStatus(Status{Held: share, Complete: true})
		if share == 0 || share == 40 {
			t.Fatalf("the share is %d of 40 blobs: the test shows nothing", share)
		}
		for _, id := range all {
			if got := slices.Contains(f.copies(id), "new"); got != holds("new", id, f.current()) {
				t.Errorf("%s: held is %v", id, got)
			}
		}
		f.nodes["n0"].setDown(true)
		for _, id := range all {
			if holds("new", id, f.current()) {
				f.drop(id, f.nodes["n1"], f.nodes["n2"], f.nodes["n3"], f.nodes["n4"], f.nodes["n5"], n)
				break
			}
		}
		f.setMembers(append(slices.Clone(members), Member{ID: "new", Voter: true})...)
		n.wantStatus(Status{Held: share - 1, Missing: 1})
	})
}

func TestAHintIsFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		n := f.nodes["n2"]
		n.setDown(true)
		f.nodes["n0"].run()
		n.run()
		f.nodes["n0"].mustPut("a", content("a", mib)) // named by nothing yet
		f.wantCopies("a", "n0", "n1")
		n.setDown(false)
		f.wantCopies("a", "n0", "n1", "n2")
		eventually(t, "the outbox is empty", func() bool { return len(f.nodes["n0"].outbox.due()) == 0 })
	})
}

func TestAHintNobodyCanServeIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		n := f.nodes["n2"]
		n.run()
		n.urgent.add("none", false)
		time.Sleep(time.Hour)
		n.urgent.mu.Lock()
		defer n.urgent.mu.Unlock()
		if len(n.urgent.jobs) > 0 {
			t.Errorf("it is still tried after an hour: %+v", n.urgent.jobs)
		}
	})
}

func TestNothingIsPulledBeyondTheReserve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		f := newFleet(t, 3, func(o *Options) {
			o.Space = func() error {
				if full.Load() {
					return blob.ErrFull
				}
				return nil
			}
		})
		all := f.fill(3)
		n := f.nodes["n1"]
		f.drop(all[0], n)
		full.Store(true)
		n.run()
		n.wantStatus(Status{Held: 2, Missing: 1})
		full.Store(false)
		n.wantStatus(Status{Held: 3, Complete: true})
	})
}

// TestAPullIsChecked: what a peer serves must be what it says that it is.
func TestAPullIsChecked(t *testing.T) {
	data := content("a", mib)
	for name, body := range map[string]io.Reader{
		"short": bytes.NewReader(data[:mib-1]),
		"other": &flipper{r: bytes.NewReader(data)},
	} {
		_, err := io.ReadAll(&checked{r: body, info: info("a", data)})
		if !errors.Is(err, blob.ErrCorrupt) {
			t.Errorf("%s: got %v, want ErrCorrupt", name, err)
		}
	}
	if got, err := io.ReadAll(&checked{r: bytes.NewReader(data), info: info("a", data)}); err != nil || !bytes.Equal(got, data) {
		t.Errorf("right: got %v", err)
	}
}

// TestADeleteEndsAPull that is under way.
func TestADeleteEndsAPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		f.fill(2)
		n := f.nodes["n1"]
		f.drop("blob-001", n)
		g := newGate(1)
		n.disk.onCreate(g.hook)
		n.run()
		g.reached.Wait()
		if err := f.nodes["n0"].Delete(t.Context(), "blob-001"); err != nil {
			t.Fatal(err)
		}
		f.name("blob-001", false)
		close(g.open)
		synctest.Wait()
		f.wantCopies("blob-001")
	})
}

func TestMoreMissingThanOnePassFetches(t *testing.T) {
	sc := scan{s: newFleet(t, 3).nodes["n0"].Store, members: []Member{{ID: "n0", Voter: true}}}
	for i := range maxMissing + 5 {
		sc.met(blob.ID(fmt.Sprint(i)), false)
	}
	sc.s.status.scanned(&sc)
	sc.s.status.ended()
	if st := sc.s.Status(); st.Missing != maxMissing+5 || len(st.MissingIDs) != maxNamed || st.Complete {
		t.Errorf("got %d missing, %d named, complete %v", st.Missing, len(st.MissingIDs), st.Complete)
	}
}

// TestAPassThatFailsIsRepeatedSoon: one that came to no end, since the names were
// old or a holder was not there, is not made up for only by the next one in its
// turn.
func TestAPassThatFailsIsRepeatedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var behind atomic.Bool
		behind.Store(true)
		f := newFleet(t, 3, func(o *Options) {
			o.Every = time.Hour
			o.CatchUp = func(context.Context) error {
				if behind.Load() {
					return errors.New("no leader")
				}
				return nil
			}
		})
		all := f.fill(3)
		n := f.nodes["n1"]
		f.drop(all[0], n)
		f.nodes["n0"].setDown(true)
		f.nodes["n2"].setDown(true)
		n.run()
		n.wantStatus(Status{Held: 2, Missing: 1})
		behind.Store(false)
		time.Sleep(time.Minute) // of the bubble
		n.wantStatus(Status{Held: 2, Missing: 1})
		f.nodes["n2"].setDown(false)
		n.wantStatus(Status{Held: 3, Complete: true})
	})
}
