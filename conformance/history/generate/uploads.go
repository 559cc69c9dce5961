package generate

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"slices"

	"bleepstore/conformance/history"
)

// An upload is one of several parts.
type upload struct {
	key   string
	parts map[int]part
	// completed is what a Complete made of it; ended says that it was completed
	// or aborted.
	completed *version
	ended     bool
}

type part struct {
	value history.Value
	size  int64
	etag  string
}

// upload answers the operations of multipart uploads.
func (s *store) upload(c *call) answer {
	o := &c.op
	if o.Kind == history.CreateUpload {
		a := accepted(200)
		s.ids++
		id := fmt.Sprintf("upload-%06d", s.ids)
		a.result.UploadID = id
		a.then = func() { s.uploads[id] = &upload{key: o.Key, parts: map[int]part{}} }
		return a
	}
	u := s.uploads[o.Arg.UploadID]
	if o.Kind == history.Complete && u.completed != nil && s.again && slices.Equal(o.Arg.Values, u.completed.values) {
		a := accepted(200)
		a.applies = false
		a.result.ETag = u.completed.etag
		return a
	}
	if u.ended {
		return refused(404, "NoSuchUpload")
	}
	switch o.Kind {
	case history.UploadPart:
		a := accepted(200)
		a.result.ETag = s.tag(o.Arg.ETag)
		a.then = func() { u.parts[o.Arg.Part] = part{value: o.Arg.Value, size: o.Arg.Size, etag: a.result.ETag} }
		return a
	case history.Abort:
		a := accepted(204)
		a.then = func() { u.ended = true }
		return a
	}
	return s.complete(c, u)
}

func (s *store) complete(c *call, u *upload) answer {
	v := &version{by: c}
	var whole []byte
	for _, p := range c.op.Arg.Parts {
		have, ok := u.parts[p.Number]
		if !ok || have.etag != p.ETag {
			return refused(400, "InvalidPart")
		}
		v.values = append(v.values, have.value)
		v.size += have.size
		whole = append(whole, undigest(have.etag)...)
	}
	v.etag = joined(whole, len(c.op.Arg.Parts))
	a := s.write(&c.op, v)
	a.then = func() { u.ended, u.completed = true, v }
	return a
}

// joined is the ETag of an object of parts, whose digests stand in a row.
func joined(digests []byte, parts int) string {
	sum := md5.Sum(digests)
	return fmt.Sprintf("%s-%d", hex.EncodeToString(sum[:]), parts)
}

func digest(body []byte) string {
	sum := md5.Sum(body)
	return hex.EncodeToString(sum[:])
}

// undigest is the reverse of an ETag's hexadecimal form.
func undigest(etag string) []byte {
	sum, err := hex.DecodeString(etag)
	if err != nil {
		panic(err) // the simulation made it
	}
	return sum
}
