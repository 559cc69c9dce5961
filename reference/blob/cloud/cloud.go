// Package cloud keeps each blob in one object of a cloud's store, in the format
// of package block, by way of gocloud.dev/blob. Objects are made whole or not at
// all, under names that are never used again, so nothing is ever changed in
// place. It knows nothing of what the blobs are for, nor which provider it is:
// the packages below open the buckets of one each.
//
// # What it asks of a bucket
//
// Reads after writes and listings are consistent, names are listed in the order
// of their bytes, and an object can be made on the condition that there is none.
// All three providers promise that. An endpoint without that condition serves
// too: blobs have names that nobody else uses, and only Open says what is lost.
//
// # What a failed upload leaves
//
// The last bytes of an object are the trailer without which there is no blob,
// and they are sent after the body has ended well. A body that fails ends the
// upload's context before the upload is closed, so that nothing is named. Parts
// of an upload that stay behind cannot be named either; Provider.Abort ends such
// uploads, and providers without it forget them by themselves. When the last
// answer is lost, Create looks whether the blob is there. If that fails too, it
// may be there: the sweeper finds it.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	gocloud "gocloud.dev/blob"

	"bleepstore/reference/blob"
)

// The names below the prefix.
const (
	ownerName = "owner"
	blobsDir  = "blobs/"
)

// Options say where the blobs are, and how patient the store is.
type Options struct {
	Bucket *gocloud.Bucket // which the Store owns, also when Open fails
	// Prefix begins every name, and ends with a slash, which is added where it
	// lacks; "" is the whole bucket.
	Prefix string
	// Owner is who alone may keep blobs there.
	Owner    string
	Provider Provider

	Logger *slog.Logger // nil: silent
	// Jitter spreads the pauses between attempts: it returns numbers in [0, 1),
	// and is called by several goroutines together. nil: math/rand/v2.
	Jitter func() float64

	// Attempts is how often a request is made at most; default 4.
	Attempts int
	// Timeout is how long an attempt may take until there is an answer; default
	// 10 s. Stall is how long bytes may not move while there are some to send or
	// to get; default 60 s.
	Timeout, Stall time.Duration
	// Small is up to how many bytes a blob is held in memory until its body has
	// ended, then put by one request, which can be repeated; default 4 MiB,
	// negative: none. Larger ones are sent in parts as they come.
	Small int64
}

// A Provider is what the packages below know of theirs. The zero value serves.
type Provider struct {
	// Name is how messages call the bucket.
	Name string
	// Kind tells what an error of the provider's library means; nil or Unknown:
	// what gocloud.dev makes of it.
	Kind func(error) Kind
	// StartAfter makes a listing begin behind key, or anywhere before; as is that
	// of gocloud.dev/blob.ListOptions. nil: it begins with the first.
	StartAfter func(as func(any) bool, key string)
	// Abort ends uploads that were begun and have not ended. nil: the provider
	// forgets them by itself.
	Abort func(ctx context.Context, u Uploads) error
	// Close ends what the bucket stands on, after it; nil: nothing.
	Close func() error
	// PartSize is the size of the parts of a large blob in bytes; default 8 MiB.
	PartSize int
}

// Uploads are those of one name, or those of names that begin with Prefix which
// were begun before a moment.
type Uploads struct {
	Name   string
	Prefix string
	Before time.Time
}

// A Store is a blob.Store and blob.Stater in a bucket.
type Store struct {
	opt    Options
	bucket *gocloud.Bucket
	claims blob.Claims
	tables tables
	// conditional says that the endpoint makes objects on condition.
	conditional bool
}

var (
	_ blob.Store  = (*Store)(nil)
	_ blob.Stater = (*Store)(nil)
)

// Open claims the prefix for its owner and returns the store there. It fails
// with ErrOwned if it is another's, and with an error that says so if there is
// no such bucket or the credentials are refused.
func Open(ctx context.Context, o Options) (*Store, error) {
	s := &Store{opt: o.withDefaults(), bucket: o.Bucket}
	if o.Owner == "" {
		return nil, errors.Join(errors.New("cloud store: no owner"), s.Close())
	}
	if err := s.claim(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", s.opt.Provider.Name, err), s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.Prefix != "" && !strings.HasSuffix(o.Prefix, "/") {
		o.Prefix += "/"
	}
	if o.Provider.Name == "" {
		o.Provider.Name = "cloud store"
	}
	if o.Provider.PartSize == 0 {
		o.Provider.PartSize = 8 << 20
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Jitter == nil {
		o.Jitter = rand.Float64
	}
	if o.Attempts == 0 {
		o.Attempts = 4
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Stall == 0 {
		o.Stall = time.Minute
	}
	if o.Small == 0 {
		o.Small = 4 << 20
	}
	return o
}

// Close releases the bucket.
func (s *Store) Close() error {
	err := s.bucket.Close()
	if s.opt.Provider.Close != nil {
		err = errors.Join(err, s.opt.Provider.Close())
	}
	return err
}

// Delete removes the object.
func (s *Store) Delete(ctx context.Context, id blob.ID) error {
	if err := check(ctx, id); err != nil {
		return err
	}
	s.tables.drop(id)
	err := s.do(ctx, s.opt.Timeout, func(ctx context.Context) error { return s.bucket.Delete(ctx, s.key(id)) })
	if err != nil && !errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

func (s *Store) key(id blob.ID) string { return s.opt.Prefix + blobsDir + string(id) }

// check says whether a call may begin.
func check(ctx context.Context, id blob.ID) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return id.Check()
}
