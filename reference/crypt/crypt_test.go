package crypt

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func key(t testing.TB) Key {
	t.Helper()
	k, err := NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func body(t testing.TB, k Key, name string, size int64) *Body {
	t.Helper()
	b, err := NewBody(k, name, size)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func bytesOf(n int) []byte {
	p := make([]byte, n)
	_, _ = rand.Read(p)
	return p
}

func seal(t testing.TB, b *Body, plain []byte) []byte {
	t.Helper()
	r := b.Seal(iotest.DataErrReader(bytes.NewReader(plain)))
	defer r.Close()
	sealed, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func open(b *Body, sealed []byte, off, n int64) ([]byte, error) {
	from, length := b.Range(off, n)
	if from+length > int64(len(sealed)) {
		length = max(int64(len(sealed))-from, 0)
	}
	r := b.Open(io.NopCloser(bytes.NewReader(sealed[from:from+length])), off, n)
	defer r.Close()
	return io.ReadAll(r)
}

var sizes = []int{0, 1, 100, Frame - 1, Frame, Frame + 1, 3 * Frame, 3*Frame + 7}

func TestRoundTrip(t *testing.T) {
	k := key(t)
	for _, size := range sizes {
		plain := bytesOf(size)
		b := body(t, k, "b", int64(size))
		sealed := seal(t, b, plain)
		if got, want := int64(len(sealed)), SealedSize(int64(size)); got != want {
			t.Errorf("%d bytes: sealed to %d, want %d", size, got, want)
		}
		if size > 16 && bytes.Contains(sealed, plain[:16]) {
			t.Errorf("%d bytes: they stand in what was sealed", size)
		}
		for _, off := range []int{0, 1, size / 2, size - 1, Frame - 1, Frame, 2*Frame + 5} {
			for _, n := range []int{0, 1, Frame, size - off} {
				if off < 0 || n < 0 || off+n > size {
					continue
				}
				got, err := open(b, sealed, int64(off), int64(n))
				if err != nil || !bytes.Equal(got, plain[off:off+n]) {
					t.Errorf("%d bytes from %d of %d: got %d bytes, %v", n, off, size, len(got), err)
				}
			}
		}
	}
}

func TestWriteTo(t *testing.T) {
	plain := bytesOf(2*Frame + 9)
	b := body(t, key(t), "b", int64(len(plain)))
	from, length := b.Range(5, int64(len(plain))-5)
	r := b.Open(io.NopCloser(bytes.NewReader(seal(t, b, plain)[from:from+length])), 5, int64(len(plain))-5)
	defer r.Close()
	var got bytes.Buffer
	if n, err := r.(io.WriterTo).WriteTo(&got); err != nil || n != int64(len(plain))-5 || !bytes.Equal(got.Bytes(), plain[5:]) {
		t.Errorf("got %d bytes, %v", n, err)
	}
}

func TestTampering(t *testing.T) {
	const size = 3*Frame + 100
	const sealedFrame = Frame + Overhead
	k := key(t)
	b := body(t, k, "b", size)
	plain := bytesOf(size)
	whole := seal(t, b, plain)
	other := seal(t, body(t, k, "c", size), plain)
	swap := func(i, j int) []byte {
		p := bytes.Clone(whole)
		copy(p[i*sealedFrame:], whole[j*sealedFrame:(j+1)*sealedFrame])
		copy(p[j*sealedFrame:], whole[i*sealedFrame:(i+1)*sealedFrame])
		return p
	}
	flip := func(i int) []byte {
		p := bytes.Clone(whole)
		p[i] ^= 1
		return p
	}
	for name, sealed := range map[string][]byte{
		"frames swapped":          swap(0, 1),
		"a frame twice":           append(append(bytes.Clone(whole[:sealedFrame]), whole[:sealedFrame]...), whole[2*sealedFrame:]...),
		"a frame of another":      append(bytes.Clone(whole[:sealedFrame]), append(bytes.Clone(other[sealedFrame:2*sealedFrame]), whole[2*sealedFrame:]...)...),
		"the first bit":           flip(0),
		"the last bit":            flip(len(whole) - 1),
		"cut between frames":      whole[:3*sealedFrame],
		"cut within a frame":      whole[:3*sealedFrame+50],
		"nothing":                 nil,
		"another body's":          other,
		"last frame's tag gone":   whole[:len(whole)-Overhead],
		"first frame left out":    whole[sealedFrame:],
		"last frame at the front": append(bytes.Clone(whole[3*sealedFrame:]), whole[:3*sealedFrame]...),
	} {
		got, err := open(b, sealed, 0, size)
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: got %v, want ErrCorrupt or io.ErrUnexpectedEOF", name, err)
		}
		if !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: bytes came out that were not sealed there", name)
		}
	}
	shorter := body(t, k, "b", 3*Frame)
	if _, err := open(shorter, whole[:3*sealedFrame], 0, 3*Frame); !errors.Is(err, ErrCorrupt) {
		t.Errorf("as a body that ends a frame earlier: got %v, want ErrCorrupt", err)
	}
	if _, err := open(body(t, key(t), "b", size), whole, 0, size); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another key: got %v, want ErrCorrupt", err)
	}
}

func TestSealRefuses(t *testing.T) {
	broken := errors.New("broken")
	b := body(t, key(t), "b", Frame+10)
	for name, c := range map[string]struct {
		r    io.Reader
		want error
	}{
		"an error at the end": {io.MultiReader(bytes.NewReader(bytesOf(Frame+10)), iotest.ErrReader(broken)), broken},
		"an error within":     {io.MultiReader(bytes.NewReader(bytesOf(Frame+3)), iotest.ErrReader(broken)), broken},
		"an early end":        {bytes.NewReader(bytesOf(Frame + 3)), io.ErrUnexpectedEOF},
	} {
		r := b.Seal(c.r)
		if _, err := io.ReadAll(r); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		r.Close()
	}
	r := b.Seal(bytes.NewReader(bytesOf(Frame + 11)))
	defer r.Close()
	if _, err := io.ReadAll(r); err == nil {
		t.Error("a byte too many: got no error")
	}
}

func TestBytes(t *testing.T) {
	k := key(t)
	for _, size := range []int{0, 1, 16 << 10} {
		plain := bytesOf(size)
		b := body(t, k, "inline", int64(size))
		buf := append(make([]byte, 0, size+Overhead), plain...)
		sealed := b.SealBytes(buf)
		if int64(len(sealed)) != SealedSize(int64(size)) {
			t.Errorf("%d bytes: sealed to %d", size, len(sealed))
		}
		for range 2 { // opening leaves them sealed
			if got, err := b.OpenBytes(sealed); err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%d bytes: got %d, %v", size, len(got), err)
			}
		}
		if size == 0 {
			continue
		}
		if _, err := b.OpenBytes(sealed[:len(sealed)-1]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut: got %v, want ErrCorrupt", err)
		}
		if _, err := body(t, k, "other", int64(size)).OpenBytes(sealed); !errors.Is(err, ErrCorrupt) {
			t.Errorf("another name: got %v, want ErrCorrupt", err)
		}
	}
}

func TestWrap(t *testing.T) {
	by, k := key(t), key(t)
	wrapped, err := by.Wrap(k, "name", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(wrapped, k[:8]) {
		t.Error("the key stands in what was wrapped")
	}
	if got, err := by.Unwrap(wrapped, "name"); err != nil || got != k {
		t.Errorf("unwrap: got another key, %v", err)
	}
	if _, err := by.Unwrap(wrapped, "another"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another name: got %v, want ErrCorrupt", err)
	}
	if _, err := key(t).Unwrap(wrapped, "name"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("another key: got %v, want ErrCorrupt", err)
	}
	if _, err := by.Unwrap(wrapped[1:], "name"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("cut: got %v, want ErrCorrupt", err)
	}
}

func TestMark(t *testing.T) {
	k, salt := key(t), bytesOf(16)
	if !k.Is(salt, k.Mark(salt)) {
		t.Error("a key is not recognised")
	}
	if key(t).Is(salt, k.Mark(salt)) || k.Is(bytesOf(16), k.Mark(salt)) {
		t.Error("another key, or salt, is recognised")
	}
}

func TestKeyShowsNothing(t *testing.T) {
	k := Key([]byte("0123456789abcdef0123456789abcdef"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q", "%d"} {
		if got := fmt.Sprintf(verb, struct{ K Key }{k}); strings.Contains(got, "0123") || strings.Contains(got, "3031") || strings.Contains(got, "48 49") {
			t.Errorf("%s shows it: %s", verb, got)
		}
	}
	if _, err := json.Marshal(k); err == nil {
		t.Error("json.Marshal writes it")
	}
}

func BenchmarkBody(b *testing.B) {
	plain := bytesOf(4 << 20)
	bd := body(b, key(b), "b", int64(len(plain)))
	sealed := seal(b, bd, plain)
	b.Run("seal", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			r := bd.Seal(bytes.NewReader(plain))
			_, _ = io.Copy(io.Discard, r)
			r.Close()
		}
	})
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			r := bd.Open(io.NopCloser(bytes.NewReader(sealed)), 0, int64(len(plain)))
			_, _ = io.Copy(io.Discard, r)
			r.Close()
		}
	})
}
