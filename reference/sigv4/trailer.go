package sigv4

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"bleepstore/fault"
)

var (
	trailerUnannounced = fault.NewBug("streaming.trailer-unannounced",
		"a trailer that was not announced is skipped", "S-10", "S-14")
	trailerUnsigned = fault.NewBug("streaming.trailer-unsigned",
		"the trailers of signed chunks need no signature", "S-07", "S-14")
)

// TrailerMissing is the bug of a reader, and of who asks for the trailer.
var TrailerMissing = fault.NewBug("streaming.trailer-missing",
	"a trailer that was announced may be missing", "S-10", "S-14")

// SignedTrailerUnverified is a bug of a reader, and of who asks for the trailer.
var SignedTrailerUnverified = fault.NewBug("streaming.signed-trailer-unverified",
	"of a body of signed chunks and trailer neither the signatures nor the checksum are verified", "S-02", "S-07", "S-09", "S-14")

// A trailer is one that followed the final chunk.
type trailer struct{ name, value string }

const (
	trailerSignature = "x-amz-trailer-signature"
	// maxTrailers bounds how many there are; S3 knows one a request.
	maxTrailers = 16
)

// Announced returns the names in x-amz-trailer, in lower case, nil when there
// are none.
func Announced(h http.Header) []string {
	var names []string
	for _, value := range h["X-Amz-Trailer"] {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.ToLower(strings.Trim(name, " \t")); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

// readTrailers reads the lines behind the final chunk's header, up to and with
// the empty one: the trailers that were announced and, in a signed body, their
// signature.
//
// AWS writes a trailer's end as LF where it defines what is signed and as CRLF
// elsewhere; some clients send "name:value LF CRLF" for it, so an empty line
// right behind a bare LF belongs to that trailer.
func (c *ChunkReader) readTrailers() error {
	var signature string
	var bare, ended bool // the last line ended in a bare LF; or its CRLF was read
	for {
		line, crlf, err := c.line()
		switch {
		case err == io.EOF && ended:
			return c.checkTrailers(signature)
		case err != nil:
			return incomplete(err)
		case len(line) == 0 && crlf && !bare:
			return c.checkTrailers(signature)
		case len(line) == 0 && crlf:
			bare, ended = false, true
			continue
		}
		bare, ended = !crlf, false
		name, value, found := strings.Cut(string(line), ":")
		name, value = strings.ToLower(strings.Trim(name, " \t")), strings.Trim(value, " \t")
		switch {
		case !found || name == "" || signature != "" || len(c.trailers) == maxTrailers:
			return errTrailer(fmt.Errorf("trailer line %.100q", line))
		case name == trailerSignature && c.sig != nil:
			if signature = value; signature == "" {
				return errTrailer(errors.New("empty signature"))
			}
		case !slices.Contains(c.announced, name) && trailerUnannounced.On():
		case c.hasTrailer(name) || !slices.Contains(c.announced, name):
			return errTrailer(fmt.Errorf("trailer %.100q was not announced, or comes twice", name))
		default:
			c.trailers = append(c.trailers, trailer{name, value})
		}
	}
}

func (c *ChunkReader) hasTrailer(name string) bool {
	return slices.ContainsFunc(c.trailers, func(t trailer) bool { return t.name == name })
}

// checkTrailers compares the trailers with what was announced and signed.
func (c *ChunkReader) checkTrailers(signature string) error {
	for _, name := range c.announced {
		if !c.hasTrailer(name) && !TrailerMissing.On() {
			return errTrailer(fmt.Errorf("trailer %.100q is missing", name))
		}
	}
	if c.sig == nil {
		return nil
	}
	if signature == "" && trailerUnsigned.On() {
		return nil
	}
	if signature == "" {
		return errTrailer(errors.New(trailerSignature + " is missing"))
	}
	h := sha256.New()
	for _, t := range c.trailers {
		io.WriteString(h, t.name+":"+t.value+"\n")
	}
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return c.sig.trailer(sum, []byte(signature))
}
