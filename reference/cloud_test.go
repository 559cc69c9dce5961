package reference_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"
	"bleepstore/reference/crypt"
)

// A cloudOf stands for a bucket of a cloud: it is there whoever opens and closes it.
type cloudOf struct {
	blob.Store
	mu      sync.Mutex
	owners  []string             // of those who have opened it
	open    int                  // of them who have not closed it
	deleted map[string][]blob.ID // by whom
}

func newCloud(s blob.Store) *cloudOf { return &cloudOf{Store: s, deleted: map[string][]blob.ID{}} }

func (c *cloudOf) Open(ctx context.Context, owner string) (blob.Store, error) {
	return c.by("")(ctx, owner)
}

// by opens it for somebody.
func (c *cloudOf) by(name string) func(context.Context, string) (blob.Store, error) {
	return func(_ context.Context, owner string) (blob.Store, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.owners = append(c.owners, owner)
		c.open++
		return &rented{c.Store, c, name}, nil
	}
}

// A rented is the store as one server has opened it.
type rented struct {
	blob.Store
	from *cloudOf
	name string
}

func (r *rented) Delete(ctx context.Context, id blob.ID) error {
	r.from.mu.Lock()
	r.from.deleted[r.name] = append(r.from.deleted[r.name], id)
	r.from.mu.Unlock()
	return r.Store.Delete(ctx, id)
}

func (r *rented) Close() error {
	r.from.mu.Lock()
	defer r.from.mu.Unlock()
	r.from.open--
	return nil
}

// holds are the ids of the blobs of epochs.
func (c *cloudOf) holds(t *testing.T) (ids []blob.ID) {
	t.Helper()
	err := c.List(t.Context(), "", func(i blob.Info) error {
		if _, ours := i.ID.Epoch(); ours {
			ids = append(ids, i.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// A server whose bodies are in a cloud finds them there again, under the owner that
// it was the first time, and closes what it has opened.
func TestCloud(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(memory.New(1<<30)), t.TempDir()
	body := bytes.Repeat([]byte("body"), 50_000)
	for range 2 {
		in := reference.Start(t, func(c *reference.Config) { c.Backend, c.Dir, c.OpenBlobs = reference.AWS, dir, cloud.Open })
		c := s3.NewFromConfig(in.AWS)
		if len(cloud.owners) == 1 {
			createBucket(t, c)
			put(t, c, "large", body)
		}
		if got, err := get(c, "large"); err != nil || !bytes.Equal(got, body) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if err := in.Server.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(cloud.owners) != 2 || cloud.owners[0] != cloud.owners[1] || len(cloud.owners[0]) != 32 || cloud.open != 0 {
		t.Errorf("opened for %q, %d not closed", cloud.owners, cloud.open)
	}
	if n := len(cloud.holds(t)); n != 1 {
		t.Errorf("%d blobs in the cloud", n)
	}
}

// What does not go together is refused, and says why.
func TestCloudIsRefused(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(memory.New(1<<30)), t.TempDir()
	s := open(t, reference.Config{Dir: dir, Backend: reference.GCP, OpenBlobs: cloud.Open})
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	nowhere := errors.New("no such bucket")
	fails := func(context.Context, string) (blob.Store, error) { return nil, nowhere }
	for name, tt := range map[string]struct {
		c    reference.Config
		want string
	}{
		"without its package":      {reference.Config{Dir: t.TempDir(), Backend: reference.Azure}, "this program was built without it"},
		"beside another":           {reference.Config{Dir: t.TempDir(), OpenBlobs: cloud.Open}, "brings its own store"},
		"a store without an owner": {reference.Config{Dir: t.TempDir(), Backend: reference.AWS, Blobs: memory.New(1)}, "knows whose it is"},
		"of no bucket":             {reference.Config{Dir: t.TempDir(), Backend: reference.AWS, OpenBlobs: fails}, nowhere.Error()},
		"of another cloud":         {reference.Config{Dir: dir, Backend: reference.AWS, OpenBlobs: cloud.Open}, "begun with the backend gcp"},
		"of another bucket":        {reference.Config{Dir: dir, Backend: reference.GCP, OpenBlobs: newCloud(memory.New(1 << 30)).Open}, "is this the right bucket, and prefix?"},
	} {
		tt.c.Users = []reference.User{{AccessKey: "a", SecretKey: "s"}}
		if _, err := reference.Open(t.Context(), tt.c); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	if cloud.open != 0 {
		t.Errorf("%d were not closed", cloud.open)
	}
}

// The backup of a server whose bodies are in a cloud has them too, and is restored
// to a disk.
func TestCloudBackup(t *testing.T) {
	t.Parallel()
	cloud, dir := newCloud(memory.New(1<<30)), t.TempDir()
	body := bytes.Repeat([]byte("body"), 50_000)
	keys := []crypt.Key{{1}} // which no backup holds
	in := reference.Start(t, func(c *reference.Config) {
		c.Backend, c.Dir, c.OpenBlobs, c.MasterKeys = reference.AWS, dir, cloud.Open, keys
	})
	createBucket(t, s3.NewFromConfig(in.AWS))
	put(t, s3.NewFromConfig(in.AWS), "large", body)
	var running, stopped bytes.Buffer
	if err := in.Server.Backup(t.Context(), &running); err != nil {
		t.Fatal(err)
	}
	if err := in.Server.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: dir, OpenBlobs: cloud.Open}, &stopped); err != nil {
		t.Fatal(err)
	}
	if _, err := reference.Backup(t.Context(), reference.Config{Dir: dir}, &stopped); err == nil {
		t.Error("a backup without the bodies")
	}
	to := reference.Config{Dir: t.TempDir() + "/new", Backend: reference.AWS, OpenBlobs: cloud.Open}
	if _, err := reference.Restore(t.Context(), to, bytes.NewReader(running.Bytes())); err == nil || !strings.Contains(err.Error(), "local or sqlite") {
		t.Errorf("restored to a cloud: %v", err)
	}
	for i, b := range []*bytes.Buffer{&running, &stopped} {
		dir := t.TempDir() + "/new"
		if _, err := reference.Restore(t.Context(), reference.Config{Dir: dir}, bytes.NewReader(b.Bytes())); err != nil {
			t.Fatal(err)
		}
		in := reference.Start(t, func(c *reference.Config) { c.Backend, c.Dir, c.MasterKeys = reference.Local, dir, keys })
		if got, err := get(s3.NewFromConfig(in.AWS), "large"); err != nil || !bytes.Equal(got, body) {
			t.Errorf("backup %d: got %d bytes, %v", i, len(got), err)
		}
	}
}
