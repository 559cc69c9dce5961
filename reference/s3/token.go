package s3

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"

	"bleepstore/fault"
)

// Continuation tokens are opaque to clients: base64 of a check sum, a flag and
// the place in the listing. The check sum only tells a token from a string
// that somebody made up; it keeps no secret.
const tokenHead = 5 // 4 bytes of CRC32, 1 of flags

var tokenIsKey = fault.NewBug("listing.token-is-key",
	"a continuation token is the last key of the page", "L-08")

// newToken encodes the place behind after; prefix says that after is a
// CommonPrefix already returned.
func newToken(after string, prefix bool) string {
	if tokenIsKey.On() {
		return after
	}
	b := make([]byte, tokenHead, tokenHead+len(after))
	if prefix {
		b[4] = 1
	}
	b = append(b, after...)
	binary.BigEndian.PutUint32(b, crc32.ChecksumIEEE(b[4:]))
	return base64.RawURLEncoding.EncodeToString(b)
}

// parseToken is the inverse of newToken; any other string is InvalidArgument.
func parseToken(token string) (after string, prefix bool, err error) {
	if tokenIsKey.On() {
		return token, false, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) < tokenHead || b[4] > 1 || binary.BigEndian.Uint32(b) != crc32.ChecksumIEEE(b[4:]) || !validText(string(b[tokenHead:])) {
		return "", false, argument("The continuation token provided is incorrect", "continuation-token", token)
	}
	return string(b[tokenHead:]), b[4] == 1, nil
}
