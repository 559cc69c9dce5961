package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"bleepstore/reference/batch"
)

// Bounds of what goes to one node at a time. A crowd of clients shares requests:
// each of its own would need a connection, and what comes with it.
const (
	forwardsInFlight = 4
	forwardTimeout   = 5 * time.Second
	slotTimeout      = time.Second
)

// A lane is the way to one node.
type lane struct {
	forwards *batch.Batch[*forward]
	slots    chan struct{} // one for each request of forwards on its way
	reads    *batch.Batch[*reader]
	terms    *batch.Batch[*TermAnswer]
}

func (w *Wire) lane(node string) *lane {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.lanes[node]
	if l == nil {
		l = &lane{slots: make(chan struct{}, forwardsInFlight)}
		l.forwards = batch.New(maxBatchItems, maxBatchBytes, func(fs []*forward) error { return w.flush(node, l, fs) })
		l.reads = batch.New(0, 0, func(rs []*reader) error { return w.readIndex(node, rs) })
		l.terms = batch.New(0, 0, func(as []*TermAnswer) error { return w.term(node, as) })
		w.lanes[node] = l
	}
	return l
}

// A forward is a command on its way to the leader; index and err are read once
// done is closed.
type forward struct {
	command []byte
	done    chan struct{}
	index   uint64
	err     error
}

func (f *forward) Size() int { return len(f.command) }

// Propose implements Peers. Commands that come while others are on their way
// travel together.
func (w *Wire) Propose(ctx context.Context, node string, command []byte) (uint64, error) {
	f := &forward{command: command, done: make(chan struct{})}
	var refused *RefusedError
	switch err := w.lane(node).forwards.Do(ctx, f); {
	case err == nil:
	case errors.As(err, &refused):
		return 0, err
	case ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
		return 0, &RefusedError{err} // it left the queue before it was taken
	default:
		return 0, err
	}
	select {
	case <-f.done:
		return f.index, f.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// flush sends commands on their way, and returns once they are.
func (w *Wire) flush(node string, l *lane, fs []*forward) error {
	wait := time.NewTimer(slotTimeout)
	defer wait.Stop()
	select {
	case l.slots <- struct{}{}:
	case <-wait.C:
		return &RefusedError{ErrBusy}
	}
	sent := append([]*forward(nil), fs...) // fs is the batch's
	var body []byte
	for _, f := range sent {
		body = appendSized(body, f.command)
	}
	go func() { // ends with the request
		ctx, cancel := bound(context.Background(), forwardTimeout)
		defer cancel()
		var answers []proposed
		err := w.call(ctx, node, http.MethodPost, "/propose", body, &answers)
		if err == nil && len(answers) != len(sent) {
			err = fmt.Errorf("%s has answered %d of %d commands", node, len(answers), len(sent))
		}
		<-l.slots
		for i, f := range sent {
			if f.err = err; err == nil {
				f.index, f.err = answers[i].Index, answers[i].failure()
			}
			close(f.done)
		}
	}()
	return nil
}

// ReadIndex implements Peers. Who comes while a request is on its way is served
// by the next: by then it has come, so what it must see is acknowledged.
func (w *Wire) ReadIndex(ctx context.Context, node string) (uint64, error) {
	r := new(reader)
	err := w.lane(node).reads.Do(ctx, r)
	return r.index, err
}

func (w *Wire) readIndex(node string, rs []*reader) error {
	ctx, cancel := bound(context.Background(), slotTimeout)
	defer cancel()
	var a indexAnswer
	err := w.call(ctx, node, http.MethodGet, "/readindex", nil, &a)
	for _, r := range rs {
		r.index = a.Index
	}
	return err
}

// Term implements Peers. A question that nobody waits for any more, since others
// have answered, goes on: to end it would end its connection. Who asks meanwhile
// is answered by the next.
func (w *Wire) Term(ctx context.Context, node string) (TermAnswer, error) {
	a := new(TermAnswer)
	err := w.lane(node).terms.Do(ctx, a)
	return *a, err
}

func (w *Wire) term(node string, as []*TermAnswer) error {
	ctx, cancel := bound(context.Background(), slotTimeout)
	defer cancel()
	var answer TermAnswer
	err := w.call(ctx, node, http.MethodGet, "/term", nil, &answer)
	for _, a := range as {
		*a = answer
	}
	return err
}

// A proposed is what became of one command of a request.
type proposed struct {
	Index uint64 `json:"index,omitempty"`
	Kind  string `json:"kind,omitempty"` // "", refused or failed
	Code  string `json:"code,omitempty"`
	Text  string `json:"text,omitempty"`
}

func (p *proposed) failure() error {
	switch p.Kind {
	case "":
		return nil
	case kindRefused:
		return &RefusedError{remote(p.Code, p.Text)}
	}
	return remote(p.Code, p.Text)
}

// handlePropose appends the commands of a request, each for itself.
func (r *Raft) handlePropose(ctx context.Context, req *http.Request) (any, error) {
	if err := r.admits(req.Header.Get(headerFrom)); err != nil {
		return nil, err
	}
	commands, err := split(req)
	if err != nil {
		return nil, &RefusedError{err}
	}
	answers := make([]proposed, len(commands))
	var wg sync.WaitGroup
	for i, c := range commands {
		wg.Go(func() {
			var err error
			if answers[i].Index, err = r.ServePropose(ctx, c); err != nil {
				f := failureOf(err)
				answers[i] = proposed{Kind: f.kind, Code: f.code, Text: f.text}
			}
		})
	}
	wg.Wait()
	return answers, nil
}

// split reads the commands of a request. Nothing has happened when it fails.
func split(req *http.Request) (commands [][]byte, err error) {
	b, err := body(req, 2*maxCommand+maxBatchBytes)
	if err != nil {
		return nil, err
	}
	for len(b) > 0 {
		if len(commands) == maxBatchItems {
			return nil, ErrTooLarge
		}
		c, rest, err := cutSized(b)
		if err != nil {
			return nil, err
		}
		commands, b = append(commands, c), rest
	}
	return commands, nil
}
