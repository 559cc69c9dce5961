package s3

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sigv4"
)

var (
	framingStored = fault.NewBug("streaming.framing-stored",
		"a body of signed chunks is stored with their headers and signatures", "S-01", "S-14")
	cutFilled = fault.NewBug("wire.cut-body-filled",
		"a body that breaks off is filled up with zeros, and its signed hash not looked at", "X-21")
	lengthDemanded = fault.NewBug("streaming.content-length-demanded",
		"a body in chunks has to come with a Content-Length, also in the chunked transfer coding", "S-01", "S-14")
	trailerSumUnverified = fault.NewBug("streaming.trailer-checksum-unverified",
		"the checksum in a trailer is not compared with the body", "S-09", "S-14")
	newTrailerUnverified = fault.NewBug("streaming.new-trailer-unverified",
		"an MD5, SHA512 or xxHash in a trailer is not compared with the body", "streaming.put.*.new-wrong.*", "streaming.part.*.new-wrong.*")
	partTrailerUnverified = fault.NewBug("streaming.part-trailer-unverified",
		"the checksum in a trailer is not compared with the body of a part", "S-14")
	digestsIgnored = fault.NewBug("streaming.head-digests-ignored",
		"Content-MD5 and the checksum in the head of a body in chunks are not looked at", "S-01")
	partSumIgnored = fault.NewBug("checksum.part-ignored",
		"the checksum of a part is not looked at", "K-01", "K-08")
)

const (
	// maxPut is the largest body of one PUT or part, in bytes.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
	maxPut = 5 << 30
	// bodyMemory is what a streamed body may take of the server's memory at
	// most: its blocks on the way to the store.
	bodyMemory = 1 << 20
)

// A bodyReader reads a request's body: it gives the client Limits.Idle for the
// next bytes, counts them, and tells what went wrong as S3 does.
type bodyReader struct {
	q     *request
	armed time.Time
}

// Read implements io.Reader.
func (b *bodyReader) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.armed) >= rearm {
		b.armed = now
		b.q.armRead(b.q.h.limits.Idle)
	}
	n, err := b.q.r.Body.Read(p)
	if err != nil && err != io.EOF && b.q.r.ContentLength > 0 && cutFilled.On() {
		clear(p[n:])
		n, err = int(min(int64(len(p)), b.q.r.ContentLength-b.q.received)), nil
		if n == 0 {
			err = io.EOF
		}
	}
	b.q.received += int64(n)
	switch {
	case err == nil:
	case err == io.EOF:
		b.q.bodyDone = true
		// Left in place, the deadline would end the request's context while
		// the domain still works on it.
		b.q.armRead(0)
	default:
		err = bodyError(err)
	}
	return n, err
}

// bodyError names a failed read: the client stalled, or went away.
func bodyError(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errcode.Wrap(errcode.RequestTimeout, err)
	}
	return errcode.Wrap(errcode.IncompleteBody, err)
}

var (
	emptyRefused = fault.NewBug("object.empty-refused",
		"a PutObject without bytes is refused", "O-02")
	putSmall = fault.NewBug("object.put-below-1-gib",
		"PutObject of more than 1 GiB is refused", "O-19")
	tooLargeCode = fault.NewBug("object.put-too-large-code",
		"PutObject of more than 5 GiB is refused with InvalidRequest", "O-19")
)

// putBody describes the body of a PutObject or UploadPart. Nothing of it is
// read here, so a request refused now costs the client no upload.
func (q *request) putBody() (object.Body, error) {
	size, err := q.payloadSize()
	if err != nil {
		return object.Body{}, err
	}
	if size == 0 && q.op.name == "PutObject" && emptyRefused.On() {
		return object.Body{}, &errcode.Error{Code: errcode.MissingRequestBody}
	}
	if size > maxPut && tooLargeCode.On() {
		return object.Body{}, &errcode.Error{Code: errcode.InvalidRequest}
	}
	if size > maxPut || size > 1<<30 && putSmall.On() {
		return object.Body{}, (&errcode.Error{Code: errcode.EntityTooLarge}).
			With("ProposedSize", strconv.FormatInt(size, 10)).
			With("MaxSizeAllowed", strconv.FormatInt(maxPut, 10))
	}
	c, err := q.claims()
	if err != nil {
		return object.Body{}, err
	}
	if err := q.reserve(min(size, bodyMemory)); err != nil {
		return object.Body{}, err
	}
	body := object.Body{Size: size, MD5: c.md5, Checksum: c.sum}
	raw := &bodyReader{q: q}
	switch id := q.identity; {
	case id != nil && id.Payload == sigv4.ChunksSigned && q.r.ContentLength >= 0 && framingStored.On():
		body.Reader, body.Size = raw, q.r.ContentLength
	case id != nil && id.Payload.Chunked():
		chunks := sigv4.NewChunkReader(raw, sigv4.ChunkOptions{Identity: id, Length: size, Trailers: c.trailers})
		body.Reader = chunks
		if sigv4.LengthIgnored.On() || sigv4.CutIsEnd.On() {
			chunks = sigv4.NewChunkReader(raw, sigv4.ChunkOptions{Identity: id, Length: maxPut, Trailers: c.trailers})
			data, err := io.ReadAll(chunks)
			if err != nil && !(errcode.Of(err) == errcode.IncompleteBody && sigv4.CutIsEnd.On()) {
				return body, err
			}
			body.Reader, body.Size = bytes.NewReader(data), int64(len(data))
		}
		if c.trailer != "" {
			name := c.trailer.Header()
			body.Checksum = object.Checksum{Algorithm: string(c.trailer)}
			body.Trailer = func() (string, error) { return trailerValue(c.trailer, chunks.Trailer(name)) }
			if id.Payload == sigv4.ChunksSignedTrailer && sigv4.SignedTrailerUnverified.On() || trailerSumUnverified.On() || q.op.name == "UploadPart" && partTrailerUnverified.On() ||
				c.trailer.Of2026() && newTrailerUnverified.On() {
				body.Trailer = nil
			}
		}
		if c.trailer == "" && digestsIgnored.On() {
			body.MD5, body.Checksum = nil, object.Checksum{}
		}
	default:
		body.Reader = raw
		if id != nil && id.Payload == sigv4.Signed && !cutFilled.On() {
			body.SHA256 = id.SHA256[:]
		}
	}
	return body, nil
}

// trailerValue checks the form of a checksum that came in a trailer.
func trailerValue(a checksum.Algorithm, text string) (string, error) {
	if _, err := a.Decode(text); err != nil && !(text == "" && sigv4.TrailerMissing.On()) {
		return "", invalidChecksum(a, err)
	}
	return text, nil
}

var lengthUnneeded = fault.NewBug("object.no-length-is-empty",
	"a PutObject without Content-Length stores an empty object", "O-17")

// payloadSize is the length of the payload, in bytes, as the client declares
// it: of the decoded bytes when they come in chunks.
func (q *request) payloadSize() (int64, error) {
	chunked := q.identity != nil && q.identity.Payload.Chunked()
	if chunked && q.r.ContentLength < 0 && lengthDemanded.On() {
		return 0, &errcode.Error{Code: errcode.MissingContentLength}
	}
	if !chunked {
		if q.header("Content-Length") == "" {
			if lengthUnneeded.On() {
				return 0, nil
			}
			return 0, &errcode.Error{Code: errcode.MissingContentLength}
		}
		return q.r.ContentLength, nil
	}
	// S3 takes a length that is no number for none.
	// https://github.com/versity/versitygw/issues/1656
	n, err := strconv.ParseUint(q.header("X-Amz-Decoded-Content-Length"), 10, 63)
	if err != nil && !sigv4.LengthIgnored.On() {
		return 0, &errcode.Error{Code: errcode.MissingContentLength, Err: err,
			Message: "You must provide the x-amz-decoded-content-length HTTP header."}
	}
	return int64(n), nil
}

// claims are what a client says of a body in order to have it checked.
type claims struct {
	md5      []byte          // raw Content-MD5, nil when absent
	sum      object.Checksum // x-amz-checksum-*, zero when absent
	trailer  checksum.Algorithm
	trailers []string // announced, lower case
}

// none says that there is nothing to check the body by.
func (c claims) none() bool { return c.md5 == nil && c.sum.Algorithm == "" && c.trailer == "" }

// claims reads Content-MD5 and the checksum headers.
func (q *request) claims() (claims, error) {
	var c claims
	var err error
	if c.md5, err = q.contentMD5(); err != nil {
		return c, err
	}
	if c.sum, err = q.checksumHeader(); err != nil {
		return c, err
	}
	if c.trailers = sigv4.Announced(q.r.Header); len(c.trailers) > 0 {
		if c.trailer, err = q.trailerChecksum(c.trailers); err != nil {
			return c, err
		}
		if c.sum.Algorithm != "" {
			return c, errcode.New(errcode.InvalidRequest, "Expecting a single x-amz-checksum- header or trailer.")
		}
	}
	return c, q.checkSDKAlgorithm(c)
}

var malformedMD5 = fault.NewBug("object.content-md5-malformed-ignored",
	"a Content-MD5 that is not the base64 of 16 bytes is ignored", "O-16")

// contentMD5 returns the raw Content-MD5, nil when there is none.
func (q *request) contentMD5() ([]byte, error) {
	values := q.r.Header["Content-Md5"]
	if len(values) == 0 {
		return nil, nil
	}
	sum, err := base64.StdEncoding.DecodeString(values[0])
	if (err != nil || len(sum) != md5.Size) && malformedMD5.On() {
		return nil, nil
	}
	if err != nil || len(sum) != md5.Size || len(values) > 1 {
		return nil, (&errcode.Error{Code: errcode.InvalidDigest, Message: "The Content-MD5 you specified is not valid."}).
			With("Content-MD5", values[0])
	}
	return sum, nil
}

// trailerChecksum returns the algorithm of the one trailer announced.
func (q *request) trailerChecksum(names []string) (checksum.Algorithm, error) {
	if q.identity == nil || !q.identity.Payload.Trailing() {
		return "", errcode.New(errcode.InvalidRequest, "x-amz-trailer needs a STREAMING payload with trailer.")
	}
	a, ok := checksum.FromHeader(names[0])
	if !ok || len(names) > 1 {
		return "", (&errcode.Error{Code: errcode.InvalidRequest, Message: "The value specified in the x-amz-trailer header is not supported"}).
			With("ArgumentName", "x-amz-trailer")
	}
	return a, nil
}

var (
	algorithmAlone = fault.NewBug("checksum.announced-not-sent",
		"x-amz-sdk-checksum-algorithm is accepted without the checksum that it announces", "K-03")
	algorithmCapitals = fault.NewBug("checksum.announced-in-capitals",
		"x-amz-sdk-checksum-algorithm is unknown unless it is in capitals", "K-03")
)

// checkSDKAlgorithm holds x-amz-sdk-checksum-algorithm to its promise that a
// checksum of that algorithm is sent.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
func (q *request) checkSDKAlgorithm(c claims) error {
	name := q.header(hSDKChecksum)
	if name == "" {
		return nil
	}
	a, ok := checksum.Parse(name)
	if name != string(a) && algorithmCapitals.On() {
		ok = false
	}
	switch {
	case !ok:
		return errcode.New(errcode.InvalidRequest, "Value for x-amz-sdk-checksum-algorithm header is invalid.")
	case c.sum.Algorithm == string(a), c.trailer == a:
		return nil
	case c.sum.Algorithm != "" || c.trailer != "":
		return errcode.New(errcode.InvalidRequest, "Value for x-amz-sdk-checksum-algorithm header is invalid.")
	case algorithmAlone.On():
		return nil
	}
	return errcode.New(errcode.InvalidRequest,
		"x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
}

var malformedIgnored = fault.NewBug("checksum.malformed-ignored",
	"a checksum that is not base64, or of another length, is ignored", "K-01")

// checksumHeader returns the one x-amz-checksum-* value sent, zero when none.
func (q *request) checksumHeader() (object.Checksum, error) {
	var out object.Checksum
	for i, name := range checksumHeaders {
		values := q.r.Header[name]
		if len(values) == 0 {
			continue
		}
		a := checksumAlgorithms[i]
		if out.Algorithm != "" || len(values) > 1 {
			return out, errcode.New(errcode.InvalidRequest, "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
		}
		_, err := a.Decode(values[0])
		if q.op.name == "UploadPart" && partSumIgnored.On() {
			continue
		}
		if err != nil && !(q.op.composite && isComposite(a, values[0])) {
			if malformedIgnored.On() {
				return object.Checksum{}, nil
			}
			return out, invalidChecksum(a, err)
		}
		out = object.Checksum{Algorithm: string(a), Value: values[0]}
	}
	return out, nil
}

func isComposite(a checksum.Algorithm, text string) bool {
	_, _, err := a.DecodeComposite(text)
	return err == nil
}

func invalidChecksum(a checksum.Algorithm, err error) error {
	return &errcode.Error{Code: errcode.InvalidRequest, Err: err,
		Message: "Value for " + a.Header() + " header is invalid."}
}

// The algorithms, and the canonical names of their headers.
var (
	checksumAlgorithms = checksum.All()
	checksumHeaders    = func() []string {
		var out []string
		for _, a := range checksumAlgorithms {
			out = append(out, http.CanonicalHeaderKey(a.Header()))
		}
		return out
	}()
)
