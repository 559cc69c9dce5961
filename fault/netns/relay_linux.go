package netns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"bleepstore/fault"
)

// A relay carries the packets of an edge from the port of one node to that of the
// other, where it takes them from the bridge, and lets them come late, twice, or
// out of order: what the kernel's own queues do elsewhere, and not everywhere.
// Packets are as the nodes' kernels made them, up to 64 KiB, which is what they
// cut into segments only where there is a wire.
type relay struct {
	file *os.File // a packet socket at the port of the sender
	to   unix.SockaddrLinklayer
	done chan struct{}

	mu   sync.Mutex
	rand *rand.Rand
	ails fault.NetTrouble
	line line
	wake chan struct{} // holds one when there is a packet to be sent earlier than all others
}

// headroom is what the kernel tells about a packet before its bytes, and wants to
// be told: struct virtio_net_hdr.
const headroom = 10

// byRelay says whether nobody but a relay can do it.
func byRelay(t fault.NetTrouble) bool {
	return t.Latency != 0 || t.Jitter != 0 || t.Duplicate != 0 || t.Reorder != 0 || t.Bandwidth != 0
}

// newRelay begins to carry what comes in at port from for the address dest. The
// caller stops it.
func newRelay(from, to int, dest netip.Addr, seed uint64) (*relay, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open a packet socket: %w", err)
	}
	const all = unix.ETH_P_ALL << 8 // in network order; who asks for IP alone is asked after the rules, not before
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		room(fd, 16<<20),
		unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, sentTo(dest)),
	)
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: from})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("set a packet socket up: %w", err), unix.Close(fd))
	}
	r := &relay{
		file: os.NewFile(uintptr(fd), "relay"), to: unix.SockaddrLinklayer{Protocol: all, Ifindex: to},
		done: make(chan struct{}), wake: make(chan struct{}, 1), rand: rand.New(rand.NewPCG(seed, uint64(from)<<32|uint64(to))),
	}
	go r.run()
	return r, nil
}

// room asks for a large buffer of what has not been read; without privileges it
// becomes as large as the system allows.
func room(fd, bytes int) error {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, bytes) == nil {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, bytes)
}

// sentTo is the filter, in the kernel's old byte code, of frames that hold an
// IPv4 packet for a.
func sentTo(a netip.Addr) *unix.SockFprog {
	b := a.As4()
	code := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: 12},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.ETH_P_IP, Jf: 3},
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 14 + 16},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: binary.BigEndian.Uint32(b[:]), Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1 << 18},
		{Code: unix.BPF_RET | unix.BPF_K},
	}
	return &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
}

// ail sets what ails the edge.
func (r *relay) ail(t fault.NetTrouble) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ails = t
}

// stop sends what still waits, at once, and returns when nothing runs any more.
func (r *relay) stop() error {
	err := r.file.SetReadDeadline(time.Unix(1, 0))
	<-r.done
	return errors.Join(err, r.file.Close())
}

func (r *relay) run() {
	defer close(r.done)
	stop := make(chan struct{})
	var sending sync.WaitGroup
	sending.Go(func() { r.send(stop) })
	buf := make([]byte, 1<<17)
	for {
		n, err := r.file.Read(buf)
		if err != nil { // stopped, or the port is gone
			break
		}
		r.read(buf[:n])
	}
	r.drain(buf)
	close(stop)
	sending.Wait()
}

// read takes what was read into buf, which is used again.
func (r *relay) read(buf []byte) {
	if len(buf) > headroom {
		r.take(append([]byte(nil), buf...), time.Now())
	}
}

// drain reads what has come before it was stopped: the bridge has given it away.
func (r *relay) drain(buf []byte) {
	raw, err := r.file.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { // only a closed file fails
		for {
			n, err := unix.Read(int(fd), buf)
			if errors.Is(err, unix.EINTR) {
				continue
			}
			if n <= 0 || err != nil {
				return
			}
			r.read(buf[:n])
		}
	})
}

// take puts a packet in line.
func (r *relay) take(p []byte, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.line.put(p, now, r.ails, r.rand) {
		return
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// send sends packets when they are due.
func (r *relay) send(stop <-chan struct{}) {
	for {
		r.mu.Lock()
		p, left := r.line.next(time.Now())
		r.mu.Unlock()
		if p != nil {
			r.write(p)
			continue
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-r.wake:
		case <-stop:
			timer.Stop()
			r.flush()
			return
		}
		timer.Stop()
	}
}

func (r *relay) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for p := r.line.pop(); p != nil; p = r.line.pop() {
		r.write(p)
	}
}

// write hands a packet to the other node's port. One that the kernel does not take
// is lost, as packets are.
func (r *relay) write(p []byte) {
	raw, err := r.file.SyscallConn()
	if err == nil {
		_ = raw.Write(func(fd uintptr) bool {
			return !errors.Is(unix.Sendto(int(fd), p, 0, &r.to), unix.EAGAIN)
		})
	}
}
