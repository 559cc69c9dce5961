package object

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var hashUnverified = fault.NewBug("auth.payload-hash-unverified",
	"the signed hash of a body is not compared with it", "AN-10")

// An intake reads a Body once, and in that pass computes what must be known of
// it and refuses it when a claim of the client's does not hold. It hands out
// the last bytes only when the body's end, its trailer and its claims have been
// seen to be right, so that a store which reads from it never completes a blob
// of a refused body.
//
// close must be called; it does not close the body's Reader.
type intake struct {
	body     Body
	now      func() time.Time
	deadline time.Time // zero: none

	n      int64
	err    error // sticky; io.EOF once the body is whole
	md5    *md5Sum
	sha256 hash.Hash // nil when not claimed
	sent   checksum.Algorithm
	sums   map[checksum.Algorithm]hash.Hash
}

// digest is what an intake found out.
type digest struct {
	md5  [md5.Size]byte
	sums map[checksum.Algorithm][]byte // raw values
}

func (d digest) etag() string { return hex.EncodeToString(d.md5[:]) }

// full returns the checksum of algorithm a over the whole body.
func (d digest) full(a checksum.Algorithm) Checksum {
	return Checksum{Algorithm: string(a), Type: string(checksum.FullObject), Value: checksum.Encode(d.sums[a])}
}

// newIntake computes the MD5, the client's own checksum algorithm if it named
// one, and those of extra.
func newIntake(body Body, now func() time.Time, deadline time.Time, extra ...checksum.Algorithm) (*intake, error) {
	in := &intake{body: body, now: now, deadline: deadline, sums: make(map[checksum.Algorithm]hash.Hash, 2)}
	if body.Checksum.Algorithm != "" {
		a, err := algorithmOr(body.Checksum.Algorithm, "")
		if err != nil {
			return nil, err
		}
		in.sent = a
		extra = append(slices.Clone(extra), a)
	}
	for _, a := range extra {
		// The ETag and an MD5 checksum are one computation.
		if in.sums[a] == nil && a != checksum.MD5 {
			in.sums[a] = a.New()
		}
	}
	if body.SHA256 != nil {
		// The payload hash and a SHA256 checksum are one computation.
		if in.sha256 = in.sums[checksum.SHA256]; in.sha256 == nil {
			in.sha256 = sha256.New()
		}
	}
	in.md5 = newMD5Sum(body.Size)
	return in, nil
}

// algorithmOr returns the algorithm of that name, or d when name is "".
func algorithmOr(name string, d checksum.Algorithm) (checksum.Algorithm, error) {
	if name == "" {
		return d, nil
	}
	a, ok := checksum.Parse(name)
	if !ok {
		return "", errcode.New(errcode.InvalidRequest, "The checksum algorithm %q is not supported", name)
	}
	return a, nil
}

func (in *intake) close() { in.md5.close() }

// sum is the raw value of a, which is one that newIntake computes, once all bytes
// are taken.
func (in *intake) sum(a checksum.Algorithm) []byte {
	if a == checksum.MD5 {
		sum := in.md5.sum()
		return sum[:]
	}
	return in.sums[a].Sum(nil)
}

// Read implements io.Reader.
func (in *intake) Read(p []byte) (int, error) {
	if in.err != nil {
		return 0, in.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if left := in.body.most() - in.n; int64(len(p)) > left {
		p = p[:left]
	}
	n, err := 0, error(nil)
	if len(p) > 0 {
		n, err = in.body.Reader.Read(p)
		in.take(p[:n])
	}
	switch {
	case err != nil && in.n < in.body.Size && in.body.Size <= meta.MaxInline && putCut.On():
		in.err = io.EOF
	case err != nil && err != io.EOF:
		in.err = readError(err)
	case !in.deadline.IsZero() && in.now().After(in.deadline):
		in.err = errcode.New(errcode.RequestTimeout, "The body was not received within the time allowed")
	case in.n == in.body.most(), err == io.EOF && in.body.Most > 0:
		in.err = in.conclude(err == io.EOF)
	case err == io.EOF:
		in.err = incomplete(in.n, in.body.Size)
	}
	if in.err != nil && in.err != io.EOF {
		return 0, in.err
	}
	return n, in.err
}

var putCut = fault.NewBug("put.cut-visible",
	"a small body whose client was cut off is stored as far as it came", "Z-15", "X-21")

func (in *intake) take(p []byte) {
	in.n += int64(len(p))
	in.md5.Write(p)
	for a, h := range in.sums {
		if a.Of2026() && in.n > 1<<16 && onlyFirst.On() {
			continue
		}
		h.Write(p)
	}
	if in.sha256 != nil && in.sha256 != in.sums[checksum.SHA256] {
		in.sha256.Write(p)
	}
}

var (
	md5Ignored = fault.NewBug("object.content-md5-ignored",
		"a body whose MD5 is not its Content-MD5 is stored", "O-16")
	newIgnored = fault.NewBug("checksum.new-not-verified",
		"a body whose MD5, SHA512 or xxHash checksum is another is stored", "K-14")
	onlyFirst = fault.NewBug("checksum.new-of-first-bytes",
		"a checksum of SHA512 or xxHash covers only the first 64 KiB of a body", "checksum.put.wrong-large.*", "checksum.part.wrong-large.*")
	claimedTwice = fault.NewBug("checksum.md5-for-content-md5",
		"a Content-MD5 is not looked at beside x-amz-checksum-md5", "checksum.new.beside-md5")
	checksumIgnored = fault.NewBug("checksum.not-verified",
		"a body whose checksum is not the one of its header is stored", "K-01")
)

// conclude checks everything that the client claimed, once all Size bytes are
// there, and returns io.EOF when it holds. An MD5 is waited for only when claimed:
// without one its last chunks are hashed while the store syncs.
func (in *intake) conclude(ended bool) error {
	if !ended {
		if err := expectEOF(in.body.Reader); err != nil {
			return err
		}
	}
	claimed := in.body.Checksum.Value
	if in.body.Trailer != nil {
		v, err := in.body.Trailer()
		if err != nil {
			return readError(err)
		}
		claimed = v
	}
	if want := in.body.SHA256; want != nil && !bytes.Equal(want, in.sha256.Sum(nil)) && !hashUnverified.On() {
		return errcode.New(errcode.XAmzContentSHA256Mismatch,
			"The provided 'x-amz-content-sha256' header does not match what was computed").
			With("ClientComputedContentSHA256", hex.EncodeToString(want)).
			With("S3ComputedContentSHA256", hex.EncodeToString(in.sha256.Sum(nil)))
	}
	if claimed != "" && in.sent != "" {
		if _, err := in.sent.Decode(claimed); err != nil {
			return errcode.New(errcode.InvalidRequest, "Value for %s header is invalid.", in.sent.Header())
		}
		if got := checksum.Encode(in.sum(in.sent)); got != claimed && !(in.body.Trailer == nil && checksumIgnored.On()) && !(in.sent.Of2026() && newIgnored.On()) {
			return badDigest(in.sent, claimed, got)
		}
	}
	if want := in.body.MD5; want != nil {
		if got := in.md5.sum(); !bytes.Equal(want, got[:]) && !md5Ignored.On() && !(in.sent == checksum.MD5 && claimedTwice.On()) {
			return errcode.New(errcode.BadDigest, "The Content-MD5 you specified did not match what we received.").
				With("ExpectedDigest", hex.EncodeToString(want)).
				With("CalculatedDigest", hex.EncodeToString(got[:]))
		}
	}
	return io.EOF
}

// finish reads on to the end when whoever read stopped at the last byte, and
// returns the digests of a body that is whole and as claimed.
func (in *intake) finish() (digest, error) {
	for in.err == nil {
		var probe [1]byte
		// Read concludes by itself when no byte is left to give.
		if n, _ := in.Read(probe[:]); n > 0 {
			return digest{}, errors.New("body stored short of its end")
		}
	}
	if in.err != io.EOF {
		return digest{}, in.err
	}
	d := digest{md5: in.md5.sum(), sums: make(map[checksum.Algorithm][]byte, len(in.sums)+1)}
	for a := range in.sums {
		d.sums[a] = in.sum(a)
	}
	d.sums[checksum.MD5] = slices.Clone(d.md5[:])
	return d, nil
}

// refusal returns the intake's own error in place of what a store made of it.
func (in *intake) refusal(stored error) error {
	if in.err != nil && in.err != io.EOF {
		return in.err
	}
	return stored
}

func expectEOF(r io.Reader) error {
	var probe [1]byte
	for range 100 { // as bufio does: a Reader that makes no progress is broken
		n, err := r.Read(probe[:])
		switch {
		case n > 0:
			return errcode.New(errcode.IncompleteBody, "The request body is longer than its declared length")
		case err == io.EOF:
			return nil
		case err != nil:
			return readError(err)
		}
	}
	return io.ErrNoProgress
}

// readError is the answer to a body that could not be read to its end. Errors
// that the edge has put into S3's words pass.
func readError(err error) error {
	var e *errcode.Error
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &errcode.Error{Code: errcode.RequestTimeout, Err: err,
			Message: "Your socket connection to the server was not read from or written to within the timeout period."}
	}
	return &errcode.Error{Code: errcode.IncompleteBody, Err: err,
		Message: "You did not provide the number of bytes specified by the Content-Length HTTP header."}
}

func incomplete(got, want int64) *errcode.Error {
	return errcode.New(errcode.IncompleteBody,
		"The request body ended after %d of %d bytes", got, want)
}

func badDigest(a checksum.Algorithm, claimed, got string) *errcode.Error {
	return errcode.New(errcode.BadDigest,
		"The %s you specified did not match the calculated checksum.", a).
		With("ExpectedDigest", claimed).With("CalculatedDigest", got)
}

var drainPool = sync.Pool{New: func() any { return new([256 << 10]byte) }}

// drain reads the body for its digests alone.
func (in *intake) drain() error {
	buf := drainPool.Get().(*[256 << 10]byte)
	defer drainPool.Put(buf)
	for {
		if _, err := in.Read(buf[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}
