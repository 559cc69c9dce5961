package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"bleepstore/reference/batch"
	"bleepstore/reference/meta"
)

// Bounds of one transaction of Local, and of one command.
const (
	maxBatchItems = 256
	maxBatchBytes = 512 << 10
	maxCommand    = 8 << 20
)

// LocalOptions are what Local takes from outside. The zero value is usable.
type LocalOptions struct {
	Now  func() time.Time // the clock that stamps commands; nil is time.Now
	Rand io.Reader        // of command ids; nil is crypto/rand
	// RoundTrip passes every command through its encoding before it is
	// applied, as a cluster would: for tests.
	RoundTrip bool
}

// Local is the Log of one node: commands are grouped straight into
// transactions of the metadata, and a proposal returns once its transaction is
// committed, and so durable (if the DB was opened with SyncFull). It owns no
// goroutine and does not close the DB.
//
// After the first failed write it is broken for good: proposals fail, Broken
// is closed, and the process must end, because nobody knows what the disk has.
type Local struct {
	db    *meta.DB
	o     LocalOptions
	batch *batch.Batch[*proposal]
	index uint64 // of the last entry; only one flush runs at a time
}

// A proposal is a command on its way and, afterwards, its result.
type proposal struct {
	cmd    meta.Command
	size   int
	result meta.Result
}

func (p *proposal) Size() int { return p.size }

var _ Log = (*Local)(nil)

// NewLocal returns a log whose state machine is db; nobody else may Apply to it.
func NewLocal(db *meta.DB, o LocalOptions) *Local {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	l := &Local{db: db, o: o, index: db.Applied()}
	l.batch = batch.New(maxBatchItems, maxBatchBytes, l.flush).Patient()
	return l
}

// Propose implements Log.
func (l *Local) Propose(ctx context.Context, cmd meta.Command) (meta.Result, error) {
	if l.db.Err() != nil {
		return meta.Result{}, ErrBroken
	}
	p := &proposal{cmd: cmd, size: cmd.Size()}
	if p.size > maxCommand {
		return meta.Result{}, ErrTooLarge
	}
	if p.cmd.ID == "" {
		id, err := newID(l.o.Rand)
		if err != nil {
			return meta.Result{}, fmt.Errorf("make command id: %w", err)
		}
		p.cmd.ID = id
	}
	p.cmd.Term = 0
	if l.o.RoundTrip {
		if err := p.roundTrip(); err != nil {
			return meta.Result{}, err
		}
	}
	switch err := l.batch.Do(ctx, p); {
	case err == nil:
		return p.result, nil
	case errors.Is(err, batch.ErrClosed):
		return meta.Result{}, ErrClosed
	default:
		return meta.Result{}, outcome(ctx, err)
	}
}

// outcome makes sure that only an error which proves that nothing happened
// says so: a flush that panicked proves nothing.
func outcome(ctx context.Context, err error) error {
	var unknown *UnknownOutcomeError
	switch {
	case errors.As(err, &unknown), errors.Is(err, ErrBroken):
		return err
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return err
	}
	return &UnknownOutcomeError{Err: err}
}

// flush applies one batch in one transaction.
func (l *Local) flush(ps []*proposal) error {
	if l.db.Err() != nil { // broke while these waited: they certainly did not happen
		return ErrBroken
	}
	stamp := l.o.Now().UnixMilli()
	entries := make([]meta.Entry, len(ps))
	for i, p := range ps {
		l.index++
		p.cmd.Stamp = stamp
		entries[i] = meta.Entry{Index: l.index, Command: p.cmd}
	}
	results, err := l.db.Apply(entries)
	if err != nil {
		return &UnknownOutcomeError{Err: err}
	}
	for i, p := range ps {
		p.result = results[i]
	}
	return nil
}

func (p *proposal) roundTrip() error {
	b, err := meta.Encode(p.cmd)
	if err != nil {
		return err
	}
	p.cmd, err = meta.Decode(b)
	return err
}

// ReadIndex implements Log: what was acknowledged was applied before.
func (l *Local) ReadIndex(context.Context) (uint64, error) { return l.db.Applied(), nil }

// Wait implements Log.
func (l *Local) Wait(ctx context.Context, index uint64) error { return l.db.WaitApplied(ctx, index) }

// Broken is closed when a write has failed; Err then tells how.
func (l *Local) Broken() <-chan struct{} { return l.db.Broken() }

// Err returns the failure that broke the log, nil while there is none.
func (l *Local) Err() error { return l.db.Err() }

// Close lets the proposals that wait be applied; later ones get ErrClosed.
func (l *Local) Close() { l.batch.Close() }

// newID returns 16 random characters of base 32: 80 bits.
func newID(r io.Reader) (string, error) {
	const digits = "0123456789abcdefghjkmnpqrstvwxyz"
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", err
	}
	for i := range b {
		b[i] = digits[b[i]&31]
	}
	return string(b[:]), nil
}
