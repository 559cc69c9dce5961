package peer

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// A buffer takes what several goroutines log.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) count(s string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.b.String(), s)
}

// TestRefusalsAreLoggedOnce: the other side comes again and again.
func TestRefusalsAreLoggedOnce(t *testing.T) {
	var log buffer
	f := newFleet(t, "a")
	f.open("b", func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for _, cluster := range []string{"d", "d", "d", "e"} {
		f.ports["a"].SetCluster(cluster)
		if err := second(f.ports["a"].Do(within(t), "b", request(t, "GET", "/", ""))); !errors.Is(err, ErrRefused) {
			t.Errorf("got %v, want ErrRefused", err)
		}
	}
	if d, e := log.count(`in cluster \"d`), log.count(`in cluster \"e`); d != 1 || e != 1 {
		t.Errorf("got %d and %d lines, want 1 and 1:\n%s", d, e, log.b.String())
	}
}

// TestLinesOfRaft: the log of raft's transport keeps its levels, as far as they
// mean something to who runs the node.
func TestLinesOfRaft(t *testing.T) {
	var log buffer
	f := newFleet(t)
	p := f.open("a", func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for _, line := range []string{"t [ERROR] raft-net: one", "t [WARN]  raft-net: two", "t [INFO]  raft-net: three", "t [DEBUG] raft-net: four"} {
		if _, err := io.WriteString(lines{p}, line+"\n"); err != nil {
			t.Error(err)
		}
	}
	for want, n := range map[string]int{`level=WARN msg="raft-net: one"`: 1, `level=WARN msg="raft-net: two"`: 1, `level=INFO msg="raft-net: three"`: 1, "four": 0} {
		if got := log.count(want); got != n {
			t.Errorf("got %d of %s, want %d", got, want, n)
		}
	}
}
