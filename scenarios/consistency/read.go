package consistency

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"bleepstore/conformance/history"
)

// see reads the answer to a Get or Head: the write it is of, and whether all of
// it is of that one write. What is told apart here needs no search: parts of
// two bodies, metadata of another write, an ETag that is not the body's.
func (c *client) see(op *history.Op, a *answer) {
	res := &op.Result
	res.ETag, res.VersionID = bare(a.header.Get("ETag")), a.header.Get("x-amz-version-id")
	off := int64(0)
	res.Size, off = extent(op, a)
	named, err := strconv.ParseUint(a.header.Get(valueHeader), 10, 64)
	if err != nil {
		res.Torn = fmt.Sprintf("the metadata %q names no write", a.header.Get(valueHeader))
		return
	}
	v := history.Value(named)
	w := c.knows(v)
	if op.Kind == history.Get {
		switch {
		case w != nil && w.whole:
			res.Values, err = c.parts(v, a.body, off, res.Size)
		case c.Model == "append":
			res.Values, err = list(v, a.body)
		default:
			err = c.single(v, a.body, off, res.Size)
		}
		if err != nil {
			res.Torn = err.Error()
			return
		}
	}
	switch {
	case w != nil && w.whole: // its parts are what was written
		return
	case w != nil && w.size != res.Size:
		res.Torn = fmt.Sprintf("%d bytes, though %s wrote %d", res.Size, v, w.size)
	case w != nil && w.etag != "" && w.etag != res.ETag && c.Model != "copy": // a copy may have an ETag of its own
		res.Torn = fmt.Sprintf("the ETag %s is not that of %s, %s", res.ETag, v, w.etag)
	default:
		res.Value = v
	}
}

// extent is the size of the whole object and where in it the answer begins.
func extent(op *history.Op, a *answer) (size, off int64) {
	if a.status == http.StatusPartialContent {
		_, span, _ := strings.Cut(a.header.Get("Content-Range"), " ")
		from, total, _ := strings.Cut(span, "/")
		first, _, _ := strings.Cut(from, "-")
		size, _ = strconv.ParseInt(total, 10, 64)
		off, _ = strconv.ParseInt(first, 10, 64)
		return size, off
	}
	if op.Kind == history.Get {
		return int64(len(a.body)), 0
	}
	size, _ = strconv.ParseInt(a.header.Get("Content-Length"), 10, 64)
	return size, 0
}

// single checks that data, from byte off on of an object of size bytes, is what v
// wrote and of nothing else.
func (c *client) single(v history.Value, data []byte, off, size int64) error {
	if err := history.Check(data, off, v, size); err != nil {
		if body, _, other := history.Identify(data, off); other == nil && body != v {
			return fmt.Errorf("the body is of %s, the metadata of %s", body, v)
		}
		if w := c.knows(v); w != nil && w.size != size {
			return fmt.Errorf("%d bytes, though %s wrote %d", size, v, w.size)
		}
		return err
	}
	return nil
}

// list reads the body of an append.
func list(v history.Value, data []byte) ([]history.Value, error) {
	values, err := history.ReadList(data)
	if err == nil && (len(values) == 0 || values[len(values)-1] != v) {
		err = fmt.Errorf("the list ends in %v, the metadata is of %s", values, v)
	}
	return values, err
}

// parts tells the parts of an object that upload v made; data is the object
// whole, or from byte off on where that is within its last part.
func (c *client) parts(v history.Value, data []byte, off, size int64) ([]history.Value, error) {
	if off > 0 {
		return nil, fmt.Errorf("bytes %d to %d of an object of parts were not asked for", off, off+int64(len(data)))
	}
	var values []history.Value
	for at := int64(0); at < size; {
		rest := data[at:]
		part, n, err := history.Identify(rest[:min(len(rest), history.BlockSize)], 0)
		if err == nil && n > int64(len(rest)) {
			err = fmt.Errorf("%s is %d bytes, and %d are left", part, n, len(rest))
		}
		if err == nil {
			err = history.Check(rest[:n], 0, part, n)
		}
		if err != nil {
			return nil, fmt.Errorf("part %d, at byte %d: %w", len(values)+1, at, err)
		}
		if w := c.knows(part); w == nil || w.upload != v {
			return nil, fmt.Errorf("part %d is %s, which is no part of the upload that the metadata names", len(values)+1, part)
		}
		values = append(values, part)
		at += n
	}
	return values, nil
}
