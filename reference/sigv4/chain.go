package sigv4

import (
	"crypto/sha256"
	"encoding/hex"

	"bleepstore/fault"
)

var (
	chunksUnverified = fault.NewBug("streaming.chunks-unverified",
		"the signatures of chunks are not verified", "S-02", "S-14")
	firstChunkOnly = fault.NewBug("streaming.first-chunk-only",
		"of the signatures of chunks only the first is verified", "S-02", "S-14")

	trailerUnverified = fault.NewBug("streaming.trailer-unverified",
		"the signature of trailers is not verified", "S-07", "S-14")
)

// A chain verifies the signatures of chunks, each of which covers the one
// before; the first covers the request's.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
type chain struct {
	id   *Identity
	prev []byte // hex
	buf  []byte
}

func newChain(id *Identity) *chain {
	return &chain{id: id, prev: []byte(id.seed)}
}

var emptyHash = func() string {
	sum := sha256.Sum256(nil)
	return hex.EncodeToString(sum[:])
}()

// chunk verifies the signature of a chunk whose bytes hash to sum.
func (c *chain) chunk(sum [sha256.Size]byte, provided []byte) error {
	c.start("AWS4-HMAC-SHA256-PAYLOAD")
	c.buf = append(c.buf, emptyHash...)
	c.buf = append(c.buf, '\n')
	if string(c.prev) != c.id.seed && firstChunkOnly.On() || chunksUnverified.On() || c.id.Payload == ChunksSignedTrailer && SignedTrailerUnverified.On() {
		c.prev = append(c.prev[:0], provided...)
		return nil
	}
	return c.verify(sum, provided)
}

// trailer verifies the signature of trailers that hash to sum, each written
// name:value and LF.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
func (c *chain) trailer(sum [sha256.Size]byte, provided []byte) error {
	c.start("AWS4-HMAC-SHA256-TRAILER")
	if trailerUnverified.On() || SignedTrailerUnverified.On() {
		return nil
	}
	return c.verify(sum, provided)
}

func (c *chain) start(algorithm string) {
	c.buf = append(c.buf[:0], algorithm...)
	c.buf = append(c.buf, '\n')
	c.buf = append(c.buf, c.id.stamp...)
	c.buf = append(c.buf, '\n')
	c.buf = append(c.buf, c.id.scope...)
	c.buf = append(c.buf, '\n')
	c.buf = append(c.buf, c.prev...)
	c.buf = append(c.buf, '\n')
}

func (c *chain) verify(sum [sha256.Size]byte, provided []byte) error {
	c.buf = hex.AppendEncode(c.buf, sum[:])
	if !c.id.key.verify(c.buf, string(provided)) {
		return errSignature(c.id.AccessKey, c.buf, string(provided), nil)
	}
	c.prev = append(c.prev[:0], provided...)
	return nil
}
