package liar

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/zeebo/xxh3"

	"bleepstore/scenarios/sign"
)

// digests are the fields that tell of a body, and how each is made.
var digests = map[string]func() hash.Hash{
	"content-md5":              md5.New,
	"x-amz-checksum-sha1":      sha1.New,
	"x-amz-checksum-sha256":    sha256.New,
	"x-amz-checksum-sha512":    sha512.New,
	"x-amz-checksum-md5":       md5.New,
	"x-amz-checksum-xxhash64":  func() hash.Hash { return xxhash.New() },
	"x-amz-checksum-xxhash3":   func() hash.Hash { return xxh3.New() },
	"x-amz-checksum-xxhash128": func() hash.Hash { return xxh3.New128() },
	"x-amz-checksum-crc32":     func() hash.Hash { return crc32.NewIEEE() },
	"x-amz-checksum-crc32c":    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	"x-amz-checksum-crc64nvme": func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
}

// digest is the value of a field of digests.
func digest(name string, body []byte) string {
	h := digests[name]()
	h.Write(body)
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// rebody gives a request another body, and has what it tells of the old one tell of
// the new one. It returns false, and changes nothing, where something that it told
// was wrong: that is to be seen by the server.
func (q *request) rebody(body []byte) bool {
	hashed := len(q.by.payload) == 64
	if hashed && q.by.payload != sign.Hash(sign.Signed, q.body) {
		return false
	}
	for name := range digests {
		if q.fields.has(name) && q.get(name) != digest(name, q.body) {
			return false
		}
	}
	for _, line := range q.fields {
		if name := strings.ToLower(line[0]); digests[name] != nil {
			q.set(name, digest(name, body))
		}
	}
	q.body = bytes.Clone(body)
	if hashed {
		q.by.payload = sign.Hash(sign.Signed, body)
		q.set("X-Amz-Content-Sha256", q.by.payload)
	}
	return true
}
