package main_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

const mib = 1 << 20

// random returns n bytes that are the same in every run.
func random(n int) []byte {
	r := rand.NewChaCha8([32]byte{'c'})
	b := make([]byte, n)
	r.Read(b)
	return b
}

// keys are names that clients and servers get wrong.
var keys = []string{
	"a b", "a+b", "a%2Fb", "100%", "ünï/cödé", "日本語/☃", "a/./b", "a/../b", "?q=1&x", "#frag", "semi;colon",
	"~!*'()", "quote\"'`", "back\\slash", "<xml>&amp;", "[br]{ace}|", "tab\tkey", "😀", "e\u0301", "@=&,$:",
}

func check(t *testing.T, err error, what string) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func same(t *testing.T, got, want []byte, what string) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %d bytes, want %d, or they differ", what, len(got), len(want))
	}
}
