package peer

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// maxHello is the length of a hello or its answer, at most.
const maxHello = 8 << 10

// A verdict answers the hello of a stream. Status 0 admits it.
type verdict struct {
	Status int    `json:"status,omitempty"`
	Text   string `json:"text,omitempty"`
}

// welcome reads the hello of a raft stream, answers it, and hands the stream to
// raft if it may come in.
func (p *Port) welcome(conn *tls.Conn, from string) {
	_ = conn.SetDeadline(time.Now().Add(greetTimeout))
	no, err := p.judge(conn, from)
	if err == nil {
		err = writeFrame(conn, verdict{Status: no.Status, Text: no.Text})
	}
	if err != nil {
		no.Text = err.Error()
	}
	if err != nil || no.Status != 0 {
		p.refuse(from, no.Text)
		_ = conn.Close()
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if !p.enter() {
		_ = conn.Close()
		return
	}
	p.raftIn.put(&stream{Conn: conn, done: sync.OnceFunc(p.leave)})
}

// judge is the verdict on the hello that comes.
func (p *Port) judge(conn net.Conn, from string) (RefusedError, error) {
	var c claim
	if err := readFrame(conn, &c); err != nil {
		return RefusedError{}, fmt.Errorf("read hello: %w", err)
	}
	if no := p.admit(c, from, false); no != nil {
		return *no, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.raft == nil {
		return RefusedError{Status: http.StatusMisdirectedRequest, Text: fmt.Sprintf("raft does not run yet on node %q", p.node)}, nil
	}
	return RefusedError{}, nil
}

// streams is raft's StreamLayer: the address of a node is its id.
type streams struct {
	*inbox
	t *transport
}

// Dial opens a stream to a node within the timeout.
func (s streams) Dial(node raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(s.t.p.ctx, timeout)
	defer cancel()
	out, err := s.t.p.openStream(ctx, string(node))
	if err != nil {
		return nil, fmt.Errorf("open raft stream to node %s: %w", node, err)
	}
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.t.out[out] = struct{}{}
	out.done = func() {
		s.t.mu.Lock()
		defer s.t.mu.Unlock()
		delete(s.t.out, out)
	}
	return out, nil
}

// openStream makes a stream that the other side has admitted.
func (p *Port) openStream(ctx context.Context, node string) (*stream, error) {
	addr, err := p.address(node)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errDial, err)
	}
	to := peerAt{node: node, addr: addr}
	conn, err := p.connect(ctx, to, alpnRaft)
	if err != nil {
		return nil, err
	}
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	var v verdict
	if err = writeFrame(conn, claim{Cluster: p.clusterID(), From: p.node, To: node}); err == nil {
		err = readFrame(conn, &v)
	}
	if err == nil && v.Status != 0 {
		err = &RefusedError{Node: node, Status: v.Status, Text: v.Text}
	}
	if err != nil {
		_ = conn.Close()
		return nil, p.dialError(to, fmt.Errorf("say hello: %w", err))
	}
	_ = conn.SetDeadline(time.Time{})
	return &stream{Conn: conn, to: to}, nil
}

// A stream is a connection of raft.
type stream struct {
	net.Conn
	to   peerAt // of one that goes out
	done func() // called on Close, which may come more than once
}

// A linkError is a failure of the connection, to be told from what the other
// raft answers; see answered.
type linkError struct{ error }

func (e linkError) Unwrap() error { return e.error }

func mark(err error) error {
	if err == nil || err == io.EOF { // raft compares with io.EOF
		return err
	}
	return linkError{err}
}

func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	return n, mark(err)
}

func (s *stream) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	return n, mark(err)
}

func (s *stream) Close() error {
	defer s.done()
	return s.Conn.Close()
}

// writeFrame writes a value as JSON behind its length.
func writeFrame(w io.Writer, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if len(body) > maxHello {
		return fmt.Errorf("%d bytes are too many", len(body))
	}
	_, err = w.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(body))), body...))
	return err
}

// readFrame reads what writeFrame wrote, and not a byte beyond.
func readFrame(r io.Reader, v any) error {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return err
	}
	n := binary.BigEndian.Uint16(head[:])
	if n > maxHello {
		return fmt.Errorf("%d bytes are too many", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}
