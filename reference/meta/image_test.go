package meta

import (
	"os"
	"path/filepath"
	"testing"
)

// What Save wrote opens as a file and as a memory's beginning, with the state
// as it was.
func TestSaveAndImage(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	for _, from := range []Options{{}, {Path: filepath.Join(dir, "it's a # file?.db"), Sync: SyncFull}} {
		db, err := Open(ctx, from)
		if err != nil {
			t.Fatal(err)
		}
		apply := func(db *DB, index uint64, op Op) {
			t.Helper()
			r, err := db.Apply([]Entry{{Index: index, Command: Command{ID: "id", Stamp: 1, Op: op}}})
			if err != nil || r[0].Err != nil {
				t.Fatal(err, r)
			}
		}
		apply(db, 1, CreateBucket{Name: "b", Owner: "o"})
		apply(db, 2, PutObject{Write: Write{Bucket: "b", Key: "k", Size: 4}, Body: []byte("body")})
		image := filepath.Join(t.TempDir(), "image's?")
		if err := db.Save(ctx, image); err != nil {
			t.Fatal(err)
		}
		want, err := db.Hash(ctx)
		if err != nil {
			t.Fatal(err)
		}
		apply(db, 3, DeleteObject{Bucket: "b", Item: DeleteItem{Key: "k"}})
		if err := db.Save(ctx, image); err == nil {
			t.Error("Save overwrote a file")
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		for _, to := range []Options{{Image: image}, {Path: image, Sync: SyncFull}} {
			copied, err := Open(ctx, to)
			if err != nil {
				t.Fatal(err)
			}
			got, err := copied.Hash(ctx)
			if err != nil || got != want || copied.Applied() != 2 {
				t.Errorf("%+v: hash %s, applied %d, %v; want %s, 2", to, got, copied.Applied(), err, want)
			}
			apply(copied, 3, DeleteObject{Bucket: "b", Item: DeleteItem{Key: "k"}})
			if err := copied.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, []byte("not a database, however long it is"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, image := range []string{bad, filepath.Join(dir, "absent")} {
		if _, err := Open(ctx, Options{Image: image}); err == nil {
			t.Errorf("the image %s was accepted", image)
		}
	}
}
