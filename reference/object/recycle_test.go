package object

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// unclearLog keeps what it is given, and never tells what became of it.
type unclearLog struct {
	cluster.Log
	unclear bool
	bodies  [][]byte
}

func (l *unclearLog) Propose(ctx context.Context, cmd meta.Command) (meta.Result, error) {
	if put, ok := cmd.Op.(meta.PutObject); ok && l.unclear {
		l.bodies = append(l.bodies, put.Body)
		return meta.Result{}, &cluster.UnknownOutcomeError{Err: errors.New("no answer")}
	}
	return l.Log.Propose(ctx, cmd)
}

// While it is unclear whether a write happens the log may still hold its bytes,
// and nobody writes others in their place.
func TestUnclearBodyIsLeftAlone(t *testing.T) {
	l := &unclearLog{}
	b := newBench(t, "memory", func(c *Config) { l.Log = c.Log; c.Log = l }, inClear)
	l.unclear = true
	const writes = 20
	for i := range writes {
		_, err := b.tryPut("bucket", "k", bytes.Repeat([]byte{byte(i)}, 100))
		wantCode(t, "an unclear put", err, errcode.InternalError)
	}
	if len(l.bodies) != writes {
		t.Fatalf("the log was given %d bodies, want %d", len(l.bodies), writes)
	}
	for i, body := range l.bodies {
		if !bytes.Equal(body, bytes.Repeat([]byte{byte(i)}, 100)) {
			t.Errorf("the log holds other bytes in place of body %d", i)
		}
	}
}
