package sim

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
)

// A client sends one operation after the other to nodes, each once, and records
// what became of it. It is for one goroutine.
type client struct {
	s        *fleet
	rec      *history.Recorder
	name     string // its place in the mesh
	work     *workload
	n        int
	process  int
	endpoint string // the node that it is pinned to; "": it roams
	rand     *rand.Rand
	seen     map[string]string // a key's ETag as it was read some time ago
	doubt    string            // the key of a write that ended unclear
}

const (
	bucket         = "sim"
	valueTag       = "value"                // names the write in the metadata of what it wrote
	requestTimeout = 6 * time.Second        // of a write
	shortest       = 300 * time.Millisecond // of a read
)

var owner = object.Caller{Account: "sim", Name: "sim"}

// do sends op to a node, which act performs there, and records it. What act
// returns is read by see where it succeeded.
func do[T any](ctx context.Context, c *client, h *holding, op *history.Op, act func(context.Context, *object.Service) (T, error), see func(*history.Op, T)) {
	to := c.aim(op)
	ctx, cancel := context.WithTimeout(ctx, c.patience(op.Kind))
	defer cancel()
	c.rec.Begin(op)
	v, err := ask(ctx, c.s.mesh, message{from: c.name, to: to, size: 300 + int(op.Arg.Size)}, func(ctx context.Context, n *node) (T, error) {
		return act(ctx, n.service)
	})
	outcome, known := outcomeOf(op, err)
	if !known {
		c.unsent(ctx)
		return
	}
	if op.Outcome = outcome; outcome == history.OK {
		see(op, v)
	}
	*op = c.rec.End(op)
	unclear := op.Outcome == history.Unclear && !op.Kind.Reads()
	h.used(unclear)
	if unclear {
		c.process, c.doubt = c.rec.Process(), op.Key
	}
}

// patience is how long it waits for an answer. A read that was given up tells
// nothing and costs nothing: there are always some clients who come anew, also
// where those before them were never answered.
func (c *client) patience(k history.Kind) time.Duration {
	if k.Reads() {
		return shortest + time.Duration(c.rand.Int64N(int64(time.Second)))
	}
	return requestTimeout
}

// aim says who sends op, and to whom.
func (c *client) aim(op *history.Op) string {
	op.Workload, op.Bucket = c.work.name, bucket
	op.Process, op.Client = c.process, c.n
	nodes := c.s.Nodes()
	to := nodes[c.rand.IntN(len(nodes))]
	if slices.Contains(nodes, c.endpoint) {
		to = c.endpoint
	}
	op.Endpoint = slices.Index(c.s.ever(), to)
	return to
}

// outcomeOf says what is known of an operation's effect by its error. known is
// false where it certainly did nothing and tells nothing: the node refuses a
// command before it appends it, and promises that it never will.
func outcomeOf(op *history.Op, err error) (o history.Outcome, known bool) {
	if err == nil {
		op.Result.Status = 200
		return history.OK, true
	}
	op.Result.Error = err.Error()
	op.Result.Code = string(errcode.Of(err))
	switch errcode.Of(err) {
	case errcode.NoSuchKey, errcode.NoSuchUpload, errcode.NoSuchBucket: // the bucket is there from the start
		op.Result.Status = 404
		return history.Refused, true
	case errcode.PreconditionFailed:
		op.Result.Status = 412
		return history.Refused, true
	case errcode.ConditionalRequestConflict:
		op.Result.Status = 409
		return history.Refused, true
	case errcode.SlowDown:
		var refused *cluster.RefusedError
		if errors.As(err, &refused) {
			return "", false
		}
	}
	if err == errRefused {
		return "", false
	}
	return history.Unclear, true
}

// unsent waits a moment where nothing has happened.
func (c *client) unsent(ctx context.Context) {
	sleep(ctx.Done(), 30*time.Millisecond)
}

// put stores a new value of size bytes; arg says under which condition.
func (c *client) put(ctx context.Context, h *holding, key string, size int64, arg history.Arg) history.Op {
	v := c.rec.Value()
	body := history.Body(v, size)
	sum := md5.Sum(body)
	arg.Value, arg.Size, arg.ETag = v, size, hex.EncodeToString(sum[:])
	op := history.Op{Kind: history.Put, Key: key, Arg: arg}
	in := object.PutInput{
		Caller: owner, Bucket: bucket, Key: key, Attributes: valueOf(v),
		Body:      object.Body{Reader: bytes.NewReader(body), Size: size},
		Condition: object.WriteCondition{IfMatch: quoted(arg.IfMatch), IfNoneMatch: quoted(arg.IfNoneMatch)},
	}
	do(ctx, c, h, &op, func(ctx context.Context, s *object.Service) (object.PutResult, error) { return s.Put(ctx, in) },
		func(op *history.Op, r object.PutResult) {
			op.Result.ETag = r.Version.ETag
			c.seen[key] = r.Version.ETag
		})
	return op
}

func valueOf(v history.Value) (a meta.Attributes) {
	a.Metadata = map[string]string{valueTag: strconv.FormatUint(uint64(v), 10)}
	return a
}

func quoted(etag string) string {
	if etag == "" || etag == "*" {
		return etag
	}
	return `"` + etag + `"`
}

// A got is an object as a client has it.
type got struct {
	version object.Version
	body    []byte
}

// get reads an object whole, or with head only what is known of it.
func (c *client) get(ctx context.Context, h *holding, key string, head bool) history.Op {
	op := history.Op{Kind: history.Get, Key: key}
	if head {
		op.Kind = history.Head
	}
	in := object.GetInput{Caller: owner, Bucket: bucket, Key: key}
	do(ctx, c, h, &op, func(ctx context.Context, s *object.Service) (g got, err error) {
		if head {
			r, err := s.Head(ctx, in)
			if err == nil {
				g.version = r.Version
			}
			return g, err
		}
		r, err := s.Get(ctx, in)
		if err != nil {
			return g, err
		}
		defer r.Body.Close()
		g.version = r.Version
		g.body, err = io.ReadAll(r.Body)
		return g, err
	}, c.see)
	return op
}

// see tells of which write an answer is: all of it of one.
func (c *client) see(op *history.Op, g got) {
	op.Result.ETag, op.Result.Size = g.version.ETag, g.version.Size
	c.seen[op.Key] = g.version.ETag
	named, err := strconv.ParseUint(g.version.Attributes.Metadata[valueTag], 10, 64)
	if err != nil {
		op.Result.Torn = fmt.Sprintf("the metadata %q names no write", g.version.Attributes.Metadata[valueTag])
		return
	}
	v := history.Value(named)
	if op.Kind == history.Get {
		sum := md5.Sum(g.body)
		switch err := history.Check(g.body, 0, v, g.version.Size); {
		case int64(len(g.body)) != g.version.Size:
			op.Result.Torn = fmt.Sprintf("%d bytes of %d", len(g.body), g.version.Size)
		case err != nil:
			op.Result.Torn = err.Error()
		case hex.EncodeToString(sum[:]) != g.version.ETag:
			op.Result.Torn = fmt.Sprintf("the ETag %s is not that of %s", g.version.ETag, v)
		}
		if op.Result.Torn != "" {
			return
		}
	}
	op.Result.Value = v
}

// remove deletes an object.
func (c *client) remove(ctx context.Context, h *holding, key string, arg history.Arg) history.Op {
	op := history.Op{Kind: history.Delete, Key: key, Arg: arg}
	in := object.DeleteInput{Caller: owner, Bucket: bucket, Key: key, IfMatch: quoted(arg.IfMatch)}
	do(ctx, c, h, &op, func(ctx context.Context, s *object.Service) (object.DeleteResult, error) { return s.Delete(ctx, in) },
		func(*history.Op, object.DeleteResult) {})
	return op
}

// list reads a listing of few keys as one page.
func (c *client) list(ctx context.Context, h *holding) history.Op {
	op := history.Op{Kind: history.List, Arg: history.Arg{Prefix: h.prefix + "/", Max: 100, Page: 1}}
	in := object.ListInput{Bucket: bucket, Prefix: h.prefix + "/", Max: 100}
	do(ctx, c, h, &op, func(ctx context.Context, s *object.Service) (object.ListResult, error) { return s.List(ctx, owner, in) },
		func(op *history.Op, r object.ListResult) {
			for _, o := range r.Objects {
				op.Result.Entries = append(op.Result.Entries, history.Entry{Key: o.Key, ETag: o.ETag, Size: o.Size})
			}
			op.Result.Truncated = r.Truncated
		})
	return op
}
