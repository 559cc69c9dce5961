package mount

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bleepstore/fault"
)

// TestMain lets the test's program be the disk's process, too.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 || os.Args[1] != "faultdisk" {
		os.Exit(m.Run())
	}
	var c Config
	flags := flag.NewFlagSet("faultdisk", flag.ExitOnError)
	flags.StringVar(&c.Dir, "mount", "", "")
	flags.Uint64Var(&c.Seed, "seed", 0, "")
	flags.Int64Var(&c.Limit, "limit", 0, "")
	flags.BoolVar(&c.Deaf, "deaf", false, "")
	_ = flags.Parse(os.Args[2:]) // it ends the process where it fails
	if err := Child(c, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// start mounts a disk, or skips the test with the reason why not.
func start(t *testing.T, o Options) *Mount {
	t.Helper()
	if err := Probe(); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	self, err := os.Executable()
	must(t, err)
	o.Self, o.Dir = self, t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	m, err := Start(ctx, o)
	must(t, err)
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return m
}

func syncDir(t *testing.T, dir string) {
	t.Helper()
	must(t, fault.OS{}.SyncDir(dir))
}

func write(t *testing.T, name, text string, sync bool) {
	t.Helper()
	f, err := os.Create(name)
	must(t, err)
	_, err = f.WriteString(text)
	must(t, err)
	if sync {
		must(t, f.Sync())
	}
	must(t, f.Close())
}

// The mount is proven: who never syncs loses, who syncs file and directory does
// not. A file that was read before the crash is no longer in the page cache.
func TestCrash(t *testing.T) {
	m := start(t, Options{Seed: 1})
	text := strings.Repeat("x", 100_000)
	lost := 0
	for round := range 10 {
		dir := filepath.Join(m.Dir(), fmt.Sprint(round))
		must(t, os.Mkdir(dir, 0o700))
		syncDir(t, m.Dir())
		write(t, filepath.Join(dir, "safe"), text, true)
		syncDir(t, dir)
		write(t, filepath.Join(dir, "never"), text, false)
		if got, err := os.ReadFile(filepath.Join(dir, "never")); err != nil || string(got) != text {
			t.Fatalf("before the crash: %d bytes, %v", len(got), err)
		}
		must(t, m.Crash(t.Context()))
		if got, err := os.ReadFile(filepath.Join(dir, "never")); err != nil || string(got) != text {
			lost++
		}
		for r := range round + 1 {
			name := filepath.Join(m.Dir(), fmt.Sprint(r), "safe")
			if got, err := os.ReadFile(name); err != nil || string(got) != text {
				t.Fatalf("round %d: %s is lost: %d bytes, %v", round, name, len(got), err)
			}
		}
	}
	if lost < 5 {
		t.Errorf("the writer that never syncs lost its file in %d of 10 crashes", lost)
	}
	stat, err := m.Stat(t.Context())
	if err != nil || stat.Crashes != 10 || stat.Syncs == 0 || stat.Used == 0 || stat.Limit != DefaultLimit {
		t.Errorf("got %+v, %v", stat, err)
	}
}

// What programs do with files works.
func TestFiles(t *testing.T) {
	m := start(t, Options{})
	at := func(name string) string { return filepath.Join(m.Dir(), name) }
	must(t, os.MkdirAll(at("a/b"), 0o755))
	write(t, at("a/b/f"), "text", true)
	must(t, os.Chmod(at("a/b/f"), 0o640))
	then := time.Unix(1_000_000_000, 0)
	must(t, os.Chtimes(at("a/b/f"), then, then))
	if info, err := os.Stat(at("a/b/f")); err != nil || info.Mode() != 0o640 || info.Size() != 4 || !info.ModTime().Equal(then) {
		t.Errorf("got %v, %v", info, err)
	}
	must(t, os.Chown(at("a/b/f"), os.Getuid(), os.Getgid()))
	must(t, os.Link(at("a/b/f"), at("hard")))
	must(t, os.Rename(at("a/b/f"), at("moved")))
	must(t, os.Remove(at("a/b")))
	must(t, os.Remove(at("hard")))
	f, err := os.OpenFile(at("moved"), os.O_APPEND|os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString(" more")
	must(t, err)
	must(t, os.Remove(at("moved"))) // and it is still there for who has it open
	if info, err := f.Stat(); err != nil || info.Size() != 9 {
		t.Errorf("got %v, %v", info, err)
	}
	must(t, f.Truncate(6))
	b := make([]byte, 10)
	if n, _ := f.ReadAt(b, 0); string(b[:n]) != "text m" {
		t.Errorf("got %q", b[:n])
	}
	entries, err := os.ReadDir(m.Dir())
	if err != nil || len(entries) != 1 || entries[0].Name() != "a" || !entries[0].IsDir() {
		t.Errorf("got %v, %v", entries, err)
	}
	if err := os.Mkdir(at("a"), 0o700); !errors.Is(err, fs.ErrExist) {
		t.Errorf("make a directory again: got %v", err)
	}
	if _, err := os.Open(at("none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open nothing: got %v", err)
	}
}

// Locks are the kernel's, and memory that is mapped is shared, as SQLite's -shm
// files need.
func TestLocksAndMemory(t *testing.T) {
	m := start(t, Options{})
	var files [2]*os.File
	var memory [2][]byte
	for i := range files {
		f, err := os.OpenFile(filepath.Join(m.Dir(), "shm"), os.O_CREATE|os.O_RDWR, 0o600)
		must(t, err)
		defer f.Close()
		must(t, f.Truncate(32768))
		memory[i], err = unix.Mmap(int(f.Fd()), 0, 32768, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
		must(t, err)
		defer unix.Munmap(memory[i])
		files[i] = f
	}
	memory[0][12345] = 7
	if memory[1][12345] != 7 {
		t.Error("the memory is not shared")
	}
	must(t, unix.Flock(int(files[0].Fd()), unix.LOCK_EX|unix.LOCK_NB))
	if err := unix.Flock(int(files[1].Fd()), unix.LOCK_EX|unix.LOCK_NB); !errors.Is(err, unix.EWOULDBLOCK) {
		t.Errorf("locked again: got %v", err)
	}
}

func TestRoom(t *testing.T) {
	m := start(t, Options{Limit: 1 << 20})
	var s unix.Statfs_t
	must(t, unix.Statfs(m.Dir(), &s))
	if free, total := int64(s.Bavail)*s.Bsize, int64(s.Blocks)*s.Bsize; free != 1<<20 || total != 1<<20 {
		t.Errorf("%d of %d bytes are free", free, total)
	}
	f, err := os.Create(filepath.Join(m.Dir(), "f"))
	must(t, err)
	defer f.Close()
	must(t, unix.Fallocate(int(f.Fd()), 0, 0, 1<<19))
	if err := unix.Fallocate(int(f.Fd()), 0, 0, 1<<21); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("allocate more than there is: got %v", err)
	}
	if _, err := f.WriteAt(make([]byte, 1<<19), 1<<20); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("write more than there is: got %v", err)
	}
	must(t, os.Remove(f.Name()))
	must(t, f.Close())
	for s.Bavail = 0; int64(s.Bavail)*s.Bsize < 1<<20; { // the kernel tells of the end of a file when it likes
		must(t, t.Context().Err())
		must(t, unix.Statfs(m.Dir(), &s))
	}
	write(t, filepath.Join(m.Dir(), "g"), strings.Repeat("x", 1<<20), true)
}

func TestTrouble(t *testing.T) {
	m := start(t, Options{})
	name := filepath.Join(m.Dir(), "f")
	write(t, name, strings.Repeat("\x00", 5000), true)
	sync := func() error {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		must(t, err)
		return errors.Join(f.Sync(), f.Close())
	}
	for _, c := range []struct {
		trouble fault.DiskTrouble
		do      func() error
		want    error
	}{
		{fault.DiskTrouble{FailSync: 1}, sync, syscall.EIO},
		{fault.DiskTrouble{FailSync: 1}, func() error { return fault.OS{}.SyncDir(m.Dir()) }, syscall.EIO},
		{fault.DiskTrouble{FailRead: 1}, func() error { _, err := os.ReadFile(name); return err }, syscall.EIO},
		{fault.DiskTrouble{FailWrite: 1}, func() error { return os.Truncate(name, 4000) }, syscall.EIO},
		{fault.DiskTrouble{Full: true}, func() error { return os.WriteFile(name+"2", nil, 0o600) }, syscall.ENOSPC},
	} {
		must(t, m.Trouble(t.Context(), c.trouble))
		if err := c.do(); !errors.Is(err, c.want) {
			t.Errorf("%+v: got %v, want %v", c.trouble, err, c.want)
		}
		must(t, m.Trouble(t.Context(), fault.DiskTrouble{}))
		if err := c.do(); err != nil {
			t.Errorf("%+v, and it has ended: %v", c.trouble, err)
		}
	}
	must(t, m.Trouble(t.Context(), fault.DiskTrouble{FlipOnRead: 1}))
	got, err := os.ReadFile(name)
	if err != nil || !slices.ContainsFunc(got, func(b byte) bool { return b != 0 }) {
		t.Errorf("no bit was flipped: %v", err)
	}
	must(t, m.Trouble(t.Context(), fault.DiskTrouble{}))
	if got, err = os.ReadFile(name); err != nil || slices.ContainsFunc(got, func(b byte) bool { return b != 0 }) {
		t.Errorf("the medium is wrong: %v", err)
	}
}

// A process that is killed while the disk hangs ends: who kills it waits for
// that, before it ends the trouble or takes the power away.
func TestKillWhileItHangs(t *testing.T) {
	m := start(t, Options{})
	must(t, m.Trouble(t.Context(), fault.DiskTrouble{Hang: true}))
	cmd := exec.Command("sh", "-c", "echo begin; echo text >"+filepath.Join(m.Dir(), "f"))
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	if _, err := io.ReadFull(out, make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	for { // until it is in the kernel
		stack, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
		must(t, err)
		if state := strings.Fields(string(stack))[2]; state == "S" || state == "D" {
			break
		}
	}
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Error("it has written, though the disk hangs")
	}
	must(t, m.Crash(t.Context()))
	must(t, m.Trouble(t.Context(), fault.DiskTrouble{}))
	write(t, filepath.Join(m.Dir(), "g"), "text", true)
}

// The mount goes with the process that asked for it.
func TestClose(t *testing.T) {
	m := start(t, Options{})
	write(t, filepath.Join(m.Dir(), "f"), "text", true)
	must(t, m.Close())
	if entries, err := os.ReadDir(m.Dir()); err != nil || len(entries) != 0 {
		t.Errorf("got %v, %v", entries, err)
	}
	if err := m.Crash(t.Context()); err == nil {
		t.Error("a crash of what is not there succeeded")
	}
}

// What cannot be mounted says why.
func TestCannot(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	full := t.TempDir()
	write(t, filepath.Join(full, "f"), "", false)
	for dir, want := range map[string]string{full: "not empty", filepath.Join(full, "none"): "no such file"} {
		if _, err := Start(t.Context(), Options{Self: self, Dir: dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
