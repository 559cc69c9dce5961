package checksum

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"bleepstore/fault"
)

// A Part is what a multipart object's value is made from: the raw value of one
// part and its length in bytes (which Composite does not need).
type Part struct {
	Sum  []byte
	Size int64
}

var countUnsaid = fault.NewBug("checksum.composite-without-count",
	"a COMPOSITE checksum does not tell the number of parts", "K-09")

// Composite returns the composite value of the parts in order: the checksum of
// their raw values laid end to end, and "-N". It fails when a value has the
// wrong length or there is no part.
func (a Algorithm) Composite(parts []Part) (string, error) {
	if err := a.check(parts); err != nil {
		return "", err
	}
	h := a.New()
	for _, p := range parts {
		h.Write(p.Sum)
	}
	if countUnsaid.On() {
		return Encode(h.Sum(nil)), nil
	}
	return Encode(h.Sum(nil)) + "-" + strconv.Itoa(len(parts)), nil
}

var oneSize = fault.NewBug("checksum.parts-of-one-size",
	"the checksum of a whole object is put together as if all parts were as long as the first", "K-10")

// Combine returns the raw value of the whole object from those of its parts in
// order, without their bytes. It fails when a is not a CRC, a value has the
// wrong length, a size is negative, or there is no part.
func (a Algorithm) Combine(parts []Part) ([]byte, error) {
	f, ok := a.field()
	if !ok {
		return nil, fmt.Errorf("combine %q: not a CRC", string(a))
	}
	if err := a.check(parts); err != nil {
		return nil, err
	}
	var crc, shift uint64
	size := int64(-1) // that shift belongs to: parts mostly share one
	for i, p := range parts {
		if p.Size < 0 {
			return nil, fmt.Errorf("combine part %d: negative size", i+1)
		}
		if p.Size != size && !(i > 0 && oneSize.On()) {
			size, shift = p.Size, f.shift(p.Size)
		}
		crc = f.mul(crc, shift) ^ f.uint(p.Sum)
	}
	return f.bytes(crc), nil
}

func (a Algorithm) check(parts []Part) error {
	if a.Size() == 0 {
		return fmt.Errorf("unknown algorithm %q", string(a))
	}
	if len(parts) == 0 {
		return fmt.Errorf("%s of no parts", a)
	}
	for i, p := range parts {
		if len(p.Sum) != a.Size() {
			return fmt.Errorf("%s of part %d: %w", a, i+1, ErrLength)
		}
	}
	return nil
}

// A field is the polynomials over GF(2) modulo a CRC's polynomial of degree
// width, in the reflected form in which the CRC itself is kept: the coefficient
// of x^0 is bit width-1, that of x^(width-1) is bit 0.
//
// A CRC is linear but for its initial and final inversion, and those cancel out
// when two values are joined: crc(A‖B) = crc(A)·x^(8·len(B)) + crc(B).
type field struct {
	width int
	poly  uint64
}

func (a Algorithm) field() (field, bool) {
	switch a {
	case CRC32:
		return field{32, 0xedb88320}, true
	case CRC32C:
		return field{32, 0x82f63b78}, true
	case CRC64NVME:
		return field{64, 0x9a6c9329ac4bc9b5}, true
	}
	return field{}, false
}

func (f field) one() uint64 { return 1 << (f.width - 1) }

// timesX returns a·x.
func (f field) timesX(a uint64) uint64 {
	if a&1 != 0 {
		return a>>1 ^ f.poly
	}
	return a >> 1
}

// mul returns a·b, one coefficient of a at a time from x^0 up.
func (f field) mul(a, b uint64) uint64 {
	var p uint64
	for bit := f.one(); bit != 0 && a != 0; bit >>= 1 {
		if a&bit != 0 {
			p ^= b
			a ^= bit
		}
		b = f.timesX(b)
	}
	return p
}

// shift returns x^(8n) by squaring.
func (f field) shift(n int64) uint64 {
	square := f.one()
	for range 8 {
		square = f.timesX(square)
	}
	p := f.one()
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			p = f.mul(p, square)
		}
		square = f.mul(square, square)
	}
	return p
}

func (f field) uint(sum []byte) uint64 {
	if f.width == 32 {
		return uint64(binary.BigEndian.Uint32(sum))
	}
	return binary.BigEndian.Uint64(sum)
}

func (f field) bytes(v uint64) []byte {
	if f.width == 32 {
		return binary.BigEndian.AppendUint32(nil, uint32(v))
	}
	return binary.BigEndian.AppendUint64(nil, v)
}
