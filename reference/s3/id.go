package s3

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"sync/atomic"
)

// An idSource makes request ids: 16 upper-case hex digits that do not repeat
// within a server and are unlikely to meet those of another.
type idSource struct {
	base uint64
	n    atomic.Uint64
	host string // x-amz-id-2 and HostId: which server answered
}

func newIDSource(rand io.Reader) (*idSource, error) {
	var seed [32]byte
	if _, err := io.ReadFull(rand, seed[:]); err != nil {
		return nil, fmt.Errorf("seed request ids: %w", err)
	}
	return &idSource{
		base: binary.LittleEndian.Uint64(seed[:8]),
		host: base64.StdEncoding.EncodeToString(seed[8:]),
	}, nil
}

// next returns a fresh id: a counter put through a bijective mixer
// (splitmix64), so that ids differ as long as the counter does.
func (s *idSource) next() string {
	z := s.base + s.n.Add(1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	var b [16]byte
	for i := range b {
		b[i] = "0123456789ABCDEF"[z>>60]
		z <<= 4
	}
	return string(b[:])
}
