package generate

import (
	"bleepstore/conformance/history"
)

// A team is clients that share keys: at most so many work on a key at a time.
type team struct {
	prefix  string
	keys    []string // ascending
	clients []*client
	uploads []*draft
	round   int // of elections
	tried   int // clients that stood in the round
}

// A client sends one operation after the other.
type client struct {
	s       *sim
	team    *team
	id      int
	process int
	// seen is the last definite read or write of a key that told its ETag.
	seen    map[string]history.Op
	unsure  string // the key of a write whose answer never came: it is read next
	listing *listing
	last    history.Op
	round   int
	finals  []history.Op // what the last reader still asks for
}

// A draft is what the clients of a team know of an upload.
type draft struct {
	id    string
	key   string
	parts map[int]part
}

// ask returns the next operations of one request, or nil when there is nothing
// left to do.
func (c *client) ask() []history.Op {
	if c.listing != nil {
		return c.turn()
	}
	if key := c.unsure; key != "" {
		c.unsure = ""
		return c.s.w.check(c, key)
	}
	return c.s.w.ask(c)
}

// final returns the next operation of the reader at the end.
func (c *client) final() []history.Op {
	if c.listing != nil {
		return c.turn()
	}
	if len(c.finals) == 0 {
		return nil
	}
	o := c.finals[0]
	c.finals = c.finals[1:]
	switch o.Kind {
	case history.List:
		c.listing = &listing{prefix: o.Arg.Prefix, max: o.Arg.Max}
		return c.turn()
	case history.ListVersions:
		c.listing = &listing{}
	}
	return []history.Op{o}
}

// saw is told each answer that came.
func (c *client) saw(o *history.Op) {
	c.last = *o
	switch o.Kind {
	case history.List:
		c.turned(o)
	case history.ListVersions:
		c.listing = nil
	case history.CreateUpload:
		if o.Outcome == history.OK {
			c.team.uploads = append(c.team.uploads, &draft{id: o.Result.UploadID, key: o.Key, parts: map[int]part{}})
		}
	case history.UploadPart, history.Complete, history.Abort:
		c.sawUpload(o)
	}
	switch {
	case o.Outcome == history.OK && o.Result.ETag != "" && o.Kind != history.UploadPart && o.Arg.VersionID == "":
		c.seen[o.Key] = *o
	case o.Outcome == history.Refused:
		delete(c.seen, o.Key)
	}
}

// turned goes on with the next page or ends the listing.
func (c *client) turned(o *history.Op) {
	if !o.Result.Truncated {
		c.listing = nil
		return
	}
	c.listing.after = o.Result.Entries[len(o.Result.Entries)-1].Key
}

func (c *client) sawUpload(o *history.Op) {
	for i, d := range c.team.uploads {
		if d.id != o.Arg.UploadID {
			continue
		}
		if o.Kind == history.UploadPart && o.Outcome == history.OK {
			d.parts[o.Arg.Part] = part{value: o.Arg.Value, size: o.Arg.Size, etag: o.Result.ETag}
		}
		ended := o.Kind != history.UploadPart && o.Outcome == history.OK || o.Result.Code == "NoSuchUpload"
		if ended && c.s.r.IntN(3) > 0 { // else somebody tries it again
			c.team.uploads = append(c.team.uploads[:i:i], c.team.uploads[i+1:]...)
		}
		return
	}
}

// universe is the keys that a listing of the client can show.
func (c *client) universe(s *sim) []string {
	if c.team.keys != nil {
		return c.team.keys
	}
	var keys []string // the last reader's
	for _, t := range s.teams {
		keys = append(keys, t.keys...)
	}
	return keys
}

// key is any of the team's.
func (c *client) key() string { return c.team.keys[c.s.r.IntN(len(c.team.keys))] }

// put writes a new value to a key.
func (c *client) put(key string) history.Op {
	s := c.s
	s.values++
	size := s.w.sizes[s.r.IntN(len(s.w.sizes))]
	body := history.Body(s.values, size)
	return history.Op{Kind: history.Put, Key: key, Arg: history.Arg{Value: s.values, Size: size, ETag: digest(body)}}
}

// one is a request of a single operation.
func one(k history.Kind, key string) []history.Op { return []history.Op{{Kind: k, Key: key}} }

// show is what a read of a kind tells of a version. Without a body nothing is
// told of parts.
func show(k history.Kind, r *history.Result, v *version) {
	r.Value, r.Values, r.ETag, r.Size, r.VersionID = v.value, v.values, v.etag, v.size, v.id
	if k == history.Head {
		r.Values = nil
	}
}
