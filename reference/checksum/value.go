package checksum

import (
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
)

// What is wrong with the text of a value.
var (
	ErrEncoding = errors.New("checksum is not base64")
	ErrLength   = errors.New("checksum has the wrong length")
	ErrParts    = errors.New("composite checksum lacks its number of parts")
)

// Encode returns raw as clients see it.
func Encode(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

// Decode returns the raw value of text, a value without part count. It fails
// with ErrEncoding when text is not canonical padded base64 (so that one value
// has one text) and with ErrLength when its length is not the algorithm's.
func (a Algorithm) Decode(text string) ([]byte, error) {
	// The decoder skips line breaks wherever they stand.
	if strings.ContainsAny(text, "\r\n") {
		return nil, ErrEncoding
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, ErrEncoding
	}
	if len(raw) != a.Size() {
		return nil, ErrLength
	}
	return raw, nil
}

// DecodeComposite returns the raw value and the number of parts of text, such
// as "AAAAAA==-3". Besides the errors of Decode it fails with ErrParts when
// the count is missing or not a positive decimal number.
func (a Algorithm) DecodeComposite(text string) (raw []byte, parts int, err error) {
	sum, count, found := strings.Cut(text, "-") // "-" is no letter of base64
	if raw, err = a.Decode(sum); err != nil {
		return nil, 0, err
	}
	parts, err = strconv.Atoi(count)
	if !found || err != nil || parts < 1 || strconv.Itoa(parts) != count {
		return nil, 0, ErrParts
	}
	return raw, parts, nil
}
