package disk

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/fault"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file, and syncs it if it is asked to.
func put(t *testing.T, d *Disk, name, text string, sync bool) {
	t.Helper()
	f, err := d.FS().OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	must(t, err)
	_, err = f.Write([]byte(text))
	must(t, err)
	if sync {
		must(t, f.Sync())
	}
	must(t, f.Close())
}

// get returns what a file holds, or why it cannot be read.
func get(d *Disk, name string) string {
	b, err := fault.ReadFile(d.FS(), name)
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno.Error()
	}
	return string(b)
}

func reboot(d *Disk) {
	d.Crash()
	d.PowerOn()
}

// What is synced, with its names, is there after any crash; what is not may be,
// or may not.
func TestWhatLasts(t *testing.T) {
	const absent = "no such file or directory"
	text := strings.Repeat("x", 3*sectorSize)
	seen := map[string]map[string]int{}
	for seed := range uint64(60) {
		d := newDisk(t, seed)
		must(t, d.FS().MkdirAll("/a/b", 0o700))
		put(t, d, "/a/b/safe", text, true)
		must(t, d.FS().SyncDir("/a/b"))
		must(t, d.FS().SyncDir("/a"))
		must(t, d.FS().SyncDir("/"))
		put(t, d, "/a/b/unsynced", text, false)
		must(t, d.FS().SyncDir("/a/b"))
		put(t, d, "/a/b/unnamed", text, true)
		must(t, d.FS().MkdirAll("/c/d", 0o700))
		put(t, d, "/c/d/lone", text, true)
		must(t, d.FS().SyncDir("/c/d")) // but nobody syncs / or /c
		reboot(d)
		for name, may := range map[string][]string{
			"/a/b/safe":     {"whole"},
			"/a/b/unsynced": {"whole", "part"},
			"/a/b/unnamed":  {"whole", "none"},
			"/c/d/lone":     {"whole", "none"},
		} {
			found := "part"
			switch get(d, name) {
			case text:
				found = "whole"
			case absent:
				found = "none"
			}
			if !strings.Contains(strings.Join(may, " "), found) {
				t.Fatalf("seed %d: %s: found %s, want one of %s", seed, name, found, may)
			}
			if seen[name] == nil {
				seen[name] = map[string]int{}
			}
			seen[name][found]++
		}
	}
	if len(seen["/a/b/unsynced"]) != 2 || len(seen["/a/b/unnamed"]) != 2 || len(seen["/c/d/lone"]) != 2 {
		t.Errorf("not everything that may happen did: %v", seen)
	}
}

// A rename is whole or not at all, in one directory or two, and what a directory
// has later does not last without what it had before.
func TestRename(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(60) {
		d := newDisk(t, seed)
		must(t, d.FS().MkdirAll("/a", 0o700))
		must(t, d.FS().MkdirAll("/b", 0o700))
		put(t, d, "/a/old", "old", true)
		put(t, d, "/a/new", "new", true)
		for _, dir := range []string{"/a", "/"} {
			must(t, d.FS().SyncDir(dir))
		}
		must(t, d.FS().Rename("/a/new", "/a/old"))
		must(t, d.FS().Rename("/a/old", "/b/moved"))
		reboot(d)
		state := get(d, "/a/old") + "," + get(d, "/a/new") + "," + get(d, "/b/moved")
		state = strings.ReplaceAll(state, syscall.ENOENT.Error(), "-")
		switch state {
		case "old,new,-", "new,-,-", "-,-,new":
			seen[state]++
		default:
			t.Fatalf("seed %d: found %s", seed, state)
		}
	}
	if len(seen) != 3 {
		t.Errorf("not everything that may happen did: %v", seen)
	}
	d := newDisk(t, 1)
	must(t, d.FS().MkdirAll("/a", 0o700))
	must(t, d.FS().MkdirAll("/b", 0o700))
	must(t, d.FS().SyncDir("/"))
	put(t, d, "/a/x", "x", true)
	must(t, d.FS().Rename("/a/x", "/b/y"))
	must(t, d.FS().SyncDir("/b"))
	reboot(d)
	if got := get(d, "/b/y") + get(d, "/a/x"); got != "x"+syscall.ENOENT.Error() {
		t.Errorf("after the sync of the second directory: got %q", got)
	}
}

func TestErrors(t *testing.T) {
	d := newDisk(t, 1)
	fsys := d.FS()
	must(t, fsys.MkdirAll("/dir/sub", 0o700))
	put(t, d, "/file", "text", false)
	open := func(name string, flag int) error {
		f, err := fsys.OpenFile(name, flag, 0o600)
		if err == nil {
			err = f.Close()
		}
		return err
	}
	_, noDir := fsys.ReadDir("/file")
	for name, c := range map[string]struct{ got, want error }{
		"open nothing":            {open("/none", os.O_RDONLY), fs.ErrNotExist},
		"open a directory":        {open("/dir", os.O_RDONLY), nil},
		"write a directory":       {open("/dir", os.O_RDWR), syscall.EISDIR},
		"open below a file":       {open("/file/x", os.O_RDONLY), syscall.ENOTDIR},
		"create below nothing":    {open("/none/x", os.O_CREATE|os.O_RDWR), fs.ErrNotExist},
		"create again":            {open("/file", os.O_CREATE|os.O_EXCL|os.O_RDWR), fs.ErrExist},
		"make a directory again":  {fsys.MkdirAll("/dir/sub", 0o700), nil},
		"a directory over a file": {fsys.MkdirAll("/file/sub", 0o700), syscall.ENOTDIR},
		"remove nothing":          {fsys.Remove("/none"), fs.ErrNotExist},
		"remove a full directory": {fsys.Remove("/dir"), syscall.ENOTEMPTY},
		"remove the root":         {fsys.Remove("/"), syscall.EBUSY},
		"rename nothing":          {fsys.Rename("/none", "/x"), fs.ErrNotExist},
		"rename over a directory": {fsys.Rename("/file", "/dir"), syscall.EISDIR},
		"rename into itself":      {fsys.Rename("/dir", "/dir/sub/dir"), syscall.EINVAL},
		"read a file's directory": {noDir, syscall.ENOTDIR},
		"sync a file's directory": {fsys.SyncDir("/file"), syscall.ENOTDIR},
		"a long name":             {open("/"+strings.Repeat("x", 256), os.O_CREATE|os.O_RDWR), syscall.ENAMETOOLONG},
	} {
		if !errors.Is(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", name, c.got, c.want)
		}
	}
}

// A file is read and written as the operating system's are.
func TestFile(t *testing.T) {
	d := newDisk(t, 1)
	for name, c := range map[string]struct {
		fsys fault.FS
		dir  string
	}{"OS": {fault.OS{}, t.TempDir()}, "disk": {d.FS(), "/"}} {
		t.Run(name, func(t *testing.T) {
			path := c.dir + "/f"
			f, err := c.fsys.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
			must(t, err)
			for _, s := range []string{"one ", "two ", "three"} {
				_, err := f.Write([]byte(s))
				must(t, err)
			}
			must(t, f.(fault.Truncater).Truncate(8))
			more, err := c.fsys.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			_, err = more.Write([]byte("end"))
			must(t, err)
			must(t, more.Close())
			b := make([]byte, 20)
			if n, err := f.ReadAt(b, 4); err != io.EOF || string(b[:n]) != "two end" {
				t.Errorf("got %q, %v", b[:n], err)
			}
			if n, err := f.ReadAt(b, 100); err != io.EOF || n != 0 {
				t.Errorf("behind the end: got %d bytes, %v", n, err)
			}
			info, err := f.Stat()
			if err != nil || info.Name() != "f" || info.Size() != 11 || info.IsDir() || info.Mode() != 0o600 {
				t.Errorf("got %v, %v", info, err)
			}
			must(t, c.fsys.Remove(path))
			if n, err := f.ReadAt(b[:3], 8); err != nil || string(b[:n]) != "end" {
				t.Errorf("of a file that is removed: got %q, %v", b[:n], err)
			}
			must(t, f.Close())
			if err := f.Close(); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("closed again: got %v", err)
			}
			entries, err := c.fsys.ReadDir(c.dir)
			if err != nil || len(entries) != 0 {
				t.Errorf("got %v, %v", entries, err)
			}
		})
	}
}

func TestReadDir(t *testing.T) {
	d := newDisk(t, 1)
	must(t, d.FS().MkdirAll("/d/sub", 0o700))
	put(t, d, "/d/b", "", false)
	put(t, d, "/d/a", "", false)
	entries, err := d.FS().ReadDir("/d")
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, fmt.Sprint(e.Name(), e.IsDir()))
	}
	if diff := cmp.Diff([]string{"afalse", "bfalse", "subtrue"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whoever had a file open when the power went has nothing of it any more.
func TestDeadFile(t *testing.T) {
	for name, down := range map[string]func(*Disk){"crash": (*Disk).Crash, "kill": (*Disk).Kill} {
		t.Run(name, func(t *testing.T) {
			d := newDisk(t, 1)
			put(t, d, "/f", "text", true)
			must(t, d.FS().SyncDir("/"))
			f, err := d.FS().OpenFile("/f", os.O_RDWR, 0)
			must(t, err)
			lock, err := d.FS().Lock("/lock")
			must(t, err)
			if _, err := d.FS().Lock("/lock"); !errors.Is(err, fault.ErrLocked) {
				t.Errorf("locked again: got %v", err)
			}
			down(d)
			if got := get(d, "/f"); got != syscall.EIO.Error() {
				t.Errorf("while the disk is down: got %q", got)
			}
			d.PowerOn()
			_, writing := f.Write([]byte("x"))
			_, reading := f.ReadAt(make([]byte, 1), 0)
			for _, err := range []error{writing, reading, f.Sync()} {
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("of a dead file: got %v, want EIO", err)
				}
			}
			if got := get(d, "/f"); got != "text" {
				t.Errorf("got %q", got)
			}
			again, err := d.FS().Lock("/lock")
			must(t, err)
			must(t, lock.Close())
			if _, err := d.FS().Lock("/lock"); !errors.Is(err, fault.ErrLocked) {
				t.Errorf("a dead holder has let go of the lock of a living one: got %v", err)
			}
			must(t, errors.Join(f.Close(), again.Close()))
		})
	}
}

// Killing a process takes nothing away.
func TestKillForgetsNothing(t *testing.T) {
	d := newDisk(t, 1)
	big := string(bytes.Repeat([]byte("x"), 10*pageSize))
	put(t, d, "/f", big, false)
	d.Kill()
	d.PowerOn()
	if got := get(d, "/f"); got != big {
		t.Errorf("%d bytes are left of %d", len(got), len(big))
	}
}
