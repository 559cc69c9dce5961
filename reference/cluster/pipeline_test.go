package cluster

import (
	"io"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// refusing answers every AppendEntries with a refusal.
func refusing(t *testing.T) raft.Transport {
	t.Helper()
	b := tcp(t)
	go func() {
		for {
			select {
			case rpc := <-b.Consumer():
				rpc.Respond(&raft.AppendEntriesResponse{Term: 1}, nil)
			case <-t.Context().Done():
				return
			}
		}
	}()
	return b
}

// tcp is raft's own transport, which has pipelines.
func tcp(t *testing.T) *raft.NetworkTransport {
	t.Helper()
	a, err := raft.NewTCPTransport("127.0.0.1:0", nil, 3, 10*time.Second, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() }) // it has no error
	return a
}

// TestPipelineEndsWithARefusal: raft reads no answer behind a refusal, but may be
// about to send once more; it would wait for ever in there.
func TestPipelineEndsWithARefusal(t *testing.T) {
	t.Parallel()
	b := refusing(t)
	s := &silencer{t: tcp(t), disk: &diskWatch{}, hands: newHands()}
	p, err := s.AppendEntriesPipeline("b", b.LocalAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	sent := make(chan error, 1)
	go func() {
		var err error
		for err == nil {
			_, err = p.AppendEntries(&raft.AppendEntriesRequest{Term: 1, RPCHeader: raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, Addr: []byte("a")}}, &raft.AppendEntriesResponse{})
		}
		sent <- err
	}()
	if f := <-p.Consumer(); f.Response().Success {
		t.Fatal("it was not refused")
	}
	select {
	case <-sent:
	case <-time.After(time.Minute):
		t.Fatal("who sends behind a refusal waits for ever")
	}
}
