package meta

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"bleepstore/reference/acl"
)

// A record is the part of a version that listings and Apply read: the column
// rec. It is packed by hand into one value, because that halves the time of a
// listing's page against columns of their own.
type record struct {
	flags    byte
	parts    int   // of a completed upload, else 0
	seq      int64 // the order of versions
	content  int64 // its bytes; 0: none
	modified int64 // Unix milliseconds
	size     int64
	suffix   string // behind seq, the version's id; "" for the null version
	etag     string
	owner    string
	class    string
	sum      Checksum
}

// Flags of a record.
const (
	flagNull   = 1 << iota // the null version
	flagMarker             // a delete marker
	flagPlain              // the bytes are the content's one inline row, or none
)

const recordFormat = 1

func (r *record) is(flag byte) bool { return r.flags&flag != 0 }

// id is the version id on the wire.
func (r *record) id() string {
	if r.is(flagNull) {
		return NullVersion
	}
	return wireID(r.seq, r.suffix)
}

func (r *record) pack() []byte {
	b := make([]byte, 0, 192)
	b = append(b, recordFormat, r.flags)
	for _, n := range [...]int64{int64(r.parts), r.seq, r.content, r.modified, r.size} {
		b = binary.AppendVarint(b, n)
	}
	for _, s := range [...]string{r.suffix, r.etag, r.owner, r.class, r.sum.Algorithm, r.sum.Type, r.sum.Value} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return b
}

var errRecord = errors.New("malformed record")

func unpack(b []byte) (record, error) {
	var r record
	if len(b) < 2 || b[0] != recordFormat {
		return r, errRecord
	}
	r.flags = b[1]
	s := string(b) // one copy; the strings below are parts of it
	at := 2
	var parts int64
	for _, p := range [...]*int64{&parts, &r.seq, &r.content, &r.modified, &r.size} {
		n, w := binary.Varint(b[at:])
		if w <= 0 {
			return r, errRecord
		}
		*p, at = n, at+w
	}
	r.parts = int(parts)
	for _, p := range [...]*string{&r.suffix, &r.etag, &r.owner, &r.class, &r.sum.Algorithm, &r.sum.Type, &r.sum.Value} {
		n, w := binary.Uvarint(b[at:])
		if w <= 0 || n > uint64(len(b)-at-w) {
			return r, errRecord
		}
		at += w
		*p, at = s[at:at+int(n)], at+int(n)
	}
	return r, nil
}

// version is what clients see of the record, without its attributes.
func (r *record) version(b *Bucket, key string) Version {
	owner := r.owner
	if b.Enforced() {
		owner = b.Owner
	}
	return Version{
		Bucket: b.Name, Key: key, ID: r.id(), DeleteMarker: r.is(flagMarker),
		Modified: fromMilli(r.modified), Size: r.size, ETag: r.etag, Owner: owner,
		Attributes: Attributes{StorageClass: r.class}, Checksum: r.sum, PartCount: r.parts,
	}
}

func fromMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// wireID is the id of a version or upload as clients see it: its sequence
// number, so that it can be found (and resumed from, even once it is gone)
// without an index, and the random id of the command that made it, so that it
// can be neither guessed nor made twice, not even by a restored backup.
func wireID(seq int64, suffix string) string {
	b := make([]byte, 0, 16+len(suffix))
	const digits = "0123456789abcdef"
	for shift := 60; shift >= 0; shift -= 4 {
		b = append(b, digits[seq>>shift&15])
	}
	return string(append(b, suffix...))
}

// parseID takes a wireID apart; ok is false for any other string.
func parseID(id string) (seq int64, suffix string, ok bool) {
	if len(id) < 16 {
		return 0, "", false
	}
	n, err := strconv.ParseUint(id[:16], 16, 63)
	if err != nil || wireID(int64(n), "") != id[:16] {
		return 0, "", false
	}
	return int64(n), id[16:], true
}

// packAttrs is the column attrs; the storage class lives in the record.
func packAttrs(a Attributes) ([]byte, error) {
	a.StorageClass = ""
	b, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("pack attributes: %w", err)
	}
	if len(b) == len("{}") {
		return nil, nil
	}
	return b, nil
}

// unpackAttrs fills a from the column attrs and leaves the storage class alone.
func unpackAttrs(b []byte, a *Attributes) error {
	if len(b) == 0 {
		return nil
	}
	if err := json.Unmarshal(b, a); err != nil {
		return fmt.Errorf("unpack attributes: %w", err)
	}
	return nil
}

// uploadAttrs is the column attrs of an upload, which has no record: all of
// them, and the ACL as it was asked for.
type uploadAttrs struct {
	Attributes
	Spec *acl.Spec `json:",omitempty"`
}

func packUpload(a Attributes, spec *acl.Spec) ([]byte, error) {
	b, err := json.Marshal(uploadAttrs{a, spec})
	if err != nil {
		return nil, fmt.Errorf("pack attributes: %w", err)
	}
	return b, nil
}

// open unpacks the attributes of u, which is in b, and says who will own it.
func (u *uploadRow) open(b *Bucket) error {
	var a uploadAttrs
	if len(u.attrs) > 0 {
		if err := json.Unmarshal(u.attrs, &a); err != nil {
			return fmt.Errorf("unpack attributes: %w", err)
		}
	}
	u.Attributes, u.spec = a.Attributes, a.Spec
	u.Owner = b.OwnerOf(u.Initiator, u.spec)
	return nil
}
