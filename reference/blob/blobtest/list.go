package blobtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"bleepstore/reference/blob"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var listing = []rule{
	{"delete", "a deleted blob is gone, and deleting it again or what never was is no error", func(t *testing.T, s blob.Store) {
		for _, size := range []int{0, 10, 3 * mib} {
			id := blob.ID(fmt.Sprintf("a-%d", size))
			create(t, s, id, content(id, size))
			for range 2 {
				if err := s.Delete(t.Context(), id); err != nil {
					t.Fatalf("delete: %v", err)
				}
				wantNone(t, s, id)
			}
			create(t, s, id, content("other", size+1))
			wantBlob(t, s, id, content("other", size+1))
		}
		if err := s.Delete(t.Context(), "never"); err != nil {
			t.Errorf("delete of what never was: %v", err)
		}
	}},
	{"list in order", "List yields every blob behind after in the order of ids, with its size and sum", func(t *testing.T, s blob.Store) {
		var want []blob.Info
		for i, id := range []blob.ID{"z", "0", "b-1", "b", "b0", "a-9", "a-10"} {
			data := content(id, i*100_000)
			create(t, s, id, data)
			want = append(want, info(id, data))
		}
		slices.SortFunc(want, func(a, b blob.Info) int { return bytes.Compare([]byte(a.ID), []byte(b.ID)) })
		for _, after := range []blob.ID{"", "0", "a", "a-10", "b", "b-", "b0", "z", "zz"} {
			at, _ := slices.BinarySearchFunc(want, after+"\x00", func(i blob.Info, id blob.ID) int {
				return bytes.Compare([]byte(i.ID), []byte(id))
			})
			if d := cmp.Diff(slices.Clip(want[at:]), list(t, s, after), nilIsEmpty); d != "" {
				t.Errorf("after %q (-want +got):\n%s", after, d)
			}
		}
	}},
	{"stat", "Stat, where there is one, describes a whole blob as List does and knows no other", func(t *testing.T, s blob.Store) {
		stater, ok := s.(blob.Stater)
		if !ok {
			t.Skip("the store has no Stat")
		}
		for _, size := range []int{0, 10, 3*mib + 5} {
			id := blob.ID(fmt.Sprintf("a-%d", size))
			data := content(id, size)
			body := io.MultiReader(bytes.NewReader(data), &hook{do: func() {
				if got, err := stater.Stat(t.Context(), id); !errors.Is(err, blob.ErrNotFound) {
					t.Errorf("before the body has ended: got %+v, %v, want ErrNotFound", got, err)
				}
			}})
			if _, err := s.Create(t.Context(), id, body, int64(size)); err != nil {
				t.Fatal(err)
			}
			if got, err := stater.Stat(t.Context(), id); err != nil || got != info(id, data) {
				t.Errorf("got %+v, %v, want %+v", got, err, info(id, data))
			}
			if err := s.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if _, err := stater.Stat(t.Context(), id); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("deleted: got %v, want ErrNotFound", err)
			}
		}
		if _, err := stater.Stat(t.Context(), "../a"); !errors.Is(err, blob.ErrID) {
			t.Errorf("malformed: got %v, want ErrID", err)
		}
	}},
	{"list stops", "List ends with the error of fn at once, and with that of its context", func(t *testing.T, s blob.Store) {
		for _, id := range []blob.ID{"a", "b", "c"} {
			create(t, s, id, nil)
		}
		calls, enough := 0, errors.New("enough")
		err := s.List(t.Context(), "", func(blob.Info) error { calls++; return enough })
		if err != enough || calls != 1 {
			t.Errorf("got %v after %d calls, want the error of fn after 1", err, calls)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = s.List(ctx, "", func(blob.Info) error { return nil })
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", err)
		}
	}},
	{"list lets fn use the store", "the sweeper may read and delete from within List", func(t *testing.T, s blob.Store) {
		for i := range 10 {
			id := blob.ID(fmt.Sprint(i))
			create(t, s, id, content(id, 100))
		}
		err := s.List(t.Context(), "", func(i blob.Info) error {
			if i.ID > "4" {
				return s.Delete(t.Context(), i.ID)
			}
			wantBlob(t, s, i.ID, content(i.ID, 100))
			create(t, s, i.ID+"-copy", content(i.ID, 100))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(list(t, s, "")); got != 10 {
			t.Errorf("%d blobs are left, want 10", got)
		}
	}},
	{"any sequence", "whatever the sequence of calls, the store answers as a map of ids to bytes would", func(t *testing.T, s blob.Store) {
		epoch := uint64(0)
		rapid.Check(t, func(rt *rapid.T) {
			epoch++ // ids of this run alone
			rt.Repeat(newMachine(t, s, epoch).actions())
		})
	}},
}

// nilIsEmpty compares slices by their elements.
var nilIsEmpty = cmp.Transformer("len", func(s []blob.Info) map[int]blob.Info {
	m := map[int]blob.Info{}
	for i, x := range s {
		m[i] = x
	}
	return m
})

// machine is a store beside its model.
type machine struct {
	t     *testing.T
	s     blob.Store
	epoch uint64
	want  map[blob.ID][]byte
}

func newMachine(t *testing.T, s blob.Store, epoch uint64) *machine {
	return &machine{t: t, s: s, epoch: epoch, want: map[blob.ID][]byte{}}
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"create": m.create,
		"read":   m.read,
		"delete": m.delete,
		"list":   m.list,
	}
}

func (m *machine) id(rt *rapid.T) blob.ID {
	return blob.EpochStart(m.epoch) + blob.ID(fmt.Sprintf("-%d", rapid.IntRange(0, 4).Draw(rt, "id")))
}

func (m *machine) create(rt *rapid.T) {
	id := m.id(rt)
	size := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(0, 5000), rapid.SampledFrom(sizes)).Draw(rt, "size")
	data := content(blob.ID(fmt.Sprint(id, size)), size)
	got, err := m.s.Create(m.t.Context(), id, bytes.NewReader(data), int64(size))
	old, exists := m.want[id]
	switch {
	case exists && (!errors.Is(err, blob.ErrExists) || got != info(id, old)):
		rt.Fatalf("got %+v, %v, want %+v, ErrExists", got, err, info(id, old))
	case !exists && (err != nil || got != info(id, data)):
		rt.Fatalf("got %+v, %v, want %+v", got, err, info(id, data))
	case !exists:
		m.want[id] = data
	}
}

func (m *machine) read(rt *rapid.T) {
	id := m.id(rt)
	want, exists := m.want[id]
	off := rapid.IntRange(0, len(want)).Draw(rt, "off")
	n := rapid.IntRange(0, len(want)-off).Draw(rt, "n")
	got, err := read(m.t, m.s, id, int64(off), int64(n))
	switch {
	case !exists && !errors.Is(err, blob.ErrNotFound):
		rt.Fatalf("got %v, want ErrNotFound", err)
	case exists && (err != nil || !bytes.Equal(got, want[off:off+n])):
		rt.Fatalf("[%d,+%d): got %d bytes, %v", off, n, len(got), err)
	}
}

func (m *machine) delete(rt *rapid.T) {
	id := m.id(rt)
	if err := m.s.Delete(m.t.Context(), id); err != nil {
		rt.Fatal(err)
	}
	delete(m.want, id)
}

func (m *machine) list(rt *rapid.T) {
	end := errors.New("next epoch")
	got := map[blob.ID]blob.Info{}
	err := m.s.List(m.t.Context(), blob.EpochStart(m.epoch), func(i blob.Info) error {
		if i.ID >= blob.EpochStart(m.epoch+1) {
			return end
		}
		got[i.ID] = i
		return nil
	})
	if err != nil && err != end {
		rt.Fatal(err)
	}
	want := map[blob.ID]blob.Info{}
	for id, data := range m.want {
		want[id] = info(id, data)
	}
	if d := cmp.Diff(want, got); d != "" {
		rt.Fatalf("list (-want +got):\n%s", d)
	}
}
