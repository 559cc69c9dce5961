package s3

import (
	"fmt"
	"io"
	"net/http"

	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

func (q *request) headObject() error {
	in, err := q.getInput()
	if err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.Head(q.ctx, in)
	if err != nil {
		return err
	}
	q.setObject(res)
	q.writeHeader(objectStatus(res))
	return nil
}

func objectStatus(res *object.GetResult) int {
	if res.Partial {
		return http.StatusPartialContent
	}
	return http.StatusOK
}

func (q *request) getObject() (err error) {
	in, err := q.getInput()
	if err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.Get(q.ctx, in)
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

// sendObject streams an object through a pooled block. The first block is read
// before the header goes out, so that an object which cannot be opened is an
// error and not a broken answer.
func (q *request) sendObject(res *object.GetResult) error {
	if err := q.reserve(min(res.Length, largeBlock)); err != nil {
		return err
	}
	block := q.h.buffers.block(res.Length)
	defer q.h.buffers.putBlock(block)
	n, err := q.readBlock(res, *block, res.Length)
	if err != nil {
		return err
	}
	q.setObject(res)
	q.writeHeader(objectStatus(res))
	left := res.Length
	for {
		if err := q.write((*block)[:n]); err != nil {
			// The client went away or stalled: nothing failed here.
			return &errcode.Error{Code: errcode.RequestTimeout, Err: err}
		}
		if left -= int64(n); left == 0 {
			return nil
		}
		if n, err = q.readBlock(res, *block, left); err != nil {
			return err
		}
	}
}

// readBlock fills block with the next bytes of the object, at most left.
func (q *request) readBlock(res *object.GetResult, block []byte, left int64) (int, error) {
	if left < int64(len(block)) {
		block = block[:left]
	}
	n, err := io.ReadFull(res.Body, block)
	if err != nil {
		return n, fmt.Errorf("read object: %w", err)
	}
	return n, nil
}
