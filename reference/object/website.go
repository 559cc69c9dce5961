package object

import (
	"context"

	"bleepstore/reference/meta"
	"bleepstore/reference/website"
)

// SetWebsite replaces a bucket's configuration as a website, which is checked;
// nil removes it.
func (s *Service) SetWebsite(ctx context.Context, c Caller, bucket string, to *website.Configuration) error {
	value, err := to.Encode()
	if err != nil {
		return err
	}
	action := "s3:PutBucketWebsite"
	if to == nil {
		action = "s3:DeleteBucketWebsite"
	}
	return s.configure(ctx, c, bucket, action, meta.SetSetting{Bucket: bucket, Setting: meta.Website, Value: value})
}

// WebsiteOf returns the configuration of b as a website, nil where it has none.
func WebsiteOf(b *Bucket) (*website.Configuration, error) {
	return website.Decode(b.Settings[meta.Website])
}
