package bench

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
)

// Answer sends one signed request, ListBuckets, and returns when the answer is
// there; anything but 200 is an error.
func Answer(ctx context.Context, s Server) error {
	c := newClient(s, 1)
	defer c.close()
	return c.do(ctx, http.MethodGet, "/", "", nil, make([]byte, 4<<10))
}

// MakeBucket creates a bucket in the server's region.
func MakeBucket(ctx context.Context, s Server, bucket string) error {
	c := newClient(s, 1)
	defer c.close()
	var where []byte
	if s.Region != "us-east-1" { // which AWS does not accept as a constraint
		where = fmt.Appendf(nil, `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>`, s.Region)
	}
	return c.do(ctx, http.MethodPut, "/"+bucket, "", where, make([]byte, 4<<10))
}

// RemoveBucket deletes what a run has put into bucket, by workers side by
// side, and then the bucket.
func RemoveBucket(ctx context.Context, s Server, bucket string, workers int) error {
	c := newClient(s, workers)
	defer c.close()
	for {
		keys, err := c.list(ctx, bucket)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return c.do(ctx, http.MethodDelete, "/"+bucket, "", nil, make([]byte, 4<<10))
		}
		if err := c.deleteAll(ctx, bucket, keys, workers); err != nil {
			return err
		}
	}
}

// list returns the first page of keys; those of a run need no encoding.
func (c *client) list(ctx context.Context, bucket string) ([]string, error) {
	resp, err := c.send(ctx, http.MethodGet, "/"+bucket, url.Values{"list-type": {"2"}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("list %s: status %d", bucket, resp.StatusCode)
	}
	var page struct{ Contents []struct{ Key string } }
	if err := xml.NewDecoder(io.LimitReader(resp.Body, 4<<20)).Decode(&page); err != nil {
		return nil, fmt.Errorf("list %s: %w", bucket, err)
	}
	var keys []string
	for _, o := range page.Contents {
		keys = append(keys, o.Key)
	}
	return keys, nil
}

func (c *client) deleteAll(ctx context.Context, bucket string, keys []string, workers int) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			scratch := make([]byte, 4<<10)
			for i := w; i < len(keys) && errs[w] == nil; i += workers {
				errs[w] = c.do(ctx, http.MethodDelete, "/"+bucket+"/"+keys[i], "", nil, scratch)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
