package block

import "sync"

// classes are the lengths in which buffers are kept, so that a store of small
// blobs with many readers does not hold a whole block for each.
var classes = [...]int{32 << 10, Size}

var pools [len(classes)]sync.Pool

// A Buffer is memory on loan.
type Buffer struct {
	Bytes []byte
	class int
}

// Get lends a buffer of n <= Size bytes, whose content is arbitrary. Free
// gives it back.
func Get(n int) *Buffer {
	class := 0
	for n > classes[class] {
		class++
	}
	b, _ := pools[class].Get().(*Buffer)
	if b == nil {
		b = &Buffer{Bytes: make([]byte, classes[class]), class: class}
	}
	b.Bytes = b.Bytes[:n]
	return b
}

// Free gives b back; nobody may use it afterwards.
func (b *Buffer) Free() { pools[b.class].Put(b) }
