package history

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Bodies identify themselves, so that any range of one tells which write it is
// from, and a mixture of two is seen at once. A body is a row of blocks of
// BlockSize bytes, the last one cut off where the size says:
//
//	 0  value, 8 bytes, big endian
//	 8  number of the block from 0, 4 bytes
//	12  size of the whole body in bytes, 8 bytes
//	20  CRC-32C of bytes 0 to 20
//	24  the same value again, so that a cut anywhere shows

// BlockSize is the size of a block in bytes.
const BlockSize = 32

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Body returns the body of size bytes that the write v stores.
func Body(v Value, size int64) []byte {
	b := make([]byte, 0, (size+BlockSize-1)/BlockSize*BlockSize)
	for n := uint32(0); int64(len(b)) < size; n++ {
		b = appendBlock(b, v, n, size)
	}
	return b[:size]
}

func appendBlock(b []byte, v Value, n uint32, size int64) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint64(b, uint64(v))
	b = binary.BigEndian.AppendUint32(b, n)
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b[at:], castagnoli))
	return binary.BigEndian.AppendUint64(b, uint64(v))
}

// ListBody returns the body of a list: a block for each of its values, in order.
func ListBody(values []Value) []byte {
	size := int64(len(values)) * BlockSize
	b := make([]byte, 0, size)
	for n, v := range values {
		b = appendBlock(b, v, uint32(n), size)
	}
	return b
}

// ReadList is the reverse of ListBody. It fails where a block is damaged, is not
// in its place, or is of a list of another length.
func ReadList(data []byte) ([]Value, error) {
	if len(data)%BlockSize != 0 {
		return nil, fmt.Errorf("%d bytes are no list", len(data))
	}
	values := make([]Value, 0, len(data)/BlockSize)
	for at := 0; at < len(data); at += BlockSize {
		v := Value(binary.BigEndian.Uint64(data[at:]))
		want := appendBlock(nil, v, uint32(at/BlockSize), int64(len(data)))
		if !bytes.Equal(data[at:at+BlockSize], want) {
			return nil, fmt.Errorf("element %d of the list is damaged, or of another list", at/BlockSize)
		}
		values = append(values, v)
	}
	return values, nil
}

// ErrShort says that bytes hold no whole block, so that they name no write.
var ErrShort = errors.New("too short to name a write")

// Identify returns the write that data is from, where data begins off bytes into
// a body, and the size of that body. Every byte is checked. It fails with
// ErrShort where there is no whole block, and says otherwise what is mixed.
func Identify(data []byte, off int64) (v Value, size int64, err error) {
	skip := (BlockSize - off%BlockSize) % BlockSize
	if int64(len(data)) < skip+BlockSize {
		return 0, 0, ErrShort
	}
	first := data[skip : skip+BlockSize]
	v = Value(binary.BigEndian.Uint64(first))
	size = int64(binary.BigEndian.Uint64(first[12:]))
	if crc32.Checksum(first[:20], castagnoli) != binary.BigEndian.Uint32(first[20:]) {
		return 0, 0, fmt.Errorf("the block at byte %d is no write's", off+skip)
	}
	return v, size, Check(data, off, v, size)
}

// Check fails unless data is what the write v stored from byte off on, in a body
// of size bytes. It says at which byte it differs, and from whose write the
// other bytes are where that can be told.
func Check(data []byte, off int64, v Value, size int64) error {
	if off+int64(len(data)) > size {
		return fmt.Errorf("%d bytes from byte %d on, of a body of %d", len(data), off, size)
	}
	block := make([]byte, 0, BlockSize)
	for at := off; at < off+int64(len(data)); {
		n := at / BlockSize
		block = appendBlock(block[:0], v, uint32(n), size)
		want := block[at%BlockSize:]
		got := data[at-off:]
		got = got[:min(len(got), len(want))]
		if !bytes.Equal(got, want[:len(got)]) {
			return fmt.Errorf("the bytes from %d on are not of %s%s", at, v, whose(got))
		}
		at += int64(len(got))
	}
	return nil
}

// whose names the write of a foreign block, where it is whole.
func whose(block []byte) string {
	if len(block) < BlockSize || crc32.Checksum(block[:20], castagnoli) != binary.BigEndian.Uint32(block[20:]) {
		return ""
	}
	return fmt.Sprintf(" but of %s", Value(binary.BigEndian.Uint64(block)))
}
