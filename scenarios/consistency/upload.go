package consistency

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"bleepstore/conformance/history"
)

// An upload is a multipart upload as the clients that share it know it.
type upload struct {
	key, id string
	value   history.Value // what its metadata says; part of no history
	large   bool          // has two parts, of which the first must stay large
	parts   map[int]part  // guarded by the holding
}

type part struct {
	value history.Value
	etag  string
}

// begin creates an upload. The object that it makes carries, as metadata, a
// value by which a read tells whether all its parts are of this upload.
func (c *client) begin(ctx context.Context, h *holding, key string) *upload {
	u := &upload{key: key, value: c.rec.Value(), parts: map[int]part{}}
	c.known.Store(u.value, &written{upload: u.value, whole: true})
	op := history.Op{Kind: history.CreateUpload, Key: key}
	q := request{method: http.MethodPost, query: "uploads=", header: headers(valueHeader, meta(u.value))}
	c.do(ctx, h, &op, q, reply)
	if op.Outcome != history.OK {
		return nil
	}
	u.id = op.Result.UploadID
	return u
}

// uploadPart uploads a new value as part n.
func (c *client) uploadPart(ctx context.Context, h *holding, u *upload, n int, size int64) {
	v, body, w := c.body(size, u.value)
	op := history.Op{Kind: history.UploadPart, Key: u.key, Arg: history.Arg{UploadID: u.id, Part: n, Value: v, Size: size, ETag: w.etag}}
	q := request{method: http.MethodPut, query: fmt.Sprintf("partNumber=%d&uploadId=%s", n, url.QueryEscape(u.id)), body: body}
	c.do(ctx, h, &op, q, reply)
	if op.Outcome == history.OK {
		h.mu.Lock()
		u.parts[n] = part{v, op.Result.ETag}
		h.mu.Unlock()
	}
}

// complete completes an upload of what the client believes its parts to be.
func (c *client) complete(ctx context.Context, h *holding, u *upload, arg history.Arg) {
	type row struct {
		PartNumber int
		ETag       string
	}
	var order struct {
		XMLName xml.Name `xml:"CompleteMultipartUpload"`
		Part    []row
	}
	h.mu.Lock()
	numbers := make([]int, 0, len(u.parts))
	for n := range u.parts {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	sums := md5.New()
	for _, n := range numbers {
		p := u.parts[n]
		order.Part = append(order.Part, row{n, quoted(p.etag)})
		arg.Parts, arg.Values = append(arg.Parts, history.Part{Number: n, ETag: p.etag}), append(arg.Values, p.value)
		raw, _ := hex.DecodeString(p.etag) // where it is no MD5, r.digests is false
		sums.Write(raw)
	}
	h.mu.Unlock()
	if len(numbers) == 0 {
		return
	}
	if c.digests {
		arg.ETag = fmt.Sprintf("%x-%d", sums.Sum(nil), len(numbers))
	}
	arg.UploadID = u.id
	body, err := xml.Marshal(order)
	if err != nil {
		c.fail(err)
		return
	}
	op := history.Op{Kind: history.Complete, Key: u.key, Arg: arg}
	q := request{method: http.MethodPost, query: "uploadId=" + url.QueryEscape(u.id), header: headers(conditions(&arg)...), body: body}
	c.do(ctx, h, &op, q, reply)
}

// abort gives an upload up.
func (c *client) abort(ctx context.Context, h *holding, u *upload) {
	op := history.Op{Kind: history.Abort, Key: u.key, Arg: history.Arg{UploadID: u.id}}
	c.do(ctx, h, &op, request{method: http.MethodDelete, query: "uploadId=" + url.QueryEscape(u.id)}, reply)
}
