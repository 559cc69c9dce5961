package object

import (
	"crypto/md5"
	"hash"
	"sync"
)

const (
	// hashChunk is what md5Stream hands to its goroutine at a time: large
	// enough that the handing over costs nothing beside the hashing.
	hashChunk = 64 << 10
	// hashAhead is how many chunks may wait. With the chunk being filled and
	// the one being hashed it bounds a stream's memory to 384 KiB.
	hashAhead = 4
)

var chunkPool = sync.Pool{New: func() any { return new([hashChunk]byte) }}

// An md5Stream computes an MD5 in a goroutine of its own, because MD5 is the
// slowest thing that a large body meets on its way: whoever writes to it reads
// and stores the next bytes meanwhile. Either sum or abandon must be called,
// once; both end the goroutine before they return.
type md5Stream struct {
	work   chan md5Chunk
	done   chan struct{}
	digest [md5.Size]byte // set before done is closed

	cur *[hashChunk]byte
	n   int
}

type md5Chunk struct {
	buf *[hashChunk]byte
	n   int
}

func newMD5Stream() *md5Stream {
	m := &md5Stream{work: make(chan md5Chunk, hashAhead), done: make(chan struct{})}
	go m.run()
	return m
}

func (m *md5Stream) run() {
	defer close(m.done)
	h := md5.New()
	for c := range m.work {
		h.Write(c.buf[:c.n])
		chunkPool.Put(c.buf)
	}
	h.Sum(m.digest[:0])
}

// Write copies p; it waits while hashAhead chunks are queued.
func (m *md5Stream) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		if m.cur == nil {
			m.cur = chunkPool.Get().(*[hashChunk]byte)
		}
		n := copy(m.cur[m.n:], rest)
		m.n += n
		rest = rest[n:]
		if m.n == hashChunk {
			m.flush()
		}
	}
	return len(p), nil
}

func (m *md5Stream) flush() {
	m.work <- md5Chunk{m.cur, m.n}
	m.cur, m.n = nil, 0
}

func (m *md5Stream) sum() [md5.Size]byte {
	if m.n > 0 {
		m.flush()
	}
	m.abandon()
	return m.digest
}

func (m *md5Stream) abandon() {
	close(m.work)
	<-m.done
	if m.cur != nil {
		chunkPool.Put(m.cur)
		m.cur = nil
	}
}

// An md5Sum is an MD5 in progress: a stream for large bodies, computed on the
// spot for small ones, where a goroutine would cost more than the hash.
type md5Sum struct {
	hash   hash.Hash
	stream *md5Stream
	digest [md5.Size]byte
	ended  bool
}

// concurrentFrom is the size in bytes from which a body gets an md5Stream.
const concurrentFrom = 256 << 10

func newMD5Sum(size int64) *md5Sum {
	if size >= concurrentFrom {
		return &md5Sum{stream: newMD5Stream()}
	}
	return &md5Sum{hash: md5.New()}
}

func (m *md5Sum) Write(p []byte) (int, error) {
	if m.stream != nil {
		return m.stream.Write(p)
	}
	return m.hash.Write(p)
}

// sum ends the computation; later calls return the same digest.
func (m *md5Sum) sum() [md5.Size]byte {
	if !m.ended {
		m.ended = true
		if m.stream != nil {
			m.digest = m.stream.sum()
		} else {
			m.hash.Sum(m.digest[:0])
		}
	}
	return m.digest
}

// close ends the computation without a digest, if sum has not ended it.
func (m *md5Sum) close() {
	if !m.ended && m.stream != nil {
		m.stream.abandon()
	}
	m.ended = true
}
