package disk

import "math/rand/v2"

const (
	sectorSize = 512
	pageSize   = 4096
	perPage    = pageSize / sectorSize
	flushOdds  = 8 // a flusher has written one in so many sectors that are written again
)

type block [pageSize]byte

// A page is a part of a file as readers see it and as the medium has it: the
// same block until something is written. nil is all zeros.
type page struct {
	now, kept *block
	dirty     uint8 // a bit for each sector that a sync has to write
}

// content is what a file holds. Beyond size all blocks are zero.
type content struct {
	pages []page // there may be fewer than size asks for: the rest is zeros
	dirty []int  // the pages that are dirty, and perhaps others
	size  int64
	kept  int64 // the size that the medium knows
}

// A pool keeps blocks that are not used any more.
type pool []*block

func (p *pool) get() *block {
	if n := len(*p); n > 0 {
		b := (*p)[n-1]
		*p = (*p)[:n-1]
		return b
	}
	return new(block)
}

func (p *pool) put(b *block) {
	if b != nil && len(*p) < 4096 {
		*p = append(*p, b)
	}
}

// readAt returns how much there was to read.
func (c *content) readAt(b []byte, off int64) int {
	if off >= c.size {
		return 0
	}
	b = b[:min(int64(len(b)), c.size-off)]
	for done := 0; done < len(b); {
		i, at := int((off+int64(done))/pageSize), int((off+int64(done))%pageSize)
		part := b[done:min(len(b), done+pageSize-at)]
		if i < len(c.pages) && c.pages[i].now != nil {
			copy(part, c.pages[i].now[at:])
		} else {
			clear(part)
		}
		done += len(part)
	}
	return len(b)
}

func (c *content) writeAt(b []byte, off int64, free *pool, rng *rand.Rand) {
	for done := 0; done < len(b); {
		i, at := int((off+int64(done))/pageSize), int((off+int64(done))%pageSize)
		part := b[done:min(len(b), done+pageSize-at)]
		c.reach(i)
		mark := sectors(at, at+len(part))
		c.flushSome(i, mark, free, rng)
		c.own(i, free, len(part) < pageSize)
		copy(c.pages[i].now[at:], part)
		c.mark(i, mark)
		done += len(part)
	}
	if len(b) > 0 {
		c.size = max(c.size, off+int64(len(b)))
	}
}

// reach makes page i be there.
func (c *content) reach(i int) {
	for len(c.pages) <= i {
		c.pages = append(c.pages, page{})
	}
}

// sectors is the marks of the sectors of a page that bytes from to to lie in.
func sectors(from, to int) uint8 {
	first, last := from/sectorSize, (to-1)/sectorSize
	return uint8(1<<(last+1)-1) &^ uint8(1<<first-1)
}

func (c *content) mark(i int, sectors uint8) {
	if c.pages[i].dirty == 0 {
		c.dirty = append(c.dirty, i)
	}
	c.pages[i].dirty |= sectors
}

// own makes the page's block one that can be written to, without what is in it
// unless fill asks for that.
func (c *content) own(i int, free *pool, fill bool) {
	p := &c.pages[i]
	if p.now != nil && p.now != p.kept {
		return
	}
	fresh := free.get()
	switch {
	case p.now != nil && fill:
		*fresh = *p.now
	case fill:
		clear(fresh[:])
	}
	p.now = fresh
}

// flushSome lets a flusher have been there before a sector is written again.
func (c *content) flushSome(i int, mark uint8, free *pool, rng *rand.Rand) {
	again := c.pages[i].dirty & mark
	for s := 0; again != 0; s++ {
		if again&(1<<s) != 0 && rng.IntN(flushOdds) == 0 {
			c.flush(i, s, free)
		}
		again &^= 1 << s
	}
}

// flush brings a dirty sector to the medium.
func (c *content) flush(i, s int, free *pool) {
	from := int64(i)*pageSize + int64(s)*sectorSize
	if from >= c.size {
		return
	}
	p := &c.pages[i]
	if p.kept == nil {
		p.kept = free.get()
		clear(p.kept[:])
	}
	to := p.kept[s*sectorSize : (s+1)*sectorSize]
	if p.now == nil {
		clear(to)
	} else {
		copy(to, p.now[s*sectorSize:])
	}
	c.kept = max(c.kept, min(from+sectorSize, c.size))
}

func (c *content) truncate(size int64, free *pool) {
	for i := int(size / pageSize); size < c.size && i < len(c.pages); i++ {
		p := &c.pages[i]
		from := max(0, int(size-int64(i)*pageSize))
		switch {
		case from > 0 && p.now != nil:
			c.own(i, free, true)
			clear(p.now[from:])
			c.mark(i, sectors(from, pageSize))
		case from == 0:
			if p.now != p.kept {
				free.put(p.now)
			}
			if p.now = nil; p.kept != nil {
				c.mark(i, 1<<perPage-1)
			} else {
				p.dirty = 0
			}
		}
	}
	c.size = size
}

// sync brings everything to the medium.
func (c *content) sync(free *pool) {
	for _, i := range c.dirty {
		if p := &c.pages[i]; p.dirty != 0 {
			free.put(p.kept)
			p.kept, p.dirty = p.now, 0
		}
	}
	c.dirty = c.dirty[:0]
	c.kept = c.size
	c.shorten(free)
}

// forget takes what is to be synced for synced, though it is not.
func (c *content) forget() {
	for _, i := range c.dirty {
		c.pages[i].dirty = 0
	}
	c.dirty = c.dirty[:0]
}

// shorten drops pages behind the end, both as it is and as the medium knows it.
func (c *content) shorten(free *pool) {
	for n := len(c.pages); n > int((max(c.size, c.kept)+pageSize-1)/pageSize); n-- {
		p := c.pages[n-1]
		if p.kept != p.now {
			free.put(p.kept)
		}
		free.put(p.now)
		c.pages = c.pages[:n-1]
	}
}

// crash leaves what the medium has, with a share of what it has not.
func (c *content) crash(share float64, free *pool, rng *rand.Rand) {
	for _, i := range c.dirty {
		for s := range perPage {
			if c.pages[i].dirty&(1<<s) != 0 && rng.Float64() < share {
				c.flush(i, s, free)
			}
		}
		c.pages[i].dirty = 0 // it may stand in the list twice
	}
	c.dirty = c.dirty[:0]
	switch {
	case c.kept > c.size && rng.IntN(2) == 0: // a file is shortened at once or not at all
		c.kept = c.size
	case c.kept < c.size && rng.IntN(4) == 0: // its size may last without what it is the size of
		c.kept += rng.Int64N(c.size - c.kept + 1)
	}
	c.size = c.kept
	for i := range c.pages {
		p := &c.pages[i]
		if p.now != p.kept {
			free.put(p.now)
			p.now = p.kept
		}
	}
	c.shorten(free)
	if i, at := int(c.size/pageSize), int(c.size%pageSize); at > 0 && i < len(c.pages) && c.pages[i].now != nil {
		clear(c.pages[i].now[at:])
	}
}
