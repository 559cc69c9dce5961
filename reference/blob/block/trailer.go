// Package block is the format in which a blob lies in a file or in a cloud
// object: its bytes, then a trailer that makes it whole,
//
//	one CRC-64/NVME for each block of 256 KiB of the bytes (the last is shorter)
//	length of the bytes
//	CRC-64/NVME of the id and of all the rest of the trailer
//	magic
//
// each number 8 bytes, the highest first. A blob without a valid trailer does
// not exist. The id is in the sum so that a file found under another name is
// not taken for that blob. Besides, the package holds what backends need to
// read a body and to serve one in verified blocks. It knows nothing of files.
package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"bleepstore/reference/blob"

	"github.com/minio/crc64nvme"
)

// Size is the length in bytes of every block but the last: what a read of one
// byte has to fetch and verify, and small enough that summing and writing find
// the bytes in the processor's cache.
const Size = 256 << 10

const (
	magic      = "bleepb1\n"
	sumLen     = 8
	footerLen  = 3 * 8
	firstGuess = 4 << 10 // what is read of a blob's end at once: enough for 509 blocks
)

// Sums computes the sums of the bytes written to it. The zero value is ready.
type Sums struct {
	done    []uint64 // of the full blocks
	current uint64   // of the block under way
	size    int64
}

// Write never fails.
func (s *Sums) Write(p []byte) (int, error) {
	total := len(p)
	for len(p) > 0 {
		n := min(len(p), Size-int(s.size%Size))
		s.current = crc64nvme.Update(s.current, p[:n])
		s.size += int64(n)
		if s.size%Size == 0 {
			s.done = append(s.done, s.current)
			s.current = 0
		}
		p = p[n:]
	}
	return total, nil
}

// Info describes the bytes written so far as the blob id.
func (s *Sums) Info(id blob.ID) blob.Info {
	sum := func(i int) uint64 {
		if i < len(s.done) {
			return s.done[i]
		}
		return s.current
	}
	return blob.Info{ID: id, Size: s.size, CRC: whole(s.size, sum)}
}

// Trailer returns what must follow the bytes written so far.
func (s *Sums) Trailer(id blob.ID) []byte {
	b := make([]byte, 0, (len(s.done)+1)*sumLen+footerLen)
	for _, sum := range s.done {
		b = binary.BigEndian.AppendUint64(b, sum)
	}
	if s.size%Size > 0 {
		b = binary.BigEndian.AppendUint64(b, s.current)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(s.size))
	b = binary.BigEndian.AppendUint64(b, trailerSum(id, b))
	return append(b, magic...)
}

// trailerSum covers the id, the sums and the length; the magic is compared.
func trailerSum(id blob.ID, b []byte) uint64 {
	return crc64nvme.Update(crc64nvme.Checksum([]byte(id)), b)
}

// A Table is a valid trailer. It is immutable.
type Table struct {
	id   blob.ID
	size int64
	sums []byte
}

// ReadTable reads the trailer of the blob id from the end of r, which is total
// bytes long. If there is no valid one the error is blob.ErrNotFound; any
// other error is one of r.
func ReadTable(id blob.ID, r io.ReaderAt, total int64) (*Table, error) {
	if total < footerLen {
		return nil, fmt.Errorf("%s: too short for a trailer: %w", id, blob.ErrNotFound)
	}
	tail := make([]byte, min(total, firstGuess))
	if err := readAt(r, tail, total-int64(len(tail))); err != nil {
		return nil, fmt.Errorf("%s: read trailer: %w", id, err)
	}
	footer := tail[len(tail)-footerLen:]
	size := int64(binary.BigEndian.Uint64(footer))
	if string(footer[2*8:]) != magic || size < 0 || size > total {
		return nil, fmt.Errorf("%s: no trailer: %w", id, blob.ErrNotFound)
	}
	// The file's length vouches for size, before anything is allocated for it.
	need := total - size
	if need != int64(Count(size))*sumLen+footerLen {
		return nil, fmt.Errorf("%s: trailer of another length: %w", id, blob.ErrNotFound)
	}
	if need > int64(len(tail)) {
		tail = make([]byte, need)
		if err := readAt(r, tail, size); err != nil {
			return nil, fmt.Errorf("%s: read trailer: %w", id, err)
		}
	}
	tail = tail[int64(len(tail))-need:]
	summed, sum := tail[:need-2*8], binary.BigEndian.Uint64(tail[need-2*8:])
	if trailerSum(id, summed) != sum {
		return nil, fmt.Errorf("%s: trailer is corrupt: %w", id, blob.ErrNotFound)
	}
	return &Table{id: id, size: size, sums: summed[:len(summed)-8]}, nil
}

// Count returns how many blocks size bytes take.
func Count(size int64) int { return int((size + Size - 1) / Size) }

// Info describes the blob.
func (t *Table) Info() blob.Info {
	return blob.Info{ID: t.id, Size: t.size, CRC: whole(t.size, t.sum)}
}

func (t *Table) sum(i int) uint64 { return binary.BigEndian.Uint64(t.sums[i*sumLen:]) }

// blockLen returns the length of block i in bytes.
func (t *Table) blockLen(i int) int { return int(min(Size, t.size-int64(i)*Size)) }

// readAt fills p. A file that ends early is io.ErrUnexpectedEOF.
func readAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
