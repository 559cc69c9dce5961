package cloud_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	gocloud "gocloud.dev/blob"
	"gocloud.dev/blob/driver"
	"gocloud.dev/gcerrors"
)

// A fate is what becomes of one request. The zero value is success.
type fate struct {
	refuse error // it fails, and nothing was done
	lose   error // it is done, and fails
	hang   bool  // it is never answered
	cut    int   // the answer breaks off after so many bytes
	flip   bool  // a byte of the answer is another one
}

// A faulty is a bucket in memory. fate may be nil, and says what becomes of each
// request: head, read, write, delete or list.
type faulty struct {
	mu      sync.Mutex
	objects map[string][]byte
	fate    func(op, key string) fate
	asked   []string // op and key of each request
	// Of writes: the condition is ignored; it is not known; what ended the context
	// of each upload when it was closed.
	careless, simple bool
	closed           []error
	unordered        bool // listings are not sorted
}

func newFaulty() *faulty { return &faulty{objects: map[string][]byte{}} }

func (b *faulty) bucket() *gocloud.Bucket { return gocloud.NewBucket(b) }

// coded is an error of the provider.
type coded struct {
	code gcerrors.ErrorCode
	text string
}

func (e *coded) Error() string { return e.text }

var (
	errNoObject = &coded{gcerrors.NotFound, "no such object"}
	errIfNone   = &coded{gcerrors.FailedPrecondition, "there is one"}
	errBusy     = &coded{gcerrors.ResourceExhausted, "too many requests"}
	errDenied   = &coded{gcerrors.PermissionDenied, "access denied"}
	errSimple   = &coded{gcerrors.Unimplemented, "conditions are not implemented"}
	errBroken   = errors.New("connection reset by peer")
)

func (b *faulty) ErrorCode(err error) gcerrors.ErrorCode {
	if c, ok := errors.AsType[*coded](err); ok {
		return c.code
	}
	return gcerrors.Unknown
}

// ask begins a request.
func (b *faulty) ask(ctx context.Context, op, key string) (fate, error) {
	b.mu.Lock()
	b.asked = append(b.asked, op+" "+key)
	decide := b.fate
	b.mu.Unlock()
	var f fate
	if decide != nil {
		f = decide(op, key)
	}
	if f.hang {
		<-ctx.Done()
		return f, ctx.Err()
	}
	if ctx.Err() != nil {
		return f, ctx.Err()
	}
	return f, f.refuse
}

// count is how many requests there were of an op and a key.
func (b *faulty) count(what string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, a := range b.asked {
		if a == what {
			n++
		}
	}
	return n
}

func (b *faulty) get(key string) ([]byte, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	data, ok := b.objects[key]
	return data, ok
}

func (b *faulty) Attributes(ctx context.Context, key string) (*driver.Attributes, error) {
	f, err := b.ask(ctx, "head", key)
	if err != nil {
		return nil, err
	}
	data, ok := b.get(key)
	if !ok {
		return nil, errNoObject
	}
	return &driver.Attributes{Size: int64(len(data))}, f.lose
}

func (b *faulty) NewRangeReader(ctx context.Context, key string, off, n int64, _ *driver.ReaderOptions) (driver.Reader, error) {
	f, err := b.ask(ctx, "read", key)
	if err != nil {
		return nil, err
	}
	data, ok := b.get(key)
	if !ok {
		return nil, errNoObject
	}
	size := int64(len(data))
	data = bytes.Clone(data[min(off, size):])
	if n >= 0 {
		data = data[:min(n, int64(len(data)))]
	}
	if f.flip && len(data) > 0 {
		data[len(data)/2] ^= 1
	}
	var r io.Reader = bytes.NewReader(data)
	if f.cut > 0 {
		r = io.MultiReader(bytes.NewReader(data[:min(f.cut, len(data))]), broken{})
	}
	return &answer{ctx, r, driver.ReaderAttributes{Size: size}}, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errBroken }

type answer struct {
	ctx context.Context
	io.Reader
	attributes driver.ReaderAttributes
}

func (a *answer) Read(p []byte) (int, error) {
	if a.ctx.Err() != nil {
		return 0, a.ctx.Err()
	}
	return a.Reader.Read(p)
}

func (a *answer) Close() error                         { return nil }
func (a *answer) Attributes() *driver.ReaderAttributes { return &a.attributes }
func (a *answer) As(any) bool                          { return false }

func (b *faulty) NewTypedWriter(ctx context.Context, key, _ string, o *driver.WriterOptions) (driver.Writer, error) {
	return &upload{ctx: ctx, b: b, key: key, ifNone: o.IfNotExist}, nil
}

type upload struct {
	ctx    context.Context
	b      *faulty
	key    string
	ifNone bool
	data   []byte
}

func (u *upload) Write(p []byte) (int, error) {
	f, err := u.b.ask(u.ctx, "part", u.key)
	if err != nil {
		return 0, err
	}
	u.data = append(u.data, p...)
	return len(p), f.lose
}

// Upload has the bytes sent when it is closed, as the providers' drivers do.
func (u *upload) Upload(r io.Reader) (err error) {
	u.data, err = io.ReadAll(r)
	return err
}

// Close makes the object, as a provider does that knows the end of the body.
func (u *upload) Close() error {
	u.b.mu.Lock()
	u.b.closed = append(u.b.closed, u.ctx.Err())
	u.b.mu.Unlock()
	f, err := u.b.ask(u.ctx, "write", u.key)
	if err != nil {
		return err
	}
	u.b.mu.Lock()
	defer u.b.mu.Unlock()
	if u.ifNone && u.b.simple {
		return errSimple
	}
	if _, there := u.b.objects[u.key]; there && u.ifNone && !u.b.careless {
		return errIfNone
	}
	u.b.objects[u.key] = u.data
	return f.lose
}

func (b *faulty) Delete(ctx context.Context, key string, _ *driver.DeleteOptions) error {
	f, err := b.ask(ctx, "delete", key)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, there := b.objects[key]; !there {
		return errNoObject
	}
	delete(b.objects, key)
	return f.lose
}

func (b *faulty) ListPaged(ctx context.Context, o *driver.ListOptions) (*driver.ListPage, error) {
	f, err := b.ask(ctx, "list", o.Prefix)
	if err == nil && o.BeforeList != nil {
		err = o.BeforeList(func(any) bool { return false })
	}
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var keys []string
	for key := range b.objects {
		if len(key) >= len(o.Prefix) && key[:len(o.Prefix)] == o.Prefix && key > string(o.PageToken) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	page := &driver.ListPage{}
	if o.PageSize > 0 && len(keys) > o.PageSize {
		keys = keys[:o.PageSize]
		page.NextPageToken = []byte(keys[o.PageSize-1])
	}
	if b.unordered {
		slices.Reverse(keys)
	}
	for _, key := range keys {
		page.Objects = append(page.Objects, &driver.ListObject{Key: key, Size: int64(len(b.objects[key])), ModTime: time.Unix(0, 0)})
	}
	return page, f.lose
}

func (b *faulty) Copy(context.Context, string, string, *driver.CopyOptions) error {
	return fmt.Errorf("nobody copies")
}

func (b *faulty) SignedURL(context.Context, string, *driver.SignedURLOptions) (string, error) {
	return "", fmt.Errorf("nobody signs")
}

func (b *faulty) As(any) bool             { return false }
func (b *faulty) ErrorAs(error, any) bool { return false }
func (b *faulty) Close() error            { return nil }
