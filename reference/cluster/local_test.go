package cluster

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

func open(t testing.TB, path string) (*meta.DB, *Local) {
	t.Helper()
	db, err := meta.Open(context.Background(), meta.Options{Path: path, Sync: meta.SyncFull})
	if err != nil {
		t.Fatal(err)
	}
	l := NewLocal(db, LocalOptions{RoundTrip: true})
	t.Cleanup(func() {
		l.Close()
		if err := db.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return db, l
}

func propose(t testing.TB, l *Local, op meta.Op) meta.Result {
	t.Helper()
	r, err := l.Propose(context.Background(), meta.Command{Op: op})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func put(key, body string, cond meta.WriteCondition) meta.PutObject {
	return meta.PutObject{Body: []byte(body), Write: meta.Write{
		Bucket: "b", Key: key, Owner: "alice", Size: int64(len(body)), ETag: body, Condition: cond,
	}}
}

// W-18, W-19: of concurrent conditional writes exactly one wins.
func TestConcurrentProposals(t *testing.T) {
	db, l := open(t, filepath.Join(t.TempDir(), "meta.db"))
	propose(t, l, meta.CreateBucket{Name: "b", Owner: "alice"})
	const clients, rounds = 16, 10
	var wins [rounds]int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for r := range rounds {
				res := propose(t, l, put(fmt.Sprint("k", r), fmt.Sprint(c), meta.WriteCondition{IfNoneMatch: "*"}))
				if res.Err != nil {
					if res.Err.Code != errcode.PreconditionFailed {
						t.Errorf("client %d: %v", c, res.Err)
					}
					continue
				}
				mu.Lock()
				wins[r]++
				mu.Unlock()
				if idx, err := l.ReadIndex(context.Background()); err != nil || idx < res.Index {
					t.Errorf("ReadIndex %d, %v after a result at %d", idx, err, res.Index)
				}
			}
		})
	}
	wg.Wait()
	for r, n := range wins {
		if n != 1 {
			t.Errorf("round %d: %d winners, want 1", r, n)
		}
	}
	if got := db.Applied(); got != clients*rounds+1 {
		t.Errorf("applied %d entries, want %d", got, clients*rounds+1)
	}
}

func TestClosedLog(t *testing.T) {
	_, l := open(t, "")
	l.Close()
	if _, err := l.Propose(context.Background(), meta.Command{Op: meta.Fence{Epoch: 1}}); !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestWait(t *testing.T) {
	_, l := open(t, "")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- l.Wait(ctx, 2) }()
	propose(t, l, meta.CreateBucket{Name: "b", Owner: "alice"})
	propose(t, l, meta.Fence{Epoch: 1})
	if err := <-done; err != nil {
		t.Errorf("wait for an index that came: %v", err)
	}
	go func() { done <- l.Wait(ctx, 3) }()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}
