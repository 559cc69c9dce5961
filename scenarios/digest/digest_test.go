package digest_test

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	. "bleepstore/scenarios/digest"
)

// The check values that each algorithm's definition gives for "123456789", those
// of FIPS 180 and RFC 1321 for "abc", and those for "Hello world" by which AWS
// tests the library that its SDKs compute xxHash with.
// https://github.com/awslabs/aws-checksums/blob/main/tests/xxhash_test.c
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
		{MD5, "abc", "900150983cd24fb0d6963f7d28e17f72"},
		{SHA512, "abc", "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
		{XXHASH64, "Hello world", "c500b0c912b376d8"},
		{XXHASH3, "Hello world", "b6acb9d84a38ff74"},
		{XXHASH128, "Hello world", "7351f89812f97382b91d05b31e04dd7f"},
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
