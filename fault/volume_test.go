package fault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// plain is an FS without any ability more.
type plain struct{ FS }

func TestVolume(t *testing.T) {
	for name, fsys := range map[string]FS{"OS": OS{}, "a plain FS": plain{OS{}}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			deep, file := filepath.Join(dir, "a", "b"), filepath.Join(dir, "a", "b", "c")
			if err := fsys.MkdirAll(deep, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("text"), 0o600); err != nil {
				t.Fatal(err)
			}
			if got, err := ReadFile(fsys, file); err != nil || string(got) != "text" {
				t.Errorf("read: got %q, %v", got, err)
			}
			if got, err := Stat(fsys, file); err != nil || got.Size() != 4 || got.IsDir() {
				t.Errorf("stat: got %v, %v", got, err)
			}
			err := Rename(fsys, file, file+"2")
			if _, able := fsys.(Renamer); able != (err == nil) || !able && !errors.Is(err, errors.ErrUnsupported) {
				t.Errorf("rename: got %v, and it is a Renamer: %t", err, able)
			}
			for range 2 { // again, of what is not there
				if err := RemoveAll(fsys, filepath.Join(dir, "a")); err != nil {
					t.Error(err)
				}
			}
			if _, err := Stat(fsys, deep); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("stat of what was removed: got %v", err)
			}
			if _, err := ReadFile(fsys, file); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("read of what was removed: got %v", err)
			}
		})
	}
}
