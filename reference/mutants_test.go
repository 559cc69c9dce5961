//go:build mutants

package reference_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
	"bleepstore/reference"
)

func plant(t *testing.T, bug string) {
	fault.Plant(bug)
	t.Cleanup(fault.Unplant)
}

// Each of these bugs is there when it is planted, in the smallest setting that
// shows it; the same setting shows nothing in a server without it.
func TestNothingIsSynced(t *testing.T) {
	for _, backend := range []string{reference.Local, reference.SQLite} {
		for _, planted := range []bool{false, true} {
			t.Run(fmt.Sprint(backend, planted), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := newRack(t, 1, backend)
					r.start()
					defer r.close()
					r.makeBucket() // the directory is there for certain
					r.powerCut(0)
					if planted {
						plant(t, "disk.nosync")
					}
					r.restart(0)
					r.write("lost", 40)
					r.powerCut(0)
					fault.Unplant()
					if lost := r.lost(); planted != (lost > 0) {
						t.Errorf("%d of %d objects are lost", lost, len(r.acked))
					}
				})
			})
		}
	}
}

// lost opens the only node, and counts what is not there any more. A node that
// cannot be opened has lost it all.
func (r *rack) lost() (n int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := reference.Open(ctx, r.config(0))
	if err != nil {
		return len(r.acked)
	}
	ended := make(chan error, 1)
	r.nodes[0], r.ended[0] = s, ended
	go func() { ended <- s.Serve() }()
	for key, want := range r.acked {
		if got, err := r.get(0, key); err != nil || !bytes.Equal(got, want) {
			n++
		}
	}
	return n
}

// A follower that nobody reaches does not answer, unless it answers by itself.
func TestFollowerReads(t *testing.T) {
	for _, planted := range []bool{false, true} {
		t.Run(fmt.Sprint(planted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, 3, nil)
				b.start()
				defer b.close()
				b.makeBucket()
				if err := b.put(0, "key", []byte("old")); err != nil {
					t.Fatal(err)
				}
				b.await("all have it", func() bool { _, err := b.get(2, "key"); return err == nil })
				if planted {
					plant(t, "read.follower")
				}
				b.net.cut("n3")
				if err := b.put(0, "key", []byte("new")); err != nil {
					t.Fatal(err)
				}
				if got, err := b.get(2, "key"); planted != (err == nil) {
					t.Errorf("a node that is cut off answers %q, %v", got, err)
				}
			})
		})
	}
}

// A leader that nobody hears acknowledges nothing, unless its own log is enough.
func TestAcknowledgedBeforeCommit(t *testing.T) {
	for _, planted := range []bool{false, true} {
		t.Run(fmt.Sprint(planted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, 3, nil)
				b.start()
				defer b.close()
				b.makeBucket()
				plant(t, "read.leader-unchecked") // a put begins with a read of its bucket
				if planted {
					plant(t, "ack.before-commit")
				}
				b.net.cut("n2")
				b.net.cut("n3")
				if err := b.put(0, "key", []byte("lost")); planted != (err == nil) {
					t.Errorf("a leader without followers says %v", err)
				}
			})
		})
	}
}

// A vote that was given is known after a restart, unless it was not written.
func TestVoteIsForgotten(t *testing.T) {
	for _, planted := range []bool{false, true} {
		t.Run(fmt.Sprint(planted), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRack(t, 3, reference.Local)
				if planted {
					plant(t, "vote.not-synced")
				}
				r.start()
				defer r.close()
				r.makeBucket()
				r.write("before", 5)
				term := reference.TermOf(r.nodes[0])
				for i := range r.nodes {
					r.powerCut(i)
				}
				r.open(0) // alone, so that it cannot vote
				if got := reference.TermOf(r.nodes[0]); planted != (got < term) {
					t.Errorf("in term %d before, in %d after", term, got)
				}
				r.open(1)
				r.open(2)
			})
		})
	}
}

// powerCut takes a node's power away, and gives it back.
func (r *rack) powerCut(i int) {
	r.disks[i].Crash()
	r.kill(i)
	r.disks[i].PowerOn()
}

// cut breaks the connections between a node and all others, for good.
func (n *memoryNet) cut(node string) {
	n.mu.Lock()
	n.dead[node] = true
	var broken []memoryConn
	for c := range n.conns {
		from, _, _ := strings.Cut(string(c.local), ":")
		to, _, _ := strings.Cut(string(c.remote), ":")
		if from == node || to == node && from != "client" {
			broken = append(broken, c)
			delete(n.conns, c)
		}
	}
	n.mu.Unlock()
	for _, c := range broken {
		c.Close()
	}
}
