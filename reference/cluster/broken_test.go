package cluster

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"bleepstore/reference/meta"
)

// impossible is a command that no program of today can apply: applying it is
// fatal, as a failed write is.
var impossible = meta.Command{Op: meta.SetVersion{Version: meta.StateVersion + 1}}

func TestBrokenLog(t *testing.T) {
	_, l := open(t, "")
	ctx := context.Background()
	propose(t, l, meta.CreateBucket{Name: "b", Owner: "alice"})
	if l.Err() != nil {
		t.Fatalf("a log that works says %v", l.Err())
	}
	var unknown *UnknownOutcomeError
	_, err := l.Propose(ctx, impossible)
	if !errors.As(err, &unknown) {
		t.Fatalf("the failing proposal got %v, want UnknownOutcomeError", err)
	}
	<-l.Broken()
	var fatal *meta.FatalError
	if !errors.As(l.Err(), &fatal) || !errors.Is(err, l.Err()) {
		t.Errorf("the log says %v, the proposal %v", l.Err(), err)
	}
	if _, err := l.Propose(ctx, meta.Command{Op: meta.Fence{Epoch: 1}}); !errors.Is(err, ErrBroken) {
		t.Errorf("the next proposal got %v, want ErrBroken", err)
	}
	if err := l.Wait(ctx, 100); !errors.As(err, &fatal) {
		t.Errorf("waiting got %v, want a FatalError", err)
	}
}

// Of those who propose while the log breaks, nobody is told of success or of a
// failure that might not be one.
func TestBreakingLog(t *testing.T) {
	db, l := open(t, "")
	propose(t, l, meta.CreateBucket{Name: "b", Owner: "alice"})
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			cmd := meta.Command{Op: put("k", "v", meta.WriteCondition{})}
			if i == 8 {
				cmd = impossible
			}
			before := db.Err() != nil
			r, err := l.Propose(context.Background(), cmd)
			var unknown *UnknownOutcomeError
			switch {
			case err == nil && r.Index > db.Applied():
				t.Errorf("acknowledged at %d, applied %d", r.Index, db.Applied())
			case err == nil && before:
				t.Error("acknowledged by a log that was broken before")
			case err != nil && !errors.As(err, &unknown) && !errors.Is(err, ErrBroken):
				t.Errorf("got %v", err)
			}
		})
	}
	wg.Wait()
	if db.Err() == nil {
		t.Error("it is not broken")
	}
}

func TestProposalsRefusedBeforeTheLog(t *testing.T) {
	db, l := open(t, "")
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	big := meta.DeleteObjects{Bucket: "b", Items: make([]meta.DeleteItem, 1)}
	big.Items[0].Key = strings.Repeat("x", maxCommand)
	bad := put("k\xff", "v", meta.WriteCondition{})
	tests := []struct {
		name string
		ctx  context.Context
		op   meta.Op
		want error
	}{
		{"a context that ended", gone, meta.Fence{Epoch: 1}, context.Canceled},
		{"too large", context.Background(), big, ErrTooLarge},
		{"not UTF-8", context.Background(), bad, nil},
	}
	for _, tt := range tests {
		_, err := l.Propose(tt.ctx, meta.Command{Op: tt.op})
		var unknown *UnknownOutcomeError
		if err == nil || tt.want != nil && !errors.Is(err, tt.want) || errors.As(err, &unknown) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	if db.Applied() != 0 {
		t.Errorf("%d entries were applied", db.Applied())
	}
}

// Clock and randomness come from outside, and nothing else decides ids and times.
func TestInjectedClockAndRandomness(t *testing.T) {
	db, err := meta.Open(context.Background(), meta.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now := time.UnixMilli(1_700_000_000_123).UTC()
	l := NewLocal(db, LocalOptions{Now: func() time.Time { return now }, Rand: strings.NewReader(strings.Repeat("\x0a", 48))})
	propose(t, l, meta.CreateBucket{Name: "b", Owner: "alice"})
	propose(t, l, meta.SetVersioning{Bucket: "b", State: meta.VersioningEnabled})
	v := propose(t, l, put("k", "v", meta.WriteCondition{})).Version
	if !v.Modified.Equal(now) || !strings.HasSuffix(v.ID, strings.Repeat("a", 16)) {
		t.Errorf("made %s at %v", v.ID, v.Modified)
	}
	if _, err := l.Propose(context.Background(), meta.Command{Op: meta.Fence{Epoch: 1}}); err == nil {
		t.Error("a command without a random id was taken")
	}
	l = NewLocal(db, LocalOptions{Rand: iotest.ErrReader(errors.New("no randomness"))})
	if _, err := l.Propose(context.Background(), meta.Command{Op: meta.Fence{Epoch: 1}}); err == nil {
		t.Error("a command without a random id was taken")
	}
}
