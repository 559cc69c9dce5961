package meta

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOpenFoldsTheLog opens what a killed process leaves: before anything is
// served, the log's commits are in the database and the log is empty, so that
// nothing served hangs on a write that was never synced.
func TestOpenFoldsTheLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	s := openStore(t, Options{Path: path, Sync: SyncFull, Readers: 1})
	s.must(CreateBucket{Name: "bucket", Owner: "o", Region: "us-east-1"})
	copied := filepath.Join(t.TempDir(), "meta.db")
	for _, end := range []string{"", "-wal"} {
		data, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if end == "-wal" && len(data) == 0 {
			t.Fatal("the log is empty before: the test says nothing")
		}
		if err := os.WriteFile(copied+end, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := openStore(t, Options{Path: copied, Sync: SyncFull, Readers: 1})
	if got := again.db.Applied(); got != s.index {
		t.Errorf("applied %d, want %d", got, s.index)
	}
	if info, err := os.Stat(copied + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("log after opening: %v, %v, want it empty", info, err)
	}
}
