package kms

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"bleepstore/reference/crypt"
)

// managed is the alias of the key that S3 uses where none is named.
const managed = "alias/aws/s3"

// A Local is a Provider whose keys are in memory: those of a file, and the managed
// key, which follows from a secret.
type Local struct {
	prefix string // of every ARN
	keys   map[string]*localKey
	random io.Reader
}

type localKey struct {
	ID       string   `json:"id"`
	Material []byte   `json:"material"` // 32 bytes, in base64
	Aliases  []string `json:"aliases"`  // "alias/..." each
	Disabled bool     `json:"disabled"`

	key crypt.Key
}

// NewLocal returns the keys of a region and an account. file is a document
// {"keys": [{"id": ..., "material": ..., "aliases": [...], "disabled": false}]};
// what it does not know is an error. nil is no such keys.
func NewLocal(region, account string, secret crypt.Key, file []byte, random io.Reader) (*Local, error) {
	l := &Local{prefix: "arn:aws:kms:" + region + ":" + account + ":", keys: map[string]*localKey{}, random: random}
	own, err := crypt.Derive(secret[:], nil, "bleepstore kms aws/s3 1")
	if err != nil {
		return nil, err
	}
	id := hex.EncodeToString(own.Mark([]byte("id"))[:16])
	id = strings.Join([]string{id[:8], id[8:12], id[12:16], id[16:20], id[20:]}, "-")
	if err := l.add(&localKey{ID: id, Material: own[:], Aliases: []string{managed}}); err != nil {
		return nil, err
	}
	if file == nil {
		return l, nil
	}
	var doc struct {
		Keys []localKey `json:"keys"`
	}
	dec := json.NewDecoder(bytes.NewReader(file))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("KMS keys: %w", err)
	}
	for i := range doc.Keys {
		if err := l.add(&doc.Keys[i]); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *Local) add(k *localKey) (err error) {
	if k.ID == "" || strings.ContainsAny(k.ID, ":/ ") {
		return fmt.Errorf("KMS keys: %q is no id", k.ID)
	}
	if k.key, err = crypt.KeyOf(k.Material); err != nil {
		return fmt.Errorf("KMS keys: %s: %w", k.ID, err)
	}
	names := []string{"key/" + k.ID}
	for _, a := range k.Aliases {
		if !strings.HasPrefix(a, "alias/") {
			return fmt.Errorf("KMS keys: %s: %q is no alias: it begins with alias/", k.ID, a)
		}
		names = append(names, a)
	}
	for _, n := range names {
		if l.keys[n] != nil {
			return fmt.Errorf("KMS keys: %s is there twice", n)
		}
		l.keys[n] = k
	}
	return nil
}

// Find implements Provider.
func (l *Local) Find(_ context.Context, name string) (string, error) {
	resource, isARN := strings.CutPrefix(name, l.prefix)
	switch {
	case name == "":
		resource = managed
	case !isARN && !strings.HasPrefix(name, "alias/"):
		resource = "key/" + name
	}
	k := l.keys[resource]
	if k == nil {
		return "", fmt.Errorf("%q: %w", name, ErrNotFound)
	}
	if k.Disabled {
		return "", fmt.Errorf("%q: %w", name, ErrDisabled)
	}
	return l.prefix + "key/" + k.ID, nil
}

// Wrap implements Provider.
func (l *Local) Wrap(ctx context.Context, arn, context string, k crypt.Key) ([]byte, error) {
	by, err := l.of(ctx, arn)
	if err != nil {
		return nil, err
	}
	return by.Wrap(k, arn+" "+context, l.random)
}

// Unwrap implements Provider.
func (l *Local) Unwrap(ctx context.Context, arn, context string, wrapped []byte) (crypt.Key, error) {
	by, err := l.of(ctx, arn)
	if err != nil {
		return crypt.Key{}, err
	}
	return by.Unwrap(wrapped, arn+" "+context)
}

func (l *Local) of(ctx context.Context, arn string) (crypt.Key, error) {
	if _, err := l.Find(ctx, arn); err != nil {
		return crypt.Key{}, err
	}
	return l.keys[strings.TrimPrefix(arn, l.prefix)].key, nil
}
