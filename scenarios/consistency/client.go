package consistency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// A client sends one operation after the other, each as one request on the wire
// that is never repeated, and records what became of it. It is for one goroutine.
type client struct {
	*run
	n        int // its number among the clients of the workload
	process  int // changes after an unclear write: that one has not ended
	endpoint int // the one it is pinned to, -1: it roams
	rand     *rand.Rand
	scratch  []byte            // the last answer's body
	seen     map[string]string // a key's ETag as it was read some time ago
	version  map[string]string // likewise the id of a version
	doubt    string            // the key of a write that ended unclear, until it is read

	unrecorded bool // what it does is no part of the history
}

// A request is an operation as HTTP has it.
type request struct {
	method, query string
	ofBucket      bool // it names no key, though the operation does
	header        http.Header
	body          []byte
}

// An answer is what came back. err is why there is none, or not all of it.
type answer struct {
	status int // what it means: that of the code, where an error stands behind a 200
	wire   int // what the status line said
	header http.Header
	body   []byte // the client's scratch: gone with the next request
	code   string // of an error document
	sent   bool   // bytes may have reached the server
	err    error
}

// do performs op, whose Kind, Key and Arg are set, on a key of h: it signs, stamps the call,
// sends, reads and checks the answer, and stamps the return. see, which may be
// nil, reads an answer of success. What came back is in op when do returns; an
// operation that never left is not recorded and has no outcome.
func (c *client) do(ctx context.Context, h *holding, op *history.Op, q request, see func(*history.Op, *answer)) {
	c.aim(op)
	a := c.send(ctx, op, q)
	if !a.sent {
		c.unsent(ctx, a.err)
		c.revival(ctx)
		return
	}
	if a.code == noBucket {
		c.nowhere(ctx)
	}
	op.Outcome = outcome(op.Kind, &a)
	op.Result.Status, op.Result.Code = a.status, a.code
	switch {
	case a.err != nil:
		op.Result.Error = a.err.Error()
	case op.Outcome == history.Refused && op.Result.Status != a.wire:
		op.Result.Error = fmt.Sprintf("in the document behind a %d", a.wire)
	case op.Outcome == history.OK && see != nil:
		see(op, &a)
	}
	c.lacks(op.Kind, &a)
	if c.unrecorded {
		return
	}
	*op = c.rec.End(op)
	c.requests.Add(1)
	unclear := op.Outcome == history.Unclear && !op.Kind.Reads()
	h.used(unclear)
	if unclear {
		c.process, c.doubt = c.rec.Process(), op.Key
	}
	if op.Outcome == history.Unclear {
		c.revival(ctx)
	}
}

// aim says who sends op, and where.
func (c *client) aim(op *history.Op) {
	op.Workload, op.Bucket = c.Name, c.bucket
	op.Process, op.Client, op.Endpoint = c.process, c.n, c.endpoint
	if c.endpoint < 0 {
		op.Endpoint = c.rand.IntN(len(c.s.Target().Endpoints))
	}
}

// lacks ends the run where the server says that it lacks an operation.
func (c *client) lacks(kind history.Kind, a *answer) {
	if a.code != "" && (a.status == http.StatusNotImplemented || a.status == http.StatusMethodNotAllowed) {
		c.fail(&unsupported{kind, scenarios.Response{Status: a.status, Header: a.header, Code: a.code}})
	}
}

// send sends one request. The call is stamped when it is ready to leave.
func (c *client) send(ctx context.Context, op *history.Op, q request) (a answer) {
	t := c.s.Target()
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	key := op.Key
	if q.ofBucket {
		key = ""
	}
	req, err := c.direct.Request(ctx, op.Endpoint, q.method, op.Bucket, key, q.query)
	if err != nil {
		return answer{err: err}
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	if len(q.body) > 0 {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(q.body)), int64(len(q.body))
	}
	scope := sign.Scope{Access: t.Main.Access, Secret: t.Main.Secret, Session: t.Main.Session, Region: t.Region, Service: "s3", Time: time.Now().UTC()}
	if err := sign.Header(req, scope, sign.Hash(sign.Signed, q.body)); err != nil {
		return answer{err: err}
	}
	c.rec.Begin(op)
	req.Header.Set(history.AttemptHeader, strconv.FormatInt(op.N, 10))
	resp, err := c.wire.RoundTrip(req)
	if t.Bucket != "" && q.method != http.MethodDelete { // it is in the ledger now
		c.touched.Store(key, true)
	}
	if err != nil {
		return answer{err: err, sent: left(err)}
	}
	a = answer{status: resp.StatusCode, wire: resp.StatusCode, header: resp.Header, sent: true}
	a.body, a.err = scenarios.ReadAnswer(resp, c.scratch)
	if cap(a.body) > cap(c.scratch) {
		c.scratch = a.body
	}
	if a.err == nil && (op.Kind != history.Get || a.status >= 300) { // a body that was asked for is no document
		a.code = scenarios.ErrorCode(a.body)
	}
	return a
}

// removable reports whether a key may be deleted: in a bucket that is not the
// run's own, only what the run itself wrote to before.
func (r *run) removable(key string) bool {
	if r.s.Target().Bucket == "" {
		return true
	}
	_, wrote := r.touched.Load(key)
	return wrote
}

// left reports whether bytes of a request that failed may have reached a server.
func left(err error) bool {
	if _, unsent := errors.AsType[*scenarios.NotSent](err); unsent {
		return false
	}
	dial, ok := errors.AsType[*net.OpError](err)
	return !ok || dial.Op != "dial"
}

// unsent waits a moment where nobody can be reached, and ends the run where a
// request may not leave at all.
func (c *client) unsent(ctx context.Context, err error) {
	if err == nil {
		return
	}
	if dial, ok := errors.AsType[*net.OpError](err); !ok || dial.Op != "dial" {
		if ctx.Err() == nil {
			c.fail(err)
		}
		return
	}
	c.pause(ctx) // nothing tells when it listens again
}

func (c *client) pause(ctx context.Context) {
	pause := time.NewTimer(50 * time.Millisecond)
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-ctx.Done():
	}
}

// behind200 are errors that stand behind a status of 200 and say that nothing
// was done, with the status that each has elsewhere.
var behind200 = map[string]int{
	"NoSuchUpload": 404, "NoSuchKey": 404, "NoSuchVersion": 404, "InvalidPart": 400, "InvalidPartOrder": 400,
	"EntityTooSmall": 400, "PreconditionFailed": 412, "ConditionalRequestConflict": 409,
}

// outcome is soundness rule R5: 3xx and 4xx with a code changed nothing, and of
// anything but those and success the effect is unknown. A read that is refused
// for a reason which is none of the state's (403, say) tells nothing either.
func outcome(kind history.Kind, a *answer) history.Outcome {
	ofState := a.status == http.StatusNotFound || a.status == http.StatusPreconditionFailed ||
		a.status == http.StatusNotModified || a.status == http.StatusConflict
	switch {
	case a.err != nil:
		return history.Unclear
	case a.status/100 == 2 && a.code == "":
		return history.OK
	case a.status/100 == 2:
		if status, known := behind200[a.code]; known {
			a.status = status
			return history.Refused
		}
		return history.Unclear
	case kind.Reads():
		if ofState && (a.code != "" || kind == history.Head || a.status == http.StatusNotModified) {
			return history.Refused
		}
		return history.Unclear
	case a.status/100 == 3 || a.status/100 == 4:
		if a.code != "" {
			return history.Refused
		}
	}
	return history.Unclear
}
