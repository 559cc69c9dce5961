package digest_test

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	. "bleepstore/scenarios/digest"
)

// The check values that each algorithm's definition gives for "123456789", and
// those of FIPS 180 for "abc".
func TestCheckValues(t *testing.T) {
	for _, tc := range []struct {
		a         Algorithm
		body, sum string
	}{
		{CRC32, "123456789", "cbf43926"},
		{CRC32C, "123456789", "e3069283"},
		{CRC64NVME, "123456789", "ae8b14860a799888"},
		{SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{SHA256, "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	} {
		raw, err := base64.StdEncoding.DecodeString(tc.a.Of([]byte(tc.body)))
		if got := hex.EncodeToString(raw); err != nil || got != tc.sum {
			t.Errorf("%s of %q: got %s %v, want %s", tc.a.Name, tc.body, got, err, tc.sum)
		}
	}
}

// A composite value is that of the parts' raw sums, in their order.
func TestComposite(t *testing.T) {
	one, two := []byte("one"), []byte("two")
	var sums []byte
	for _, p := range [][]byte{one, two} {
		raw, err := base64.StdEncoding.DecodeString(SHA256.Of(p))
		if err != nil {
			t.Fatal(err)
		}
		sums = append(sums, raw...)
	}
	if got, want := SHA256.OfParts(one, two), SHA256.Of(sums)+"-2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, other := SHA256.OfParts(one, two), SHA256.OfParts(two, one); got == other {
		t.Errorf("the order of parts makes no difference: %s", got)
	}
}
