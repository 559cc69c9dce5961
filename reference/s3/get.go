package s3

import (
	"fmt"
	"io"
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	headUnconditional = fault.NewBug("object.head-unconditional",
		"HEAD ignores conditions", "C-08")
	headWhole = fault.NewBug("object.head-ignores-range",
		"HEAD ignores Range", "C-18")
)

func (q *request) headObject() error {
	in, err := q.getInput()
	if err != nil {
		return err
	}
	if in.Conditions != (object.Conditions{}) && headUnconditional.On() {
		in.Conditions = object.Conditions{}
	}
	if in.Range != "" && headWhole.On() {
		in.Range = ""
	}
	res, err := q.h.cfg.Backend.Head(q.ctx, in)
	if err != nil {
		return err
	}
	q.setObject(res)
	q.writeHeader(q.statusOf(res))
	return nil
}

func (q *request) statusOf(res *object.GetResult) int {
	switch {
	case q.instead != 0:
		return q.instead
	case res.Partial:
		return http.StatusPartialContent
	}
	return http.StatusOK
}

var missingBucket = fault.NewBug("object.missing-key-code",
	"GET of a key that does not exist fails with NoSuchBucket", "O-03")

func (q *request) getObject() (err error) {
	in, err := q.getInput()
	if err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.Get(q.ctx, in)
	if errcode.Of(err) == errcode.NoSuchKey && missingBucket.On() {
		return &errcode.Error{Code: errcode.NoSuchBucket}
	}
	if err != nil {
		return err
	}
	defer func() {
		if cerr := res.Body.Close(); cerr != nil && err == nil {
			err = fmt.Errorf("close object: %w", cerr)
		}
	}()
	return q.sendObject(res)
}

// sendObject streams an object. Its first bytes are there before the header goes
// out, so that an object which cannot be opened is an error and not a broken
// answer. A body that can write itself does: a blob's verified blocks then go
// to the client without another copy.
func (q *request) sendObject(res *object.GetResult) error {
	if err := q.reserve(min(res.Length, largeBlock)); err != nil {
		return err
	}
	out := &objectWriter{q: q, res: res, left: res.Length}
	var err error
	if from, ok := res.Body.(io.WriterTo); ok {
		_, err = from.WriteTo(out)
	} else {
		block := q.h.buffers.block(res.Length)
		defer q.h.buffers.putBlock(block)
		_, err = io.CopyBuffer(out, struct{ io.Reader }{res.Body}, *block)
	}
	switch {
	case out.err != nil:
		// The client went away or stalled: nothing failed here.
		return &errcode.Error{Code: errcode.RequestTimeout, Err: out.err}
	case err != nil:
		return fmt.Errorf("read object: %w", err)
	case out.left != 0:
		return fmt.Errorf("read object: it ends %d bytes early", out.left)
	}
	out.begin() // nothing was written of an empty one
	return nil
}

// An objectWriter sends an object's bytes, and its header before the first.
type objectWriter struct {
	q    *request
	res  *object.GetResult
	left int64 // bytes still to come
	err  error // of the client's connection
}

func (w *objectWriter) begin() {
	if !w.q.wrote {
		w.q.setObject(w.res)
		w.q.writeHeader(w.q.statusOf(w.res))
	}
}

// Write implements io.Writer. It goes by blocks, each of which the client has
// Limits.Idle for.
func (w *objectWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > w.left {
		return 0, fmt.Errorf("it goes on behind its %d bytes", w.res.Length)
	}
	w.begin()
	n := 0
	for n < len(p) {
		block := p[n:min(n+largeBlock, len(p))]
		if w.err = w.q.write(block); w.err != nil {
			return n, w.err
		}
		n += len(block)
		w.left -= int64(len(block))
	}
	return n, nil
}
