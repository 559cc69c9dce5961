package sigv4

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"
	"sync"

	"bleepstore/fault"
)

var (
	largeUnverified = fault.NewBug("streaming.large-chunk-unverified",
		"the signatures of chunks of more than 64 KiB are not verified", "S-02", "S-14")
	finalOptional = fault.NewBug("streaming.final-chunk-optional",
		"a body may end without the final chunk", "S-03", "S-14")
	smallChunks = fault.NewBug("streaming.small-chunks",
		"chunks of less than 8 KiB may be followed by others", "S-05", "S-14")
	finalUnverified = fault.NewBug("streaming.final-chunk-unverified",
		"the signature of the final, empty chunk is not verified", "S-02", "S-14")
)

const (
	// minChunk is the least size in bytes of a chunk that another follows. AWS
	// documents it for signed chunks and was seen to demand it of unsigned
	// ones too.
	// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
	// https://github.com/aws/aws-sdk-js-v3/issues/6949
	minChunk = 8192
	// maxWhole is the largest chunk that is verified before any of its bytes
	// is handed out; the SDKs' usual size.
	maxWhole = 64 << 10
	// maxLine bounds a chunk's header and a trailer, in bytes.
	maxLine = 4096
)

// LengthIgnored and CutIsEnd are bugs of a reader, and of who gives it a length.
var (
	LengthIgnored = fault.NewBug("streaming.decoded-length-ignored",
		"the length of a body in chunks is what comes, whatever x-amz-decoded-content-length says", "S-04", "S-14")
	CutIsEnd = fault.NewBug("streaming.cut-is-end",
		"a body in chunks that breaks off is stored as far as it came", "S-03", "S-14")
)

// ChunkOptions are what NewChunkReader needs besides the body.
type ChunkOptions struct {
	// Identity is what Verify made of the request; its Payload must be Chunked.
	Identity *Identity
	// Length is x-amz-decoded-content-length, in bytes.
	Length int64
	// Trailers are the names that x-amz-trailer announced, in lower case.
	Trailers []string
}

// A ChunkReader yields the payload of an aws-chunked body.
//
// It verifies each chunk of up to 64 KiB before handing out any of it. Larger
// ones are handed out while they stream, but for their last piece; and the last
// piece of the payload is held back until the final chunk, the trailers and
// the end of the body have been verified too. So whoever has read Length bytes,
// or io.EOF, has a body that is whole and genuine, and whoever meets an error
// must discard what was read.
//
// An error is io.EOF, an *errcode.Error, or that of the body, wrapped. A
// ChunkReader is for one goroutine; it does not close the body.
type ChunkReader struct {
	src  *bufio.Reader // nil once err is set
	err  error         // sticky
	mode Payload
	sig  *chain    // nil when chunks are unsigned
	hash hash.Hash // of the current chunk, made when a chunk is large

	left     int64 // declared bytes in chunks to come
	rest     int64 // bytes of the current chunk not yet read
	size     int64 // of the current chunk
	index    int   // of the current chunk, from 1
	verified bool  // the current chunk is
	provided [2 * sha256.Size]byte

	announced []string
	trailers  []trailer
}

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxWhole+maxLine) }}

// NewChunkReader returns a reader of the payload of body.
func NewChunkReader(body io.Reader, o ChunkOptions) *ChunkReader {
	c := &ChunkReader{mode: o.Identity.Payload, left: o.Length, announced: o.Trailers}
	if !c.mode.Chunked() {
		c.err = errors.New("the payload is not chunked")
		return c
	}
	if c.mode.signedChunks() {
		c.sig = newChain(o.Identity)
	}
	c.src = readers.Get().(*bufio.Reader)
	c.src.Reset(body)
	return c
}

// Trailer returns the value of a trailer by its lower-case name, "" when there
// was none. It is meaningful once Read has reported io.EOF.
func (c *ChunkReader) Trailer(name string) string {
	for _, t := range c.trailers {
		if t.name == name {
			return t.value
		}
	}
	return ""
}

// Read implements io.Reader.
func (c *ChunkReader) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.read(p)
	if err != nil {
		c.err = err
		c.src.Reset(nil)
		readers.Put(c.src)
		c.src = nil
		if err == io.EOF && n > 0 {
			return n, nil
		}
	}
	return n, err
}

// read returns either bytes, or an error, or the last bytes and io.EOF.
func (c *ChunkReader) read(p []byte) (int, error) {
	if c.rest == 0 {
		if err := c.next(); err != nil {
			return 0, err
		}
	}
	n, err := c.src.Read(p[:min(int64(len(p)), c.rest)])
	if err != nil {
		return 0, incomplete(err)
	}
	if c.sig != nil && !c.verified {
		c.hash.Write(p[:n])
	}
	if c.rest -= int64(n); c.rest > 0 {
		return n, nil
	}
	if err := c.endChunk(); err != nil {
		return 0, err
	}
	if c.left > 0 {
		return n, nil
	}
	if err := c.next(); err != io.EOF && !(errors.Is(err, io.EOF) && finalOptional.On()) {
		return 0, err
	}
	return n, io.EOF
}

// next reads the header of a chunk, and the chunk when it is small. At the
// final chunk it reads the rest of the body and returns io.EOF.
func (c *ChunkReader) next() error {
	size, err := c.header()
	if err != nil {
		return err
	}
	if size == 0 {
		return c.finish()
	}
	c.index++
	if c.index > 1 && c.size < minChunk && !smallChunks.On() {
		return errChunkSize(c.index, c.size)
	}
	if size > c.left {
		return errIncomplete(errors.New("more bytes than x-amz-decoded-content-length"))
	}
	c.left -= size
	c.size, c.rest, c.verified = size, size, false
	if c.sig == nil {
		return nil
	}
	if size > maxWhole {
		if c.hash == nil {
			c.hash = sha256.New()
		}
		c.hash.Reset()
		return nil
	}
	data, err := c.src.Peek(int(size))
	if err != nil {
		return incomplete(err)
	}
	c.verified = true
	return c.sig.chunk(sha256.Sum256(data), c.provided[:])
}

// header reads <hex size>[;<extension>...]CRLF; the signature goes to
// c.provided.
func (c *ChunkReader) header() (size int64, err error) {
	line, crlf, err := c.line()
	if err != nil {
		return 0, incomplete(err)
	}
	if !crlf {
		return 0, errIncomplete(errors.New("chunk header does not end in CRLF"))
	}
	digits, extensions, _ := strings.Cut(string(line), ";")
	for _, d := range []byte(digits) {
		if unhex(d) > 15 { // ParseInt would take a sign and underscores
			return 0, errIncomplete(fmt.Errorf("chunk size %.20q", digits))
		}
	}
	if size, err = strconv.ParseInt(digits, 16, 64); err != nil {
		return 0, errIncomplete(fmt.Errorf("chunk size %.20q", digits))
	}
	if c.sig == nil {
		return size, nil
	}
	for ext := range strings.SplitSeq(extensions, ";") {
		name, value, _ := strings.Cut(strings.Trim(ext, " \t"), "=")
		if name == "chunk-signature" && len(value) == len(c.provided) {
			copy(c.provided[:], value)
			return size, nil
		}
	}
	return 0, errIncomplete(errors.New("chunk without signature"))
}

// endChunk reads the CRLF behind a chunk's bytes and verifies a chunk that was
// too large to be verified before.
func (c *ChunkReader) endChunk() error {
	if line, crlf, err := c.line(); err != nil {
		return incomplete(err)
	} else if len(line) > 0 || !crlf {
		return errIncomplete(errors.New("chunk does not end in CRLF"))
	}
	if c.sig == nil || c.verified {
		return nil
	}
	var sum [sha256.Size]byte
	c.hash.Sum(sum[:0])
	if largeUnverified.On() {
		c.sig.prev = append(c.sig.prev[:0], c.provided[:]...)
		return nil
	}
	return c.sig.chunk(sum, c.provided[:])
}

// finish reads what follows the final chunk's header and returns io.EOF when
// all of it is right.
func (c *ChunkReader) finish() error {
	if c.left != 0 && !LengthIgnored.On() && !CutIsEnd.On() {
		return errIncomplete(errors.New("fewer bytes than x-amz-decoded-content-length"))
	}
	if c.sig != nil {
		if err := c.sig.chunk(sha256.Sum256(nil), c.provided[:]); err != nil && !finalUnverified.On() {
			return err
		}
	}
	if c.mode.Trailing() {
		if err := c.readTrailers(); err != nil {
			return err
		}
	} else if line, crlf, err := c.line(); err != nil {
		return incomplete(err)
	} else if len(line) > 0 || !crlf {
		return errIncomplete(errors.New("final chunk does not end in CRLF"))
	}
	switch _, err := c.src.ReadByte(); err {
	case io.EOF:
		return io.EOF
	case nil:
		return errIncomplete(errors.New("bytes behind the final chunk"))
	default:
		return incomplete(err)
	}
}

// line reads a line and says whether CRLF or a bare LF ended it; neither is
// part of it. The line is valid until the next read. At the end of the body it
// returns io.EOF, inside a line io.ErrUnexpectedEOF.
func (c *ChunkReader) line() (line []byte, crlf bool, err error) {
	line, err = c.src.ReadSlice('\n')
	switch {
	case err == io.EOF && len(line) > 0:
		return nil, false, io.ErrUnexpectedEOF
	case err == bufio.ErrBufferFull || len(line) > maxLine:
		return nil, false, errLine
	case err != nil:
		return nil, false, err
	}
	line, crlf = bytes.CutSuffix(line[:len(line)-1], []byte{'\r'})
	return line, crlf, nil
}

var errLine = errors.New("line too long")

// incomplete tells a body that ended early or makes no sense from one that
// could not be read.
func incomplete(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF || err == errLine {
		return errIncomplete(err)
	}
	return fmt.Errorf("read chunked body: %w", err)
}
