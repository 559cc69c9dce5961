package peer

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/raft"
)

var always = func(string, uint64) bool { return true }

// attend answers what comes to a transport until the test ends, and hands on
// every command.
func attend(t *testing.T, tr raft.Transport, answer func(raft.RPC) (any, error)) <-chan any {
	t.Helper()
	commands, end, ended := make(chan any, 100), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case rpc := <-tr.Consumer():
				resp, err := answer(rpc)
				commands <- rpc.Command
				rpc.Respond(resp, err)
			case <-end:
				return
			}
		}
	}()
	t.Cleanup(func() {
		close(end)
		<-ended
	})
	return commands
}

func agree(rpc raft.RPC) (any, error) {
	switch c := rpc.Command.(type) {
	case *raft.AppendEntriesRequest:
		return &raft.AppendEntriesResponse{Term: c.Term, Success: true}, nil
	case *raft.RequestVoteRequest:
		return &raft.RequestVoteResponse{Term: c.Term, Granted: true}, nil
	case *raft.RequestPreVoteRequest:
		return &raft.RequestPreVoteResponse{Term: c.Term, Granted: true}, nil
	case *raft.TimeoutNowRequest:
		return &raft.TimeoutNowResponse{}, nil
	case *raft.InstallSnapshotRequest:
		n, err := io.Copy(io.Discard, rpc.Reader)
		return &raft.InstallSnapshotResponse{Term: uint64(n), Success: true}, err
	}
	return nil, fmt.Errorf("an unknown command %T", rpc.Command)
}

// entries is a request that is no heartbeat; beat is one.
func entries() *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{RPCHeader: raft.RPCHeader{Addr: []byte("a")}, Term: 3, PrevLogEntry: 1, Entries: []*raft.Log{{Index: 2, Term: 3, Data: []byte("x")}}}
}

func beat() *raft.AppendEntriesRequest {
	return &raft.AppendEntriesRequest{RPCHeader: raft.RPCHeader{Addr: []byte("a")}, Term: 3}
}

func TestMessages(t *testing.T) {
	f := newFleet(t, "a", "b")
	a, b := f.ports["a"].Transport(always), f.ports["b"].Transport(always)
	attend(t, b, agree)
	var appended raft.AppendEntriesResponse
	if err := a.AppendEntries("b", "b", entries(), &appended); err != nil || !appended.Success {
		t.Errorf("AppendEntries: %v, %+v", err, appended)
	}
	var vote raft.RequestVoteResponse
	if err := a.RequestVote("b", "b", &raft.RequestVoteRequest{Term: 3}, &vote); err != nil || !vote.Granted {
		t.Errorf("RequestVote: %v, %+v", err, vote)
	}
	var pre raft.RequestPreVoteResponse
	if err := a.(raft.WithPreVote).RequestPreVote("b", "b", &raft.RequestPreVoteRequest{Term: 3}, &pre); err != nil || !pre.Granted {
		t.Errorf("RequestPreVote: %v, %+v", err, pre)
	}
	if err := a.TimeoutNow("b", "b", &raft.TimeoutNowRequest{}, &raft.TimeoutNowResponse{}); err != nil {
		t.Errorf("TimeoutNow: %v", err)
	}
	const size = 20 << 20
	var installed raft.InstallSnapshotResponse
	if err := a.InstallSnapshot("b", "b", &raft.InstallSnapshotRequest{Size: size}, &installed, noise(1, size)); err != nil || installed.Term != size {
		t.Errorf("InstallSnapshot: %v, %+v", err, installed)
	}
	if a.LocalAddr() != "a" || string(a.EncodePeer("b", "127.0.0.1:1")) != "b" || a.DecodePeer([]byte("b")) != "b" {
		t.Error("an address is not the node's id")
	}
	if _, ok := a.(raft.WithClose); ok {
		t.Error("raft would close what belongs to the port")
	}
}

// call runs an AppendEntries; its error comes by the channel.
func call(a raft.Transport, req *raft.AppendEntriesRequest) <-chan error {
	done := make(chan error, 1)
	go func() { done <- a.AppendEntries("b", "b", req, &raft.AppendEntriesResponse{}) }()
	return done
}

// TestPipeline: it works, breaks with its stream, and the call that raft falls
// back to goes through.
func TestPipeline(t *testing.T) {
	f := newFleet(t, "a", "b")
	a, b := f.ports["a"].Transport(always), f.ports["b"].Transport(always)
	attend(t, b, agree)
	pipe, err := a.AppendEntriesPipeline("b", "b")
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if _, err := pipe.AppendEntries(entries(), &raft.AppendEntriesResponse{}); err != nil {
		t.Fatal(err)
	}
	if f := <-pipe.Consumer(); f.Error() != nil || !f.Response().Success {
		t.Errorf("got %v, %+v", f.Error(), f.Response())
	}
	f.sever("b", true)
	if _, err := pipe.AppendEntries(entries(), &raft.AppendEntriesResponse{}); err == nil {
		if f := <-pipe.Consumer(); f.Error() == nil {
			t.Error("a pipeline went over a cut link")
		}
	}
	f.sever("b", false)
	if err := <-call(a, entries()); err != nil {
		t.Error(err)
	}
}

// TestVotesPassDeadStreams: the idle streams to a node that has restarted cost
// no vote.
func TestVotesPassDeadStreams(t *testing.T) {
	f := newFleet(t, "a", "b")
	a := f.ports["a"].Transport(always)
	var here sync.WaitGroup // all calls are there at once, each by its stream
	here.Add(maxPool)
	b := f.ports["b"].Transport(always)
	for range maxPool {
		go func() {
			rpc := <-b.Consumer()
			here.Done()
			here.Wait()
			rpc.Respond(agree(rpc))
		}()
	}
	var calls []<-chan error
	for range maxPool {
		calls = append(calls, call(a, entries()))
	}
	for _, c := range calls {
		if err := <-c; err != nil {
			t.Fatal(err)
		}
	}
	if n := f.dialed("a"); n != maxPool {
		t.Fatalf("got %d streams, want %d", n, maxPool)
	}
	if err := f.ports["b"].Close(); err != nil {
		t.Fatal(err)
	}
	attend(t, f.open("b").Transport(always), agree)
	var vote raft.RequestVoteResponse
	if err := a.RequestVote("b", "b", &raft.RequestVoteRequest{Term: 3}, &vote); err != nil || !vote.Granted {
		t.Errorf("got %v, %+v, want a vote", err, vote)
	}
}

// TestAddressesOfRaft: a node that the book doesn't know is where raft says,
// for both protocols; a node that the book knows is where the book says.
func TestAddressesOfRaft(t *testing.T) {
	f := newFleet(t, "a", "b")
	a := f.ports["a"].Transport(always)
	attend(t, f.ports["b"].Transport(always), agree)
	f.ports["a"].SetBook(nil)
	var resp raft.AppendEntriesResponse
	if err := a.AppendEntries("b", "b", beat(), &resp); !errors.Is(err, ErrUnknownNode) {
		t.Errorf("got %v, want ErrUnknownNode", err)
	}
	if err := a.AppendEntries("b", raft.ServerAddress(f.ports["b"].Addr()), beat(), &resp); err != nil {
		t.Error(err)
	}
	if _, err := f.ports["a"].Do(within(t), "b", request(t, "GET", "/", "")); err != nil {
		t.Error(err)
	}
	f.ports["a"].SetBook(f.book)
	if err := a.RequestVote("b", "127.0.0.1:1", &raft.RequestVoteRequest{}, &raft.RequestVoteResponse{}); err != nil {
		t.Error(err)
	}
}

// TestNodeMoves: a message that waits for an answer at the old address is given
// up once the new one is known, without its time being over.
func TestNodeMoves(t *testing.T) {
	f := newFleet(t, "a", "b")
	a := f.ports["a"].Transport(nil)
	there, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	attend(t, f.ports["b"].Transport(always), func(raft.RPC) (any, error) {
		close(there)
		<-end
		return nil, nil
	})
	done := call(a, entries())
	<-there
	commands := attend(t, f.open("b").Transport(always), agree)
	if err := a.AppendEntries("b", "b", beat(), &raft.AppendEntriesResponse{}); err != nil {
		t.Error(err)
	}
	if err := <-done; err == nil || strings.Contains(err.Error(), "timeout") {
		t.Errorf("got %v, want a stream that was closed", err)
	}
	if err := <-call(a, entries()); err != nil || len(commands) != 2 {
		t.Errorf("got %v, %d messages at the new address, want 2", err, len(commands))
	}
}

// TestStreamsAreRefused unless both ends are who and where they should be.
func TestStreamsAreRefused(t *testing.T) {
	f := newFleet(t, "a", "b")
	a := f.ports["a"].Transport(always)
	ask := func(what, want string) {
		t.Helper()
		err := a.RequestVote("b", "b", &raft.RequestVoteRequest{}, &raft.RequestVoteResponse{})
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want ErrRefused with %s", what, err, want)
		}
	}
	ask("before raft runs", "does not run yet")
	attend(t, f.ports["b"].Transport(always), agree)
	f.ports["b"].SetCluster("")
	ask("before the cluster is known", "in no cluster yet")
	f.ports["b"].SetCluster("d")
	ask("another cluster", `this is cluster "d"`)
	f.ports["b"].SetCluster("c")
	if err := a.RequestVote("b", "b", &raft.RequestVoteRequest{}, &raft.RequestVoteResponse{}); err != nil {
		t.Errorf("as it should be: %v", err)
	}
	f.ports["a"].SetBook(func(string) (string, bool) { return f.ports["b"].Addr(), true })
	if err := a.RequestVote("z", "z", &raft.RequestVoteRequest{}, &raft.RequestVoteResponse{}); !errors.Is(err, ErrIdentity) {
		t.Errorf("got %v for another node, want ErrIdentity", err)
	}
}

// TestHello: a stream is admitted by what its hello says.
func TestHello(t *testing.T) {
	f := newFleet(t, "a", "b")
	f.ports["b"].Transport(always)
	for _, c := range []struct {
		claim
		status int
	}{
		{claim{"c", "a", "b"}, 0},
		{claim{"d", "a", "b"}, 421},
		{claim{"", "a", "b"}, 421},
		{claim{"c", "a", "z"}, 421},
		{claim{"c", "a", ""}, 421},
		{claim{"c", "b", "b"}, 403},
		{claim{"c", "", "b"}, 403},
	} {
		conn, err := f.ports["a"].connect(within(t), peerAt{"b", f.ports["b"].Addr()}, alpnRaft)
		if err != nil {
			t.Fatal(err)
		}
		var v verdict
		if err := errors.Join(writeFrame(conn, c.claim), readFrame(conn, &v)); err != nil || v.Status != c.status {
			t.Errorf("%+v: got %+v, %v, want status %d", c.claim, v, err, c.status)
		}
		if c.status != 0 {
			if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
				t.Errorf("%+v: got %v, want the end of the stream", c.claim, err)
			}
		}
		conn.Close()
	}
}
