package reference

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/fault"
)

// A disk is a volume as a test says that it is.
type disk struct {
	*reserve
	t           *testing.T
	free, total int64
}

func newDisk(t *testing.T, size, total int64) *disk {
	d := &disk{t: t, free: total, total: total}
	d.reserve = &reserve{fs: fault.OS{}, path: filepath.Join(t.TempDir(), reserveFile), size: size, log: slog.New(slog.DiscardHandler),
		volume: func() (int64, int64, error) { return d.free, d.total, nil }}
	return d
}

// want checks the file after the next look at the disk.
func (d *disk) want(what string, size int64) {
	d.t.Helper()
	if err := d.tend(); err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
	held, err := d.held()
	if err != nil || held != size {
		d.t.Errorf("%s: the reserve has %d bytes, %v, want %d", what, held, err, size)
	}
}

func TestReserveIsGivenUpAndMadeAgain(t *testing.T) {
	const size, total = 1 << 20, 1 << 30
	d := newDisk(t, size, total)
	d.yield()
	if held, _ := d.held(); held != 0 {
		t.Errorf("a reserve of %d bytes was made at the start", held)
	}
	d.want("much room", size)
	d.free = size
	d.want("as much room as it takes", size)
	d.free = size - 1
	d.want("less", 0)
	d.free = 2*size - 1
	d.want("room for it alone", 0)
	d.free = 2 * size
	d.want("room for it twice", size)
	d.free = 0
	d.yield()
	if held, _ := d.held(); held != 0 {
		t.Errorf("%d bytes are held at the start on a full disk", held)
	}
}

// A write that finds no room takes the reserve, also where as much as that is free
// again; the next is told whether anything is left.
func TestReserveOfAWriteThatFindsNoRoom(t *testing.T) {
	const size, total = 1 << 20, 1 << 30
	d := newDisk(t, size, total)
	var said strings.Builder
	d.log = slog.New(slog.NewTextHandler(&said, nil))
	d.want("much room", size)
	if !d.yieldNow() {
		t.Error("there was a reserve")
	}
	if held, err := d.held(); held != 0 || err != nil {
		t.Errorf("%d bytes are held, %v", held, err)
	}
	if n := strings.Count(said.String(), "level=WARN"); n != 1 {
		t.Errorf("it is said %d times: %s", n, &said)
	}
	if d.free = 4096; !d.yieldNow() {
		t.Error("another has given it up, and left some room")
	}
	if d.free = 0; d.yieldNow() {
		t.Error("there is room on a full disk")
	}
	d.want("a full disk", 0)
	d.free = total
	d.want("much room again", size)
	if none := (*reserve)(nil); none.yieldNow() {
		t.Error("there is room without a reserve")
	}
	if n := strings.Count(said.String(), "\n"); n != 1 {
		t.Errorf("something else is said: %s", &said)
	}
}

func TestReserveHasItsSize(t *testing.T) {
	d := newDisk(t, 1<<20, 1<<30)
	if err := os.WriteFile(d.path, make([]byte, 1000), 0o600); err != nil { // as a killed process leaves it
		t.Fatal(err)
	}
	d.want("a part of it", 1<<20)
	d.size = 2 << 20
	d.want("another size", 2<<20)
	d.total = 1 << 20
	d.free = d.total
	d.want("a small volume", 1<<16)
}

func TestReserveThatCannotBeAllocated(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "zeros"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 3<<20 + 5
	if err := writeZeros(f, size); err != nil {
		t.Fatal(err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != size {
		t.Errorf("%v bytes, %v, want %d", info.Size(), err, int64(size))
	}
	d := newDisk(t, 1<<20, 1<<30)
	d.path = filepath.Join(d.path, "not", "there")
	if err := d.tend(); err == nil {
		t.Error("a reserve that cannot be made is no error")
	}
}
