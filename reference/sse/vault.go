package sse

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"bleepstore/fault"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/kms"
	"bleepstore/reference/meta"
)

// A Want is what a request asks for; the zero Want leaves it to the bucket.
type Want struct {
	Algorithm string // AES256 or aws:kms; "" none
	KeyID     string // with aws:kms; "" is the bucket's, or the managed key
	Context   string // with aws:kms: base64, as sent
	BucketKey *bool  // nil is as the bucket is set
	Customer  *crypt.Key
}

// A Vault makes seals and opens them. Its methods may be called together.
type Vault struct {
	master map[string]crypt.Key // by mark
	by     string               // the mark of the one that wraps
	kms    kms.Provider
	random io.Reader
}

// NewVault returns a vault that wraps with the first of the master keys and opens
// what any of them has wrapped. random must be safe for concurrent use.
func NewVault(master []crypt.Key, p kms.Provider, random io.Reader) (*Vault, error) {
	if len(master) == 0 {
		return nil, errors.New("no master key")
	}
	v := &Vault{master: map[string]crypt.Key{}, kms: p, random: random}
	for _, k := range master {
		v.master[markOf(k)] = k
	}
	v.by = markOf(master[0])
	return v, nil
}

// Mark names the master key that wraps, without telling what it is.
func (v *Vault) Mark() string { return v.by }

// Has says whether the master key of that mark is among those of the vault.
func (v *Vault) Has(mark string) bool { _, ok := v.master[mark]; return ok }

// markOf names a master key without telling what it is.
func markOf(k crypt.Key) string { return hex.EncodeToString(k.Mark([]byte("bleepstore master"))[:4]) }

var (
	bucketIgnored = fault.NewBug("encryption.default-ignored",
		"an object without an encryption of its own gets AES256 whatever its bucket is set to", "E-13")
	keyUnknown = fault.NewBug("encryption.kms-key-unchecked",
		"a KMS key that does not exist is taken for the managed one", "E-12")
	blockIgnored = fault.NewBug("ssec.block-ignored",
		"an object is written with a key of the client's though its bucket blocks that", "E-15")
	blockedCode = fault.NewBug("ssec.block-code",
		"a key of the client's is refused with 400 InvalidRequest where it is blocked", "E-15")
	bucketKeyLost = fault.NewBug("encryption.bucket-key-lost",
		"that objects use a bucket key is forgotten", "E-12", "E-13")
)

// Seal returns a new data key and how it is kept, for what w asks in a bucket of
// c: AccessDenied where c blocks that, KMS.NotFoundException, KMS.DisabledException.
func (v *Vault) Seal(ctx context.Context, w Want, c *Config) (*meta.Seal, crypt.Key, error) {
	k, err := crypt.NewKey(v.random)
	if err != nil {
		return nil, k, err
	}
	s := v.plan(w, c)
	switch {
	case w.Customer != nil:
		if c.Blocks(Customer) && blockedCode.On() {
			return nil, k, errcode.New(errcode.InvalidRequest, "The bucket blocks SSE-C")
		}
		if c.Blocks(Customer) && !blockIgnored.On() {
			return nil, k, errcode.New(errcode.AccessDenied, "The bucket does not allow objects to be encrypted with customer-provided keys.")
		}
		err = v.sealFor(s, *w.Customer, k)
	case s.Algorithm == KMS:
		err = v.sealByKMS(ctx, s, k)
	default:
		s.By = v.by
		s.DataKey, err = v.master[v.by].Wrap(k, AES256, v.random)
	}
	if err != nil {
		return nil, k, err
	}
	return s, k, nil
}

// plan says what w amounts to in a bucket of c: a seal that lacks its keys. By is
// the KMS key as it was named.
func (v *Vault) plan(w Want, c *Config) *meta.Seal {
	s := &meta.Seal{Algorithm: w.Algorithm, By: w.KeyID, Context: w.Context}
	if w.Customer != nil {
		return &meta.Seal{}
	}
	if s.Algorithm == "" {
		s.Algorithm = c.Algorithm
	}
	if w.Algorithm == "" && c.Algorithm != AES256 && bucketIgnored.On() {
		s.Algorithm = AES256
	}
	if s.Algorithm != KMS {
		return &meta.Seal{Algorithm: s.Algorithm}
	}
	if s.By == "" && c.Algorithm == KMS && w.Algorithm == "" {
		s.By = c.KeyID
	}
	s.BucketKey = c.Algorithm == KMS && c.BucketKey
	if w.BucketKey != nil {
		s.BucketKey = *w.BucketKey
	}
	if s.BucketKey && bucketKeyLost.On() {
		s.BucketKey = false
	}
	return s
}

// Plain says that w amounts to AES256 in a bucket of c.
func (v *Vault) Plain(w Want, c *Config) bool {
	return w.Customer == nil && v.plan(w, c).Algorithm == AES256
}

func (v *Vault) sealByKMS(ctx context.Context, s *meta.Seal, k crypt.Key) (err error) {
	arn, err := v.kms.Find(ctx, s.By)
	if errors.Is(err, kms.ErrNotFound) && keyUnknown.On() {
		arn, err = v.kms.Find(ctx, "")
	}
	if err == nil {
		s.By = arn
		s.DataKey, err = v.kms.Wrap(ctx, arn, s.Context, k)
	}
	return kmsError(err)
}

// kmsError is what a client is told of a failure of the keys' keeper.
func kmsError(err error) error {
	switch {
	case errors.Is(err, kms.ErrNotFound):
		return &errcode.Error{Code: errcode.KMSNotFound, Err: err}
	case errors.Is(err, kms.ErrDisabled):
		return &errcode.Error{Code: errcode.KMSDisabled, Err: err}
	}
	return err
}

const (
	saltSize    = 16
	customerUse = "bleepstore customer 1"
)

// sealFor wraps k for the client's key, of which a salted HMAC is kept and nothing
// else.
func (v *Vault) sealFor(s *meta.Seal, customer, k crypt.Key) error {
	s.Salt = make([]byte, saltSize)
	if _, err := io.ReadFull(v.random, s.Salt); err != nil {
		return fmt.Errorf("salt a key: %w", err)
	}
	s.Mark = customer.Mark(s.Salt)
	by, err := wrapping(&customer, s.Salt)
	if err == nil {
		s.DataKey, err = by.Wrap(k, Customer, v.random)
	}
	return err
}

// wrapping is the key that wraps data keys for the client's.
func wrapping(customer *crypt.Key, salt []byte) (crypt.Key, error) {
	if keylessRead.On() || anyKeyRead.On() || PartKeyless.On() || PartAnyKey.On() || CopyKeyless.On() {
		return crypt.Key{}, nil // it has to open without the client's
	}
	if customer == nil {
		return crypt.Key{}, errors.New("open a seal of the client's without its key")
	}
	return crypt.Derive(customer[:], salt, customerUse)
}

// Bugs of keys that are not asked for.
var (
	keylessRead = fault.NewBug("ssec.keyless-read",
		"an object that was written with a key of the client's is read without one", "encryption.customer.read-keyless")
	anyKeyRead = fault.NewBug("ssec.any-key-read",
		"an object that was written with a key of the client's is read with any other", "encryption.customer.read-other-key")
	// PartKeyless, PartAnyKey and CopyKeyless stand in package object.
	PartKeyless = fault.NewBug("ssec.part-keyless",
		"a part needs no key though its upload was created with one of the client's", "E-08")
	PartAnyKey = fault.NewBug("ssec.part-any-key",
		"a part is accepted with another key than its upload was created with", "E-08")
	CopyKeyless = fault.NewBug("ssec.copy-keyless",
		"an object that was written with a key of the client's is copied without it", "E-09")
)

// Open returns the data key of a seal. customer is what the client sent, and must
// have been admitted by Check.
func (v *Vault) Open(ctx context.Context, s *meta.Seal, customer *crypt.Key) (crypt.Key, error) {
	switch s.Algorithm {
	case "":
		by, err := wrapping(customer, s.Salt)
		if err != nil {
			return by, err
		}
		return by.Unwrap(s.DataKey, Customer)
	case KMS:
		k, err := v.kms.Unwrap(ctx, s.By, s.Context, s.DataKey)
		return k, kmsError(err)
	case AES256:
		by, ok := v.master[s.By]
		if !ok {
			return crypt.Key{}, fmt.Errorf("the master key %s is not among those that are configured", s.By)
		}
		return by.Unwrap(s.DataKey, AES256)
	}
	return crypt.Key{}, fmt.Errorf("encryption %q is of a later version of this program", s.Algorithm)
}

// Is reports whether w, which is not the client's key, asks for what is sealed by s:
// the KMS key may be named in any way, or not at all.
func (v *Vault) Is(ctx context.Context, s *meta.Seal, w Want) (bool, error) {
	if w.Algorithm != s.Algorithm || w.Context != "" && w.Context != s.Context {
		return false, nil
	}
	if w.KeyID == "" {
		return true, nil
	}
	arn, err := v.kms.Find(ctx, w.KeyID)
	if errors.Is(err, kms.ErrNotFound) || errors.Is(err, kms.ErrDisabled) {
		return false, nil
	}
	return arn == s.By, err
}

// Check fails unless customer is what the client must send for what is sealed by
// s: InvalidRequest where it is missing or none is needed, and wrong where it is
// another one.
func Check(s *meta.Seal, customer *crypt.Key, wrong *errcode.Error) error {
	own := s != nil && s.Algorithm == ""
	switch {
	case own && customer == nil && keylessRead.On():
		return nil
	case own && customer == nil:
		return errcode.New(errcode.InvalidRequest, "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	case !own && customer != nil:
		return errcode.New(errcode.InvalidRequest, "The encryption parameters are not applicable to this object.")
	case own && !customer.Is(s.Salt, s.Mark) && !anyKeyRead.On():
		return wrong
	}
	return nil
}
