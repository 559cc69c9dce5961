package migrate

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"bleepstore/reference/blob"
)

// A finding is what to do with a blob that a comparison meets. An error ends it.
type finding struct {
	both    func(named Name, from, to blob.Info) error // to may be Partial
	lacking func(named Name, from blob.Info) error     // there is nothing of it at To
	extra   func(id blob.ID) error                     // at To, and not named
}

// compare walks over the names and over both listings at the same time, all of them
// in the order of ids. It fails with ErrMissing, when it has seen all, if From lacks
// what is named: of that it says nothing to f.
func (j *Job) compare(ctx context.Context, f finding) error {
	from, to := begin(ctx, j.From), begin(ctx, j.To)
	defer from.stop()
	defer to.stop()
	missing, first := 0, blob.ID("")
	for named, err := range j.names(ctx) {
		if err == nil {
			err = to.pass(named.ID, f.extra)
		}
		if err == nil {
			err = from.pass(named.ID, nil)
		}
		if err != nil {
			return err
		}
		copied, copies := to.take(named.ID)
		switch info, there := from.take(named.ID); {
		case !there || info.Partial:
			if missing++; missing == 1 {
				first = named.ID
			}
		case info.Size < named.Size:
			return fmt.Errorf("%w: blob %s has %d bytes, and %d are named", blob.ErrCorrupt, named.ID, info.Size, named.Size)
		case copies:
			err = f.both(named, info, copied)
		default:
			err = f.lacking(named, info)
		}
		if err != nil {
			return err
		}
	}
	if err := to.pass("", f.extra); err != nil {
		return err
	}
	if missing > 0 {
		return fmt.Errorf("%w: %d of %d, the first is %s", ErrMissing, missing, j.Progress.OfBlobs.Load(), first)
	}
	return nil
}

// namePage is how many names are asked for at once.
const namePage = 1000

// names are all that the metadata name.
func (j *Job) names(ctx context.Context) iter.Seq2[Name, error] {
	return func(yield func(Name, error) bool) {
		for after := blob.ID(""); ; {
			page, err := j.Names(ctx, after, namePage)
			if err != nil {
				yield(Name{}, fmt.Errorf("read names: %w", err))
				return
			}
			for _, n := range page {
				if !yield(n, nil) {
					return
				}
				after = n.ID
			}
			if len(page) < namePage {
				return
			}
		}
	}
}

// A cursor is a place in the listing of a store. Of ids that no server has made it
// knows nothing: they are marks.
type cursor struct {
	next func() (blob.Info, error, bool)
	stop func()
	cur  blob.Info
	ok   bool // cur is one, and was not taken
	ends bool
}

var errStopped = errors.New("enough was listed")

func begin(ctx context.Context, s blob.Store) *cursor {
	c := &cursor{}
	c.next, c.stop = iter.Pull2(func(yield func(blob.Info, error) bool) {
		err := s.List(ctx, "", func(i blob.Info) error {
			if _, made := i.ID.Epoch(); made && !yield(i, nil) {
				return errStopped
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(blob.Info{}, fmt.Errorf("list blobs: %w", err))
		}
	})
	return c
}

// pass goes on to the first that is not before id, to the end where that is "", and
// calls fn, unless it is nil, with what it passes.
func (c *cursor) pass(id blob.ID, fn func(blob.ID) error) error {
	for !c.ends && (!c.ok || id == "" || c.cur.ID < id) {
		if c.ok && fn != nil {
			if err := fn(c.cur.ID); err != nil {
				return err
			}
		}
		info, err, more := c.next()
		if err != nil {
			return err
		}
		c.cur, c.ok, c.ends = info, more, !more
	}
	return nil
}

// take is what stands at the cursor, if that is id: it will not be passed any more.
func (c *cursor) take(id blob.ID) (blob.Info, bool) {
	there := c.ok && c.cur.ID == id
	if there {
		c.ok = false
	}
	return c.cur, there
}
