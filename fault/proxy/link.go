package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

var errStopped = errors.New("connection is gone")

// Bounds of what a link holds back, besides the kernel's buffers.
const (
	chunkSize   = 16 << 10
	chunks      = 4
	kernelBytes = 64 << 10
)

// A link is one connection: what the dialler has is tied to near, and far is
// tied to the other node. Two pairs of goroutines carry bytes between them.
type link struct {
	net       *Net
	dir       direction
	near, far *net.TCPConn

	once sync.Once
	dead chan struct{} // closed by end
}

// A chunk is what was read at one time; err comes with no data.
type chunk struct {
	data []byte
	at   time.Time
	err  error
}

// dialled is the dialler's end.
type dialled struct {
	*net.TCPConn
	remote net.Addr
}

// RemoteAddr implements net.Conn.
func (d *dialled) RemoteAddr() net.Addr { return d.remote }

// pair returns two ends of a connection of this process to itself.
func pair(ctx context.Context) (a, b *net.TCPConn, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	out, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	for { // whoever else has come is sent away
		in, err := l.Accept()
		if err != nil {
			return nil, nil, joinClose(err, out)
		}
		if in.RemoteAddr().String() != out.LocalAddr().String() {
			in.Close()
			continue
		}
		a, b = in.(*net.TCPConn), out.(*net.TCPConn)
		return a, b, errors.Join(a.SetReadBuffer(kernelBytes), a.SetWriteBuffer(kernelBytes), b.SetReadBuffer(kernelBytes), b.SetWriteBuffer(kernelBytes))
	}
}

func joinClose(err error, cs ...io.Closer) error {
	for _, c := range cs {
		err = errors.Join(err, c.Close())
	}
	return err
}

// start makes l part of the network; false when that is closed or the pair was
// reset meanwhile.
func (n *Net) start(l *link) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.refusal(l.dir) != nil {
		return false
	}
	n.links[l] = struct{}{}
	n.wg.Go(l.run)
	return true
}

// kill resets the links of which which is true.
func (n *Net) kill(which func(direction) bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for l := range n.links {
		if which(l.dir) {
			l.end(true)
		}
	}
}

// run carries bytes until both streams have ended, or the link is reset.
func (l *link) run() {
	var ways sync.WaitGroup
	ways.Go(func() { l.carry(l.dir, l.near, l.far) })
	ways.Go(func() { l.carry(l.dir.back(), l.far, l.near) })
	ways.Wait()
	l.end(false)
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	delete(l.net.links, l)
}

// end closes both ends; reset says that the peers are to notice.
func (l *link) end(reset bool) {
	l.once.Do(func() {
		close(l.dead)
		for _, c := range []*net.TCPConn{l.near, l.far} {
			if reset {
				_ = c.SetLinger(0) // closing then sends RST; on failure FIN, which ends it too
			}
			_ = c.Close() // its other end is told in either case
		}
	})
}

// carry brings what src gives to dst, each piece when the network lets it pass.
func (l *link) carry(d direction, src, dst *net.TCPConn) {
	queue := make(chan chunk, chunks)
	var reading sync.WaitGroup
	reading.Go(func() { l.read(src, queue) })
	defer reading.Wait()
	for {
		var c chunk
		select {
		case c = <-queue:
		case <-l.dead:
			return
		}
		if l.net.pass(d, c.at, l.dead) != nil {
			l.end(true)
			return
		}
		switch {
		case c.err == io.EOF:
			if dst.CloseWrite() == nil {
				return
			}
			l.end(true)
			return
		case c.err != nil:
			l.end(true)
			return
		}
		if _, err := dst.Write(c.data); err != nil {
			// dst's node has ended the connection, which src's learns by the way back.
			_ = l.net.pass(d.back(), time.Now(), l.dead)
			l.end(true)
			return
		}
	}
}

// read queues what src gives until it ends, or the link does.
func (l *link) read(src *net.TCPConn, queue chan<- chunk) {
	for {
		buf := make([]byte, chunkSize)
		n, err := src.Read(buf)
		for _, c := range []chunk{{data: buf[:n], at: time.Now()}, {at: time.Now(), err: err}} {
			if len(c.data) == 0 && c.err == nil {
				continue
			}
			select {
			case queue <- c:
			case <-l.dead:
				return
			}
		}
		if err != nil {
			return
		}
	}
}
