package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"

	"github.com/google/go-cmp/cmp"
)

const root = "/var/data/blobs"

func open(t *testing.T, d *disk) *Store {
	t.Helper()
	s, err := Open(root, d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func content(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(seed, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func create(s *Store, id blob.ID, data []byte) (blob.Info, error) {
	return s.Create(context.Background(), id, bytes.NewReader(data), int64(len(data)))
}

func read(s *Store, id blob.ID) ([]byte, error) {
	r, err := s.Open(context.Background(), id, 0, -1)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

var errPower = errors.New("no power")

// Whatever the moment at which the power goes: each acknowledged blob is
// whole, no other bytes are ever served, and every id can be created again.
func TestLossOfPower(t *testing.T) {
	whole, cut := 0, 0
	for seed := range uint64(300) {
		d := newDisk(seed)
		d.cutAfter(int(seed)) // now and then before the store is open
		acked, blobs := writeUntilCut(d, seed)
		if seed%3 == 0 { // only the process dies, and nothing is lost as yet
			d.before = func(string, string) error { return nil }
		} else {
			d.crash()
		}
		s := open(t, d)
		for id, data := range blobs {
			got, err := read(s, id)
			switch {
			case err == nil && !bytes.Equal(got, data):
				t.Fatalf("seed %d: %s has other bytes", seed, id)
			case err != nil && acked[id]:
				t.Fatalf("seed %d: %s was acknowledged, and now: %v", seed, id, err)
			case err != nil && !errors.Is(err, blob.ErrNotFound) && !errors.Is(err, blob.ErrCorrupt):
				t.Fatalf("seed %d: %s: %v", seed, id, err)
			case err == nil:
				whole++
			default:
				cut++
			}
			info, err := create(s, id, data)
			if err != nil && !errors.Is(err, blob.ErrExists) || info.Size != int64(len(data)) {
				t.Fatalf("seed %d: create %s again: %+v, %v", seed, id, info, err)
			}
		}
		d.crash() // what was created or found to exist must now stay
		s = open(t, d)
		for id, data := range blobs {
			if got, err := read(s, id); err != nil || !bytes.Equal(got, data) {
				t.Fatalf("seed %d: %s after the second loss: %d bytes, %v", seed, id, len(got), err)
			}
		}
	}
	if whole < 100 || cut < 100 {
		t.Errorf("%d blobs were whole and %d were not: too few to tell", whole, cut)
	}
}

// cutAfter makes every operation fail once so many have run.
func (d *disk) cutAfter(ops int) {
	d.before = func(string, string) error {
		if len(d.ops) > ops {
			return errPower
		}
		return nil
	}
}

// writeUntilCut creates blobs until the power goes, and returns all that it
// tried, and which of them it was told were durable.
func writeUntilCut(d *disk, seed uint64) (map[blob.ID]bool, map[blob.ID][]byte) {
	acked, blobs := map[blob.ID]bool{}, map[blob.ID][]byte{}
	s, err := Open(root, d)
	if err != nil {
		return acked, blobs
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for w := range uint64(3) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(seed, w))
			for i := 0; ; i++ {
				id := blob.ID(fmt.Sprintf("%d-%d", w, i))
				data := content(r.Uint64(), r.IntN(5*sector))
				mu.Lock()
				blobs[id] = data
				mu.Unlock()
				if _, err := create(s, id, data); err != nil {
					return
				}
				mu.Lock()
				acked[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return acked, blobs
}

// Each operation of a Create is made to fail once, with each error.
func TestCreateOnABadDisk(t *testing.T) {
	data := content(1, 4*block.Size+5)
	d := newDisk(1)
	s := open(t, d)
	from := len(d.ops)
	if _, err := create(s, "a", data); err != nil {
		t.Fatal(err)
	}
	ops := kinds(d.ops[from:])
	want := []string{"create", "write", "write", "write", "write", "write", "write", "sync", "close", "syncdir"}
	if diff := cmp.Diff(want, ops); diff != "" {
		t.Fatalf("operations of a Create (-want +got):\n%s", diff)
	}
	for i, op := range ops {
		for _, bad := range []error{syscall.EIO, syscall.ENOSPC} {
			t.Run(fmt.Sprintf("%d %s %v", i, op, bad), func(t *testing.T) {
				d := newDisk(1)
				s := open(t, d)
				d.failNth(i, bad)
				_, err := create(s, "a", data)
				if !errors.Is(err, bad) {
					t.Fatalf("got %v, want %v", err, bad)
				}
				syncs := op == "sync" || op == "syncdir"
				if got := errors.Is(err, blob.ErrSync); got != syncs {
					t.Errorf("got %v: ErrSync is %v, want %v", err, got, syncs)
				}
				if got := errors.Is(err, blob.ErrFull); got != (bad == syscall.ENOSPC && !syncs) {
					t.Errorf("got %v: ErrFull is %v", err, got)
				}
				if _, err := read(s, "a"); !errors.Is(err, blob.ErrNotFound) {
					t.Errorf("read: got %v, want ErrNotFound", err)
				}
				_, err = create(s, "a", data)
				if syncs && !errors.Is(err, blob.ErrSync) {
					t.Errorf("create after a failed sync: got %v, want ErrSync", err)
				}
				if !syncs && err != nil {
					t.Errorf("create again: %v", err)
				}
			})
		}
	}
}

// failNth makes the nth operation from now on fail.
func (d *disk) failNth(n int, err error) {
	at := len(d.ops) + n + 1
	d.before = func(string, string) error {
		if len(d.ops) == at {
			return err
		}
		return nil
	}
}

func kinds(ops []string) []string {
	var k []string
	for _, op := range ops {
		kind, _, _ := strings.Cut(op, " ")
		k = append(k, kind)
	}
	return k
}

// Remains that cannot be removed are listed for the sweeper, and replaced.
func TestRemainsOfAFailedCreate(t *testing.T) {
	d := newDisk(1)
	s := open(t, d)
	d.before = func(op, _ string) error {
		if op == "write" || op == "remove" {
			return syscall.EIO
		}
		return nil
	}
	if _, err := create(s, "a", content(1, 10)); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v, want EIO", err)
	}
	d.before = func(string, string) error { return nil }
	var got []blob.Info
	if err := s.List(t.Context(), "", func(i blob.Info) error { got = append(got, i); return nil }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]blob.Info{{ID: "a", Partial: true}}, got); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	if _, err := create(s, "a", content(2, 10)); err != nil {
		t.Errorf("create over the remains: %v", err)
	}
	if got, err := read(s, "a"); err != nil || !bytes.Equal(got, content(2, 10)) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

// A bit that flips on the disk is found by readers, and mended by a Create.
func TestFlippedBit(t *testing.T) {
	d := newDisk(1)
	s := open(t, d)
	data := content(1, block.Size+sector)
	for _, c := range []struct {
		at   int
		want error
	}{
		{0, blob.ErrCorrupt}, {block.Size + 3, blob.ErrCorrupt},
		{len(data), blob.ErrNotFound}, {len(data) + 39, blob.ErrNotFound}, // the trailer
	} {
		id := blob.ID(fmt.Sprint(c.at))
		if _, err := create(s, id, data); err != nil {
			t.Fatal(err)
		}
		d.names[s.name(id)].data[c.at] ^= 4
		if got, err := read(s, id); !errors.Is(err, c.want) || !bytes.HasPrefix(data, got) {
			t.Errorf("bit of byte %d: got %v, want %v", c.at, err, c.want)
		}
		if _, err := create(s, id, data); err != nil {
			t.Errorf("create over the corrupt blob: %v", err)
		}
		if got, err := read(s, id); err != nil || !bytes.Equal(got, data) {
			t.Errorf("after the repair: %v", err)
		}
	}
}

// Errors of reading are told from blobs that are not there.
func TestReadsOnABadDisk(t *testing.T) {
	d := newDisk(1)
	s := open(t, d)
	if _, err := create(s, "a", content(1, 10)); err != nil {
		t.Fatal(err)
	}
	for _, op := range []string{"open", "stat", "read", "readdir"} {
		d.before = func(o, _ string) error {
			if o == op {
				return syscall.EIO
			}
			return nil
		}
		_, err := read(s, "a")
		if op == "readdir" {
			err = s.List(t.Context(), "", func(blob.Info) error { return nil })
		}
		if !errors.Is(err, syscall.EIO) || errors.Is(err, blob.ErrNotFound) {
			t.Errorf("%s fails: got %v, want EIO", op, err)
		}
	}
}

// A first start makes every directory durable, the parents too.
func TestFirstStart(t *testing.T) {
	d := newDisk(1)
	open(t, d)
	for _, dir := range []string{"/", "/var", "/var/data", root} {
		if !slices.Contains(d.ops, "syncdir "+dir) {
			t.Errorf("%s was not synced", dir)
		}
	}
	d.crash()
	from := len(d.ops)
	open(t, d)
	for _, dir := range []string{"/var/data", root} {
		if !slices.Contains(d.ops[from:], "syncdir "+dir) {
			t.Errorf("second start: %s was not synced", dir)
		}
	}
	for _, op := range []string{"mkdir", "syncdir"} {
		d.before = func(o, _ string) error {
			if o == op {
				return syscall.EIO
			}
			return nil
		}
		if _, err := Open(root, d); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s fails: got %v, want EIO", op, err)
		}
	}
	d.before = func(op, name string) error {
		if op == "syncdir" && name == "/var/data" {
			return fs.ErrPermission
		}
		return nil
	}
	if _, err := Open(root, d); err != nil {
		t.Errorf("the parent may not be read: got %v, want nil", err)
	}
}

// A listing that takes many pages is the same as one that takes one.
func TestListInPages(t *testing.T) {
	s := open(t, newDisk(1))
	s.pageLen = 3
	var want []blob.ID
	for i := range 20 {
		id := blob.ID(fmt.Sprintf("%02d", i))
		if _, err := create(s, id, nil); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	var got []blob.ID
	if err := s.List(t.Context(), "", func(i blob.Info) error { got = append(got, i.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("list (-want +got):\n%s", d)
	}
}
