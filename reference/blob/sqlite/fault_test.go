package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/block"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// content returns n bytes that occur nowhere else.
func content(seed byte, n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
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

// count returns the number of rows of a table.
func count(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	if err := s.readDB.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func wantRows(t *testing.T, s *Store, blobs, chunks, loose int) {
	t.Helper()
	got := [3]int{count(t, s, "blob"), count(t, s, "chunk"), count(t, s, "loose")}
	if want := [3]int{blobs, chunks, loose}; got != want {
		t.Errorf("rows of blob, chunk and loose: got %v, want %v", got, want)
	}
}

// reopen closes s if it can, and opens the database again.
func reopen(t *testing.T, s *Store, dir string) *Store {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return open(t, dir)
}

// A bit that flips in the file is found by readers, and mended by a Create.
func TestFlippedBit(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	data := content(1, block.Size+5000)
	if _, err := create(s, "a", data); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "blobs.db")
	file, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(file, data[block.Size+1000:block.Size+1200])
	if at < 0 {
		t.Fatal("the second chunk is not in the file")
	}
	file[at+100] ^= 1
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir)
	defer s.Close()
	if got, err := read(s, "a"); !errors.Is(err, blob.ErrCorrupt) || !bytes.Equal(got, data[:block.Size]) {
		t.Errorf("got %d bytes, %v, want the first chunk and ErrCorrupt", len(got), err)
	}
	if _, err := create(s, "a", data); err != nil {
		t.Errorf("create over the corrupt blob: %v", err)
	}
	if got, err := read(s, "a"); err != nil || !bytes.Equal(got, data) {
		t.Errorf("after the repair: %d bytes, %v", len(got), err)
	}
	wantRows(t, s, 1, 2, 0)
}

func TestLostChunkIsCorrupt(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	if _, err := create(s, "a", content(1, 2*block.Size)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.ExecContext(t.Context(), "DELETE FROM chunk WHERE pos & 0xffffff = 1"); err != nil {
		t.Fatal(err)
	}
	if got, err := read(s, "a"); len(got) != block.Size || !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("got %d bytes, %v, want the first chunk and ErrCorrupt", len(got), err)
	}
}

// What a Create leaves when the process dies, at each chunk, Open removes.
func TestOpenRemovesHalfABlob(t *testing.T) {
	for _, chunks := range []int{1, 2, dropStep + 3} {
		t.Run(fmt.Sprint(chunks), func(t *testing.T) {
			s := open(t, t.TempDir())
			data := content(1, 100)
			if _, err := create(s, "whole", data); err != nil {
				t.Fatal(err)
			}
			image := t.TempDir()
			body := io.MultiReader(bytes.NewReader(make([]byte, (chunks+1)*block.Size)), &snapshot{t, s, image})
			if _, err := s.Create(t.Context(), "half", body, int64((chunks+1)*block.Size)); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			again := open(t, image)
			wantRows(t, again, 1, 1, 0)
			if got, err := read(again, "whole"); err != nil || !bytes.Equal(got, data) {
				t.Errorf("got %d bytes, %v", len(got), err)
			}
			if _, err := create(again, "half", data); err != nil {
				t.Error(err)
			}
			if got, err := read(again, "whole"); err != nil || !bytes.Equal(got, data) {
				t.Errorf("after another create: got %d bytes, %v", len(got), err)
			}
			if err := again.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// snapshot copies the files of a store, as a kill would leave them, when a
// body has come to its end.
type snapshot struct {
	t   *testing.T
	s   *Store
	dir string
}

func (c *snapshot) Read([]byte) (int, error) {
	var seq, name, path string
	if err := c.s.readDB.QueryRow("PRAGMA database_list").Scan(&seq, &name, &path); err != nil {
		return 0, err
	}
	if n := count(c.t, c.s, "loose"); n != 1 {
		c.t.Errorf("%d rows in loose under a running Create, want 1", n)
	}
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(filepath.Join(c.dir, "blobs.db"+end), data, 0o600); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

func TestDeleteLeavesNoRows(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i, chunks := range []int{0, 1, dropStep, dropStep + 1, 2*dropStep + 1} {
		id := blob.ID(fmt.Sprint(i))
		if _, err := create(s, id, content(byte(i), chunks*block.Size)); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		wantRows(t, s, 0, 0, 0)
	}
	s = reopen(t, s, dir)
	wantRows(t, s, 0, 0, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// The number of a blob's chunks never becomes another's while it can be read.
func TestNumbersAreNotUsedAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range 3 {
		if _, err := create(s, blob.ID(fmt.Sprint(i)), content(byte(i), 10)); err != nil {
			t.Fatal(err)
		}
		s = reopen(t, s, dir)
	}
	for i := range 3 {
		if got, err := read(s, blob.ID(fmt.Sprint(i))); err != nil || !bytes.Equal(got, content(byte(i), 10)) {
			t.Errorf("blob %d: %d bytes, %v", i, len(got), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFullDisk(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	if _, err := create(s, "kept", content(1, 10)); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		if _, err := s.write.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(3 * block.Size / pageSize)
	for _, chunks := range []int{4, 20} {
		if _, err := create(s, "large", content(2, chunks*block.Size)); !errors.Is(err, blob.ErrFull) {
			t.Errorf("%d chunks: got %v, want ErrFull", chunks, err)
		}
		wantRows(t, s, 1, 1, 0)
	}
	if _, err := create(s, "small", content(2, block.Size)); err != nil {
		t.Errorf("a failed create must give back its space: %v", err)
	}
	limit(1 << 30)
	if _, err := create(s, "large", content(2, 4*block.Size)); err != nil {
		t.Errorf("with space again: %v", err)
	}
	if got, err := read(s, "kept"); err != nil || !bytes.Equal(got, content(1, 10)) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestNothingIsWrittenAfterAFailedSync(t *testing.T) {
	s := open(t, t.TempDir())
	defer s.Close()
	if err := s.broken.Trip(syscall.EIO); !errors.Is(err, blob.ErrSync) || !errors.Is(err, syscall.EIO) {
		t.Errorf("got %v, want ErrSync and EIO", err)
	}
	if _, err := create(s, "a", nil); !errors.Is(err, blob.ErrSync) {
		t.Errorf("got %v, want ErrSync", err)
	}
}

// The log stays short however much is written, with a reader that never ends.
func TestLogIsBounded(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	defer s.Close()
	s.log.soft, s.log.hard = 1<<20, 4<<20
	if _, err := create(s, "first", content(9, 2*block.Size)); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), "first", 0, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	var largest int64
	for i := range 30 {
		if _, err := create(s, blob.ID(fmt.Sprint(i)), content(byte(i), block.Size)); err != nil {
			t.Fatal(err)
		}
		stat, err := os.Stat(filepath.Join(dir, "blobs.db-wal"))
		if err != nil {
			t.Fatal(err)
		}
		largest = max(largest, stat.Size())
	}
	if largest < 1<<20 || largest > 8<<20 {
		t.Errorf("the log grew to %d bytes, want between 1 and 8 MiB", largest)
	}
}

func TestOpenRefusesOtherDatabases(t *testing.T) {
	for name, query := range map[string]string{
		"of another program": "CREATE TABLE t (x)",
		"of a later version": "PRAGMA user_version = 99",
	} {
		path := filepath.Join(t.TempDir(), "blobs.db")
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(query); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(t.Context(), Options{Path: path}); err == nil {
			s.Close()
			t.Errorf("%s: opened, want an error", name)
		}
	}
	path := filepath.Join(t.TempDir(), "blobs.db")
	if err := os.WriteFile(path, bytes.Repeat([]byte("no database "), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(t.Context(), Options{Path: path}); !errors.Is(err, blob.ErrCorrupt) {
		if err == nil {
			s.Close()
		}
		t.Errorf("no database: got %v, want ErrCorrupt", err)
	}
}

// A path may hold what has a meaning in a URI.
func TestOddPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "100% odd?#&=")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir)
	defer s.Close()
	if _, err := os.Stat(filepath.Join(dir, "blobs.db")); err != nil {
		t.Error(err)
	}
}
