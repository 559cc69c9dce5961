// Package checksum is S3's additional checksums: which algorithms there are,
// how their values are written, and how the value of a multipart object
// follows from the values of its parts. It knows nothing of HTTP requests,
// objects or where bytes come from.
package checksum

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"hash/crc32"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/minio/crc64nvme"
	"github.com/zeebo/xxh3"

	"bleepstore/fault"
)

// An Algorithm is the name of a checksum algorithm as x-amz-checksum-algorithm
// and the XML documents spell it. The methods of a value that is none of the
// constants below answer with zero values.
type Algorithm string

// The algorithms that the server computes. Their names are stored with objects.
//
// No page of AWS's says how S3 writes the xxHash family, for which XXHASH3 is the
// variant of 64 bits; AWS's library for its SDKs takes the seed 0 and writes the
// highest byte first, as xxHash's authors do.
// https://github.com/awslabs/aws-checksums/blob/main/source/xxhash.c
const (
	CRC32     Algorithm = "CRC32"
	CRC32C    Algorithm = "CRC32C"
	CRC64NVME Algorithm = "CRC64NVME"
	MD5       Algorithm = "MD5"
	SHA1      Algorithm = "SHA1"
	SHA256    Algorithm = "SHA256"
	SHA512    Algorithm = "SHA512"
	XXHASH128 Algorithm = "XXHASH128"
	XXHASH3   Algorithm = "XXHASH3"
	XXHASH64  Algorithm = "XXHASH64"
)

// Of2026 says whether a is one of those that S3 added in April 2026.
func (a Algorithm) Of2026() bool {
	switch a {
	case MD5, SHA512, XXHASH128, XXHASH3, XXHASH64:
		return true
	}
	return false
}

// Default is what is computed when the client names no algorithm.
const Default = CRC64NVME

// A Type says what a multipart object's value covers.
type Type string

// FullObject is the checksum of the object's bytes; Composite the checksum of
// its parts' checksums.
const (
	FullObject Type = "FULL_OBJECT"
	Composite  Type = "COMPOSITE"
)

// All returns the algorithms in the order of their names.
func All() []Algorithm {
	return []Algorithm{CRC32, CRC32C, CRC64NVME, MD5, SHA1, SHA256, SHA512, XXHASH128, XXHASH3, XXHASH64}
}

// Parse returns the algorithm called name. Case does not matter: botocore
// passes on whatever its caller wrote.
func Parse(name string) (Algorithm, bool) {
	a := Algorithm(strings.ToUpper(name))
	return a, a.Size() > 0
}

// headerPrefix starts the name of every checksum header.
const headerPrefix = "x-amz-checksum-"

// FromHeader returns the algorithm whose header or trailer is name, in any
// case. The names that share the prefix but carry no value
// (x-amz-checksum-algorithm, -type, -mode) are not found.
func FromHeader(name string) (Algorithm, bool) {
	if len(name) <= len(headerPrefix) || !strings.EqualFold(name[:len(headerPrefix)], headerPrefix) {
		return "", false
	}
	return Parse(name[len(headerPrefix):])
}

// Header returns the name, in lower case, of the header or trailer that
// carries a value.
func (a Algorithm) Header() string {
	if a.Size() == 0 {
		return ""
	}
	return headerPrefix + strings.ToLower(string(a))
}

// Element returns the name of the XML element that carries a value.
func (a Algorithm) Element() string {
	if a.Size() == 0 {
		return ""
	}
	return "Checksum" + string(a)
}

// Size returns the length of a raw value in bytes.
func (a Algorithm) Size() int {
	switch a {
	case CRC32, CRC32C:
		return crc32.Size
	case CRC64NVME:
		return crc64nvme.Size
	case MD5:
		return md5.Size
	case SHA1:
		return sha1.Size
	case SHA256:
		return sha256.Size
	case SHA512:
		return sha512.Size
	case XXHASH64, XXHASH3:
		return 64 / 8
	case XXHASH128:
		return 128 / 8
	}
	return 0
}

var wrongPolynomial = fault.NewBug("checksum.crc32c-polynomial",
	"CRC32C is computed with the polynomial of CRC32", "K-01")

// New returns a fresh hash of a, whose Sum is the raw value in the byte order
// of the wire.
func (a Algorithm) New() hash.Hash {
	switch a {
	case CRC32:
		return crc32.NewIEEE()
	case CRC32C:
		if wrongPolynomial.On() {
			return crc32.NewIEEE()
		}
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case CRC64NVME:
		return crc64nvme.New()
	case MD5:
		return md5.New()
	case SHA1:
		return sha1.New()
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	case XXHASH128, XXHASH3, XXHASH64:
		if lowByteFirst.On() {
			return backwards{a.xxhash()}
		}
		return a.xxhash()
	}
	return nil
}

// xxhash returns a fresh hash of one of its family.
func (a Algorithm) xxhash() hash.Hash {
	switch {
	case a == XXHASH128 && !halvesSwapped.On():
		return xxh3.New128()
	case a == XXHASH128:
		return swapped{xxh3.New128()}
	case a == XXHASH3 && !oneXXHash.On():
		return xxh3.New()
	}
	return xxhash.New()
}

var newFullObject = fault.NewBug("checksum.new-full-object",
	"an upload may be created with a FULL_OBJECT checksum of MD5, SHA512 or xxHash", "checksum.create.no-type.*")

var anyMultipartType = fault.NewBug("checksum.any-type",
	"an upload may have a type that its checksum does not come in", "K-06")

// AllowsMultipart says whether a multipart upload of a may have type t. Only a
// CRC can be had for the whole object from its parts, and S3 offers CRC64NVME
// in no other form.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
func (a Algorithm) AllowsMultipart(t Type) bool {
	if anyMultipartType.On() {
		return true
	}
	if t == FullObject && a.Of2026() && newFullObject.On() {
		return true
	}
	switch t {
	case FullObject:
		return a == CRC32 || a == CRC32C || a == CRC64NVME
	case Composite:
		return a.Size() > 0 && a != CRC64NVME
	}
	return false
}

// DefaultMultipart returns the type of a multipart upload of a when the client
// names none.
func (a Algorithm) DefaultMultipart() Type {
	switch {
	case a == CRC64NVME:
		return FullObject
	case a.Size() > 0:
		return Composite
	}
	return ""
}
