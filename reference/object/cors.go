package object

import (
	"context"

	"bleepstore/reference/cors"
	"bleepstore/reference/meta"
)

// SetCORS replaces a bucket's cross-origin configuration; nil removes it.
func (s *Service) SetCORS(ctx context.Context, c Caller, bucket string, to *cors.Configuration) error {
	value, err := to.Encode()
	if err != nil {
		return err
	}
	return s.configure(ctx, c, bucket, "s3:PutBucketCORS", meta.SetSetting{Bucket: bucket, Setting: meta.CORS, Value: value})
}

// CORSOf returns the cross-origin configuration of b, nil where it has none.
func CORSOf(b *Bucket) (*cors.Configuration, error) { return cors.Decode(b.Settings[meta.CORS]) }
