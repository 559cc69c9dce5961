package proxy

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A host is a node that accepts connections.
type host struct {
	t    *testing.T
	net  *Net
	name string
	l    net.Listener
}

// hosts makes a network and its nodes.
func hosts(t *testing.T, names ...string) (*Net, []*host) {
	t.Helper()
	n := New()
	t.Cleanup(n.Close)
	all := make([]*host, len(names))
	for i, name := range names {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		all[i] = &host{t, n, name, l}
	}
	return n, all
}

// dial connects h to another node and returns both ends.
func (h *host) dial(to *host) (near, far net.Conn) {
	h.t.Helper()
	near, err := h.net.Dialer(h.name)(h.t.Context(), to.name, to.l.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	far, err = to.l.Accept()
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range []net.Conn{near, far} {
		h.t.Cleanup(func() { c.Close() })
		// A hang is a failure, not a timeout of the whole test binary.
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			h.t.Fatal(err)
		}
	}
	if near.RemoteAddr().String() != to.l.Addr().String() {
		h.t.Errorf("the remote address is %v, want %v", near.RemoteAddr(), to.l.Addr())
	}
	return near, far
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("got %q, %v, want %q", b, err, want)
	}
}

// silent checks that nothing arrives, and that a deadline says so.
func silent(t *testing.T, c net.Conn) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	var b [1]byte
	if n, err := c.Read(b[:]); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v, want none and a timeout", n, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
}

func TestBytesPassBothWays(t *testing.T) {
	_, h := hosts(t, "a", "b")
	near, far := h[0].dial(h[1])
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		want := make([]byte, 3<<20+7)
		rand.Read(want)
		go func() {
			way[0].Write(want)
			way[0].(interface{ CloseWrite() error }).CloseWrite()
		}()
		got, err := io.ReadAll(way[1])
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes, %v: not those that were sent", len(got), err)
		}
	}
}

// Each direction is cut by itself, with connections on it, and gives everything
// back.
func TestCutIsOfOneDirection(t *testing.T) {
	for _, answering := range []bool{false, true} {
		n, h := hosts(t, "a", "b")
		near, far := h[0].dial(h[1])
		say(t, near, "before")
		hear(t, far, "before")
		cut, open := near, far
		if answering {
			n.Cut("b", "a")
			cut, open = far, near
		} else {
			n.Cut("a", "b")
		}
		say(t, cut, "stalls")
		silent(t, open)
		say(t, open, "passes")
		hear(t, cut, "passes")
		n.Heal()
		hear(t, open, "stalls")
		say(t, cut, "goes on")
		hear(t, open, "goes on")
	}
}

// A stream that is cut again and again arrives whole.
func TestNothingIsLost(t *testing.T) {
	n, h := hosts(t, "a", "b")
	near, far := h[0].dial(h[1])
	want := make([]byte, 4<<20)
	rand.Read(want)
	go func() {
		near.Write(want)
		near.Close()
	}()
	got := make([]byte, 0, len(want))
	buf := make([]byte, 100<<10)
	for i := 0; ; i++ {
		if i%3 == 0 {
			n.Cut("a", "b")
			n.Slow("a", "b", time.Millisecond)
			n.Heal()
		}
		k, err := far.Read(buf)
		got = append(got, buf[:k]...)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, or others", len(got), len(want))
	}
}

// A sender on a cut link fills what there is of buffers, and its deadline holds.
func TestWriteDeadlineWhileCut(t *testing.T) {
	n, h := hosts(t, "a", "b")
	near, far := h[0].dial(h[1])
	n.Cut("a", "b")
	if err := near.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	sent, err := near.Write(make([]byte, 64<<20))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("wrote %d bytes, %v, want a timeout", sent, err)
	}
	n.Heal()
	if _, err := io.CopyN(io.Discard, far, int64(sent)); err != nil {
		t.Errorf("of %d bytes: %v", sent, err)
	}
}

func TestDialWhileCut(t *testing.T) {
	n, h := hosts(t, "a", "b")
	dial := h[0].net.Dialer("a")
	for _, way := range [][2]string{{"a", "b"}, {"b", "a"}} {
		n.Cut(way[0], way[1])
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		_, err := dial(ctx, "b", h[1].l.Addr().String())
		cancel()
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v cut: got %v, want a timeout", way, err)
		}
		n.Heal()
	}
	n.Isolate("b")
	done := make(chan error)
	go func() {
		c, err := dial(t.Context(), "b", h[1].l.Addr().String())
		if err == nil {
			c.Close()
		}
		done <- err
	}()
	n.Heal()
	if err := <-done; err != nil {
		t.Errorf("a dial that was healed: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := dial(t.Context(), "b", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("where nobody listens: %v", err)
	}
}

// dead checks that a connection was reset or has ended.
func dead(t *testing.T, c net.Conn) {
	t.Helper()
	var b [1]byte
	if _, err := c.Read(b[:]); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
}

func TestReset(t *testing.T) {
	n, h := hosts(t, "a", "b", "c")
	near, far := h[0].dial(h[1])
	back, forth := h[1].dial(h[0])
	other, third := h[0].dial(h[2])
	n.Reset("b", "a")
	for _, c := range []net.Conn{near, far, back, forth} {
		dead(t, c)
	}
	if _, err := n.Dialer("a")(t.Context(), "b", h[1].l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial: %v, want refused", err)
	}
	say(t, other, "others")
	hear(t, third, "others")
	n.Heal()
	near, far = h[0].dial(h[1])
	say(t, near, "again")
	hear(t, far, "again")
}

func TestKill(t *testing.T) {
	n, h := hosts(t, "a", "b", "c")
	near, far := h[0].dial(h[1])
	back, forth := h[1].dial(h[2])
	other, third := h[0].dial(h[2])
	n.Cut("a", "b")
	say(t, near, "stalls")
	n.Kill("b")
	for _, c := range []net.Conn{near, far, back, forth} {
		dead(t, c)
	}
	say(t, third, "others")
	hear(t, other, "others")
	n.Heal()
	near, far = h[0].dial(h[1])
	say(t, far, "again")
	hear(t, near, "again")
}
