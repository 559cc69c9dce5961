package blob

import (
	"encoding/base32"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// An ID names one blob for ever: it is never used again for other bytes. Ids
// made by NewID sort by epoch, as strings. Any 1 to 128 characters of 0-9, a-z
// and '-' that do not begin with '-' are a well-formed ID, and a safe file name.
type ID string

const (
	maxID       = 128
	epochDigits = 16
	randomBytes = 16
)

// base32hex keeps the order of its input and needs no escaping anywhere.
var idEncoding = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)

// NewID returns an id of the epoch with 128 bits of random behind it.
func NewID(epoch uint64, random io.Reader) (ID, error) {
	var b [randomBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("blob id: %w", err)
	}
	return EpochStart(epoch) + "-" + ID(idEncoding.EncodeToString(b[:])), nil
}

// sealedSuffix ends the id of a blob whose bytes are sealed.
const sealedSuffix = "-e"

// NewSealedID is NewID for a blob that will hold sealed bytes, which are more than
// they stand for.
func NewSealedID(epoch uint64, random io.Reader) (ID, error) {
	id, err := NewID(epoch, random)
	return id + sealedSuffix, err
}

// Sealed says whether NewSealedID made the id.
func (id ID) Sealed() bool {
	_, made := id.Epoch()
	return made && strings.HasSuffix(string(id), sealedSuffix)
}

// EpochStart sorts before every id of the epoch and after all of earlier ones.
func EpochStart(epoch uint64) ID { return ID(fmt.Sprintf("%0*x", epochDigits, epoch)) }

// Epoch returns the epoch of an id made by NewID or NewSealedID; false for any other.
func (id ID) Epoch() (uint64, bool) {
	hex, random, ok := strings.Cut(strings.TrimSuffix(string(id), sealedSuffix), "-")
	if !ok || len(hex) != epochDigits || len(random) != idEncoding.EncodedLen(randomBytes) {
		return 0, false
	}
	epoch, err := strconv.ParseUint(hex, 16, 64)
	return epoch, err == nil
}

// Check returns ErrID unless id is well-formed.
func (id ID) Check() error {
	ok := len(id) > 0 && len(id) <= maxID && id[0] != '-'
	for i := 0; ok && i < len(id); i++ {
		c := id[i]
		ok = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-'
	}
	if !ok {
		return fmt.Errorf("%w: %.140q", ErrID, string(id))
	}
	return nil
}

// CheckNew returns what is wrong with the arguments of a Create: ErrID, or
// ErrSize for a negative size.
func CheckNew(id ID, size int64) error {
	if size < 0 {
		return fmt.Errorf("%s: %w: %d", id, ErrSize, size)
	}
	return id.Check()
}
