// Package kms says what a key management service has to do for SSE-KMS, and does
// it with keys from a file. It knows nothing of objects.
package kms

import (
	"context"
	"errors"

	"bleepstore/reference/crypt"
)

// The errors of a Provider; match them with errors.Is.
var (
	ErrNotFound = errors.New("there is no such KMS key")
	ErrDisabled = errors.New("the KMS key is disabled")
)

// A Provider wraps data keys under keys that it keeps. Its methods may be called
// together. The encryption context is what the client sent; "" is none. What was
// wrapped under one opens under no other.
type Provider interface {
	// Find returns the ARN of the key that name means: its id, its ARN, an alias or
	// an alias' ARN; "" is the key that S3 uses where none is named. ErrNotFound,
	// ErrDisabled.
	Find(ctx context.Context, name string) (arn string, err error)
	// Wrap wraps a data key under the key of an ARN that Find has returned.
	Wrap(ctx context.Context, arn, context string, k crypt.Key) ([]byte, error)
	// Unwrap opens what Wrap returned: crypt.ErrCorrupt for anything else.
	Unwrap(ctx context.Context, arn, context string, wrapped []byte) (crypt.Key, error)
}
