package block

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"

	"github.com/minio/crc64nvme"
	"pgregory.net/rapid"
)

const id = blob.ID("0000000000000001-a")

// bytesOf returns n bytes that look random and are always the same.
func bytesOf(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// stored is a blob with its trailer; it counts what is read of it.
type stored struct {
	*bytes.Reader
	read   int
	closed int
}

func (s *stored) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.Reader.ReadAt(p, off)
	s.read += n
	return n, err
}

func (s *stored) Close() error { s.closed++; return nil }

func encode(t testing.TB, data []byte) ([]byte, blob.Info) {
	t.Helper()
	var out bytes.Buffer
	info, err := Copy(t.Context(), &out, NewBody(bytes.NewReader(data), int64(len(data))), id)
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), info
}

func open(t testing.TB, raw []byte) (*Table, *stored) {
	t.Helper()
	src := &stored{Reader: bytes.NewReader(raw)}
	table, err := ReadTable(id, src, int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return table, src
}

var sizes = []int{0, 1, 1000, Size - 1, Size, Size + 1, 3*Size + 7}

func TestInfoHasTheSumOfTheWhole(t *testing.T) {
	for _, size := range sizes {
		data := bytesOf(size)
		raw, info := encode(t, data)
		want := blob.Info{ID: id, Size: int64(size), CRC: crc64nvme.Checksum(data)}
		if info != want {
			t.Errorf("size %d: written as %+v, want %+v", size, info, want)
		}
		table, _ := open(t, raw)
		if got := table.Info(); got != want {
			t.Errorf("size %d: read as %+v, want %+v", size, got, want)
		}
	}
}

func TestCombine(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "a"), rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(rt, "b")
		got := combine(crc64nvme.Checksum(a), crc64nvme.Checksum(b), int64(len(b)))
		if want := crc64nvme.Checksum(append(a, b...)); got != want {
			rt.Fatalf("got %x, want %x", got, want)
		}
	})
}

func TestRangesReadOnlyTheirBlocks(t *testing.T) {
	data := bytesOf(3*Size + 7)
	raw, _ := encode(t, data)
	for _, c := range []struct {
		off, n int64
		reads  int // bytes of blocks
	}{
		{0, -1, 3*Size + 7}, {0, 0, 0}, {3*Size + 7, -1, 0}, {0, 1, Size}, {Size - 1, 2, 2 * Size},
		{Size, Size, Size}, {3 * Size, 7, 7}, {2*Size + 5, -1, Size + 7}, {3*Size + 6, 1, 7},
	} {
		table, src := open(t, raw)
		src.read = 0
		r, err := table.Open(t.Context(), src, c.off, c.n)
		if err != nil {
			t.Fatal(err)
		}
		want := data[c.off:]
		if c.n >= 0 {
			want = want[:c.n]
		}
		if err := iotest.TestReader(io.NopCloser(r), want); err != nil {
			t.Errorf("[%d,+%d): %v", c.off, c.n, err)
		}
		if src.read != c.reads {
			t.Errorf("[%d,+%d): read %d bytes, want %d", c.off, c.n, src.read, c.reads)
		}
		r.Close()
		if r.Close(); src.closed != 1 {
			t.Errorf("source closed %d times, want once", src.closed)
		}
	}
}

func TestRangesOutsideAreRefused(t *testing.T) {
	raw, _ := encode(t, bytesOf(10))
	table, src := open(t, raw)
	for _, c := range [][2]int64{{-1, 1}, {11, 0}, {11, -1}, {10, 1}, {5, 6}, {1, 1<<63 - 1}} {
		if _, err := table.Open(t.Context(), src, c[0], c[1]); !errors.Is(err, blob.ErrRange) {
			t.Errorf("[%d,+%d): got %v, want ErrRange", c[0], c[1], err)
		}
	}
}

// Whichever bit of a blob flips: no reader ever returns other bytes than were
// written, and the blob is either not there or found to be corrupt.
func TestFlippedBitIsNeverServed(t *testing.T) {
	data := bytesOf(Size + 1000)
	raw, _ := encode(t, data)
	rapid.Check(t, func(rt *rapid.T) {
		at := rapid.OneOf(rapid.IntRange(0, len(raw)-1), rapid.IntRange(Size, len(raw)-1)).Draw(rt, "at")
		bad := bytes.Clone(raw)
		bad[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		src := &stored{Reader: bytes.NewReader(bad)}
		table, err := ReadTable(id, src, int64(len(bad)))
		if at >= len(data) {
			if !errors.Is(err, blob.ErrNotFound) {
				rt.Fatalf("bit in the trailer: got %v, want ErrNotFound", err)
			}
			return
		}
		if err != nil {
			rt.Fatal(err)
		}
		if err := table.Verify(t.Context(), src); !errors.Is(err, blob.ErrCorrupt) {
			rt.Fatalf("verify: got %v, want ErrCorrupt", err)
		}
		r, err := table.Open(t.Context(), src, 0, -1)
		if err != nil {
			rt.Fatal(err)
		}
		var got bytes.Buffer
		if rapid.Bool().Draw(rt, "writeTo") {
			_, err = r.WriteTo(&got)
		} else {
			_, err = io.Copy(&got, struct{ io.Reader }{r})
		}
		if !errors.Is(err, blob.ErrCorrupt) {
			rt.Fatalf("read: got %v, want ErrCorrupt", err)
		}
		if !bytes.HasPrefix(data, got.Bytes()) {
			rt.Fatal("read returned bytes that were not written")
		}
	})
}

func TestCutBlobDoesNotExist(t *testing.T) {
	raw, _ := encode(t, bytesOf(2*Size))
	for _, keep := range []int{0, 1, footerLen, Size, 2 * Size, len(raw) - 8, len(raw) - 1} {
		if _, err := ReadTable(id, bytes.NewReader(raw), int64(keep)); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("cut to %d: got %v, want ErrNotFound", keep, err)
		}
	}
	if _, err := ReadTable("another", bytes.NewReader(raw), int64(len(raw))); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("under another id: got %v, want ErrNotFound", err)
	}
}

func TestFileThatShrinksIsCorrupt(t *testing.T) {
	raw, _ := encode(t, bytesOf(2*Size))
	table, _ := open(t, raw)
	r, err := table.Open(t.Context(), &stored{Reader: bytes.NewReader(raw[:Size+5])}, 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, r)
	if n != Size || !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("got %d bytes and %v, want %d and ErrCorrupt", n, err, Size)
	}
}

func TestTableOfManyBlocks(t *testing.T) { // longer than what is read of the end at once
	s := Sums{size: 600*Size + 1, current: 7}
	for i := range 600 {
		s.done = append(s.done, uint64(i))
	}
	trailer := s.Trailer(id)
	src := &offset{at: s.size, data: trailer}
	table, err := ReadTable(id, src, s.size+int64(len(trailer)))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := table.Info(), s.Info(id); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if table.sum(599) != 599 || table.sum(600) != 7 {
		t.Errorf("sums are not those written: %d, %d", table.sum(599), table.sum(600))
	}
}

// offset is data that begins far behind the start of a file.
type offset struct {
	at   int64
	data []byte
}

func (o *offset) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(o.data).ReadAt(p, off-o.at)
}

func TestBody(t *testing.T) {
	broken := errors.New("broken")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	data := bytesOf(10)
	for _, c := range []struct {
		name string
		ctx  context.Context
		r    io.Reader
		want error
	}{
		{"exact", t.Context(), bytes.NewReader(data), io.EOF},
		{"last bytes come with the end", t.Context(), iotest.DataErrReader(bytes.NewReader(data)), io.EOF},
		{"byte by byte", t.Context(), iotest.OneByteReader(bytes.NewReader(data)), io.EOF},
		{"too short", t.Context(), bytes.NewReader(data[:9]), blob.ErrSize},
		{"empty", t.Context(), bytes.NewReader(nil), blob.ErrSize},
		{"too long", t.Context(), bytes.NewReader(append(data, 0)), blob.ErrSize},
		{"fails midway", t.Context(), io.MultiReader(bytes.NewReader(data[:5]), iotest.ErrReader(broken)), broken},
		{"fails at the end", t.Context(), io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)), broken},
		{"never moves", t.Context(), stuck{}, io.ErrNoProgress},
		{"context has ended", cancelled, bytes.NewReader(data), context.Canceled},
	} {
		b := NewBody(c.r, 10)
		var got []byte
		var err error
		for err == nil {
			var n int
			p := make([]byte, 4)
			n, err = b.Next(c.ctx, p)
			got = append(got, p[:n]...)
		}
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		if c.want == io.EOF && !bytes.Equal(got, data) {
			t.Errorf("%s: got %x, want %x", c.name, got, data)
		}
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

func BenchmarkRead(b *testing.B) {
	raw, _ := encode(b, bytesOf(Size))
	b.SetBytes(Size)
	for b.Loop() {
		table, src := open(b, raw)
		r, err := table.Open(b.Context(), src, 0, -1)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.WriteTo(io.Discard); err != nil {
			b.Fatal(err)
		}
		r.Close()
	}
}
