package replica

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/reference/blob"
)

// drop removes the copies of id from nodes, behind the Store's back.
func (f *fleet) drop(id blob.ID, nodes ...*node) {
	f.t.Helper()
	for _, n := range nodes {
		if err := n.disk.Delete(f.t.Context(), id); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestFallOverInTheMiddle(t *testing.T) {
	data := content("a", 3*mib+17)
	for _, cause := range []error{io.ErrClosedPipe, io.EOF, blob.ErrCorrupt, blob.ErrNotFound} {
		f := newFleet(t, 5)
		f.nodes["n0"].mustPut("a", data)
		f.wantCopies("a", "n0", "n1", "n2", "n3", "n4")
		at := f.nodes["n0"]
		f.drop("a", at)
		order := at.others("a")
		for i, id := range order[:3] {
			f.nodes[id].disk.breakReads(int64(i+1)*700_000, cause)
		}
		for _, c := range []struct{ off, n int64 }{{0, -1}, {0, 3 * mib}, {1, 2 * mib}, {699_999, 2}, {mib, 100}, {3*mib + 17, 0}} {
			want := data[c.off:]
			if c.n >= 0 {
				want = want[:c.n]
			}
			if got, err := at.get("a", c.off, c.n); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v, [%d,+%d): got %d bytes, %v, want %d", cause, c.off, c.n, len(got), err, len(want))
			}
			r, err := at.Open(t.Context(), "a", c.off, c.n)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if n, err := io.Copy(&got, r); err != nil || n != int64(len(want)) || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%v, WriteTo of [%d,+%d): got %d, %v, want %d", cause, c.off, c.n, n, err, len(want))
			}
			r.Close()
		}
	}
}

// TestNoSourceServesTheEnd: the reader fails, whatever it met; io.EOF comes only
// behind the last byte.
func TestNoSourceServesTheEnd(t *testing.T) {
	for _, cause := range []error{io.EOF, io.ErrUnexpectedEOF, blob.ErrCorrupt} {
		f := newFleet(t, 3)
		data := content("a", mib)
		f.nodes["n0"].mustPut("a", data)
		f.wantCopies("a", "n0", "n1", "n2")
		f.drop("a", f.nodes["n0"])
		f.nodes["n1"].disk.breakReads(mib/2, cause)
		f.nodes["n2"].disk.breakReads(mib/2, cause)
		got, err := f.nodes["n0"].get("a", 0, -1)
		if !errors.Is(err, blob.ErrUnavailable) || !bytes.Equal(got, data[:mib/2]) {
			t.Errorf("%v: got %d bytes, %v, want %d and ErrUnavailable", cause, len(got), err, mib/2)
		}
	}
}

func TestNotFoundOnlyIfEveryMemberSaysSo(t *testing.T) {
	f := newFleet(t, 7)
	for _, n := range f.nodes {
		if _, err := n.get("a", 0, -1); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("all say so: got %v, want ErrNotFound", err)
		}
	}
	for _, down := range f.nodes {
		down.setDown(true)
		for _, n := range f.nodes {
			if n == down {
				continue
			}
			if _, err := n.get("a", 0, -1); !errors.Is(err, blob.ErrUnavailable) || errors.Is(err, blob.ErrNotFound) {
				t.Errorf("%s is down: got %v, want ErrUnavailable", down.id, err)
			}
		}
		down.setDown(false)
	}
}

func TestRangeOfABlobElsewhere(t *testing.T) {
	f := newFleet(t, 3)
	f.nodes["n0"].mustPut("a", content("a", 100))
	f.wantCopies("a", "n0", "n1", "n2")
	f.drop("a", f.nodes["n0"])
	for _, c := range [][2]int64{{101, -1}, {101, 0}, {0, 101}, {-1, 5}, {5, 1<<63 - 1}} {
		if _, err := f.nodes["n0"].get("a", c[0], c[1]); !errors.Is(err, blob.ErrRange) {
			t.Errorf("[%d,+%d): got %v, want ErrRange", c[0], c[1], err)
		}
	}
}

func TestCopiesThatDifferAreNotMixed(t *testing.T) {
	f := newFleet(t, 3)
	at, one := f.nodes["n0"], content("one", 2*mib)
	order := at.others("a")
	for i, data := range [][]byte{one, content("two", 2*mib)} {
		if _, err := f.nodes[order[i]].disk.Create(t.Context(), "a", bytes.NewReader(data), 2*mib); err != nil {
			t.Fatal(err)
		}
	}
	f.nodes[order[0]].disk.breakReads(mib, io.ErrClosedPipe)
	got, err := at.get("a", 0, -1)
	if !errors.Is(err, blob.ErrUnavailable) || !bytes.Equal(got, one[:mib]) {
		t.Errorf("got %d bytes, %v, want %d of the first and ErrUnavailable", len(got), err, mib)
	}
}

func TestASourceThatStalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFleet(t, 3)
		at, data := f.nodes["n0"], content("a", 2*mib)
		at.mustPut("a", data)
		f.wantCopies("a", "n0", "n1", "n2")
		f.drop("a", at)
		first := at.others("a")[0]
		f.nodes[first].disk.breakReads(mib, errHang)
		began := time.Now()
		at.wantRead("a", data)
		if took := time.Since(began); took != at.opt.Stall {
			t.Errorf("it took %v, want %v", took, at.opt.Stall)
		}
		began = time.Now()
		at.wantRead("a", data)
		if took := time.Since(began); took != 0 {
			t.Errorf("the next read took %v: who failed of late is asked last", took)
		}
	})
}

// TestALocalCorruptBlobIsReplaced: the reader does not notice, and the copy is
// whole again later; one that nobody else has stays as it is.
func TestALocalCorruptBlobIsReplaced(t *testing.T) {
	f := newFleet(t, 3)
	at, data := f.nodes["n0"], content("a", 2*mib)
	at.mustPut("a", data)
	f.wantCopies("a", "n0", "n1", "n2")
	if _, err := at.disk.Create(t.Context(), "only", bytes.NewReader(data), 2*mib); err != nil {
		t.Fatal(err)
	}
	at.disk.breakReads(mib, blob.ErrCorrupt)
	at.wantRead("a", data)
	if _, err := at.get("only", 0, -1); !errors.Is(err, blob.ErrUnavailable) {
		t.Errorf("the only copy: got %v, want ErrUnavailable", err)
	}
	replaced := make(chan blob.ID, 10)
	at.disk.onCreate(func(_ context.Context, id blob.ID, r io.Reader) (io.Reader, error) {
		replaced <- id
		return r, nil
	})
	at.run()
	if id := <-replaced; id != "a" {
		t.Errorf("%s was replaced, want a", id)
	}
	at.disk.breakReads(0, nil)
	eventually(t, "n0 has both", func() bool {
		_, err := at.disk.Stat(t.Context(), "a")
		_, only := at.disk.Stat(t.Context(), "only")
		return err == nil && only == nil
	})
}
