package checksum

import (
	"hash"
	"slices"

	"bleepstore/fault"
)

// Ways to write an xxHash wrong.
var (
	lowByteFirst = fault.NewBug("checksum.xxhash-low-byte-first",
		"an xxHash is written with its lowest byte first", "checksum.new.right.*")
	halvesSwapped = fault.NewBug("checksum.xxhash128-halves-swapped",
		"an XXHASH128 is written with its low half first", "checksum.new.right.xxhash128")
	oneXXHash = fault.NewBug("checksum.xxhash3-is-xxhash64",
		"XXHASH3 is computed as XXHASH64, whose values are as long", "checksum.new.right.xxhash3", "checksum.new.of-another.xxhash3")
)

// backwards is a hash whose Sum is reversed.
type backwards struct{ hash.Hash }

// Sum implements hash.Hash.
func (b backwards) Sum(p []byte) []byte {
	sum := b.Hash.Sum(nil)
	slices.Reverse(sum)
	return append(p, sum...)
}

// swapped is a hash the halves of whose Sum have changed places.
type swapped struct{ hash.Hash }

// Sum implements hash.Hash.
func (s swapped) Sum(p []byte) []byte {
	sum := s.Hash.Sum(nil)
	half := len(sum) / 2
	return append(append(p, sum[half:]...), sum[:half]...)
}
