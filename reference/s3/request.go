package s3

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sigv4"
)

var (
	headETagBare = fault.NewBug("wire.etag-bare",
		"HEAD answers an ETag without quotes", "I1", "O-01")
	idAbsent = fault.NewBug("wire.request-id-absent",
		"answers without a body have no x-amz-request-id", "I1", "wire.answer.empty")
)

// A request is one exchange on its way through the stages. It belongs to one
// goroutine.
type request struct {
	h   *Handler
	w   http.ResponseWriter
	r   *http.Request
	ctx context.Context
	op  *operation // nil until the target is found in the table
	target
	caller   object.Caller
	identity *sigv4.Identity // nil where the operation needs none
	id       string
	start    time.Time

	status   int   // what was answered, 0 before
	wrote    bool  // the header is out
	abort    bool  // the answer cannot be completed: the connection must go
	sent     int64 // body bytes written
	received int64 // body bytes read
	reserved int64 // bytes taken from the budget
	bodyDone bool  // the body was read to its end
	lingers  bool  // what the client still sends is read behind the answer
	failure  *errcode.Error
	site     bool // of a website: errors are pages too
	instead  int  // the status of a document that stands for an error; 0: its own

	// vals backs the values of response headers, so that a response costs no
	// slice per header.
	vals  [24]string
	nvals int
	// armed is when the write deadline was last moved, lastWrite how far it may
	// be moved at all.
	armed, lastWrite time.Time
}

// set sets a response header. name is written as it is, so x-amz-* stay lower
// case as S3 sends them; the headers that net/http looks at must be canonical.
func (q *request) set(name, value string) {
	if q.nvals == len(q.vals) {
		q.w.Header()[name] = []string{value}
		return
	}
	i := q.nvals
	q.nvals++
	q.vals[i] = value
	q.w.Header()[name] = q.vals[i : i+1 : i+1]
}

// setSome is set, unless value is "".
func (q *request) setSome(name, value string) {
	if value != "" {
		q.set(name, value)
	}
}

// setETag sets the ETag with its quotes, spelt as S3 spells it.
func (q *request) setETag(etag string) {
	q.set("ETag", `"`+etag+`"`)
	if q.r.Method == http.MethodHead && headETagBare.On() {
		q.set("ETag", etag)
	}
}

// setVersion sets x-amz-version-id where the bucket is or was versioned.
func (q *request) setVersion(show bool, id string) {
	if show {
		q.set("x-amz-version-id", id)
	}
}

// header returns a request header by its canonical name, "" when absent.
func (q *request) header(canonical string) string {
	if v := q.r.Header[canonical]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// reply sends a status and no body.
func (q *request) reply(status int) error {
	if idAbsent.On() {
		delete(q.w.Header(), "x-amz-request-id")
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		q.set("Content-Length", "0")
	}
	q.writeHeader(status)
	return nil
}

// replyXML sends a document and gives its buffer back.
func (q *request) replyXML(status int, x *xmlBuf) error {
	defer q.h.buffers.putXML(x)
	q.set("Content-Type", "application/xml")
	q.set("Content-Length", itoa(len(x.b)))
	q.writeHeader(status)
	if q.r.Method == http.MethodHead {
		return nil
	}
	return q.write(x.b)
}

func (q *request) writeHeader(status int) {
	q.settleBody()
	q.status = status
	q.wrote = true
	q.armWrite()
	q.w.WriteHeader(status)
}

// write sends body bytes. Its error means that the client is gone or too slow.
func (q *request) write(p []byte) error {
	q.armWrite()
	n, err := q.w.Write(p)
	q.sent += int64(n)
	if err != nil {
		return fmt.Errorf("write response: %w", err)
	}
	return nil
}

// reserve takes n bytes from the budget of the server until the request ends.
func (q *request) reserve(n int64) error {
	if !q.h.memory.take(n) {
		return &errcode.Error{Code: errcode.SlowDown}
	}
	q.reserved += n
	return nil
}

// finish ends the request whatever became of it: a panic is answered or cuts
// the connection, what was reserved is given back, and the books are kept.
func (q *request) finish() {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			q.abort = true
		} else {
			q.fail(errcode.Wrap(errcode.InternalError, fmt.Errorf("panic: %v\n%s", p, debug.Stack())))
		}
	}
	q.h.memory.give(q.reserved)
	d := q.h.cfg.Now().Sub(q.start)
	q.h.metrics.observe(q, d)
	q.log(d)
	if q.abort {
		panic(http.ErrAbortHandler)
	}
}

// log writes the access record, under the id that the client saw.
func (q *request) log(d time.Duration) {
	log := q.h.cfg.Log
	if log == nil {
		return
	}
	level := slog.LevelInfo
	if q.failure != nil && rowOf(q.failure.Code).status == http.StatusInternalServerError {
		// A failure of ours, though the status may have gone out before it.
		level = slog.LevelError
	}
	if !log.Enabled(q.ctx, level) {
		return
	}
	attrs := make([]slog.Attr, 0, 14)
	attrs = append(attrs,
		slog.String("request_id", q.id),
		slog.String("operation", q.operation()),
		slog.String("method", q.r.Method),
		slog.String("bucket", q.bucket),
		slog.String("key", q.key),
		slog.Int("status", q.status),
		slog.Int64("received", q.received),
		slog.Int64("sent", q.sent),
		slog.Duration("duration", d),
		slog.String("account", q.caller.Account),
		slog.String("remote", q.r.RemoteAddr))
	if q.abort {
		attrs = append(attrs, slog.Bool("aborted", true))
	}
	if q.failure != nil {
		attrs = append(attrs, slog.String("code", string(q.failure.Code)))
		if q.failure.Err != nil {
			attrs = append(attrs, slog.String("cause", q.failure.Err.Error()))
		}
	}
	log.LogAttrs(context.WithoutCancel(q.ctx), level, "request", attrs...)
}

// operation is the name under which the request is counted.
func (q *request) operation() string {
	if q.op == nil {
		return unknownOperation
	}
	return q.op.name
}

// asError returns err as what a client may be told; anything that is not
// already an *errcode.Error is a fault of the server and stays in the log.
func asError(err error) *errcode.Error {
	var e *errcode.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, context.DeadlineExceeded):
		return errcode.Wrap(errcode.ServiceUnavailable, err)
	case errors.Is(err, context.Canceled):
		// The client is gone; nobody reads the answer.
		return errcode.Wrap(errcode.RequestTimeout, err)
	}
	return errcode.Wrap(errcode.InternalError, err)
}

func itoa(n int) string { return strconv.Itoa(n) }
