package object

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
)

func fixedNow() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func sumOf(a checksum.Algorithm, p []byte) string {
	h := a.New()
	h.Write(p)
	return checksum.Encode(h.Sum(nil))
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8)
	}
	return p
}

// Whatever pieces a body comes and goes in, the digests are those of its bytes.
func TestIntakeDigestsAreThoseOfTheBytes(t *testing.T) {
	defer goleak.VerifyNone(t)
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.OneOf(rapid.IntRange(0, 3000), rapid.SampledFrom([]int{
			hashChunk, hashChunk + 1, concurrentFrom - 1, concurrentFrom, concurrentFrom + 3*hashChunk + 5})).Draw(t, "size")
		data := pattern(size)
		var src io.Reader = bytes.NewReader(data)
		switch rapid.IntRange(0, 2).Draw(t, "source") {
		case 1:
			src = iotest.DataErrReader(src)
		case 2:
			src = iotest.HalfReader(src)
		}
		sent := rapid.SampledFrom(append(checksum.All(), "")).Draw(t, "sent")
		body := Body{Reader: src, Size: int64(size), Checksum: Checksum{Algorithm: string(sent)}}
		if sent != "" {
			body.Checksum.Value = sumOf(sent, data)
		}
		sha, md := sha256.Sum256(data), md5.Sum(data)
		if rapid.Bool().Draw(t, "claims") {
			body.SHA256, body.MD5 = sha[:], md[:]
		}
		in, err := newIntake(body, fixedNow, time.Time{}, checksum.CRC64NVME)
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		var got []byte
		buf := make([]byte, rapid.SampledFrom([]int{1000, 32 << 10, 1 << 20}).Draw(t, "buffer"))
		for {
			n, err := in.Read(buf)
			got = append(got, buf[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		d, err := in.finish()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, data) {
			t.Fatalf("bytes changed on the way")
		}
		if d.etag() != fmt.Sprintf("%x", md) {
			t.Errorf("etag %s, want %x", d.etag(), md)
		}
		if got, want := d.full(checksum.CRC64NVME).Value, sumOf(checksum.CRC64NVME, data); got != want {
			t.Errorf("CRC64NVME %s, want %s", got, want)
		}
		if sent != "" && d.full(sent).Value != body.Checksum.Value {
			t.Errorf("%s %s, want %s", sent, d.full(sent).Value, body.Checksum.Value)
		}
	})
}

// A claim that does not hold refuses the body before its end is handed out.
func TestIntakeRefusals(t *testing.T) {
	defer goleak.VerifyNone(t)
	data := pattern(concurrentFrom + 10)
	wrong := make([]byte, 32)
	rd := func() io.Reader { return bytes.NewReader(data) }
	size := int64(len(data))
	late := errcode.New(errcode.SignatureDoesNotMatch, "chunk")
	for name, c := range map[string]struct {
		body Body
		want errcode.Code
	}{
		"md5":      {Body{Reader: rd(), Size: size, MD5: wrong[:16]}, errcode.BadDigest},
		"sha256":   {Body{Reader: rd(), Size: size, SHA256: wrong}, errcode.XAmzContentSHA256Mismatch},
		"checksum": {Body{Reader: rd(), Size: size, Checksum: Checksum{Algorithm: "CRC32", Value: "AAAAAA=="}}, errcode.BadDigest},
		"checksum that is none": {Body{Reader: rd(), Size: size,
			Checksum: Checksum{Algorithm: "CRC32", Value: "AAAA"}}, errcode.InvalidRequest},
		"trailer": {Body{Reader: rd(), Size: size, Checksum: Checksum{Algorithm: "SHA1"},
			Trailer: func() (string, error) { return sumOf(checksum.SHA1, nil), nil }}, errcode.BadDigest},
		"trailer error": {Body{Reader: rd(), Size: size, Checksum: Checksum{Algorithm: "SHA1"},
			Trailer: func() (string, error) { return "", errcode.New(errcode.MalformedTrailer, "") }}, errcode.MalformedTrailer},
		"short":      {Body{Reader: rd(), Size: size + 1}, errcode.IncompleteBody},
		"long":       {Body{Reader: rd(), Size: size - 1}, errcode.IncompleteBody},
		"cut":        {Body{Reader: io.MultiReader(rd(), iotest.ErrReader(io.ErrUnexpectedEOF)), Size: size + 1}, errcode.IncompleteBody},
		"slow":       {Body{Reader: io.MultiReader(rd(), iotest.ErrReader(os.ErrDeadlineExceeded)), Size: size + 1}, errcode.RequestTimeout},
		"edge":       {Body{Reader: io.MultiReader(rd(), iotest.ErrReader(late)), Size: size + 1}, errcode.SignatureDoesNotMatch},
		"late edge":  {Body{Reader: io.MultiReader(rd(), iotest.ErrReader(late)), Size: size}, errcode.SignatureDoesNotMatch},
		"no reading": {Body{Reader: iotest.ErrReader(errors.New("reset")), Size: size}, errcode.IncompleteBody},
	} {
		in, err := newIntake(c.body, fixedNow, time.Time{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n, err := io.Copy(io.Discard, in)
		if errcode.Of(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if n >= c.body.Size {
			t.Errorf("%s: all %d bytes were handed out", name, n)
		}
		if _, err := in.finish(); errcode.Of(err) != c.want {
			t.Errorf("%s: finish got %v, want %s", name, err, c.want)
		}
		in.close()
	}
	if _, err := newIntake(Body{Checksum: Checksum{Algorithm: "MD4"}}, fixedNow, time.Time{}); errcode.Of(err) != errcode.InvalidRequest {
		t.Errorf("unknown algorithm: got %v", err)
	}
}

func TestIntakeTrailerIsAskedOnceBehindTheEnd(t *testing.T) {
	data := pattern(100)
	ended, calls := false, 0
	src := io.MultiReader(bytes.NewReader(data), readerFunc(func([]byte) (int, error) { ended = true; return 0, io.EOF }))
	in, err := newIntake(Body{Reader: src, Size: 100, Checksum: Checksum{Algorithm: "CRC32C"}, Trailer: func() (string, error) {
		calls++
		if !ended {
			t.Error("trailer asked before the end of the body")
		}
		return sumOf(checksum.CRC32C, data), nil
	}}, fixedNow, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	// A store that asks for no more than the announced bytes.
	if _, err := io.ReadFull(in, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if _, err := in.finish(); err != nil || calls != 1 {
		t.Errorf("finish: %v after %d calls of the trailer, want 1", err, calls)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestIntakeDeadline(t *testing.T) {
	now := fixedNow()
	src := readerFunc(func(p []byte) (int, error) { now = now.Add(time.Minute); return 1, nil })
	in, err := newIntake(Body{Reader: src, Size: 100}, func() time.Time { return now }, now.Add(10*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	if n, err := io.Copy(io.Discard, in); errcode.Of(err) != errcode.RequestTimeout || n != 10 {
		t.Errorf("got %d bytes and %v, want 10 and RequestTimeout", n, err)
	}
}

func BenchmarkIntake(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			data, buf := pattern(size), make([]byte, 1<<20)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				in, _ := newIntake(Body{Reader: bytes.NewReader(data), Size: int64(size)}, time.Now, time.Now().Add(time.Hour), checksum.CRC64NVME)
				for {
					if _, err := in.Read(buf); err != nil {
						break
					}
				}
				if _, err := in.finish(); err != nil {
					b.Fatal(err)
				}
				in.close()
			}
		})
	}
}
