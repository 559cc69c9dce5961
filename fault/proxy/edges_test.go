package proxy

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"bleepstore/fault"
)

// A town is two nodes behind edges, a and b, of which b listens.
type town struct {
	*testing.T
	edges *Edges
	at    net.Listener // b's
}

var ab, ba = fault.Edge{From: "a", To: "b"}, fault.Edge{From: "b", To: "a"}

func newTown(t *testing.T) *town {
	t.Helper()
	e, err := NewEdges(1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		l.Close()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	e.Node("a")
	e.Node("b", l.Addr().String())
	return &town{t, e, l}
}

// ails sets the trouble of an edge.
func (w *town) ails(e fault.Edge, tr fault.NetTrouble) {
	w.Helper()
	if err := w.edges.Trouble(w.Context(), e, tr); err != nil {
		w.Fatal(err)
	}
}

func (w *town) dial(addr string) net.Conn {
	w.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// ask says where a wants to go.
func (w *town) ask(line string) net.Conn {
	w.Helper()
	c := w.dial(w.edges.Dialer())
	say(w.T, c, line+"\n")
	return c
}

func (w *town) answer(c net.Conn) string {
	w.Helper()
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		w.Fatal(err)
	}
	return line
}

// reached is b's end of a connection that was just made.
func (w *town) reached() net.Conn {
	w.Helper()
	w.at.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second))
	c, err := w.at.Accept()
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// connect takes a to b.
func (w *town) connect() (near, far net.Conn) {
	w.Helper()
	near = w.ask("a " + w.at.Addr().String())
	far = w.reached()
	hear(w.T, near, "ok\n")
	return near, far
}

func TestAskedForAnEdge(t *testing.T) {
	w := newTown(t)
	for line, want := range map[string]string{
		"c " + w.at.Addr().String(): `there is no node "c"`,
		"a 127.0.0.1:1":             `no node is known at "127.0.0.1:1"`,
		"a":                         `no node is known at ""`,
	} {
		if got := w.answer(w.ask(line)); got != want+"\n" {
			t.Errorf("%q: got %q, want %q", line, got, want)
		}
	}
	w.ended(w.ask(strings.Repeat("x", 1000)))
	near, far := w.connect()
	say(t, near, "there")
	hear(t, far, "there")
	say(t, far, "and back")
	hear(t, near, "and back")
}

// A stream goes whole in both directions, and each ends by itself.
func TestStreamsOverEdges(t *testing.T) {
	w := newTown(t)
	w.ails(ab, fault.NetTrouble{Slice: 1000, Latency: time.Millisecond, Jitter: time.Millisecond})
	w.ails(ba, fault.NetTrouble{Bandwidth: 64 << 20})
	near, far := w.connect()
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		want := make([]byte, 1<<20+7)
		rand.Read(want)
		go func() {
			way[0].Write(want)
			way[0].(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(way[1])
		if err != nil || string(got) != string(want) {
			t.Fatalf("%d bytes, %v: not those that were sent", len(got), err)
		}
	}
}

// Each direction of a connection belongs to its own edge, and what ails it can
// come and go while bytes are on their way.
func TestTroubleOfOneEdge(t *testing.T) {
	for name, tr := range map[string]fault.NetTrouble{
		"cut":       {Cut: true},
		"latency":   {Latency: time.Hour},
		"jitter":    {Jitter: 1000 * time.Hour},
		"loss":      {Loss: 1},
		"bandwidth": {Bandwidth: 1},
	} {
		for _, edge := range []fault.Edge{ab, ba} {
			t.Run(name+" "+edge.From+edge.To, func(t *testing.T) {
				w := newTown(t)
				near, far := w.connect()
				if edge == ba {
					near, far = far, near
				}
				w.ails(edge, tr)
				say(t, near, "stalls")
				silent(t, far)
				say(t, far, "passes")
				hear(t, near, "passes")
				w.ails(edge, fault.NetTrouble{})
				hear(t, far, "stalls")
			})
		}
	}
}

// A dial over a cut edge waits, and reaches nobody when the dialler leaves.
func TestDialOverCutEdge(t *testing.T) {
	w := newTown(t)
	for _, cut := range []fault.Edge{ab, ba} {
		w.ails(cut, fault.NetTrouble{Cut: true})
		gone := w.ask("a " + w.at.Addr().String())
		stays := w.ask("a " + w.at.Addr().String())
		silent(t, stays)
		gone.Close()
		w.until(func() bool { return w.open() == 1 })
		w.ails(cut, fault.NetTrouble{})
		far := w.reached()
		hear(t, stays, "ok\n")
		say(t, stays, "it is me")
		hear(t, far, "it is me")
		far.Close()
		stays.Close()
		w.until(func() bool { return w.open() == 0 })
	}
}

func (w *town) open() int {
	w.edges.wires.mu.Lock()
	defer w.edges.wires.mu.Unlock()
	return len(w.edges.wires.links)
}

func (w *town) until(ok func() bool) {
	w.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.Fatal("it never came about")
		}
	}
}

// What an edge swallows is gone, and so is the connection once the edge is well.
func TestHalfOpen(t *testing.T) {
	w := newTown(t)
	old, oldFar := w.connect()
	other, otherFar := w.connect() // says nothing meanwhile
	w.ails(ab, fault.NetTrouble{HalfOpen: true})
	fresh := w.ask("a " + w.at.Addr().String())
	hear(t, fresh, "ok\n") // though nobody is there
	for _, c := range []net.Conn{fresh, old} {
		if _, err := c.Write(make([]byte, 4<<20)); err != nil { // more than any buffer holds
			t.Fatal(err)
		}
	}
	say(t, oldFar, "the way back is open")
	hear(t, old, "the way back is open")
	silent(t, oldFar)
	w.ails(ab, fault.NetTrouble{})
	for _, c := range []net.Conn{fresh, old, oldFar} {
		dead(t, c)
	}
	say(t, other, "nothing was lost here")
	hear(t, otherFar, "nothing was lost here")
}

func TestRefuseAndReset(t *testing.T) {
	w := newTown(t)
	near, far := w.connect()
	w.ails(ab, fault.NetTrouble{Refuse: true})
	if got := w.answer(w.ask("a " + w.at.Addr().String())); got != syscall.ECONNREFUSED.Error()+"\n" {
		t.Errorf("got %q, want a refusal", got)
	}
	say(t, near, "those that are there stay")
	hear(t, far, "those that are there stay")
	for _, e := range []fault.Edge{ab, ba} {
		w.ails(ab, fault.NetTrouble{})
		near, far := w.connect()
		w.ails(ab, fault.NetTrouble{Cut: true}) // a reset comes through
		if err := w.edges.Reset(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		dead(t, near)
		dead(t, far)
	}
}

func TestWhatEdgesLack(t *testing.T) {
	w := newTown(t)
	for want, tr := range map[string]fault.NetTrouble{"once": {Duplicate: 0.5}, "order": {Reorder: 0.5}} {
		if err := w.edges.Trouble(t.Context(), ab, tr); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", tr, err)
		}
	}
	stranger := fault.Edge{From: "a", To: "z"}
	if err := errors.Join(w.edges.Trouble(t.Context(), stranger, fault.NetTrouble{}), w.edges.Reset(t.Context(), stranger)); err == nil {
		t.Error("a fault of an edge that does not exist was done")
	}
	if _, err := w.edges.Listen("a", "b", "nowhere"); err == nil {
		t.Error("a target without a port was taken")
	}
}

// Where a server knows only addresses, each edge has one of its own.
func TestDoorOfAnEdge(t *testing.T) {
	w := newTown(t)
	addr, err := w.edges.Listen("a", "b", w.at.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near := w.dial(addr)
	say(t, near, "hello")
	near.(*net.TCPConn).CloseWrite()
	far := w.reached()
	if got, err := io.ReadAll(far); string(got) != "hello" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	say(t, far, "I hear you")
	hear(t, near, "I hear you")

	w.ails(ab, fault.NetTrouble{Cut: true})
	waits := w.dial(addr)
	say(t, waits, "waits")
	silent(t, waits)
	w.ails(ab, fault.NetTrouble{})
	hear(t, w.reached(), "waits")

	w.ails(ab, fault.NetTrouble{Refuse: true})
	w.sentAway(addr)
	w.ails(ab, fault.NetTrouble{})
	w.at.Close()
	w.sentAway(addr)
}

// sentAway checks that who comes to addr is reset, perhaps before it knows that
// it is there.
func (w *town) sentAway(addr string) {
	w.Helper()
	c, err := net.Dial("tcp", addr)
	if err == nil {
		defer c.Close()
		c.SetDeadline(time.Now().Add(20 * time.Second))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		w.Errorf("got %v, want a reset", err)
	}
}

// ended checks that a connection ends or is reset with nothing said.
func (w *town) ended(c net.Conn) {
	w.Helper()
	if n, err := c.Read(make([]byte, 1)); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		w.Errorf("read %d bytes, %v, want an end", n, err)
	}
}

// Nothing goes on after Close, whatever it was at: goleak sees to the rest.
func TestCloseOfEdges(t *testing.T) {
	w := newTown(t)
	near, _ := w.connect()
	silentOne := w.dial(w.edges.Dialer())
	w.ails(ab, fault.NetTrouble{Cut: true})
	say(t, near, "stalls")
	waits := w.ask("a " + w.at.Addr().String())
	w.until(func() bool { return w.open() == 3 })
	if err := w.edges.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{near, silentOne, waits} {
		w.ended(c)
	}
	if _, err := w.edges.Listen("a", "b", "127.0.0.1:1"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a door after Close: %v", err)
	}
}
