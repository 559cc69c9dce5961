package disk

import (
	"errors"
	"math/bits"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
)

func TestFailures(t *testing.T) {
	d := newDisk(t, 1)
	put(t, d, "/f", "text", true)
	f, err := d.FS().OpenFile("/f", os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	b := make([]byte, 4)
	for name, c := range map[string]struct {
		trouble fault.DiskTrouble
		fails   func() error
		works   func() error
	}{
		"reads": {fault.DiskTrouble{FailRead: 1}, func() error { _, err := f.ReadAt(b, 0); return err }, f.Sync},
		"writes": {fault.DiskTrouble{FailWrite: 1}, func() error { _, err := f.Write(b); return err },
			func() error { _, err := f.ReadAt(b, 0); return err }},
		"removal":   {fault.DiskTrouble{FailWrite: 1}, func() error { return d.FS().Remove("/f") }, f.Sync},
		"syncs":     {fault.DiskTrouble{FailSync: 1}, f.Sync, func() error { _, err := f.ReadAt(b, 0); return err }},
		"directory": {fault.DiskTrouble{FailSync: 1}, func() error { return d.FS().SyncDir("/") }, func() error { return nil }},
	} {
		d.Trouble(c.trouble)
		if err := c.fails(); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s: got %v, want EIO", name, err)
		}
		if err := c.works(); err != nil {
			t.Errorf("%s fail, and something else too: %v", name, err)
		}
		d.Trouble(fault.DiskTrouble{})
		if err := f.Sync(); err != nil {
			t.Errorf("%s: when all is well again: %v", name, err)
		}
	}
	if got := get(d, "/f"); got != "text" {
		t.Errorf("got %q", got)
	}
}

// A share of the operations fails, not all and not none.
func TestShare(t *testing.T) {
	d := newDisk(t, 1)
	put(t, d, "/f", "text", true)
	d.Trouble(fault.DiskTrouble{FailRead: 0.5})
	failed := 0
	for range 200 {
		if get(d, "/f") == syscall.EIO.Error() {
			failed++
		}
	}
	if failed < 50 || failed > 150 {
		t.Errorf("%d of 200 reads failed", failed)
	}
}

func TestForgettingSync(t *testing.T) {
	d := newDisk(t, 1)
	put(t, d, "/f", strings.Repeat("a", pageSize), true)
	must(t, d.FS().SyncDir("/"))
	f, err := d.FS().OpenFile("/f", os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	_, err = f.Write([]byte("new"))
	must(t, err)
	d.Trouble(fault.DiskTrouble{FailSync: 1})
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("got %v, want EIO", err)
	}
	d.Trouble(fault.DiskTrouble{})
	must(t, f.Sync()) // the lie
	if got := get(d, "/f"); !strings.HasPrefix(got, "new") {
		t.Errorf("it reads back as %.5q", got)
	}
	reboot(d)
	if got := get(d, "/f"); got != strings.Repeat("a", pageSize) {
		t.Errorf("after the crash: %.5q", got)
	}
}

// A full disk takes what needs no room, and what is removed makes some.
func TestFull(t *testing.T) {
	for name, fill := range map[string]func(*Disk){
		"trouble": func(d *Disk) { d.Trouble(fault.DiskTrouble{Full: true}) },
		"limit":   func(d *Disk) { d.Limit = 2 * pageSize },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(t, 1)
			put(t, d, "/a", strings.Repeat("a", pageSize), true)
			put(t, d, "/b", strings.Repeat("b", pageSize-10), true)
			fill(d)
			f, err := d.FS().OpenFile("/b", os.O_RDWR|os.O_APPEND, 0)
			must(t, err)
			defer f.Close()
			if n, err := f.Write(make([]byte, 20)); n != 10 || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("got %d bytes and %v, want 10 and ENOSPC", n, err)
			}
			if err := f.(fault.Allocator).Allocate(pageSize + 1); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("allocate: got %v, want ENOSPC", err)
			}
			if _, err := d.FS().OpenFile("/c", os.O_CREATE|os.O_RDWR, 0o600); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("create: got %v, want ENOSPC", err)
			}
			if free, _, err := d.FS().Space("/"); free != 0 || err != nil {
				t.Errorf("%d bytes are free, %v", free, err)
			}
			must(t, f.(fault.Truncater).Truncate(pageSize)) // in place
			must(t, d.FS().Remove("/a"))
			d.Trouble(fault.DiskTrouble{})
			if _, err := f.Write(make([]byte, 20)); err != nil {
				t.Errorf("after room was made: %v", err)
			}
			if free, total, err := d.FS().Space("/"); free != total-2*pageSize || err != nil {
				t.Errorf("%d of %d are free, %v", free, total, err)
			}
		})
	}
}

func TestFlip(t *testing.T) {
	d := newDisk(t, 1)
	d.Flips = func(base string) bool { return base != "spared" }
	text := strings.Repeat("\x00", 1000)
	put(t, d, "/f", text, true)
	put(t, d, "/spared", text, true)
	d.Trouble(fault.DiskTrouble{FlipOnRead: 1})
	f, err := d.FS().OpenFile("/f", os.O_RDONLY, 0)
	must(t, err)
	defer f.Close()
	b := make([]byte, len(text))
	_, err = f.ReadAt(b, 0)
	must(t, err)
	wrong := 0
	for _, c := range b {
		wrong += bits.OnesCount(uint(c))
	}
	if wrong != 1 || get(d, "/spared") != text {
		t.Errorf("%d bits are wrong, want 1; the other file is right: %t", wrong, get(d, "/spared") == text)
	}
	d.Trouble(fault.DiskTrouble{})
	if get(d, "/f") != text {
		t.Error("the medium is wrong, not only what was read")
	}
}

// What hangs goes on when the trouble ends, and fails when the power goes. All
// of it, and slow syncs, are in virtual time.
func TestHang(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(*Disk)
		want error
	}{
		"trouble ends": {func(d *Disk) { d.Trouble(fault.DiskTrouble{}) }, nil},
		"it changes":   {func(d *Disk) { d.Trouble(fault.DiskTrouble{Slow: time.Hour}) }, nil},
		"crash":        {(*Disk).Crash, syscall.EIO},
		"kill":         {(*Disk).Kill, syscall.EIO},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDisk(t, 1)
				f, err := d.FS().OpenFile("/f", os.O_CREATE|os.O_RDWR, 0o600)
				must(t, err)
				d.Trouble(fault.DiskTrouble{Hang: true})
				writing, syncing := make(chan error, 1), make(chan error, 1)
				go func() { _, err := f.Write([]byte("x")); writing <- err }()
				go func() { syncing <- f.Sync() }()
				synctest.Wait()
				_, err = d.FS().Stat("/f")
				must(t, err) // nobody is kept from the rest
				c.end(d)
				for _, ch := range []chan error{writing, syncing} {
					if err := <-ch; !errors.Is(err, c.want) {
						t.Errorf("got %v, want %v", err, c.want)
					}
				}
			})
		})
	}
}

func TestSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDisk(t, 1)
		d.Cost = func(op Op) time.Duration {
			if op.Kind == Write {
				return time.Duration(op.Bytes) * time.Millisecond
			}
			return 0
		}
		d.Trouble(fault.DiskTrouble{Slow: time.Minute})
		began := time.Now()
		put(t, d, "/f", "12345", true)
		if took := time.Since(began); took != time.Minute+5*time.Millisecond {
			t.Errorf("it took %s", took)
		}
		f, err := d.FS().OpenFile("/f", os.O_RDWR, 0)
		must(t, err)
		syncing := make(chan error, 1)
		go func() { syncing <- f.Sync() }()
		synctest.Wait()
		began = time.Now()
		d.Crash()
		if err := <-syncing; !errors.Is(err, syscall.EIO) || time.Since(began) != 0 {
			t.Errorf("got %v after %s, want EIO at once", err, time.Since(began))
		}
	})
}

// The power goes in every operation once, and each is then done or not.
func TestCrashIn(t *testing.T) {
	cut := map[int]int{}
	for n := 1; n <= 8; n++ {
		d := newDisk(t, uint64(n))
		d.CrashIn(n)
		ops := 0
		for _, op := range []func() error{
			func() error { return d.FS().MkdirAll("/d", 0o700) },
			func() error { _, err := d.FS().OpenFile("/d/f", os.O_CREATE|os.O_RDWR, 0o600); return err },
			func() error { _, err := d.FS().Stat("/d/f"); return err },
			func() error { return d.FS().Rename("/d/f", "/d/g") },
			func() error { return d.FS().Remove("/d/g") },
		} {
			if op() != nil {
				break
			}
			ops++
		}
		if want := min(n-1, 5); ops != want {
			t.Errorf("the power is to go in operation %d: %d were done", n, ops)
		}
		cut[ops]++
		d.CrashIn(0)
		d.PowerOn()
		must(t, d.FS().MkdirAll("/again", 0o700))
	}
	if len(cut) != 6 {
		t.Errorf("got %v", cut)
	}
}
