package generate

import (
	"slices"

	"bleepstore/conformance/history"
)

// register overwrites and reads.
func register(c *client) []history.Op {
	key := c.key()
	switch c.s.pick(40, 35, 10, 15) {
	case 0:
		return []history.Op{c.put(key)}
	case 1:
		return one(history.Get, key)
	case 2:
		return []history.Op{{Kind: history.Get, Key: key, Arg: history.Arg{From: c.s.r.Int64N(20), Length: 8}}}
	}
	return one(history.Head, key)
}

// swap writes on conditions that were true when the client last looked.
func swap(c *client) []history.Op {
	key := c.key()
	seen, ok := c.seen[key]
	if c.s.clears && c.s.r.IntN(12) == 0 {
		o := history.Op{Kind: history.Delete, Key: key}
		if c.s.r.IntN(3) == 0 {
			o.Arg.IfMatch = seen.Result.ETag
		}
		return []history.Op{o}
	}
	switch n := c.s.pick(40, 25, 8, 8, 10, 5, 4, 2); {
	case n == 0 && ok:
		o := c.put(key)
		o.Arg.IfMatch = seen.Result.ETag
		return []history.Op{o}
	case n == 2 || n == 0 && c.last.Result.Status == 404:
		o := c.put(key)
		o.Arg.IfNoneMatch = "*"
		return []history.Op{o}
	case n == 3 && ok:
		return []history.Op{c.put(key)}
	case n == 4:
		return one(history.Head, key)
	case n == 7:
		o := c.put(key)
		o.Arg.IfMatch = "*"
		return []history.Op{o}
	case n == 5 && ok:
		return []history.Op{{Kind: history.Get, Key: key, Arg: history.Arg{IfNoneMatch: seen.Result.ETag}}}
	case n == 6 && ok:
		return []history.Op{{Kind: history.Get, Key: key, Arg: history.Arg{IfMatch: seen.Result.ETag}}}
	}
	return one(history.Get, key)
}

// elect stands in each round once, and looks who won. The round is over when all
// stood, or earlier by chance.
func elect(c *client) []history.Op {
	t := c.team
	if t.round == len(t.keys) {
		return nil
	}
	if c.round <= t.round {
		c.round = t.round + 1
		t.tried++
		o := c.put(t.keys[t.round])
		o.Arg.IfNoneMatch = "*"
		return []history.Op{o}
	}
	key := t.keys[t.round]
	if t.tried >= c.s.o.Clients && c.s.r.IntN(3) == 0 {
		t.round++
		t.tried = 0
	}
	return one(history.Get, key)
}

// extend adds to the list that the client knows, or reads it.
func extend(c *client) []history.Op {
	key := c.key()
	seen, ok := c.seen[key]
	if !ok && c.last.Result.Status != 404 {
		return one(history.Get, key)
	}
	o := c.put(key)
	values := seen.Result.Values
	if seen.Kind == history.Put {
		values = seen.Arg.Values
	}
	o.Arg.Values = append(slices.Clone(values), o.Arg.Value)
	body := history.ListBody(o.Arg.Values)
	o.Arg.Size, o.Arg.ETag = int64(len(body)), digest(body)
	if ok {
		o.Arg.IfMatch = seen.Result.ETag
	} else {
		o.Arg.IfNoneMatch = "*"
	}
	return []history.Op{o}
}

// remove deletes what others write, one key at a time and several at once.
func remove(c *client) []history.Op {
	key := c.key()
	switch c.s.pick(35, 14, 8, 8, 25, 10) {
	case 0:
		return []history.Op{c.put(key)}
	case 1:
		return one(history.Delete, key)
	case 2:
		var ops []history.Op
		from := c.s.r.IntN(len(c.team.keys) - 1)
		for _, key := range c.team.keys[from:] {
			ops = append(ops, one(history.Delete, key)...)
		}
		return ops
	case 3:
		if seen, ok := c.seen[key]; ok && seen.Result.ETag != digest(nil) {
			return []history.Op{{Kind: history.Delete, Key: key, Arg: history.Arg{IfMatch: seen.Result.ETag}}}
		}
	case 4:
		return one(history.Head, key)
	}
	return one(history.Get, key)
}

// browse lists while keys come and go.
func browse(c *client) []history.Op {
	key := c.key()
	switch c.s.pick(35, 15, 12, 8) {
	case 0:
		return []history.Op{c.put(key)}
	case 1:
		return one(history.Delete, key)
	case 2:
		return one(history.Get, key)
	}
	if c.s.w.grouped {
		return c.list(1000, eachPageAtOnce)
	}
	return c.list(3+c.s.r.IntN(4), way(c.s.r.IntN(int(ways))))
}

// fill puts key after key that was never there, and lists now and then.
func fill(c *client) []history.Op {
	t := c.team
	if c.s.r.IntN(25) == 0 {
		return c.list(20+c.s.r.IntN(60), way(c.s.r.IntN(int(ways))))
	}
	if t.round == len(t.keys) {
		return nil
	}
	t.round++
	return []history.Op{c.put(t.keys[(t.round*67+c.s.shift)%len(t.keys)])}
}

// stack piles versions and markers on a key.
func stack(c *client) []history.Op {
	key := c.key()
	if seen, ok := c.seen[key]; ok && c.s.o.Removes && c.s.r.IntN(10) == 0 {
		return []history.Op{{Kind: history.Delete, Key: key, Arg: history.Arg{VersionID: seen.Result.VersionID}}}
	}
	switch c.s.pick(40, 10, 22, 10, 12, 4) {
	case 0:
		return []history.Op{c.put(key)}
	case 1:
		return one(history.Delete, key)
	case 3:
		if seen, ok := c.seen[key]; ok {
			return []history.Op{{Kind: history.Get, Key: key, Arg: history.Arg{VersionID: seen.Result.VersionID}}}
		}
	case 4:
		return one(history.Head, key)
	case 5:
		return c.versions(key)
	}
	return one(history.Get, key)
}

// assembleParts makes objects of parts, several clients on each upload.
func assembleParts(c *client) []history.Op {
	key := c.key()
	drafts := c.team.uploads
	n := c.s.pick(40, 20, 4, 22, 8, 3, 3)
	if n < 3 && len(drafts) == 0 || n == 5 {
		return one(history.CreateUpload, key)
	}
	switch n {
	case 0, 1, 2:
		return c.draft(drafts[len(drafts)-1-c.s.r.IntN(min(2, len(drafts)))], n)
	case 3:
		return one(history.Head, key)
	case 6:
		return one(history.Delete, key)
	}
	return one(history.Get, key)
}

// draft uploads a part, completes what is known of an upload, or aborts it.
func (c *client) draft(d *draft, n int) []history.Op {
	o := history.Op{Kind: history.UploadPart, Key: d.key, Arg: history.Arg{UploadID: d.id}}
	switch {
	case n == 2:
		o.Kind = history.Abort
	case n == 1 && len(d.parts) > 0:
		o.Kind = history.Complete
		var whole []byte
		for i := range 3 {
			p, ok := d.parts[i+1]
			if !ok {
				continue
			}
			o.Arg.Parts = append(o.Arg.Parts, history.Part{Number: i + 1, ETag: p.etag})
			o.Arg.Values = append(o.Arg.Values, p.value)
			whole = append(whole, undigest(p.etag)...)
		}
		o.Arg.ETag = joined(whole, len(o.Arg.Parts))
		if c.s.r.IntN(6) == 0 {
			o.Arg.IfNoneMatch = "*"
		}
	default:
		p := c.put(d.key)
		o.Arg.Part = 1 + c.s.r.IntN(3)
		o.Arg.Value, o.Arg.Size, o.Arg.ETag = p.Arg.Value, p.Arg.Size, p.Arg.ETag
	}
	return []history.Op{o}
}

// duplicate copies from a key that is overwritten to another, and in some runs
// back as well.
func duplicate(c *client) []history.Op {
	from, to := c.team.keys[0], c.team.keys[1]
	if c.s.clears && c.s.r.IntN(2) == 0 {
		from, to = to, from
	}
	switch c.s.pick(30, 25, 25, 10, 6, 4, 3) {
	case 0:
		return []history.Op{c.put(from)}
	case 1:
		return []history.Op{{Kind: history.Copy, Key: to, Arg: history.Arg{SourceKey: from}}}
	case 2:
		return one(history.Get, to)
	case 3:
		return one(history.Get, from)
	case 4:
		return []history.Op{c.put(to)}
	case 5:
		return one(history.Delete, from)
	}
	return one(history.Head, to)
}

// label tags objects that others overwrite.
func label(c *client) []history.Op {
	key := c.key()
	switch c.s.pick(10, 35, 40, 15) {
	case 0:
		return []history.Op{c.put(key)}
	case 1:
		if _, ok := c.seen[key]; !ok {
			return []history.Op{c.put(key)}
		}
		c.s.values++
		return []history.Op{{Kind: history.PutTags, Key: key, Arg: history.Arg{Value: c.s.values}}}
	case 2:
		return one(history.GetTags, key)
	}
	return one(history.Get, key)
}
