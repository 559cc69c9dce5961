package sse

import (
	"encoding/json"
	"testing"

	"bleepstore/reference/meta"
)

func TestConfigOf(t *testing.T) {
	c, err := ConfigOf(nil)
	if err != nil || c.Algorithm != AES256 || !c.Blocks(Customer) {
		t.Errorf("of a bucket where nothing was set: %+v, %v", c, err)
	}
	c, err = ConfigOf(meta.Settings{meta.Encryption: json.RawMessage(`{"Algorithm":"aws:kms","KeyID":"k"}`)})
	if err != nil || c.Algorithm != KMS || c.KeyID != "k" || c.Blocks(Customer) {
		t.Errorf("of one that was set: %+v, %v", c, err)
	}
	if _, err := ConfigOf(meta.Settings{meta.Encryption: json.RawMessage(`{`)}); err == nil {
		t.Error("of what cannot be read: no error")
	}
}
