package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim/simnet"
)

// A fixture is a network with a server on "s" and a connection from "c".
type fixture struct {
	*simnet.Net
	t              *testing.T
	l              net.Listener
	client, server net.Conn
}

var out, in = fault.Edge{From: "c", To: "s"}, fault.Edge{From: "s", To: "c"}

// inBubble runs fn with a connection; what it leaves open is closed.
func inBubble(t *testing.T, fn func(t *testing.T, f *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{Net: simnet.New(1), t: t}
		defer f.Net.Close()
		var err error
		if f.l, err = f.Listen("s", "s:80"); err != nil {
			t.Fatal(err)
		}
		f.client, f.server = f.pair()
		fn(t, f)
	})
}

func (f *fixture) pair() (client, server net.Conn) {
	f.t.Helper()
	client, err := f.Dial(f.t.Context(), "c", "s:80")
	if err != nil {
		f.t.Fatal(err)
	}
	if server, err = f.l.Accept(); err != nil {
		f.t.Fatal(err)
	}
	return client, server
}

// say sends text and returns how long it took to arrive.
func (f *fixture) say(from, to net.Conn, text string) time.Duration {
	f.t.Helper()
	began := time.Now()
	if _, err := from.Write([]byte(text)); err != nil {
		f.t.Fatal(err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil || string(got) != text {
		f.t.Fatalf("got %q, %v, want %q", got, err, text)
	}
	return time.Since(began)
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if _, wrapped := errors.AsType[*net.OpError](err); !errors.Is(err, want) || !wrapped {
		t.Errorf("%s: got %v, want %v in a net.OpError", what, err, want)
	}
}

func TestMessagesTakeTime(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		seen := map[time.Duration]bool{}
		for range 50 {
			for _, took := range []time.Duration{f.say(f.client, f.server, "ping"), f.say(f.server, f.client, "pong")} {
				if took < 500*time.Microsecond || took > 2100*time.Microsecond {
					t.Fatalf("a message took %s", took)
				}
				seen[took] = true
			}
		}
		if len(seen) < 90 {
			t.Errorf("%d messages out of 100 took a time of their own", len(seen))
		}
	})
}

// TestSeedDecides: the same seed gives the same times, another one gives others.
func TestSeedDecides(t *testing.T) {
	times := func(seed uint64) (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			f := &fixture{Net: simnet.New(seed), t: t}
			defer f.Net.Close()
			f.l, _ = f.Listen("s", "s:80")
			began := time.Now()
			f.client, f.server = f.pair()
			all = append(all, time.Since(began))
			for range 10 {
				all = append(all, f.say(f.client, f.server, "x"))
			}
		})
		return all
	}
	a, b, c := times(1), times(1), times(2)
	for i := range a {
		if a[i] != b[i] {
			t.Errorf("message %d: %s, then %s", i, a[i], b[i])
		}
		if a[i] == c[i] {
			t.Errorf("message %d: %s by either seed", i, a[i])
		}
	}
}

// TestStream: bytes come whole and in order through a window that is smaller.
func TestStream(t *testing.T) {
	for name, trouble := range map[string]fault.NetTrouble{
		"healthy": {}, "sliced": {Slice: 7000}, "lossy": {Loss: 0.3}, "jitter": {Jitter: 50 * time.Millisecond}, "narrow": {Bandwidth: 300 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, f *fixture) {
				f.Trouble(out, trouble)
				data := make([]byte, 1<<20)
				_, _ = rand.NewChaCha8([32]byte{}).Read(data)
				var wg sync.WaitGroup
				wg.Go(func() {
					for rest := data; len(rest) > 0; {
						n, err := f.client.Write(rest[:min(len(rest), 100_000)])
						if err != nil {
							t.Error(err)
						}
						rest = rest[n:]
					}
					if err := f.client.Close(); err != nil {
						t.Error(err)
					}
				})
				began := time.Now()
				got, err := io.ReadAll(f.server)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("got %d bytes, %v, want %d, the same", len(got), err, len(data))
				}
				if took := time.Since(began); trouble.Bandwidth > 0 && (took < 3*time.Second || took > 4*time.Second) {
					t.Errorf("1 MiB at 300 KiB/s took %s", took)
				}
				wg.Wait()
			})
		})
	}
}

func TestSliceBoundsWhatArrives(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		f.Trouble(out, fault.NetTrouble{Slice: 3})
		if _, err := f.client.Write([]byte("12345678")); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 10)
		for _, want := range []int{3, 3, 2} {
			if n, err := f.server.Read(buf); n != want || err != nil {
				t.Errorf("got %d bytes, %v, want %d", n, err, want)
			}
		}
	})
}

func TestCutStallsAndDelivers(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		write := func(c net.Conn, text string) {
			if _, err := c.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		write(f.client, "under way ")
		f.Trouble(out, fault.NetTrouble{Cut: true})
		write(f.client, "cut")
		f.say(f.server, f.client, "the other way") // is open
		_ = f.server.SetReadDeadline(time.Now().Add(time.Minute))
		if n, err := f.server.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("got %d bytes, %v through a cut", n, err)
		}
		_ = f.server.SetReadDeadline(time.Time{})
		time.AfterFunc(time.Second, func() { f.Trouble(out, fault.NetTrouble{}) })
		began := time.Now()
		got := make([]byte, len("under way cut"))
		if _, err := io.ReadFull(f.server, got); err != nil || string(got) != "under way cut" {
			t.Errorf("got %q, %v", got, err)
		}
		if took := time.Since(began); took < time.Second || took > 1300*time.Millisecond {
			t.Errorf("it came after %s", took)
		}
	})
}

// TestArrivedBeforeTheCut: what has come can be read.
func TestArrivedBeforeTheCut(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		if _, err := f.client.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		f.Trouble(out, fault.NetTrouble{Cut: true})
		if n, err := f.server.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("got %d bytes, %v", n, err)
		}
	})
}

func TestDialWaitsForACut(t *testing.T) {
	for name, e := range map[string]fault.Edge{"there": out, "back": in} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, f *fixture) {
				f.Trouble(e, fault.NetTrouble{Cut: true})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := f.Dial(ctx, "c", "s:80")
				wantErr(t, "dial", err, os.ErrDeadlineExceeded)
				if to, ok := errors.AsType[net.Error](err); !ok || !to.Timeout() {
					t.Errorf("%v is no timeout", err)
				}
				time.AfterFunc(time.Second, func() { f.Trouble(e, fault.NetTrouble{}) })
				f.client, f.server = f.pair()
				f.say(f.client, f.server, "x")
			})
		})
	}
}

func TestHalfOpen(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		f.Trouble(out, fault.NetTrouble{HalfOpen: true})
		late, err := f.Dial(t.Context(), "c", "s:80")
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []net.Conn{f.client, late} {
			if _, err := c.Write(make([]byte, 1<<20)); err != nil {
				t.Errorf("it does not swallow: %v", err)
			}
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			_, err = c.Read(make([]byte, 1))
			wantErr(t, "read", err, os.ErrDeadlineExceeded)
		}
		f.Trouble(out, fault.NetTrouble{})
		_ = f.client.SetReadDeadline(time.Time{})
		for _, c := range []net.Conn{f.client, late, f.server} {
			_, err = c.Read(make([]byte, 1))
			wantErr(t, "read when it has healed", err, syscall.ECONNRESET)
		}
	})
}

func TestRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		_, err := f.Dial(t.Context(), "c", "s:81")
		wantErr(t, "nobody listens", err, syscall.ECONNREFUSED)
		f.Trouble(out, fault.NetTrouble{Refuse: true})
		_, err = f.Dial(t.Context(), "c", "s:80")
		wantErr(t, "told to refuse", err, syscall.ECONNREFUSED)
		f.say(f.client, f.server, "what is open goes on")
		_, err = f.Listen("s", "s:80")
		wantErr(t, "listen twice", err, syscall.EADDRINUSE)
		if err := f.l.Close(); err != nil {
			t.Error(err)
		}
		_, err = f.l.Accept()
		wantErr(t, "accept", err, net.ErrClosed)
		if _, err = f.Listen("s", "s:80"); err != nil {
			t.Error(err)
		}
	})
}

func TestResetAndKill(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		f.Reset(in)
		f.say(f.client, f.server, "nobody has dialled that way")
		f.Reset(out)
		for _, c := range []net.Conn{f.client, f.server} {
			_, err := c.Read(make([]byte, 1))
			wantErr(t, "read", err, syscall.ECONNRESET)
			_, err = c.Write(make([]byte, 1))
			wantErr(t, "write", err, syscall.ECONNRESET)
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		client, server := f.pair()
		if _, err := server.Write([]byte("last words")); err != nil {
			t.Fatal(err)
		}
		f.Trouble(in, fault.NetTrouble{Cut: true})
		f.Kill("s")
		_, err := server.Read(make([]byte, 1))
		wantErr(t, "read at the dead", err, syscall.ECONNRESET)
		if _, err := client.Write([]byte("into the void")); err != nil {
			t.Errorf("no reset has come yet: %v", err)
		}
		f.Trouble(in, fault.NetTrouble{})
		got, err := io.ReadAll(client)
		if string(got) != "last words" {
			t.Errorf("got %q", got)
		}
		wantErr(t, "read at the other", err, syscall.ECONNRESET)
		_, err = f.Dial(t.Context(), "c", "s:80")
		wantErr(t, "dial the dead", err, syscall.ECONNREFUSED)
		client.Close()
		if n := f.Open("s") + f.Open("c"); n != 0 {
			t.Errorf("%d ends are open", n)
		}
	})
}

func TestPause(t *testing.T) {
	inBubble(t, func(t *testing.T, f *fixture) {
		f.Pause("s")
		for c, text := range map[net.Conn]string{f.client: "to", f.server: "from"} {
			if _, err := c.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
		}
		dialled, err := f.Dial(t.Context(), "c", "s:80")
		if err != nil {
			t.Fatal(err)
		}
		accepted := make(chan time.Time)
		go func() {
			c, err := f.l.Accept()
			if err != nil {
				t.Error(err)
			}
			accepted <- time.Now()
			c.Close()
		}()
		for _, c := range []net.Conn{f.client, f.server} {
			_ = c.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := c.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %d bytes, %v", n, err)
			}
			_ = c.SetReadDeadline(time.Time{})
		}
		resumed := time.Now()
		f.Resume("s")
		for c, want := range map[net.Conn]string{f.server: "to", f.client: "from"} {
			got := make([]byte, len(want))
			if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		}
		if at := <-accepted; at.Before(resumed) {
			t.Error("it was accepted by a process that stood still")
		}
		if _, err := dialled.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("got %v, want EOF", err)
		}
	})
}

func dialFrom(f *fixture, node string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, addr string) (net.Conn, error) { return f.Dial(ctx, node, addr) }
}
