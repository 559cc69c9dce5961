//go:build linux

package netns_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"bleepstore/fault"
	"bleepstore/fault/netns"
)

// TestMain runs the tests in namespaces, where there are any; else each says why
// it is skipped. As another program it does what the tests run it for.
func TestMain(m *testing.M) {
	role := os.Getenv(roleKey)
	if role != "" && role != "run" {
		os.Exit(play(role))
	}
	why = netns.Probe()
	if why == nil {
		if err := netns.Reexec(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		why = netns.Probe() // what the kernel can do shows inside only
	}
	if role == "run" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

var why error // there is no lab

// lab makes a network for the test.
func lab(t *testing.T, nodes ...string) *netns.Lab {
	t.Helper()
	if errors.Is(why, netns.ErrUnavailable) {
		t.Skip(why)
	}
	if why != nil {
		t.Fatal(why)
	}
	l, err := netns.New(1, nodes...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// ail puts trouble on an edge and returns what ends it.
func ail(t *testing.T, l *netns.Lab, from, to string, tr fault.NetTrouble) (heal func()) {
	t.Helper()
	set := func(tr fault.NetTrouble) {
		if err := l.Trouble(t.Context(), fault.Edge{From: from, To: to}, tr); err != nil {
			t.Fatal(err)
		}
	}
	set(tr)
	return func() { set(fault.NetTrouble{}) }
}

// A talk is a TCP connection that one node opened to another one.
type talk struct{ near, far net.Conn }

func connect(t *testing.T, l *netns.Lab, from, to string) talk {
	t.Helper()
	port, err := l.Listen(to, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { port.Close() })
	near, err := l.Dial(t.Context(), from, port.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := port.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return talk{near, far}
}

func say(t *testing.T, c net.Conn, what string) {
	t.Helper()
	if _, err := io.WriteString(c, what); err != nil {
		t.Fatal(err)
	}
}

func hear(t *testing.T, c net.Conn, want string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil { // a failure, not the package's timeout
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
		t.Errorf("heard %q, %v, want %q", got, err, want)
	}
}

// post is a way of UDP, by which single packets can be told.
func post(t *testing.T, l *netns.Lab, from, to string) talk {
	t.Helper()
	far, near, err := l.Datagrams(from, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return talk{near, far}
}

func TestNodesReachEachOther(t *testing.T) {
	l := lab(t, "a", "b")
	ab := connect(t, l, "a", "b")
	say(t, ab.near, "hello")
	hear(t, ab.far, "hello")
	if got := ab.far.RemoteAddr().(*net.TCPAddr).IP.String(); got != l.Addr("a").String() {
		t.Errorf("b sees %s, want %s", got, l.Addr("a"))
	}
	port, err := l.Listen("a", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	c, err := net.Dial("tcp", port.Addr().String())
	if err != nil {
		t.Fatal("this process does not reach a node: ", err)
	}
	c.Close()
}

// TestCutOneWay: what is sent over a cut edge never arrives, and everything else
// does.
func TestCutOneWay(t *testing.T) {
	l := lab(t, "a", "b", "c")
	ab, ba, ac := post(t, l, "a", "b"), post(t, l, "b", "a"), post(t, l, "a", "c")
	heal := ail(t, l, "a", "b", fault.NetTrouble{Cut: true})
	say(t, ab.near, "lost")
	say(t, ba.near, "back")
	say(t, ac.near, "aside")
	hear(t, ba.far, "back")
	hear(t, ac.far, "aside")
	heal()
	say(t, ab.near, "come")
	hear(t, ab.far, "come")
}

// TestCutsAdd: an edge that heals leaves the others cut that lead to the same
// node.
func TestCutsAdd(t *testing.T) {
	l := lab(t, "a", "b", "c")
	ac, bc := post(t, l, "a", "c"), post(t, l, "b", "c")
	healA := ail(t, l, "a", "c", fault.NetTrouble{Cut: true})
	healB := ail(t, l, "b", "c", fault.NetTrouble{Cut: true})
	healA()
	say(t, bc.near, "lost")
	say(t, ac.near, "come")
	hear(t, ac.far, "come")
	healB()
	say(t, bc.near, "late")
	hear(t, bc.far, "late")
}

// TestTCPOutlivesACut: what was sent meanwhile comes when the edge is whole.
func TestTCPOutlivesACut(t *testing.T) {
	l := lab(t, "a", "b")
	ab := connect(t, l, "a", "b")
	heal := ail(t, l, "a", "b", fault.NetTrouble{Cut: true})
	say(t, ab.near, "meanwhile")
	heal()
	hear(t, ab.far, "meanwhile")
}

func TestRefuse(t *testing.T) {
	l := lab(t, "a", "b")
	ab := connect(t, l, "a", "b")
	port, err := l.Listen("b", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	heal := ail(t, l, "a", "b", fault.NetTrouble{Refuse: true})
	if c, err := l.Dial(t.Context(), "a", port.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial = %v, %v, want a refusal", c, err)
	}
	say(t, ab.near, "old one")
	hear(t, ab.far, "old one")
	heal()
	c, err := l.Dial(t.Context(), "a", port.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

// TestHalfOpen: the kernel of the other side takes connections, and nothing comes
// through them.
func TestHalfOpen(t *testing.T) {
	l := lab(t, "a", "b")
	post := post(t, l, "a", "b")
	heal := ail(t, l, "a", "b", fault.NetTrouble{HalfOpen: true})
	ab := connect(t, l, "a", "b")
	say(t, ab.near, "swallowed")
	say(t, ab.far, "other way")
	hear(t, ab.near, "other way") // and so b has seen what a sent: it answers by the same segments
	if n := unread(t, ab.far); n != 0 {
		t.Errorf("b has got %d bytes", n)
	}
	say(t, post.near, "small") // it is a matter of TCP
	hear(t, post.far, "small")
	heal()
	hear(t, ab.far, "swallowed")
}

func TestLoss(t *testing.T) {
	l := lab(t, "a", "b")
	ab := post(t, l, "a", "b")
	const all = 200 // as many as a socket holds unread
	heal := ail(t, l, "a", "b", fault.NetTrouble{Loss: 0.3})
	for range all {
		say(t, ab.near, "x")
	}
	heal()
	say(t, ab.near, "end")
	got := 0
	for buf := make([]byte, 8); ; got++ {
		n, err := ab.far.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		if string(buf[:n]) == "end" {
			break
		}
	}
	if got < all/2 || got > all*9/10 { // 6 standard deviations
		t.Errorf("%d of %d packets came, with a loss of 0.3", got, all)
	}
}

func TestMissing(t *testing.T) {
	l := lab(t, "a", "b")
	ab := post(t, l, "a", "b")
	err := l.Trouble(t.Context(), fault.Edge{From: "a", To: "b"}, fault.NetTrouble{Slice: 100, Cut: true})
	if _, skipped := errors.AsType[*fault.SkipError](err); !skipped {
		t.Errorf("slices: %v, want that it is skipped", err)
	}
	if err := l.Trouble(t.Context(), fault.Edge{From: "a", To: "x"}, fault.NetTrouble{Cut: true}); err == nil {
		t.Error("there is no node x")
	}
	say(t, ab.near, "whole")
	hear(t, ab.far, "whole")
}

// TestLink: nothing reaches a node whose link is down. What a node itself wants to
// send meanwhile may wait in its kernel.
func TestLink(t *testing.T) {
	l := lab(t, "a", "b")
	ab := post(t, l, "a", "b")
	say(t, ab.near, "before")
	hear(t, ab.far, "before")
	set := func(node string, up bool) {
		if err := l.Link(t.Context(), node, up); err != nil {
			t.Fatal(err)
		}
	}
	set("b", false)
	say(t, ab.near, "lost")
	set("b", true)
	say(t, ab.near, "after")
	hear(t, ab.far, "after")
	set("a", false)
	set("a", true)
	say(t, ab.near, "again")
	hear(t, ab.far, "again")
}

// TestReset: connections of the edge end on both sides, those that the other side
// opened do not.
func TestReset(t *testing.T) {
	l := lab(t, "a", "b")
	ab, ba := connect(t, l, "a", "b"), connect(t, l, "b", "a")
	if err := l.Reset(t.Context(), fault.Edge{From: "a", To: "b"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{ab.near, ab.far} {
		if n, err := c.Read(make([]byte, 1)); err == nil || err == io.EOF {
			t.Errorf("read = %d, %v, want the error of a reset", n, err)
		}
	}
	say(t, ba.near, "still")
	hear(t, ba.far, "still")
}

func TestAddAndRemove(t *testing.T) {
	l := lab(t, "a", "b")
	ail(t, l, "a", "b", fault.NetTrouble{Cut: true})
	was := l.Addr("b")
	if err := l.Remove("b"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Add("a"); err == nil {
		t.Error("there is a node a already")
	}
	is, err := l.Add("b")
	if err != nil || is == was {
		t.Fatalf("the new b is at %s, %v, want another address than the old one's", is, err)
	}
	ab := post(t, l, "a", "b")
	say(t, ab.near, "new")
	hear(t, ab.far, "new")
}

// unread is how many bytes wait in a connection.
func unread(t *testing.T, c net.Conn) (n int) {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	cerr := raw.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	if err := errors.Join(cerr, err); err != nil {
		t.Fatal(err)
	}
	return n
}
