package replica

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/memory"

	"github.com/minio/crc64nvme"
)

// A fleet is some nodes whose peers are each other's stores, in process.
type fleet struct {
	t     testing.TB
	nodes map[string]*node

	mu      sync.Mutex
	members []Member
	named   map[blob.ID]bool
}

// A node is a Store over memory, with faults.
type node struct {
	*Store
	f    *fleet
	id   string
	disk *disk

	mu   sync.Mutex
	down bool // its peers do not reach it
}

func newFleet(t testing.TB, n int, tune ...func(*Options)) *fleet {
	f := &fleet{t: t, nodes: map[string]*node{}, named: map[blob.ID]bool{}}
	for i := range n {
		f.members = append(f.members, Member{ID: fmt.Sprintf("n%d", i), Voter: true})
	}
	for _, m := range f.members {
		f.add(m.ID, tune...)
	}
	return f
}

// add starts a node, which is a member only if f.members has it.
func (f *fleet) add(id string, tune ...func(*Options)) *node {
	n := &node{f: f, id: id, disk: &disk{Store: memory.New(0)}}
	o := Options{
		Local: n.disk, Node: id, Members: f.current, Peers: inProcess{f}, Named: f.names,
		Stall: 10 * time.Second, Every: 3 * time.Second, Logger: slog.New(slog.DiscardHandler),
	}
	for _, fn := range tune {
		fn(&o)
	}
	s, err := New(o)
	if err != nil {
		f.t.Fatal(err)
	}
	n.Store = s
	f.nodes[id] = n
	f.t.Cleanup(func() { s.Close() })
	return n
}

func (f *fleet) current() []Member {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.members
}

func (f *fleet) setMembers(m ...Member) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.members = m
}

func (f *fleet) names(_ context.Context, after blob.ID, max int) ([]blob.ID, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var ids []blob.ID
	for id := range f.named {
		if id > after {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids[:min(len(ids), max)], nil
}

func (f *fleet) name(id blob.ID, is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if is {
		f.named[id] = true
	} else {
		delete(f.named, id)
	}
}

// run runs a node's repairs until the test ends.
func (n *node) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); n.Run(ctx) }()
	n.f.t.Cleanup(func() { cancel(); <-done })
}

func (n *node) setDown(down bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = down
}

func (n *node) isDown() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.down
}

var errDown = errors.New("connection refused")

// inProcess is Peers by function calls.
type inProcess struct{ f *fleet }

func (p inProcess) at(id string) (*node, error) {
	n := p.f.nodes[id]
	if n == nil || n.isDown() {
		return nil, errDown
	}
	return n, nil
}

func (p inProcess) Create(ctx context.Context, at string, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	n, err := p.at(at)
	if err != nil {
		return blob.Info{}, err
	}
	return n.take(ctx, id, r, size)
}

func (p inProcess) Open(ctx context.Context, at string, id blob.ID, off, n int64) (blob.Info, io.ReadCloser, error) {
	to, err := p.at(at)
	if err != nil {
		return blob.Info{}, nil, err
	}
	info, err := to.disk.Stat(ctx, id)
	if err != nil {
		return blob.Info{}, nil, err
	}
	rc, err := to.disk.Open(ctx, id, off, n)
	return info, rc, err
}

func (p inProcess) Have(ctx context.Context, at string, ids []blob.ID) ([]bool, error) {
	n, err := p.at(at)
	if err != nil {
		return nil, err
	}
	return n.haveHere(ctx, ids)
}

func (p inProcess) Delete(ctx context.Context, at string, ids []blob.ID) error {
	n, err := p.at(at)
	for _, id := range ids {
		if err == nil {
			n.forget(ctx, id)
			err = n.Local().Delete(ctx, id)
		}
	}
	return err
}

func (p inProcess) Hint(_ context.Context, at string, ids []blob.ID) error {
	n, err := p.at(at)
	for _, id := range ids {
		if err == nil {
			n.urgent.add(id, false)
		}
	}
	return err
}

// disk is a memory store with faults.
type disk struct {
	*memory.Store
	mu       sync.Mutex
	before   func(ctx context.Context, id blob.ID, r io.Reader) (io.Reader, error) // each Create
	breakAt  int64                                                                 // readers fail there with breakErr
	breakErr error
	partial  blob.ID // is listed as such, before all others
}

func (d *disk) Create(ctx context.Context, id blob.ID, r io.Reader, size int64) (blob.Info, error) {
	d.mu.Lock()
	before := d.before
	d.mu.Unlock()
	if before != nil {
		var err error
		if r, err = before(ctx, id, r); err != nil {
			return blob.Info{}, err
		}
	}
	return d.Store.Create(ctx, id, r, size)
}

func (d *disk) onCreate(fn func(ctx context.Context, id blob.ID, r io.Reader) (io.Reader, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before = fn
}

// breakReads lets every reader fail at an offset of its blob; a nil err ends it.
func (d *disk) breakReads(at int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.breakAt, d.breakErr = at, err
}

func (d *disk) Open(ctx context.Context, id blob.ID, off, n int64) (io.ReadCloser, error) {
	rc, err := d.Store.Open(ctx, id, off, n)
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil || d.breakErr == nil {
		return rc, err
	}
	return &broken{rc, ctx, d.breakAt - off, d.breakErr}, nil
}

// List adds what d.partial says.
func (d *disk) List(ctx context.Context, after blob.ID, fn func(blob.Info) error) error {
	d.mu.Lock()
	partial := d.partial
	d.mu.Unlock()
	if partial != "" && partial > after {
		if err := fn(blob.Info{ID: partial, Partial: true}); err != nil {
			return err
		}
	}
	return d.Store.List(ctx, after, fn)
}

// errHang lets a reader do nothing until its context ends.
var errHang = errors.New("hang")

type broken struct {
	rc   io.ReadCloser
	ctx  context.Context
	left int64
	err  error
}

func (b *broken) Read(p []byte) (int, error) {
	if b.left <= 0 && b.err == errHang {
		<-b.ctx.Done()
		return 0, b.ctx.Err()
	}
	if b.left <= 0 {
		return 0, b.err
	}
	n, err := b.rc.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *broken) Close() error { return b.rc.Close() }

// content returns the bytes that belong to id.
func content(id blob.ID, size int) []byte {
	b := make([]byte, size)
	rand.NewChaCha8(sha256.Sum256([]byte(id))).Read(b)
	return b
}

func info(id blob.ID, data []byte) blob.Info {
	return blob.Info{ID: id, Size: int64(len(data)), CRC: crc64nvme.Checksum(data)}
}

func (n *node) put(id blob.ID, data []byte) error {
	got, err := n.Create(n.f.t.Context(), id, bytes.NewReader(data), int64(len(data)))
	if err == nil && got != info(id, data) {
		err = fmt.Errorf("got %+v, want %+v", got, info(id, data))
	}
	return err
}

func (n *node) mustPut(id blob.ID, data []byte) {
	n.f.t.Helper()
	if err := n.put(id, data); err != nil {
		n.f.t.Fatalf("create at %s: %v", n.id, err)
	}
}

func (n *node) get(id blob.ID, off, size int64) ([]byte, error) {
	r, err := n.Open(n.f.t.Context(), id, off, size)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// wantRead fails the test unless the node reads id as data.
func (n *node) wantRead(id blob.ID, data []byte) {
	n.f.t.Helper()
	if got, err := n.get(id, 0, -1); err != nil || !bytes.Equal(got, data) {
		n.f.t.Errorf("read %s at %s: got %d bytes, %v, want %d", id, n.id, len(got), err, len(data))
	}
}

// copies returns the nodes whose local store has id.
func (f *fleet) copies(id blob.ID) []string {
	var at []string
	for _, n := range f.nodes {
		if _, err := n.disk.Stat(context.Background(), id); err == nil {
			at = append(at, n.id)
		}
	}
	slices.Sort(at)
	return at
}

// quiet waits until nothing goes on behind a Create of id.
func (n *node) quiet(id blob.ID) {
	n.f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	n.running.wait(ctx, id)
	if ctx.Err() != nil {
		n.f.t.Fatalf("work on %s does not end", id)
	}
}

// eventually waits until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("in 10 s it did not happen that %s", what)
		}
	}
}

// wantCopies waits until exactly the nodes want have id.
func (f *fleet) wantCopies(id blob.ID, want ...string) {
	f.t.Helper()
	slices.Sort(want)
	var got []string
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if got = f.copies(id); slices.Equal(got, want) {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("copies of %s: got %v, want %v", id, got, want)
		}
	}
}

// holders returns the nodes that shall hold id, sorted, the one given first.
func (f *fleet) holders(id blob.ID, first string) []*node {
	ids := holders(id, f.current())
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(b2i(b == first), b2i(a == first)), cmp.Compare(a, b))
	})
	var all []*node
	for _, id := range ids {
		all = append(all, f.nodes[id])
	}
	return all
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func ids(nodes []*node) []string {
	var all []string
	for _, n := range nodes {
		all = append(all, n.id)
	}
	slices.Sort(all)
	return all
}
