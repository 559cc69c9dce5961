package consistency

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

// conditions are the preconditions of an operation as headers carry them.
func conditions(a *history.Arg) []string {
	return []string{"If-Match", quoted(a.IfMatch), "If-None-Match", quoted(a.IfNoneMatch)}
}

// put stores a new value of size bytes; arg says under which condition.
func (c *client) put(ctx context.Context, h *holding, key string, size int64, arg history.Arg) history.Op {
	v, body, w := c.body(size, 0)
	arg.Value, arg.Size, arg.ETag = v, size, w.etag
	return c.store(ctx, h, key, body, arg)
}

func (c *client) store(ctx context.Context, h *holding, key string, body []byte, arg history.Arg) history.Op {
	op := history.Op{Kind: history.Put, Key: key, Arg: arg}
	header := headers(append(conditions(&arg), valueHeader, meta(arg.Value))...)
	c.do(ctx, h, &op, request{method: http.MethodPut, header: c.digested(header, body), body: body}, reply)
	return op
}

// digested adds the digest that object lock demands.
func (c *client) digested(header http.Header, body []byte) http.Header {
	if c.Locked {
		sum := scenarios.ContentMD5(body)
		header.Set(sum[0], sum[1])
	}
	return header
}

// get reads an object whole.
func (c *client) get(ctx context.Context, h *holding, key string) history.Op {
	return c.read(ctx, h, history.Op{Kind: history.Get, Key: key})
}

// read reads an object as op says: whole, a range, a version, or its head.
func (c *client) read(ctx context.Context, h *holding, op history.Op) history.Op {
	q := request{method: http.MethodGet, header: headers(conditions(&op.Arg)...)}
	if op.Kind == history.Head {
		q.method = http.MethodHead
	}
	if op.Arg.Length > 0 {
		q.header.Set("Range", fmt.Sprintf("bytes=%d-%d", op.Arg.From, op.Arg.From+op.Arg.Length-1))
	}
	if op.Arg.VersionID != "" {
		q.query = "versionId=" + url.QueryEscape(op.Arg.VersionID)
	}
	c.do(ctx, h, &op, q, c.see)
	if op.Outcome == history.OK {
		c.seen[op.Key] = op.Result.ETag
	}
	return op
}

// remove deletes an object, or a version of it that arg names, where it may.
func (c *client) remove(ctx context.Context, h *holding, key string, arg history.Arg) history.Op {
	op := history.Op{Kind: history.Delete, Key: key, Arg: arg}
	if !c.removable(key) {
		return op
	}
	q := request{method: http.MethodDelete, header: headers(conditions(&arg)...)}
	if arg.VersionID != "" {
		q.query = "versionId=" + url.QueryEscape(arg.VersionID)
	}
	c.do(ctx, h, &op, q, reply)
	return op
}

// copy copies one key of a holding over another.
func (c *client) copy(ctx context.Context, h *holding, from, to string) history.Op {
	op := history.Op{Kind: history.Copy, Key: to, Arg: history.Arg{SourceKey: from}}
	q := request{method: http.MethodPut, header: headers("X-Amz-Copy-Source", "/"+c.bucket+"/"+from)}
	c.do(ctx, h, &op, q, reply)
	return op
}
