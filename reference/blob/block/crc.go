package block

import "github.com/minio/crc64nvme"

// one is the polynomial 1: the highest bit is the coefficient of x^0.
const one = uint64(1) << 63

// combine returns the CRC-64/NVME of two sequences of bytes in a row from
// those of each and the length of the second in bytes.
func combine(first, second uint64, secondLen int64) uint64 {
	return multiply(first, shift(secondLen)) ^ second
}

// whole returns the sum of size bytes from the sums of their blocks.
func whole(size int64, sum func(block int) uint64) uint64 {
	var crc uint64
	full, block := int(size/Size), shift(Size)
	for i := range full {
		crc = multiply(crc, block) ^ sum(i)
	}
	if rest := size % Size; rest > 0 {
		crc = combine(crc, sum(full), rest)
	}
	return crc
}

// shift returns x^(8n) modulo the CRC's polynomial.
func shift(n int64) uint64 {
	result, power := one, one>>8
	for ; n > 0; n >>= 1 {
		if n&1 != 0 {
			result = multiply(result, power)
		}
		power = multiply(power, power)
	}
	return result
}

func multiply(a, b uint64) uint64 {
	var product uint64
	for ; a != 0; a <<= 1 {
		if a&one != 0 {
			product ^= b
		}
		b = b>>1 ^ crc64nvme.NVME&-(b&1)
	}
	return product
}
