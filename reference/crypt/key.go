// Package crypt keeps bodies secret at rest: bytes in frames of AES-256-GCM that
// can be read from any frame on, and data keys wrapped by other keys. It knows
// neither objects nor where the keys come from.
package crypt

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// KeySize is the length of a key in bytes.
const KeySize = 32

// ErrCorrupt: what was read is not what was sealed, or was sealed by another key
// or under another name.
var ErrCorrupt = errors.New("sealed bytes do not open")

// A Key is a secret of 256 bits. Whatever prints one shows nothing of it.
type Key [KeySize]byte

// String implements fmt.Stringer.
func (Key) String() string { return "(a key)" }

// Format implements fmt.Formatter, for every verb.
func (Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "(a key)") }

// MarshalText refuses to write a key down.
func (Key) MarshalText() ([]byte, error) { return nil, errors.New("a key is not for writing down") }

// NewKey returns a key of random.
func NewKey(random io.Reader) (k Key, err error) {
	if _, err = io.ReadFull(random, k[:]); err != nil {
		return k, fmt.Errorf("make a key: %w", err)
	}
	return k, nil
}

// KeyOf returns the key that b is; it must be KeySize bytes long.
func KeyOf(b []byte) (k Key, err error) {
	if copy(k[:], b) != KeySize || len(b) != KeySize {
		return k, fmt.Errorf("a key of %d bytes, want %d", len(b), KeySize)
	}
	return k, nil
}

// Derive returns the key that follows from a secret, for one purpose. The secret
// must be hard to guess; salt may be nil.
func Derive(secret, salt []byte, purpose string) (Key, error) {
	b, err := hkdf.Key(sha256.New, secret, salt, purpose, KeySize)
	if err != nil {
		return Key{}, fmt.Errorf("derive a key: %w", err)
	}
	return KeyOf(b)
}

// Mark is what a key can be recognised by, and not found from, as long as it is
// hard to guess: an HMAC of salt.
func (k Key) Mark(salt []byte) []byte {
	h := hmac.New(sha256.New, k[:])
	h.Write(salt)
	return h.Sum(nil)
}

// Is says whether k is the key whose Mark of salt is mark, in constant time.
func (k Key) Is(salt, mark []byte) bool { return hmac.Equal(k.Mark(salt), mark) }

const nonceSize, tagSize = 12, 16

// Wrap seals the key k under by, so that only Unwrap with the same name opens it.
func (by Key) Wrap(k Key, name string, random io.Reader) ([]byte, error) {
	aead, err := by.aead()
	if err != nil {
		return nil, err
	}
	out := make([]byte, nonceSize, nonceSize+KeySize+tagSize)
	if _, err := io.ReadFull(random, out); err != nil {
		return nil, fmt.Errorf("wrap a key: %w", err)
	}
	return aead.Seal(out, out, k[:], []byte(name)), nil
}

// Unwrap opens what Wrap made: ErrCorrupt for anything else.
func (by Key) Unwrap(wrapped []byte, name string) (Key, error) {
	aead, err := by.aead()
	if err != nil {
		return Key{}, err
	}
	if len(wrapped) != nonceSize+KeySize+tagSize {
		return Key{}, fmt.Errorf("a wrapped key of %d bytes: %w", len(wrapped), ErrCorrupt)
	}
	b, err := aead.Open(nil, wrapped[:nonceSize], wrapped[nonceSize:], []byte(name))
	if err != nil {
		return Key{}, fmt.Errorf("unwrap a key: %w", ErrCorrupt)
	}
	return KeyOf(b)
}

func (k Key) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(k[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
