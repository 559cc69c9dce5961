package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Messages of HTTP/1.1 as bytes: where each ends is all that is wanted of them,
// and what goes on is what has come.

// mostHead bounds a head. A longer one is not understood.
const mostHead = 1 << 20

// errOdd is a message whose end cannot be told.
var errOdd = errors.New("not a message of HTTP/1.1")

// readHead reads up to the empty line that ends a head, that line included.
// Empty lines before it belong to it. What was read comes with any error, which
// is errOdd for a head that is too long.
func readHead(br *bufio.Reader) (head []byte, err error) {
	for begun := false; ; {
		line, err := br.ReadSlice('\n')
		head = append(head, line...)
		switch {
		case err == bufio.ErrBufferFull:
		case err != nil:
			return head, err
		case len(bytes.TrimRight(line, "\r\n")) > 0:
			begun = true
		case begun:
			return head, nil
		}
		if len(head) > mostHead {
			return head, errOdd
		}
	}
}

// A frame is how a body ends: after length bytes, or with its last chunk, or,
// where length is negative, with the connection.
type frame struct {
	length  int64
	chunked bool
}

// asks reads the head of a request.
func asks(head []byte) (*http.Request, frame, error) {
	head = bytes.TrimLeft(head, "\r\n")
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		return nil, frame{}, fmt.Errorf("%w: %w", errOdd, err)
	}
	if r.Method == http.MethodConnect || r.Header.Get("Upgrade") != "" {
		return nil, frame{}, errOdd // what comes behind it is no HTTP
	}
	// Go makes one meaning of what a server may take for another, or refuse.
	fields, sound := names(head)
	lengths, codings := fields["content-length"], fields["transfer-encoding"]
	if !sound || lengths+codings > 1 || codings == 1 && len(r.TransferEncoding) != 1 {
		return nil, frame{}, errOdd
	}
	f := frame{r.ContentLength, codings == 1}
	r.Body = http.NoBody
	return r, f, nil
}

// names counts the fields of a head by their names in lower case; sound says
// that each is a line of its own, whose name has nothing odd about it.
func names(head []byte) (fields map[string]int, sound bool) {
	fields, sound = map[string]int{}, !bytes.ContainsRune(bytes.ReplaceAll(head, []byte("\r\n"), nil), '\r')
	_, rest, _ := bytes.Cut(head, []byte("\n"))
	for line := range bytes.Lines(rest) {
		if len(bytes.TrimRight(line, "\r\n")) == 0 {
			break
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		sound = sound && ok && len(name) > 0 && !bytes.ContainsAny(name, " \t")
		fields[strings.ToLower(string(bytes.TrimSpace(name)))]++
	}
	return fields, sound
}

// answers reads the head of an answer to a request of the method.
func answers(head []byte, method string) (status int, f frame, err error) {
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(head, "\r\n"))), &http.Request{Method: method})
	if err != nil {
		return 0, frame{}, fmt.Errorf("%w: %w", errOdd, err)
	}
	status = r.StatusCode
	if method == http.MethodHead || status/100 == 1 || status == http.StatusNoContent || status == http.StatusNotModified {
		return status, frame{}, nil
	}
	return status, frame{r.ContentLength, len(r.TransferEncoding) > 0}, nil
}

// speaks says whether what comes next begins as an answer does.
func speaks(br *bufio.Reader) (bool, error) {
	const begin = "HTTP/"
	for n := 1; n <= len(begin); n++ {
		b, err := br.Peek(n)
		if err != nil && len(b) == 0 {
			return false, err
		}
		if string(b) != begin[:len(b)] || err != nil {
			return false, nil
		}
	}
	return true, nil
}

// copyBody copies the body that begins in src. Its end is nil; errOdd is a body
// whose end cannot be told any more, io.ErrUnexpectedEOF one that broke off. All
// that was read has been written in any case, unless dst failed.
func copyBody(dst io.Writer, src *bufio.Reader, f frame) error {
	switch {
	case f.chunked:
		return copyChunks(dst, src)
	case f.length < 0:
		_, err := io.Copy(dst, src)
		return err
	}
	_, err := io.CopyN(dst, src, f.length)
	return unexpected(err)
}

func copyChunks(dst io.Writer, src *bufio.Reader) error {
	for {
		line, err := copyLine(dst, src)
		if err != nil {
			return err
		}
		size, _, _ := strings.Cut(line, ";")
		n, err := strconv.ParseUint(strings.TrimSpace(size), 16, 62)
		if err != nil {
			return fmt.Errorf("%w: %w", errOdd, err)
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(dst, src, int64(n)); err != nil {
			return unexpected(err)
		}
		if line, err := copyLine(dst, src); err != nil || line != "" {
			return errors.Join(errOdd, err)
		}
	}
	for { // the trailer
		if line, err := copyLine(dst, src); err != nil || line == "" {
			return err
		}
	}
}

// copyLine copies a line, and returns it without its end.
func copyLine(dst io.Writer, src *bufio.Reader) (string, error) {
	line, err := src.ReadSlice('\n')
	text := strings.TrimRight(string(line), "\r\n")
	if err == bufio.ErrBufferFull {
		err = errOdd
	}
	if _, werr := dst.Write(line); werr != nil {
		return "", werr
	}
	return text, unexpected(err)
}

func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// errCut is how a writer says that it has let through all that it was to.
var errCut = errors.New("cut")

// A knife lets left bytes through, and then is errCut.
type knife struct {
	io.Writer
	left int64
}

func (k *knife) Write(p []byte) (int, error) {
	n, err := k.Writer.Write(p[:min(int64(len(p)), k.left)])
	if k.left -= int64(n); err == nil && k.left == 0 {
		err = errCut
	}
	return n, err
}
