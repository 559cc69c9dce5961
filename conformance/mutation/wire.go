package mutation

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A Worker does jobs, one at a time. Close ends it; a worker that is another
// process may end before.
type Worker interface {
	List(ctx context.Context) (*Inventory, error)
	Do(ctx context.Context, j Job) (*Outcome, error)
	Close() error
}

// Close does nothing: a bench has nothing open between jobs.
func (b *Bench) Close() error { return nil }

// An order is a line that a worker reads.
type order struct {
	List bool `json:"list,omitempty"`
	Job  *Job `json:"job,omitempty"`
}

// A reply is the line that it writes for each order.
type reply struct {
	Inventory *Inventory `json:"inventory,omitempty"`
	Outcome   *Outcome   `json:"outcome,omitempty"`
	Error     string     `json:"error,omitempty"`
}

// Serve does what orders on r say by a worker, and replies to w, a line of JSON
// each, until r ends. Once it has, or ctx has ended, the order under way is cut
// short.
func Serve(ctx context.Context, r io.Reader, w io.Writer, worker Worker) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	orders, broken := make(chan order), make(chan error, 1)
	go func() {
		defer stop()
		defer close(orders)
		for dec := json.NewDecoder(r); ; {
			var o order
			if err := dec.Decode(&o); err != nil {
				if !errors.Is(err, io.EOF) {
					broken <- fmt.Errorf("orders: %w", err)
				}
				return
			}
			select {
			case orders <- o:
			case <-ctx.Done():
				return
			}
		}
	}()
	enc := json.NewEncoder(w)
	for {
		select {
		case o, more := <-orders:
			if more {
				if err := enc.Encode(follow(ctx, o, worker)); err != nil {
					return fmt.Errorf("replies: %w", err)
				}
				continue
			}
		case <-ctx.Done():
		}
		select {
		case err := <-broken:
			return err
		default:
			return nil
		}
	}
}

func follow(ctx context.Context, o order, worker Worker) (out reply) {
	var err error
	switch {
	case o.List:
		out.Inventory, err = worker.List(ctx)
	case o.Job != nil:
		out.Outcome, err = worker.Do(ctx, *o.Job)
	default:
		err = errors.New("an order says nothing")
	}
	if err != nil {
		out = reply{Error: err.Error()}
	}
	return out
}

// Remote is a worker that is reached by the lines of Serve.
type Remote struct {
	To   io.WriteCloser // whose end ends the worker
	From io.Reader
	// Gone, which may be nil, waits for the worker's end and says how it came.
	Gone func() error

	replies *bufio.Reader
}

// ErrWorker says that a worker is gone: it is of no more use.
var ErrWorker = errors.New("the worker ended")

// List is Worker's.
func (r *Remote) List(ctx context.Context) (*Inventory, error) {
	got, err := r.ask(ctx, order{List: true})
	return got.Inventory, err
}

// Do is Worker's. Once ctx has ended nothing more can be asked.
func (r *Remote) Do(ctx context.Context, j Job) (*Outcome, error) {
	got, err := r.ask(ctx, order{Job: &j})
	return got.Outcome, err
}

func (r *Remote) ask(ctx context.Context, o order) (reply, error) {
	if r.replies == nil {
		r.replies = bufio.NewReader(r.From)
	}
	line, err := json.Marshal(o)
	if err != nil {
		return reply{}, err
	}
	type heard struct {
		reply
		err error
	}
	done := make(chan heard, 1)
	go func() {
		var h heard
		if _, h.err = r.To.Write(append(line, '\n')); h.err == nil {
			var text []byte
			if text, h.err = r.replies.ReadBytes('\n'); h.err == nil {
				h.err = json.Unmarshal(text, &h.reply)
			}
		}
		done <- h
	}()
	select {
	case h := <-done:
		switch {
		case h.err != nil && r.Gone != nil:
			return h.reply, fmt.Errorf("%w: %w", ErrWorker, errors.Join(h.err, r.Gone()))
		case h.err != nil:
			return h.reply, fmt.Errorf("%w: %w", ErrWorker, h.err)
		case h.Error != "":
			return h.reply, errors.New(h.Error)
		}
		return h.reply, nil
	case <-ctx.Done():
		return reply{}, fmt.Errorf("%w: %w", ErrWorker, context.Cause(ctx))
	}
}

// Close ends the worker, and waits for it.
func (r *Remote) Close() error {
	err := r.To.Close()
	if r.Gone != nil {
		return r.Gone()
	}
	return err
}
