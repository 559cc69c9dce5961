package peer

import (
	"net"
	"sync"
	"syscall"
	"time"
)

// keepAlive finds an idle connection dead within 20 s, if no linger time says
// otherwise.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 5 * time.Second, Count: 3}

// How long the other side may leave data unacknowledged, or its window shut,
// until the connection is given up. Raft's bytes are read as they come; a body
// may have to wait for a slow client, which is given 30 s.
var lingers = map[string]time.Duration{alpnRaft: 20 * time.Second, alpnHTTP: 45 * time.Second}

// conns are the TCP connections that are open, in and out.
type conns struct {
	mu   sync.Mutex
	open map[*tracked]struct{}
	shut bool
}

// tracked is a connection that conns can cut.
type tracked struct {
	net.Conn
	in   *conns
	once sync.Once
	err  error
}

// track takes a connection over. After cut the connection comes closed.
func (c *conns) track(conn net.Conn) *tracked {
	t := &tracked{Conn: conn, in: c}
	c.mu.Lock()
	shut := c.shut
	if !shut {
		if c.open == nil {
			c.open = map[*tracked]struct{}{}
		}
		c.open[t] = struct{}{}
	}
	c.mu.Unlock()
	if shut {
		_ = t.Close()
	}
	return t
}

func (t *tracked) Close() error {
	t.once.Do(func() {
		t.in.mu.Lock()
		delete(t.in.open, t)
		t.in.mu.Unlock()
		t.err = t.Conn.Close()
	})
	return t.err
}

// linger sets how long to wait for a peer that doesn't take data, where the
// system and the connection know of that.
func (t *tracked) linger(d time.Duration) {
	sc, ok := t.Conn.(syscall.Conn)
	if !ok {
		return
	}
	if raw, err := sc.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { setUserTimeout(fd, d) })
	}
}

// cut closes all connections, and those that are still to come.
func (c *conns) cut() {
	c.mu.Lock()
	c.shut = true
	all := make([]*tracked, 0, len(c.open))
	for t := range c.open {
		all = append(all, t)
	}
	c.mu.Unlock()
	for _, t := range all {
		_ = t.Close()
	}
}
