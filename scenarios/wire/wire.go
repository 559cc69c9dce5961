// Package wire holds the rules of bytes on a connection: framing, heads,
// addresses, documents, and what becomes of a connection that breaks off.
package wire

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

const (
	rfc9110 = "https://www.rfc-editor.org/rfc/rfc9110"
	rfc9112 = "https://www.rfc-editor.org/rfc/rfc9112"

	api       = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	apiErrors = api + "ErrorResponses.html#ErrorCodeList"
	guide     = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
)

var needs = []Feature{Wire, Objects}

// Refusals in which S3, a proxy in front of it and an HTTP library may differ:
// only the status counts.
var (
	bad         = Answer{Status: 400}
	forbidden   = Answer{Status: 403}
	noLength    = Answer{Status: 411}
	notAllowed  = Answer{Status: 405}
	unsupported = Answer{Status: 501}
)

// closing is how long a server may take to close a connection that it must.
const closing = 2 * time.Second

// loose is a PUT of the key whose framing the signature does not cover: no
// Content-Length, and a payload that is not signed.
func loose(bucket, key string) Request {
	return Request{Method: "PUT", Bucket: bucket, Key: key, Payload: sign.Unsigned, Omit: []string{"Content-Length"}}
}

// inHead returns the last hand on a head that puts text before its end.
func inHead(lines string) func(head string) string {
	return func(head string) string { return strings.TrimSuffix(head, "\r\n") + lines + "\r\n" }
}

// inside replaces text in a head.
func inside(from, to string) func(head string) string {
	return func(head string) string { return strings.Replace(head, from, to, 1) }
}

// A victim is an object, and the signed request that would delete it.
type victim struct{ bucket, request string }

// prey stores an object that a hidden request would delete.
func prey(ctx context.Context, s *S, c *Conn, bucket string) victim {
	s.MustPut(ctx, bucket, "victim", "alive")
	head, _ := c.Render(Request{Method: "DELETE", Bucket: bucket, Key: "victim"})
	return victim{bucket, string(head)}
}

// expectAlive demands that nobody ran the hidden request.
func (v victim) expectAlive(ctx context.Context, s *S) {
	if _, err := s.Head(ctx, v.bucket, "victim"); err != nil {
		s.Silently("a request hidden in the bytes of another was run: HEAD of what it deletes got %s", Outcome(err))
	}
}

// expectClosed demands that the server closes the connection.
func expectClosed(s *S, c *Conn, name string) {
	s.Expect(c.Closed(closing)).To(BeTrue(), "%s: the server closes the connection", name)
}
