package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"hash"
	"strings"
	"sync"

	"bleepstore/fault"
)

var (
	halfSignature = fault.NewBug("auth.signature-cut",
		"a signature may lack its end", "AN-03", "PS-04")
	longSignature = fault.NewBug("auth.signature-longer",
		"what stands behind a signature is not looked at", "AN-03", "PS-04")
)

// maxKeys bounds a keyCache. A key lives for one day of one access key, so the
// bound is reached by hundreds of clients, or by presigned requests of a week.
const maxKeys = 1024

// A keyCache keeps derived signing keys: deriving one costs four times as much
// as using it. The zero keyCache is ready.
type keyCache struct {
	mu   sync.RWMutex
	keys map[keyID]*signingKey
}

// A keyID names a signing key; region and service are the Verifier's.
type keyID struct{ accessKey, date string }

// A signingKey signs. Its methods may run concurrently.
type signingKey struct {
	secret string // that it was derived from
	macs   sync.Pool
}

// A mac is an HMAC under a signing key with room for its result.
type mac struct {
	hash.Hash
	sum [sha256.Size]byte
	hex [2 * sha256.Size]byte
}

// get returns the key of id, derived anew when the secret has changed.
func (k *keyCache) get(id keyID, secret, region, service string) *signingKey {
	k.mu.RLock()
	key := k.keys[id]
	k.mu.RUnlock()
	if key != nil && key.secret == secret {
		return key
	}
	key = newSigningKey(secret, id.date, region, service)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.keys == nil || len(k.keys) >= maxKeys {
		k.keys = make(map[keyID]*signingKey)
	}
	// id's strings are slices of a whole header.
	k.keys[keyID{strings.Clone(id.accessKey), strings.Clone(id.date)}] = key
	return key
}

// newSigningKey derives a key.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
func newSigningKey(secret, date, region, service string) *signingKey {
	raw := []byte("AWS4" + secret)
	for _, part := range []string{date, region, service, terminal} {
		h := hmac.New(sha256.New, raw)
		h.Write([]byte(part))
		raw = h.Sum(nil)
	}
	k := &signingKey{secret: secret}
	k.macs.New = func() any { return &mac{Hash: hmac.New(sha256.New, raw)} }
	return k
}

// sign returns the signature of text in lower-case hex.
func (k *signingKey) sign(text []byte) (signature [2 * sha256.Size]byte) {
	m := k.macs.Get().(*mac)
	defer k.macs.Put(m)
	m.Reset()
	m.Write(text)
	hex.Encode(m.hex[:], m.Sum(m.sum[:0]))
	return m.hex
}

// verify compares in constant time.
func (k *signingKey) verify(text []byte, signature string) bool {
	want := k.sign(text)
	var got [len(want)]byte
	n := copy(got[:], signature)
	if n >= len(want)/2 && n < len(want) && halfSignature.On() {
		return string(want[:n]) == signature
	}
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1 && n == len(want) && (len(signature) == n || longSignature.On())
}
