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
	if err := d.recognise(ctx, store, c); err != nil {
		return nil, errors.Join(fmt.Errorf("open blobs: backend %s: %w", c.Backend, err), store.Close())
	}
	return store, nil
}

// markOf is the blob by which a store is known. It is of no epoch, so that no sweeper
// takes it for an orphan.
func markOf(name string) blob.ID { return blob.ID("store-" + name) }

// recognise looks for the mark of this directory in the store, or makes one where
// there was none yet. A store that lacks it is another bucket or prefix, where no
// body would be found. A node that joins looks for the mark of the cluster, which
// the node that has founded it puts there.
func (d *datadir) recognise(ctx context.Context, store blob.Store, c Config) error {
	owner := d.id.owner()
	if owner != d.id.ID {
		return findMark(ctx, store, owner)
	}
	if d.id.Mark != "" {
		if err := findMark(ctx, store, d.id.Mark); err != nil {
			return err
		}
	} else if err := d.mark(ctx, store, c); err != nil {
		return err
	} else if err := d.write(); err != nil {
		return err
	}
	if d.id.Cluster == "" {
		return nil
	}
	return putMark(ctx, store, owner)
}

// mark puts a new mark into the store; the caller makes it durable here.
func (d *datadir) mark(ctx context.Context, store blob.Store, c Config) error {
	name, err := randomHex(c.Rand)
	if err != nil {
		return fmt.Errorf("make mark: %w", err)
	}
	if err := putMark(ctx, store, name); err != nil {
		return err
	}
	d.id.Mark = name
	return nil
}

func findMark(ctx context.Context, store blob.Store, name string) error {
	r, err := store.Open(ctx, markOf(name), 0, -1)
	if err == nil {
		_, err = io.Copy(io.Discard, r)
		err = errors.Join(err, r.Close())
	}
	if errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("%w: the store lacks the mark of this server's bodies: is this the right bucket, and prefix?", err)
	}
	if err != nil {
		return fmt.Errorf("look for the mark: %w", err)
	}
	return nil
}

func putMark(ctx context.Context, store blob.Store, name string) error {
	_, err := store.Create(ctx, markOf(name), strings.NewReader(name), int64(len(name)))
	if err != nil && !errors.Is(err, blob.ErrExists) {
		return fmt.Errorf("put a mark: %w", err)
	}
	return nil
}
