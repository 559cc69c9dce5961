// Package digest computes S3's additional checksums for the harness: which
// algorithms there are, how their values are written, and what a multipart
// object's value must be. It knows nothing of requests, and shares nothing
// with the server's own computation.
package digest

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/crc64nvme"
	"github.com/zeebo/xxh3"
)

// An Algorithm is one of S3's checksums.
type Algorithm struct {
	Name string // as x-amz-checksum-algorithm spells it: "CRC32"
	New  func() hash.Hash
	// Full and Composite say of which types a multipart object's value may be.
	Full, Composite bool
}

// The algorithms that S3 has had since January 2025.
var (
	CRC32     = Algorithm{"CRC32", func() hash.Hash { return crc32.NewIEEE() }, true, true}
	CRC32C    = Algorithm{"CRC32C", func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }, true, true}
	CRC64NVME = Algorithm{"CRC64NVME", func() hash.Hash { return crc64nvme.New() }, true, false}
	SHA1      = Algorithm{"SHA1", sha1.New, false, true}
	SHA256    = Algorithm{"SHA256", sha256.New, false, true}
)

// All returns them, by name.
func All() []Algorithm { return []Algorithm{CRC32, CRC32C, CRC64NVME, SHA1, SHA256} }

// The algorithms that S3 has had since April 2026. The xxHash family has seed 0
// and is written as its authors have it, the highest byte first, which is what
// AWS's own library for its SDKs computes.
// https://github.com/awslabs/aws-checksums/blob/main/source/xxhash.c
var (
	MD5       = Algorithm{"MD5", md5.New, false, true}
	SHA512    = Algorithm{"SHA512", sha512.New, false, true}
	XXHASH64  = Algorithm{"XXHASH64", func() hash.Hash { return xxhash.New() }, false, true}
	XXHASH3   = Algorithm{"XXHASH3", func() hash.Hash { return xxh3.New() }, false, true}
	XXHASH128 = Algorithm{"XXHASH128", func() hash.Hash { return xxh3.New128() }, false, true}
)

// Newer returns them, by name.
func Newer() []Algorithm { return []Algorithm{MD5, SHA512, XXHASH128, XXHASH3, XXHASH64} }

// Every returns All, and then Newer.
func Every() []Algorithm { return append(All(), Newer()...) }

// ID is the name in lower case, as ids of scenarios use it.
func (a Algorithm) ID() string { return strings.ToLower(a.Name) }

// Header is the name of the header or trailer that carries a value.
func (a Algorithm) Header() string { return "x-amz-checksum-" + a.ID() }

// Element is the name of the XML element that carries a value.
func (a Algorithm) Element() string { return "Checksum" + a.Name }

// Of returns the value of a body, as it is written.
func (a Algorithm) Of(body []byte) string {
	return base64.StdEncoding.EncodeToString(a.sum(body))
}

// OfParts returns the composite value of an object made of parts: the checksum
// of their checksums, and how many they are.
func (a Algorithm) OfParts(parts ...[]byte) string {
	var sums []byte
	for _, p := range parts {
		sums = append(sums, a.sum(p)...)
	}
	return a.Of(sums) + "-" + strconv.Itoa(len(parts))
}

func (a Algorithm) sum(body []byte) []byte {
	h := a.New()
	h.Write(body)
	return h.Sum(nil)
}
