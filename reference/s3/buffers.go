package s3

import "sync"

// Sizes of the pooled buffers, in bytes. A list page of a thousand keys is
// about 300 KiB; what grew far beyond that is not kept.
const (
	smallBlock = 32 << 10
	largeBlock = 256 << 10
	maxKept    = 1 << 20
)

// buffers are the pools of one Handler.
type buffers struct {
	docs, small, large sync.Pool
}

// xml returns an empty document; putXML takes it back.
func (b *buffers) xml() *xmlBuf {
	if x, ok := b.docs.Get().(*xmlBuf); ok {
		x.b, x.url = x.b[:0], false
		return x
	}
	return &xmlBuf{b: make([]byte, 0, 2048)}
}

func (b *buffers) putXML(x *xmlBuf) {
	if cap(x.b) <= maxKept {
		b.docs.Put(x)
	}
}

// block returns a buffer for moving n bytes; putBlock takes it back.
func (b *buffers) block(n int64) *[]byte {
	pool, size := &b.small, smallBlock
	if n > smallBlock {
		pool, size = &b.large, largeBlock
	}
	if p, ok := pool.Get().(*[]byte); ok {
		return p
	}
	p := make([]byte, size)
	return &p
}

func (b *buffers) putBlock(p *[]byte) {
	if len(*p) == smallBlock {
		b.small.Put(p)
	} else {
		b.large.Put(p)
	}
}
