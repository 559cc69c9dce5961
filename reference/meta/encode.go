package meta

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"bleepstore/reference/acl"
)

// codecVersion is the first byte of an encoded command. Another value means a
// program that cannot know what the command does: the node must stop.
const codecVersion = 1

// ErrUnknownCommand is a command of a later version, or damaged: it cannot be
// skipped, because every node must apply the same.
var ErrUnknownCommand = errors.New("unknown command")

// wire is a Command as JSON; exactly one pointer is set. A body travels behind
// the JSON as it is.
type wire struct {
	ID    string
	Term  uint64 `json:",omitempty"`
	Stamp int64

	CreateBucket    *CreateBucket    `json:",omitempty"`
	DeleteBucket    *DeleteBucket    `json:",omitempty"`
	SetVersioning   *SetVersioning   `json:",omitempty"`
	SetBucketTags   *SetBucketTags   `json:",omitempty"`
	SetBucketACL    *SetBucketACL    `json:",omitempty"`
	SetOwnership    *SetOwnership    `json:",omitempty"`
	SetPublicAccess *SetPublicAccess `json:",omitempty"`
	SetPolicy       *SetPolicy       `json:",omitempty"`
	SetSetting      *SetSetting      `json:",omitempty"`
	SetUser         *SetUser         `json:",omitempty"`
	PutObject       *PutObject       `json:",omitempty"`
	CopyObject      *CopyObject      `json:",omitempty"`
	DeleteObject    *DeleteObject    `json:",omitempty"`
	DeleteObjects   *DeleteObjects   `json:",omitempty"`
	SetObjectTags   *SetObjectTags   `json:",omitempty"`
	SetObjectACL    *SetObjectACL    `json:",omitempty"`
	SetRetention    *SetRetention    `json:",omitempty"`
	SetLegalHold    *SetLegalHold    `json:",omitempty"`
	CreateUpload    *CreateUpload    `json:",omitempty"`
	RegisterPart    *RegisterPart    `json:",omitempty"`
	CompleteUpload  *CompleteUpload  `json:",omitempty"`
	AbortUpload     *AbortUpload     `json:",omitempty"`
	Fence           *Fence           `json:",omitempty"`
	Reap            *Reap            `json:",omitempty"`
	Expire          *Expire          `json:",omitempty"`
	TermStart       *TermStart       `json:",omitempty"`
	SetVersion      *SetVersion      `json:",omitempty"`
}

// Encode returns the command's bytes: a version byte, the length of the JSON,
// the JSON, the body. A command without Op encodes too. Text that is not UTF-8
// is an error, because JSON would change it without a word.
func Encode(c Command) ([]byte, error) {
	w := wire{ID: c.ID, Term: c.Term, Stamp: c.Stamp}
	var body []byte
	switch op := value(c.Op).(type) {
	case nil:
	case CreateBucket:
		w.CreateBucket = &op
	case DeleteBucket:
		w.DeleteBucket = &op
	case SetVersioning:
		w.SetVersioning = &op
	case SetBucketTags:
		w.SetBucketTags = &op
	case SetBucketACL:
		w.SetBucketACL = &op
	case SetOwnership:
		w.SetOwnership = &op
	case SetPublicAccess:
		w.SetPublicAccess = &op
	case SetPolicy:
		w.SetPolicy = &op
	case SetSetting:
		w.SetSetting = &op
	case SetUser:
		w.SetUser = &op
	case PutObject:
		w.PutObject, body = &op, op.Body
	case CopyObject:
		w.CopyObject, body = &op, op.Body
	case DeleteObject:
		w.DeleteObject = &op
	case DeleteObjects:
		w.DeleteObjects = &op
	case SetObjectTags:
		w.SetObjectTags = &op
	case SetObjectACL:
		w.SetObjectACL = &op
	case SetRetention:
		w.SetRetention = &op
	case SetLegalHold:
		w.SetLegalHold = &op
	case CreateUpload:
		w.CreateUpload = &op
	case RegisterPart:
		w.RegisterPart, body = &op, op.Body
	case CompleteUpload:
		w.CompleteUpload = &op
	case AbortUpload:
		w.AbortUpload = &op
	case Fence:
		w.Fence = &op
	case Reap:
		w.Reap = &op
	case Expire:
		w.Expire = &op
	case TermStart:
		w.TermStart = &op
	case SetVersion:
		w.SetVersion = &op
	default:
		return nil, fmt.Errorf("encode %T: %w", c.Op, ErrUnknownCommand)
	}
	js, err := json.Marshal(&w)
	if err != nil {
		return nil, fmt.Errorf("encode command: %w", err)
	}
	if replaced(js) {
		return nil, errors.New("encode command: text is not UTF-8")
	}
	b := make([]byte, 0, 1+binary.MaxVarintLen64+len(js)+len(body))
	b = binary.AppendUvarint(append(b, codecVersion), uint64(len(js)))
	return append(append(b, js...), body...), nil
}

// Decode is the reverse of Encode; the body is a part of b.
func Decode(b []byte) (Command, error) {
	if len(b) == 0 || b[0] != codecVersion {
		return Command{}, fmt.Errorf("decode command: format: %w", ErrUnknownCommand)
	}
	n, k := binary.Uvarint(b[1:])
	if k <= 0 || n > uint64(len(b)-1-k) {
		return Command{}, fmt.Errorf("decode command: length: %w", ErrUnknownCommand)
	}
	js, body := b[1+k:1+k+int(n)], b[1+k+int(n):]
	var w wire
	d := json.NewDecoder(bytes.NewReader(js))
	d.DisallowUnknownFields() // a field that this program does not know would be obeyed by others
	if err := d.Decode(&w); err != nil {
		return Command{}, fmt.Errorf("decode command: %w: %w", ErrUnknownCommand, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Command{}, fmt.Errorf("decode command: text behind it: %w", ErrUnknownCommand)
	}
	c := Command{ID: w.ID, Term: w.Term, Stamp: w.Stamp}
	if err := w.op(&c, body); err != nil {
		return Command{}, err
	}
	return c, nil
}

// op finds the one pointer that is set and puts the body where it belongs.
func (w *wire) op(c *Command, body []byte) error {
	if len(body) == 0 {
		body = nil
	}
	ops := 0
	set := func(op Op) { c.Op, ops = op, ops+1 }
	v := reflect.ValueOf(w).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Pointer && !f.IsNil() {
			set(f.Elem().Interface().(Op))
		}
	}
	switch op := c.Op.(type) {
	case PutObject:
		op.Body, body = body, nil
		c.Op = op
	case CopyObject:
		op.Body, body = body, nil
		c.Op = op
	case RegisterPart:
		op.Body, body = body, nil
		c.Op = op
	}
	if ops > 1 || len(body) > 0 {
		return fmt.Errorf("decode command: %d kinds, %d bytes of body left: %w", ops, len(body), ErrUnknownCommand)
	}
	return nil
}

// Size is about how many bytes Encode would return, without the work.
func (c Command) Size() int {
	const frame, perItem = 512, 96
	switch op := value(c.Op).(type) {
	case PutObject:
		return frame + len(op.Body) + len(op.Key) + perItem*len(op.Extents) + op.Attributes.size() + specSize(op.Spec)
	case CopyObject:
		return frame + len(op.Body) + len(op.Key) + op.Attributes.size() + specSize(op.Spec)
	case RegisterPart:
		return frame + len(op.Body) + len(op.Key) + perItem*len(op.Extents)
	case CreateUpload:
		return frame + len(op.Key) + op.Attributes.size() + specSize(op.Spec)
	case SetBucketACL:
		return frame + specSize(op.ACL)
	case SetPolicy:
		return frame + 2*len(op.Policy.String()) // its quotes are escaped
	case SetSetting:
		return frame + len(op.Value)
	case SetUser:
		return frame + 2*len(op.Name) + op.User.size()
	case SetObjectACL:
		return frame + len(op.Key) + specSize(op.ACL)
	case CompleteUpload:
		return frame + len(op.Key) + perItem*len(op.Parts)
	case Expire:
		n := frame
		for _, name := range append(op.Keys, op.Uploads...) {
			n += perItem/8 + len(name)
		}
		return n
	case DeleteObjects:
		n := frame
		for i := range op.Items {
			n += perItem + len(op.Items[i].Key)
		}
		return n
	}
	return 2 * frame
}

func (a *Attributes) size() int {
	n := len(a.Redirect)
	if a.Seal != nil {
		n += 256 + len(a.Seal.Context)
	}
	for k, v := range a.Metadata {
		n += len(k) + len(v) + 8
	}
	for _, t := range a.Tags {
		n += len(t.Key) + len(t.Value) + 24
	}
	return n
}

func specSize(s *acl.Spec) int {
	const perGrant = 160
	if s == nil {
		return 0
	}
	return perGrant * len(s.Grants)
}

// value turns a pointer to an op into the op, so that both work everywhere.
func value(op Op) Op {
	if v := reflect.ValueOf(op); v.Kind() == reflect.Pointer && !v.IsNil() {
		return v.Elem().Interface().(Op)
	}
	return op
}

// replaced tells whether json.Marshal wrote its escape for bytes that are no
// UTF-8; a U+FFFD that was in the text stands there unescaped.
func replaced(js []byte) bool {
	s := string(js)
	for {
		i := strings.Index(s, `\ufffd`)
		if i < 0 {
			return false
		}
		back := 0
		for i-back > 0 && s[i-back-1] == '\\' {
			back++
		}
		if back%2 == 0 {
			return true
		}
		s = s[i+1:]
	}
}
