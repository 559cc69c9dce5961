package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob/memory"
)

// bound are the offsets of a backup that are worth damaging one by one: all but
// the inside of the metadata, of which some are taken.
func bound(t *testing.T, whole []byte) (offsets []int) {
	t.Helper()
	from := bytes.Index(whole, []byte("SQLite format 3"))
	to := bytes.Index(whole, []byte("blobs/"))
	if from < 0 || to < from {
		t.Fatal("the metadata are not where they should be")
	}
	for i := range whole {
		if i < from || i > to-16 || (i-from)%4093 == 0 {
			offsets = append(offsets, i)
		}
	}
	return offsets
}

func smallBackup(t *testing.T) []byte {
	t.Helper()
	s := newStore(t)
	s.put("inline", text("inline", 30))
	s.put("blob", text("blob", 700))
	s.put("blob2", text("blob", 512))
	return s.backup()
}

// attempt restores to memory.
func attempt(t *testing.T, r io.Reader) error {
	t.Helper()
	_, err := Restore(t.Context(), r, Target{Meta: filepath.Join(t.TempDir(), "meta.db"), Blobs: memory.New(0)})
	return err
}

// One that is cut anywhere is refused, and so is one in which any byte differs.
func TestDamageIsFound(t *testing.T) {
	whole := smallBackup(t)
	if _, err := Verify(t.Context(), bytes.NewReader(whole)); err != nil {
		t.Fatal(err)
	}
	for n, i := range bound(t, whole) {
		changed := bytes.Clone(whole)
		changed[i] ^= 1 << (n % 8)
		for what, b := range map[string][]byte{"cut": whole[:i], "changed": changed} {
			_, err := Verify(t.Context(), bytes.NewReader(b))
			if err == nil || what == "cut" && !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s at %d of %d: got %v", what, i, len(whole), err)
			}
			if n%151 != 0 {
				continue
			}
			if err := attempt(t, bytes.NewReader(b)); err == nil || what == "cut" && !errors.Is(err, ErrDamaged) {
				t.Fatalf("restore what is %s at %d of %d: got %v", what, i, len(whole), err)
			}
		}
	}
	if _, err := Verify(t.Context(), bytes.NewReader(append(whole, 0))); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte behind the end: got %v", err)
	}
	if _, err := Verify(t.Context(), bytes.NewReader([]byte("hello"))); !errors.Is(err, ErrDamaged) {
		t.Errorf("something else: got %v", err)
	}
}

// A stream that fails is not called damaged, and neither is one that was broken
// off from this side.
func TestFailureOfTheStream(t *testing.T) {
	whole := smallBackup(t)
	lost := errors.New("connection lost")
	for _, n := range []int{0, 100, 600, 2000, 5000, len(whole) - 1100, len(whole)} {
		r := io.MultiReader(bytes.NewReader(whole[:n]), iotest.ErrReader(lost))
		if err := attempt(t, r); !errors.Is(err, lost) || errors.Is(err, ErrDamaged) {
			t.Errorf("after %d bytes: got %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Verify(ctx, bytes.NewReader(whole)); !errors.Is(err, context.Canceled) || errors.Is(err, ErrDamaged) {
		t.Errorf("cancelled: got %v", err)
	}
}

// An entry is one of an archive that a test puts together.
type entry struct {
	name string
	data []byte
}

// forge takes a backup apart, and seals what edit makes of its entries.
func forge(t *testing.T, whole []byte, edit func([]entry) []entry) []byte {
	t.Helper()
	r := newReader(t.Context(), bytes.NewReader(whole))
	if err := r.begin(1 << 30); err != nil {
		t.Fatal(err)
	}
	var entries []entry
	for tr := tar.NewReader(bytes.NewReader(whole)); ; {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(tr)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry{h.Name, b})
	}
	var out bytes.Buffer
	sum := sha256.New()
	w := tar.NewWriter(io.MultiWriter(&out, sum))
	for _, e := range edit(entries[:len(entries)-1]) {
		if err := w.WriteHeader(r.manifest.header(e.name, int64(len(e.data)))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	end, err := r.manifest.seal(sum.Sum(nil))
	if err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), end...)
}

func replaced(e entry, old, new string) entry {
	return entry{e.name, bytes.ReplaceAll(e.data, []byte(old), []byte(new))}
}

// Restore believes the metadata, not the archive: one whose checksum fits is
// refused too when its entries are not those that the metadata names.
func TestForgedBackups(t *testing.T) {
	whole := smallBackup(t)
	if err := attempt(t, bytes.NewReader(forge(t, whole, func(e []entry) []entry { return e }))); err != nil {
		t.Fatalf("unchanged: %v", err)
	}
	for name, edit := range map[string]func([]entry) []entry{
		"a blob too few":        func(e []entry) []entry { return e[:3] },
		"a blob too many":       func(e []entry) []entry { return append(e, entry{"blobs/zz", nil}) },
		"another blob":          func(e []entry) []entry { return append(e[:3:3], entry{"blobs/zz", e[3].data}) },
		"a path":                func(e []entry) []entry { return append(e[:3:3], entry{"../../etc/passwd", e[3].data}) },
		"swapped blobs":         func(e []entry) []entry { return []entry{e[0], e[1], e[3], e[2]} },
		"a shorter blob":        func(e []entry) []entry { return append(e[:3:3], entry{e[3].name, e[3].data[:10]}) },
		"a longer blob":         func(e []entry) []entry { return append(e[:3:3], entry{e[3].name, append(e[3].data, 0)}) },
		"no metadata":           func(e []entry) []entry { return slices.Delete(e, 1, 2) },
		"no manifest":           func(e []entry) []entry { return e[1:] },
		"metadata that is text": func(e []entry) []entry { e[1].data = bytes.Repeat([]byte("text"), len(e[1].data)/4); return e },
		"a manifest of other metadata": func(e []entry) []entry {
			e[0] = replaced(e[0], `"objects": 3`, `"objects": 4`)
			return e
		},
		"a later format": func(e []entry) []entry { e[0] = replaced(e[0], `"format": 1`, `"format": 2`); return e },
		"a later state":  func(e []entry) []entry { e[0] = replaced(e[0], `"state_version": `, `"state_version": 9`); return e },
		"a huge manifest": func(e []entry) []entry {
			e[0].data = append(e[0].data, bytes.Repeat([]byte(" "), maxManifest)...)
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := attempt(t, bytes.NewReader(forge(t, whole, edit))); err == nil {
				t.Error("it is taken for a backup")
			}
		})
	}
}
