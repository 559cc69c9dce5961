package object

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"bleepstore/fault"
	"bleepstore/reference/cluster"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/sse"
)

// Encryption stands between the domain and what keeps bytes: bodies are sealed as
// they are received, so that blobs, inline rows, replicas and backups hold what
// nobody can read without a key, and opened as they are read. What was stored
// before this, or by a Service without a Vault, is in the clear and stays so.

// A sealing is what new bytes are sealed by; nil is nothing.
type sealing struct {
	seal *meta.Seal
	key  crypt.Key
	// part says that other bytes have the same key: each goes to a blob of its own,
	// whose name makes the difference.
	part bool
}

// of is how the bytes are kept, nil for in the clear.
func (g *sealing) of() *meta.Seal {
	if g == nil {
		return nil
	}
	return g.seal
}

// inlineName is the name under which the bytes beside the metadata are sealed,
// which are alone under their data key.
const inlineName = "inline"

var (
	etagTells = fault.NewBug("ssec.etag-is-md5",
		"the ETag of an object that is encrypted by a key of the client's is the MD5 of its data", "E-10")
	copyNotBlocked = fault.NewBug("ssec.block-of-put",
		"SSE-C that is blocked is blocked for PutObject only", "E-15")
	uploadDefault = fault.NewBug("encryption.upload-not-default",
		"an object made of parts is encrypted by AES256 whatever its bucket is set to", "E-13")
	copyDefault = fault.NewBug("encryption.copy-not-default",
		"a copy is encrypted by AES256 whatever its bucket is set to", "E-13")
)

// sealing makes the seal of what is to be written to b.
func (s *Service) sealing(ctx context.Context, b *Bucket, w sse.Want) (*sealing, error) {
	if may, err := s.maySeal(ctx, w); !may || err != nil {
		return nil, err
	}
	c, err := sse.ConfigOf(b.Settings)
	if err != nil {
		return nil, err
	}
	g := &sealing{}
	g.seal, g.key, err = s.vault.Seal(ctx, w, &c)
	return g, err
}

// sealVersion is the version of the state from which on there are seals.
const sealVersion = 3

// maySeal says whether what is new is sealed. While a node of the cluster runs a
// program that knows no seals it is kept in the clear, and what a client asks for by
// itself is refused.
func (s *Service) maySeal(ctx context.Context, w sse.Want) (bool, error) {
	if s.vault == nil {
		return false, nil
	}
	if s.lone || s.db.Version() >= sealVersion { // alone, there is no older node
		return true, nil
	}
	if err := s.current(ctx); err != nil { // it may have been raised, and this node not know yet
		return false, err
	}
	if s.db.Version() >= sealVersion {
		return true, nil
	}
	if w != (sse.Want{}) {
		return false, upgrading(cluster.ErrVersion)
	}
	return false, nil
}

// openSeal returns what the bytes of a seal are sealed by. customer is what the
// client sent, and was checked.
func (s *Service) openSeal(ctx context.Context, seal *meta.Seal, customer *crypt.Key) (*sealing, error) {
	if seal == nil {
		return nil, nil
	}
	if s.vault == nil {
		return nil, errors.New("it is sealed, and there are no keys")
	}
	k, err := s.vault.Open(ctx, seal, customer)
	if err != nil {
		return nil, fmt.Errorf("open the seal: %w", err)
	}
	return &sealing{seal: seal, key: k}, nil
}

var (
	headKeyless = fault.NewBug("ssec.head-keyless",
		"HEAD of an object that is encrypted by a key of the client's needs no key", "encryption.customer.read-keyless")
)

// wrongKey is the answer to a read with another key than the object's.
func wrongKey() *errcode.Error { return errcode.New(errcode.AccessDenied, "Access Denied") }

// unseal opens the seal of an object whose Body was read, and what of it is
// inline. The client's key is as Check wants it.
func (s *Service) unseal(ctx context.Context, o *meta.Object, customer *crypt.Key) (*sealing, error) {
	g, err := s.openSeal(ctx, o.Seal, customer)
	if g == nil || err != nil || len(o.Extents) > 0 || o.Size == 0 {
		return g, err
	}
	b, err := crypt.NewBody(g.key, inlineName, o.Size)
	if err == nil {
		o.Inline, err = b.OpenBytes(o.Inline)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", o.Key, err)
	}
	return g, nil
}

// etag is that of a body of those digests.
func (g *sealing) etag(d digest) string {
	if g == nil || !g.seal.Opaque() || etagTells.On() {
		return d.etag()
	}
	return hex.EncodeToString(g.key.Mark(d.md5[:])[:len(d.md5)])
}

// Encryption returns the default encryption of a bucket.
func (s *Service) Encryption(ctx context.Context, c Caller, bucket string) (sse.Config, error) {
	b, err := s.owned(ctx, c, bucket, "s3:GetEncryptionConfiguration")
	if err != nil {
		return sse.Config{}, err
	}
	return sse.ConfigOf(b.Settings)
}

var deleteForgotten = fault.NewBug("encryption.delete-forgotten",
	"DeleteBucketEncryption leaves the default encryption as it is", "E-13", "E-14")

// SetEncryption replaces the default encryption of a bucket; nil resets it.
func (s *Service) SetEncryption(ctx context.Context, c Caller, bucket string, e *sse.Config) error {
	op := meta.SetSetting{Bucket: bucket, Setting: meta.Encryption}
	if e != nil {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		op.Value = text
	} else if deleteForgotten.On() {
		_, err := s.owned(ctx, c, bucket, "s3:PutEncryptionConfiguration")
		return err
	}
	return s.configure(ctx, c, bucket, "s3:PutEncryptionConfiguration", op)
}
