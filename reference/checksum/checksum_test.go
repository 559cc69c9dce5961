package checksum

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// The check values of the CRC catalogue, and the digests of the same bytes; there is
// more of xxHash below.
func TestKnownValues(t *testing.T) {
	want := map[Algorithm]string{
		CRC32:     "cbf43926",
		CRC32C:    "e3069283",
		CRC64NVME: "ae8b14860a799888",
		MD5:       "25f9e794323b453885f5181f1b624d0b",
		SHA1:      "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
		SHA256:    "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
		SHA512:    "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274ad27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
		XXHASH64:  "8cb841db40e6ae83",
	}
	for _, a := range All() {
		h := a.New()
		h.Write([]byte("123456789"))
		if got := hex.EncodeToString(h.Sum(nil)); got != want[a] && want[a] != "" {
			t.Errorf("%s: got %s, want %s", a, got, want[a])
		}
		if h.Size() != a.Size() {
			t.Errorf("%s: Size() is %d, the hash says %d", a, a.Size(), h.Size())
		}
	}
}

// The vectors by which AWS tests what its SDKs compute xxHash with, and what a
// maintainer of its Go SDK gives as the value of "hello world".
// https://github.com/awslabs/aws-checksums/blob/main/tests/xxhash_test.c
// https://github.com/aws/aws-sdk-go-v2/issues/3404
func TestXXHashIsWrittenAsAWSDoes(t *testing.T) {
	for _, tt := range []struct {
		a          Algorithm
		text, want string
	}{
		{XXHASH64, "Hello world", "xQCwyRKzdtg="},
		{XXHASH3, "Hello world", "tqy52Eo4/3Q="},
		{XXHASH128, "Hello world", "c1H4mBL5c4K5HQWzHgTdfw=="},
		{XXHASH64, "hello world", "RatnNLIeaWg="},
	} {
		h := tt.a.New()
		h.Write([]byte(tt.text))
		if got := Encode(h.Sum(nil)); got != tt.want {
			t.Errorf("%s of %q: got %s, want %s", tt.a, tt.text, got, tt.want)
		}
	}
}

// However a body comes in pieces, its value is the same: xxHash has other ways for
// short and long inputs.
func TestPiecesMakeNoDifference(t *testing.T) {
	body := make([]byte, 3000)
	for i := range body {
		body[i] = byte(i * i)
	}
	for _, a := range All() {
		for _, size := range []int{0, 1, 16, 17, 128, 129, 240, 241, 1024, 1025, 3000} {
			whole, pieces := a.New(), a.New()
			whole.Write(body[:size])
			for rest := body[:size]; len(rest) > 0; {
				n := min(len(rest), 7)
				pieces.Write(rest[:n])
				rest = rest[n:]
			}
			if got, want := pieces.Sum(nil), whole.Sum(nil); !bytes.Equal(got, want) {
				t.Errorf("%s of %d bytes: %x in pieces, %x at once", a, size, got, want)
			}
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct {
		a               Algorithm
		header, element string
	}{
		{CRC32, "x-amz-checksum-crc32", "ChecksumCRC32"},
		{CRC32C, "x-amz-checksum-crc32c", "ChecksumCRC32C"},
		{CRC64NVME, "x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"},
		{SHA1, "x-amz-checksum-sha1", "ChecksumSHA1"},
		{SHA256, "x-amz-checksum-sha256", "ChecksumSHA256"},
		{MD5, "x-amz-checksum-md5", "ChecksumMD5"},
		{SHA512, "x-amz-checksum-sha512", "ChecksumSHA512"},
		{XXHASH64, "x-amz-checksum-xxhash64", "ChecksumXXHASH64"},
		{XXHASH3, "x-amz-checksum-xxhash3", "ChecksumXXHASH3"},
		{XXHASH128, "x-amz-checksum-xxhash128", "ChecksumXXHASH128"},
	}
	if len(tests) != len(All()) {
		t.Fatalf("table has %d algorithms, All has %d", len(tests), len(All()))
	}
	for _, tt := range tests {
		if got := tt.a.Header(); got != tt.header {
			t.Errorf("%s.Header() = %q, want %q", tt.a, got, tt.header)
		}
		if got := tt.a.Element(); got != tt.element {
			t.Errorf("%s.Element() = %q, want %q", tt.a, got, tt.element)
		}
		for _, name := range []string{tt.header, "X-Amz-Checksum-" + string(tt.a)} {
			if got, ok := FromHeader(name); !ok || got != tt.a {
				t.Errorf("FromHeader(%q) = %q, %v", name, got, ok)
			}
		}
		if got, ok := Parse(string(tt.a)); !ok || got != tt.a {
			t.Errorf("Parse(%q) = %q, %v", tt.a, got, ok)
		}
	}
	for _, name := range []string{"", "x-amz-checksum-", "x-amz-checksum-type", "x-amz-checksum-algorithm", "x-amz-checksum-mode", "x-amz-meta-crc32", "crc32"} {
		if a, ok := FromHeader(name); ok {
			t.Errorf("FromHeader(%q) = %q", name, a)
		}
	}
	for _, name := range []string{"", "MD4", "CRC", "XXHASH32", "XXHASH"} {
		if _, ok := Parse(name); ok {
			t.Errorf("Parse(%q) succeeded", name)
		}
	}
}

func TestMultipartTypes(t *testing.T) {
	tests := []struct {
		a               Algorithm
		full, composite bool
		def             Type
	}{
		{CRC32, true, true, Composite},
		{CRC32C, true, true, Composite},
		{CRC64NVME, true, false, FullObject},
		{SHA1, false, true, Composite},
		{SHA256, false, true, Composite},
		{MD5, false, true, Composite},
		{SHA512, false, true, Composite},
		{XXHASH64, false, true, Composite},
		{XXHASH3, false, true, Composite},
		{XXHASH128, false, true, Composite},
		{"MD4", false, false, ""},
	}
	for _, tt := range tests {
		if got := tt.a.AllowsMultipart(FullObject); got != tt.full {
			t.Errorf("%s full object: got %v", tt.a, got)
		}
		if got := tt.a.AllowsMultipart(Composite); got != tt.composite {
			t.Errorf("%s composite: got %v", tt.a, got)
		}
		if got := tt.a.DefaultMultipart(); got != tt.def {
			t.Errorf("%s default: got %q, want %q", tt.a, got, tt.def)
		}
		if tt.a.AllowsMultipart("") {
			t.Errorf("%s allows the empty type", tt.a)
		}
	}
}

func TestDecode(t *testing.T) {
	tests := []struct {
		text string
		want error
	}{
		{"y/Q5Jg==", nil},
		{"y/Q5Jh==", ErrEncoding}, // bits set behind the value
		{"y/Q5Jg", ErrEncoding},   // no padding
		{"y/Q5\nJg==", ErrEncoding},
		{" y/Q5Jg==", ErrEncoding},
		{"y_Q5Jg==", ErrEncoding},
		{"cbf43926", ErrLength},
		{"y/Q5JgA=", ErrLength},
		{"", ErrLength},
		{"y/Q5Jg==-1", ErrEncoding},
	}
	for _, tt := range tests {
		raw, err := CRC32.Decode(tt.text)
		if !errors.Is(err, tt.want) {
			t.Errorf("Decode(%q): got %v, want %v", tt.text, err, tt.want)
		}
		if err == nil && Encode(raw) != tt.text {
			t.Errorf("Decode(%q) encodes to %q", tt.text, Encode(raw))
		}
	}
}

func TestDecodeComposite(t *testing.T) {
	tests := []struct {
		text  string
		parts int
		want  error
	}{
		{"y/Q5Jg==-3", 3, nil},
		{"y/Q5Jg==-10000", 10000, nil},
		{"y/Q5Jg==", 0, ErrParts},
		{"y/Q5Jg==-", 0, ErrParts},
		{"y/Q5Jg==-0", 0, ErrParts},
		{"y/Q5Jg==-03", 0, ErrParts},
		{"y/Q5Jg==-+3", 0, ErrParts},
		{"y/Q5Jg==--3", 0, ErrParts},
		{"y/Q5J-3", 0, ErrEncoding},
		{"-3", 0, ErrLength},
	}
	for _, tt := range tests {
		_, parts, err := CRC32.DecodeComposite(tt.text)
		if !errors.Is(err, tt.want) || parts != tt.parts {
			t.Errorf("DecodeComposite(%q) = %d, %v, want %d, %v", tt.text, parts, err, tt.parts, tt.want)
		}
	}
}

// Combine must agree with hashing the bytes, however they are cut.
func TestCombineIsTheHashOfTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SampledFrom([]Algorithm{CRC32, CRC32C, CRC64NVME}).Draw(t, "algorithm")
		bodies := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 8).Draw(t, "parts")
		whole := a.New()
		var parts []Part
		for _, b := range bodies {
			whole.Write(b)
			h := a.New()
			h.Write(b)
			parts = append(parts, Part{h.Sum(nil), int64(len(b))})
		}
		got, err := a.Combine(parts)
		if err != nil {
			t.Fatal(err)
		}
		if want := whole.Sum(nil); !bytes.Equal(got, want) {
			t.Fatalf("%s: got %x, want %x", a, got, want)
		}
	})
}

// Lengths beyond what a test can hash: joining is associative, so 2^20 parts'
// worth of zeros reached by doubling equals one shift by the whole length.
func TestCombineLongParts(t *testing.T) {
	for _, a := range []Algorithm{CRC32, CRC32C, CRC64NVME} {
		h := a.New()
		h.Write(make([]byte, 1<<20))
		block := Part{h.Sum(nil), 1 << 20}
		long := block
		for range 22 { // to 4 TiB
			sum, err := a.Combine([]Part{long, long})
			if err != nil {
				t.Fatal(err)
			}
			long = Part{sum, long.Size * 2}
		}
		left, err := a.Combine([]Part{block, long})
		if err != nil {
			t.Fatal(err)
		}
		right, err := a.Combine([]Part{long, block})
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(left, right) { // zeros commute
			t.Errorf("%s: 1 MiB + 4 TiB of zeros is %x, the other way round %x", a, left, right)
		}
	}
}

func TestComposite(t *testing.T) {
	for _, a := range All() {
		var parts []Part
		whole := a.New()
		for _, body := range []string{"one", "two", ""} {
			h := a.New()
			h.Write([]byte(body))
			whole.Write(h.Sum(nil))
			parts = append(parts, Part{Sum: h.Sum(nil)})
		}
		got, err := a.Composite(parts)
		if err != nil {
			t.Fatal(err)
		}
		if want := Encode(whole.Sum(nil)) + "-3"; got != want {
			t.Errorf("%s: got %s, want %s", a, got, want)
		}
		if _, n, err := a.DecodeComposite(got); err != nil || n != 3 {
			t.Errorf("%s: DecodeComposite(%q) = %d, %v", a, got, n, err)
		}
	}
}

func TestRefusedParts(t *testing.T) {
	good := Part{Sum: make([]byte, 4), Size: 1}
	if _, err := SHA256.Combine([]Part{{Sum: make([]byte, 32), Size: 1}}); err == nil {
		t.Error("SHA256 combined")
	}
	for name, parts := range map[string][]Part{
		"none":     nil,
		"short":    {good, {Sum: make([]byte, 3), Size: 1}},
		"negative": {good, {Sum: make([]byte, 4), Size: -1}},
	} {
		if _, err := CRC32.Combine(parts); err == nil {
			t.Errorf("%s: combined", name)
		}
		if _, err := CRC32.Composite(parts); err == nil && name != "negative" {
			t.Errorf("%s: composite made", name)
		}
	}
	if _, err := MD5.Combine([]Part{{Sum: make([]byte, 16), Size: 1}}); err == nil {
		t.Error("MD5 combined")
	}
	if _, err := Algorithm("MD4").Composite([]Part{good}); err == nil {
		t.Error("composite of an unknown algorithm")
	}
}
