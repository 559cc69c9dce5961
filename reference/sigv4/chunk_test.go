package sigv4

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"bleepstore/reference/errcode"

	"pgregory.net/rapid"
)

// An encoder writes aws-chunked bodies, told from the documentation and
// without this package's code but for the key.
type encoder struct {
	mode    Payload
	id      *Identity
	trailer string // "name:value" lines, each with its CRLF
}

const testSeed = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"

func newEncoder(mode Payload) *encoder {
	return &encoder{mode: mode, id: &Identity{
		AccessKey: exampleKey, Payload: mode, seed: testSeed,
		stamp: "20130524T000000Z", scope: "20130524/us-east-1/s3/aws4_request",
		key: newSigningKey(exampleSecret, "20130524", "us-east-1", "s3"),
	}}
}

func hmacSum(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	io.WriteString(h, text)
	return h.Sum(nil)
}

func (e *encoder) sign(kind, prev, rest string) string {
	key := []byte("AWS4" + exampleSecret)
	for part := range strings.SplitSeq(e.id.scope, "/") {
		key = hmacSum(key, part)
	}
	return hex.EncodeToString(hmacSum(key, "AWS4-HMAC-SHA256-"+kind+"\n"+e.id.stamp+"\n"+e.id.scope+"\n"+prev+"\n"+rest))
}

func sumHex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// encode writes payload in chunks of the given sizes, the last of which
// repeats.
func (e *encoder) encode(payload []byte, sizes ...int) string {
	var b strings.Builder
	signed, prev := e.mode.signedChunks(), testSeed
	chunk := func(data string) {
		fmt.Fprintf(&b, "%x", len(data))
		if signed {
			prev = e.sign("PAYLOAD", prev, emptySum+"\n"+sumHex(data))
			b.WriteString(";chunk-signature=" + prev)
		}
		b.WriteString("\r\n" + data)
		if data != "" {
			b.WriteString("\r\n")
		}
	}
	for len(payload) > 0 {
		n := min(sizes[0], len(payload))
		chunk(string(payload[:n]))
		payload = payload[n:]
		if len(sizes) > 1 {
			sizes = sizes[1:]
		}
	}
	chunk("")
	if e.mode.Trailing() {
		b.WriteString(e.trailer)
	}
	if e.mode == ChunksSignedTrailer {
		b.WriteString("x-amz-trailer-signature:" + e.sign("TRAILER", prev, sumHex(strings.ReplaceAll(e.trailer, "\r\n", "\n"))) + "\r\n")
	}
	return b.String() + "\r\n"
}

// reader reads body with the trailers announced that the encoder writes.
func (e *encoder) reader(body io.Reader, length int64) *ChunkReader {
	var names []string
	for line := range strings.SplitSeq(e.trailer, "\r\n") {
		if name, _, found := strings.Cut(line, ":"); found {
			names = append(names, name)
		}
	}
	return NewChunkReader(body, ChunkOptions{Identity: e.id, Length: length, Trailers: names})
}

var chunkModes = []Payload{ChunksSigned, ChunksSignedTrailer, ChunksUnsignedTrailer}

func drawEncoder(t *rapid.T) *encoder {
	e := newEncoder(rapid.SampledFrom(chunkModes).Draw(t, "mode"))
	if e.mode.Trailing() {
		e.trailer = rapid.SampledFrom([]string{"", "x-amz-checksum-crc32:AAAAAA==\r\n", "x-amz-a:1\r\nx-amz-b:\r\n"}).Draw(t, "trailer")
	}
	return e
}

// payloadOf returns n bytes that differ from place to place.
func payloadOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestChunksDecode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := drawEncoder(t)
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{8192, 8193, 65535, 65536, 65537, 100000}), 1, 3).Draw(t, "sizes")
		payload := payloadOf(rapid.SampledFrom([]int{0, 1, 8191, 8192, 8193, 65536, 65537, 150000}).Draw(t, "length"))
		wrap := rapid.SampledFrom([]func(io.Reader) io.Reader{
			func(r io.Reader) io.Reader { return r },
			iotest.DataErrReader, iotest.HalfReader, func(r io.Reader) io.Reader { return iotest.OneByteReader(r) },
		}).Draw(t, "body")
		c := e.reader(wrap(strings.NewReader(e.encode(payload, sizes...))), int64(len(payload)))
		got, err := readAll(c, rapid.SampledFrom([]int{1 << 20, 4096, 65536, 1000}).Draw(t, "buffer"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, payload) {
			t.Fatalf("got %d bytes, not the %d sent", len(got), len(payload))
		}
		if strings.Contains(e.trailer, "crc32") != (c.Trailer("x-amz-checksum-crc32") == "AAAAAA==") {
			t.Fatalf("trailer is %q", c.Trailer("x-amz-checksum-crc32"))
		}
		if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Fatalf("read behind the end: %d, %v", n, err)
		}
	})
}

// readAll reads with a buffer of size n and checks what Read promises.
func readAll(r io.Reader, n int) ([]byte, error) {
	var all []byte
	buf := make([]byte, n)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

// Any byte of a signed body is changed; either it is refused, or what is read
// is what was sent.
func TestAnyChunkByteChangedIsRefused(t *testing.T) {
	for _, mode := range []Payload{ChunksSigned, ChunksSignedTrailer} {
		e := newEncoder(mode)
		if mode.Trailing() {
			e.trailer = "x-amz-checksum-crc32:AAAAAA==\r\n"
		}
		payload := payloadOf(8192 + 10)
		body := e.encode(payload, 8192)
		refused := 0
		for i := range len(body) {
			if i > 100 && i < 8000 {
				continue // the inside of a chunk
			}
			for _, change := range []byte{1, 0x20, 0x80} {
				changed := []byte(body)
				changed[i] ^= change
				c := e.reader(bytes.NewReader(changed), int64(len(payload)))
				got, err := readAll(c, 1<<20)
				switch {
				case err != nil:
					refused++
					if errcode.Of(err) == "" || len(got) >= len(payload) {
						t.Errorf("%v: byte %d: %d bytes, then %v", mode, i, len(got), err)
					}
				case !bytes.Equal(got, payload) || mode.Trailing() && c.Trailer("x-amz-checksum-crc32") != "AAAAAA==":
					t.Errorf("%v: byte %d changed from %q to %q was not noticed", mode, i, body[i], changed[i])
				}
			}
		}
		if refused < 1000 {
			t.Errorf("%v: only %d changes were refused", mode, refused)
		}
	}
}

// However a body is cut short, it is incomplete, and the last byte is kept back.
func TestCutChunksAreIncomplete(t *testing.T) {
	for _, mode := range chunkModes {
		e := newEncoder(mode)
		if mode.Trailing() {
			e.trailer = "x-amz-checksum-crc32:AAAAAA==\r\n"
		}
		payload := payloadOf(20)
		body := e.encode(payload, 8192)
		for n := range len(body) {
			got, err := readAll(e.reader(strings.NewReader(body[:n]), 20), 1<<20)
			if errcode.Of(err) != errcode.IncompleteBody || len(got) >= len(payload) {
				t.Errorf("%v: the first %d of %d bytes: %d bytes, then %v", mode, n, len(body), len(got), err)
			}
		}
	}
}

func TestChunkRefusals(t *testing.T) {
	const crc = "x-amz-checksum-crc32:AAAAAA==\r\n"
	big := strings.Repeat("x", 8192)
	tests := []struct {
		name, body string
		length     int64
		trailers   string // announced, joined by ','
		code       errcode.Code
	}{
		{"size is not hex", "g\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size is missing", "\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size has a sign", "+1\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size has a prefix", "0x1\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size has an underscore", "0_1\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size is too large", "ffffffffffffffff\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size is more than declared", "2\r\nxx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"size is less than declared", "2\r\nxx\r\n0\r\n\r\n", 3, "", "IncompleteBody"},
		{"chunk is longer than its size", "1\r\nxx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"chunk is shorter than its size", "3\r\nxx\r\n0\r\n\r\n", 3, "", "IncompleteBody"},
		{"chunk header ends in LF", "1\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"chunk ends in LF", "1\r\nx\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"chunk header without end", "1;" + strings.Repeat("a", 1<<20), 1, "", "IncompleteBody"},
		{"chunk header too long", "1;" + strings.Repeat("a", 5000) + "\r\nx\r\n0\r\n\r\n", 1, "", "IncompleteBody"},
		{"no final chunk", "1\r\nx\r\n", 1, "", "IncompleteBody"},
		{"empty body", "", 0, "", "IncompleteBody"},
		{"bytes behind the end", "1\r\nx\r\n0\r\n\r\n1\r\nx\r\n", 1, "", "IncompleteBody"},
		{"a chunk behind the declared length", "2000\r\n" + big + "\r\n1\r\nx\r\n0\r\n\r\n", 8192, "", "IncompleteBody"},
		{"small chunk before another", "1\r\nx\r\n1\r\nx\r\n0\r\n\r\n", 2, "", "InvalidChunkSizeError"},
		{"small chunk in the middle", "2000\r\n" + big + "\r\n1\r\nx\r\n1\r\nx\r\n0\r\n\r\n", 8194, "", "InvalidChunkSizeError"},
		{"trailer not announced", "1\r\nx\r\n0\r\n" + crc + "\r\n", 1, "", "MalformedTrailerError"},
		{"other trailer announced", "1\r\nx\r\n0\r\n" + crc + "\r\n", 1, "x-amz-checksum-sha1", "MalformedTrailerError"},
		{"trailer announced and absent", "1\r\nx\r\n0\r\n\r\n", 1, "x-amz-checksum-crc32", "MalformedTrailerError"},
		{"trailer twice", "1\r\nx\r\n0\r\n" + crc + crc + "\r\n", 1, "x-amz-checksum-crc32", "MalformedTrailerError"},
		{"empty trailer twice", "1\r\nx\r\n0\r\na:\r\na:\r\n\r\n", 1, "a", "MalformedTrailerError"},
		{"trailer without colon", "1\r\nx\r\n0\r\nx-amz-checksum-crc32\r\n\r\n", 1, "x-amz-checksum-crc32", "MalformedTrailerError"},
		{"trailer without name", "1\r\nx\r\n0\r\n:AAAAAA==\r\n\r\n", 1, "x-amz-checksum-crc32", "MalformedTrailerError"},
		{"trailer signature in an unsigned body", "1\r\nx\r\n0\r\n" + crc + "x-amz-trailer-signature:00\r\n\r\n", 1, "x-amz-checksum-crc32", "MalformedTrailerError"},
		{"blank line of a bare LF", "1\r\nx\r\n0\r\n\n", 1, "", "MalformedTrailerError"},
		{"endless trailers", "1\r\nx\r\n0\r\n" + strings.Repeat(crc, 1000), 1, "x-amz-checksum-crc32", "MalformedTrailerError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var names []string
			if tt.trailers != "" {
				names = strings.Split(tt.trailers, ",")
			}
			c := NewChunkReader(strings.NewReader(tt.body), ChunkOptions{
				Identity: &Identity{Payload: ChunksUnsignedTrailer}, Length: tt.length, Trailers: names,
			})
			got, err := readAll(c, 1<<20)
			if errcode.Of(err) != tt.code {
				t.Errorf("got %v, want %s", err, tt.code)
			}
			if int64(len(got)) >= max(tt.length, 1) {
				t.Errorf("%d bytes of %d were handed out", len(got), tt.length)
			}
			if _, again := c.Read(make([]byte, 1)); again != err {
				t.Errorf("read again: %v", again)
			}
		})
	}
}

func TestSmallChunkTellsWhich(t *testing.T) {
	c := newEncoder(ChunksUnsignedTrailer).reader(strings.NewReader("5\r\nhello\r\n1\r\nx\r\n0\r\n\r\n"), 6)
	_, err := readAll(c, 100)
	var e *errcode.Error
	if !errors.As(err, &e) || field(e, "Chunk") != "2" || field(e, "BadChunkSize") != "5" {
		t.Errorf("got %+v", err)
	}
}

func TestSignedChunkRefusals(t *testing.T) {
	const name = "x-amz-checksum-crc32"
	e := newEncoder(ChunksSignedTrailer)
	e.trailer = name + ":AAAAAA==\r\n"
	good := e.encode([]byte("hello"), 8192)
	zeros := strings.Repeat("0", 64)
	signature := func(i int) string { // the i-th in good
		return strings.SplitN(good, "signature", i+2)[i+1][1:65]
	}
	tests := []struct {
		name, body string
		code       errcode.Code
	}{
		{"chunk signature", strings.Replace(good, signature(0), zeros, 1), "SignatureDoesNotMatch"},
		{"final signature", strings.Replace(good, signature(1), zeros, 1), "SignatureDoesNotMatch"},
		{"trailer signature", strings.Replace(good, signature(2), zeros, 1), "SignatureDoesNotMatch"},
		{"upper-case signature", strings.Replace(good, signature(0), strings.ToUpper(signature(0)), 1), "SignatureDoesNotMatch"},
		{"signatures swapped", strings.NewReplacer(signature(0), signature(1), signature(1), signature(0)).Replace(good), "SignatureDoesNotMatch"},
		{"data", strings.Replace(good, "hello", "hallo", 1), "SignatureDoesNotMatch"},
		{"trailer value", strings.Replace(good, ":AAAAAA==", ":BAAAAA==", 1), "SignatureDoesNotMatch"},
		{"no chunk signature", strings.Replace(good, ";chunk-signature="+signature(0), "", 1), "IncompleteBody"},
		{"short chunk signature", strings.Replace(good, signature(0), signature(0)[1:], 1), "IncompleteBody"},
		{"other extension", strings.Replace(good, "chunk-signature", "chunk-sig", 1), "IncompleteBody"},
		{"no trailer signature", good[:strings.Index(good, "x-amz-trailer-signature")] + "\r\n", "MalformedTrailerError"},
		{"empty trailer signature", strings.Replace(good, signature(2), "", 1), "MalformedTrailerError"},
		{"trailer behind the signature", good[:len(good)-2] + "a:b\r\n\r\n", "MalformedTrailerError"},
		{"bytes behind the end", good + "x", "IncompleteBody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body == good {
				t.Fatal("nothing was changed")
			}
			got, err := readAll(e.reader(strings.NewReader(tt.body), 5), 100)
			if errcode.Of(err) != tt.code || len(got) != 0 {
				t.Errorf("got %q, %v, want %s", got, err, tt.code)
			}
		})
	}
}

// Variants that clients send and that decode all the same.
func TestChunkVariants(t *testing.T) {
	const value = "x-amz-checksum-crc32:AAAAAA=="
	signed := newEncoder(ChunksSignedTrailer)
	signed.trailer = value + "\r\n"
	body := signed.encode([]byte("hello"), 8192)
	plain := newEncoder(ChunksUnsignedTrailer)
	plain.trailer = value + "\r\n"
	tests := []struct {
		name string
		e    *encoder
		body string
	}{
		{"extensions around the signature", signed, strings.Replace(body, "5;", "5;a;b=c; ", 1)},
		{"leading zeros", signed, "000" + body},
		{"trailer ends in LF CRLF", signed, strings.Replace(body, value, value+"\n", 1)},
		{"trailer ends in LF", signed, strings.Replace(body, value+"\r\n", value+"\n", 1)},
		{"spaces round a trailer's value", signed, strings.Replace(body, value, strings.Replace(value, ":", " : ", 1)+" ", 1)},
		{"trailer in capitals", signed, strings.Replace(body, "x-amz-checksum-crc32:", "X-Amz-Checksum-CRC32:", 1)},
		{"unsigned, as the Go SDK", plain, "5\r\nhello\r\n0\r\n" + value + "\r\n\r\n"},
		{"unsigned, trailer ends in LF CRLF", plain, "5\r\nhello\r\n0\r\n" + value + "\n\r\n\r\n"},
		{"unsigned, trailer ends in LF and the body in CRLF", plain, "5\r\nhello\r\n0\r\n" + value + "\n\r\n"},
		{"unsigned, with an extension", plain, "5;a=b\r\nhello\r\n0;\r\n" + value + "\r\n\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := tt.e.reader(strings.NewReader(tt.body), 5)
			got, err := readAll(c, 100)
			if err != nil || string(got) != "hello" || c.Trailer("x-amz-checksum-crc32") != "AAAAAA==" {
				t.Errorf("got %q, %v, trailer %q", got, err, c.Trailer("x-amz-checksum-crc32"))
			}
		})
	}
}

// Whoever reads just the declared length has a verified body too.
func TestLastByteWaitsForTheEnd(t *testing.T) {
	for _, length := range []int{5, maxWhole, maxWhole + 1, 3 * maxWhole} {
		e := newEncoder(ChunksSigned)
		body := e.encode(payloadOf(length), 1<<30)
		bad := body[:len(body)-5] + "\r\n\r\n" // the final signature cut
		n, err := io.ReadFull(e.reader(strings.NewReader(bad), int64(length)), make([]byte, length))
		if err == nil || n >= length {
			t.Errorf("%d bytes: %d were read, %v", length, n, err)
		}
	}
}

// No byte of a chunk of usual size leaves before its signature is right.
func TestChunkIsVerifiedBeforeItLeaves(t *testing.T) {
	e := newEncoder(ChunksSigned)
	body := []byte(e.encode(payloadOf(2*maxWhole), maxWhole))
	body[len(body)-200] ^= 1 // inside the second chunk
	got, err := readAll(e.reader(bytes.NewReader(body), 2*maxWhole), 1000)
	if errcode.Of(err) != errcode.SignatureDoesNotMatch || len(got) != maxWhole {
		t.Errorf("%d bytes were read, %v", len(got), err)
	}
}

// A body that cannot be read is not the client's error, and says what it was.
func TestBodyError(t *testing.T) {
	broken := errors.New("connection lost")
	e := newEncoder(ChunksSigned)
	body := e.encode(payloadOf(100), 8192)
	for n := range len(body) {
		_, err := readAll(e.reader(io.MultiReader(strings.NewReader(body[:n]), iotest.ErrReader(broken)), 100), 1000)
		if !errors.Is(err, broken) || errcode.Of(err) != "" {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func TestNotChunked(t *testing.T) {
	c := NewChunkReader(strings.NewReader("x"), ChunkOptions{Identity: &Identity{}, Length: 1})
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("got %d, %v", n, err)
	}
}

func TestAnnounced(t *testing.T) {
	r := readRequest(t, "PUT / HTTP/1.1\nHost: h\nx-amz-trailer: X-Amz-Checksum-CRC32 ,, b\nx-amz-trailer: c")
	if got := strings.Join(Announced(r.Header), "|"); got != "x-amz-checksum-crc32|b|c" {
		t.Errorf("got %s", got)
	}
}
