package reference

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"bleepstore/reference/blob"
)

// The backends that keep bodies in a cloud's store. This package holds none of
// them: who imports it does not pay for them. Config.OpenBlobs brings one.
const (
	AWS   = "aws"   // S3, and what speaks it
	GCP   = "gcp"   // Google Cloud Storage
	Azure = "azure" // Azure Blob Storage
)

// inCloud says whether the bodies of a backend lie in a cloud's store.
func inCloud(backend string) bool { return backend == AWS || backend == GCP || backend == Azure }

// checkBlobs refuses a store of bodies that does not go with the backend.
func (c *Config) checkBlobs() error {
	switch {
	case !inCloud(c.Backend) && c.OpenBlobs != nil:
		return fmt.Errorf("backend %s brings its own store: OpenBlobs goes with %s, %s or %s", c.Backend, AWS, GCP, Azure)
	case inCloud(c.Backend) && c.Blobs != nil:
		return fmt.Errorf("backend %s needs a store that knows whose it is: OpenBlobs, not Blobs", c.Backend)
	case inCloud(c.Backend) && c.OpenBlobs == nil:
		return fmt.Errorf("backend %s: this program was built without it", c.Backend)
	}
	return nil
}

// owner is whose the bodies in a cloud's store are: the cluster's, or the server's
// that stands alone. The cluster that a server founds has the id of that server's
// directory where bodies are in a cloud, so that they stay its own.
func (id *identity) owner() string {
	if id.Cluster != "" {
		return id.Cluster
	}
	return id.ID
}

// openCloud opens the store of bodies of this directory's server or cluster, and
// makes sure that it is that one.
func (d *datadir) openCloud(ctx context.Context, c Config) (blob.Store, error) {
	store, err := c.OpenBlobs(ctx, d.id.owner())
	if err != nil {
		return nil, fmt.Errorf("open blobs: backend %s: %w", c.Backend, err)
	}
	if err := d.recognise(ctx, store); err != nil {
		return nil, errors.Join(fmt.Errorf("open blobs: backend %s: %w", c.Backend, err), store.Close())
	}
	return store, nil
}

// markOf is the blob by which the store of an owner's bodies is known. It is of no
// epoch, so that no sweeper takes it for an orphan.
func markOf(owner string) blob.ID { return blob.ID("store-" + owner) }

// recognise looks for the owner's mark in the store. Who is the first puts it
// there, and nobody after: where it is missing later, or for a node that joins,
// another bucket or prefix is configured, and no body would be found there.
func (d *datadir) recognise(ctx context.Context, store blob.Store) error {
	owner := d.id.owner()
	if d.id.Marked || owner != d.id.ID { // marked before, or by the node that founded the cluster
		return findMark(ctx, store, owner)
	}
	if err := putMark(ctx, store, owner); err != nil {
		return err
	}
	d.id.Marked = true
	return d.write()
}

func findMark(ctx context.Context, store blob.Store, owner string) error {
	r, err := store.Open(ctx, markOf(owner), 0, -1)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
		err = errors.Join(err, r.Close())
	}
	if errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("%w: the bodies of %s are not where it is configured that they be: is this its bucket and prefix?", err, owner)
	}
	if err != nil {
		return fmt.Errorf("look whose it is: %w", err)
	}
	return nil
}

func putMark(ctx context.Context, store blob.Store, owner string) error {
	_, err := store.Create(ctx, markOf(owner), strings.NewReader(owner), int64(len(owner)))
	if err != nil && !errors.Is(err, blob.ErrExists) {
		return fmt.Errorf("mark whose it is: %w", err)
	}
	return nil
}
