package checksum

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
	"bleepstore/scenarios/sign"
)

// minPart is the least size of every part but the last.
const minPart = 5 << 20

// An upload is a multipart upload in progress.
type upload struct {
	s               *S
	bucket, key, id string
}

// create asks for an upload of key.
func create(ctx context.Context, s *S, bucket, key string, headers ...string) *Response {
	return s.Send(ctx, Request{Method: "POST", Bucket: bucket, Key: key, Query: "uploads=", Header: header(headers...)})
}

// begin creates an upload in a bucket of its own; the scenario is blocked when
// that fails.
func begin(ctx context.Context, s *S, headers ...string) upload {
	b := s.Bucket(ctx)
	r := create(ctx, s, b, "k", headers...)
	s.Must(failed(r), "create a multipart upload with "+strings.Join(headers, " "))
	return upload{s, b, "k", element(r.Body, "UploadId")}
}

func (u upload) query(more string) string { return more + "uploadId=" + url.QueryEscape(u.id) }

// part uploads a part.
func (u upload) part(ctx context.Context, number int, data []byte, headers ...string) *Response {
	return u.s.Send(ctx, Request{Method: "PUT", Bucket: u.bucket, Key: u.key, Query: u.query(fmt.Sprintf("partNumber=%d&", number)),
		Body: data, Payload: sign.Unsigned, Header: header(headers...)})
}

// mustPart uploads a part and returns its ETag; the scenario is blocked when
// that fails.
func (u upload) mustPart(ctx context.Context, number int, data []byte, headers ...string) string {
	r := u.part(ctx, number, data, headers...)
	u.s.Must(failed(r), fmt.Sprintf("upload part %d", number))
	return r.Header.Get("ETag")
}

// A listed part is one row of a completion; without an element it has no
// checksum.
type listed struct {
	number               int
	etag, element, value string
}

// list uploads parts with their checksums and returns the rows that complete
// them.
func (u upload) list(ctx context.Context, a digest.Algorithm, parts ...[]byte) []listed {
	var rows []listed
	for i, data := range parts {
		value := a.Of(data)
		rows = append(rows, listed{i + 1, u.mustPart(ctx, i+1, data, a.Header(), value), a.Element(), value})
	}
	return rows
}

// bare returns the rows without their checksums.
func bare(rows []listed) []listed {
	out := make([]listed, len(rows))
	for i, r := range rows {
		out[i] = listed{number: r.number, etag: r.etag}
	}
	return out
}

// complete completes the upload from the rows.
func (u upload) complete(ctx context.Context, rows ...listed) *Response {
	return u.completeWith(ctx, nil, rows...)
}

func (u upload) completeWith(ctx context.Context, headers [][2]string, rows ...listed) *Response {
	var b strings.Builder
	b.WriteString(`<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	for _, r := range rows {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><ETag>%s</ETag>", r.number, strings.ReplaceAll(r.etag, `"`, "&quot;"))
		if r.element != "" {
			fmt.Fprintf(&b, "<%s>%s</%s>", r.element, r.value, r.element)
		}
		b.WriteString("</Part>")
	}
	b.WriteString("</CompleteMultipartUpload>")
	return u.s.Send(ctx, Request{Method: "POST", Bucket: u.bucket, Key: u.key, Query: u.query(""), Body: []byte(b.String()), Header: headers})
}

// mustComplete is complete as a precondition.
func (u upload) mustComplete(ctx context.Context, rows ...listed) *Response {
	r := u.complete(ctx, rows...)
	u.s.Must(failed(r), "complete the upload")
	return r
}

// parts lists the upload's parts.
func (u upload) parts(ctx context.Context) *Response {
	return u.s.Send(ctx, Request{Bucket: u.bucket, Key: u.key, Query: u.query("")})
}
