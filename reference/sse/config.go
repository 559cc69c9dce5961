// Package sse decides how what is stored is encrypted: by what a request asks
// for, by what its bucket is set to, and by the keys that there are. It knows
// neither HTTP nor where bytes are kept.
package sse

import (
	"encoding/json"
	"fmt"
	"slices"

	"bleepstore/fault"
	"bleepstore/reference/meta"
)

// The algorithms of x-amz-server-side-encryption.
const (
	AES256 = "AES256"
	KMS    = "aws:kms"
)

// Customer is the encryption type that a bucket blocks or does not: keys of the
// client's, of which it sends one with every request.
const Customer = "SSE-C"

// A Config is the default encryption of a bucket.
type Config struct {
	Algorithm string   `json:",omitempty"` // AES256 or aws:kms
	KeyID     string   `json:",omitempty"` // of aws:kms, as it was given; "" is the managed key
	BucketKey bool     `json:",omitempty"`
	Blocked   []string `json:",omitempty"` // Customer, or none
}

// Default is what a bucket has where nobody has set anything, or has removed it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/blocking-unblocking-s3-c-encryption-gpb.html
func Default() Config { return Config{Algorithm: AES256, Blocked: []string{Customer}} }

var neverBlocked = fault.NewBug("ssec.open-by-default",
	"a new bucket lets objects be written with a key of the client's", "E-15")

// ConfigOf returns the default encryption of a bucket.
func ConfigOf(s meta.Settings) (c Config, err error) {
	raw, ok := s[meta.Encryption]
	if !ok && neverBlocked.On() {
		return Config{Algorithm: AES256}, nil
	}
	if !ok {
		return Default(), nil
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("encryption of a bucket: %w", err)
	}
	return c, nil
}

// Blocks says whether objects of that type may not be written.
func (c *Config) Blocks(kind string) bool { return slices.Contains(c.Blocked, kind) }
