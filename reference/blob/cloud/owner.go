package cloud

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	gocloud "gocloud.dev/blob"

	"bleepstore/reference/blob"
)

// ErrOwned: another store keeps its blobs under this prefix.
var ErrOwned = errors.New("the prefix belongs to another store")

// ownerFormat is the layout of what is under a prefix.
const ownerFormat = 1

// A title is the content of the owner object.
type title struct {
	Format int    `json:"format"`
	Owner  string `json:"owner"`
}

// claim makes the prefix its owner's: two stores under one prefix would each
// take the other's blobs for garbage. The object that says whose it is is made
// on the condition that there is none. Where an endpoint ignores that or refuses
// it, it is written and read back, which two stores that begin at the same
// moment can both survive; owned tells the first of them later.
func (s *Store) claim(ctx context.Context) error {
	err := s.owned(ctx)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		if err := s.vacant(ctx); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	// Also when it is ours already: the answer shows what the endpoint does.
	switch err := s.entitle(ctx, true); {
	case errors.Is(err, errExists):
		s.conditional = true
		return s.owned(ctx)
	case errors.Is(err, errUnsupported):
		if err := s.entitle(ctx, false); err != nil {
			return fmt.Errorf("write its owner: %w", err)
		}
		s.warnCareless()
		return s.owned(ctx)
	case err != nil:
		return fmt.Errorf("write its owner: %w", err)
	}
	// Whether that was on condition shows at the second time.
	err = s.entitle(ctx, true)
	s.conditional = errors.Is(err, errExists)
	if err != nil && !s.conditional {
		return fmt.Errorf("write its owner: %w", err)
	}
	if !s.conditional {
		s.warnCareless()
	}
	return s.owned(ctx)
}

// warnCareless tells of an endpoint that ignores conditions, or refuses them.
func (s *Store) warnCareless() {
	s.opt.Logger.Warn("the endpoint does not make objects on condition: let no two stores begin under one prefix", "store", s.opt.Provider.Name)
}

// vacant refuses a prefix that holds blobs of nobody: somebody's owner object is gone.
func (s *Store) vacant(ctx context.Context) error {
	var found []*gocloud.ListObject
	err := s.do(ctx, s.opt.Timeout, func(ctx context.Context) (err error) {
		found, _, err = s.bucket.ListPage(ctx, gocloud.FirstPageToken, 1, &gocloud.ListOptions{Prefix: s.opt.Prefix + blobsDir})
		return err
	})
	if errors.Is(err, blob.ErrNotFound) {
		return errors.New("there is no such bucket")
	}
	if err == nil && len(found) > 0 {
		return fmt.Errorf(`there are blobs, but no object %s that says whose they are; if they are this store's, write {"format":%d,"owner":%q} there`,
			s.opt.Prefix+ownerName, ownerFormat, s.opt.Owner)
	}
	return err
}

// entitle writes the owner object.
func (s *Store) entitle(ctx context.Context, ifNone bool) error {
	text, err := json.Marshal(title{ownerFormat, s.opt.Owner})
	if err != nil {
		return err
	}
	opt := writing()
	opt.ContentType, opt.IfNotExist = "application/json", ifNone
	return s.do(ctx, s.opt.Timeout, func(ctx context.Context) error {
		return s.bucket.Upload(ctx, s.opt.Prefix+ownerName, bytes.NewReader(text), opt)
	})
}

// owned returns nil if the owner object names this store's owner, ErrOwned if
// it names another, blob.ErrNotFound if there is none.
func (s *Store) owned(ctx context.Context) error {
	var text []byte
	err := s.do(ctx, s.opt.Timeout, func(ctx context.Context) error {
		r, err := s.bucket.NewReader(ctx, s.opt.Prefix+ownerName, nil)
		if err != nil {
			return err
		}
		defer r.Close()
		text, err = io.ReadAll(io.LimitReader(r, 4<<10))
		return err
	})
	if err != nil {
		return fmt.Errorf("read its owner: %w", err)
	}
	var t title
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("the object %s is no owner's: %w", s.opt.Prefix+ownerName, err)
	}
	switch {
	case t.Owner != s.opt.Owner:
		return fmt.Errorf("%w, %s, and this one is %s: give it a bucket or a prefix of its own", ErrOwned, t.Owner, s.opt.Owner)
	case t.Format != ownerFormat:
		return fmt.Errorf("its layout is %d, this program knows %d", t.Format, ownerFormat)
	}
	return nil
}
