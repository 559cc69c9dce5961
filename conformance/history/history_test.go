package history

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// Any range of a body names its write, and no other bytes do.
func TestBody(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		v := Value(rapid.Uint64Range(1, 1<<60).Draw(rt, "value"))
		size := rapid.Int64Range(0, 500).Draw(rt, "size")
		body := Body(v, size)
		off := rapid.Int64Range(0, size).Draw(rt, "offset")
		data := body[off : off+rapid.Int64Range(0, size-off).Draw(rt, "length")]
		if err := Check(data, off, v, size); err != nil {
			rt.Fatal(err)
		}
		got, whole, err := Identify(data, off)
		if err == nil && (got != v || whole != size) || err != nil && !errors.Is(err, ErrShort) {
			rt.Fatalf("%d bytes from %d: got %s of %d bytes, %v", len(data), off, got, whole, err)
		}
		if len(data) >= 2*BlockSize && err != nil {
			rt.Fatalf("%d bytes: %v", len(data), err)
		}
		if len(data) == 0 {
			return
		}
		bad := bytes.Clone(data)
		bad[rapid.IntRange(0, len(bad)-1).Draw(rt, "at")] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if Check(bad, off, v, size) == nil {
			rt.Fatal("a changed byte was not seen")
		}
		if got, _, err := Identify(bad, off); err == nil {
			rt.Fatalf("a changed byte was taken for %s", got)
		}
	})
}

func TestBodiesMixed(t *testing.T) {
	a, b := Body(1, 200), Body(2, 200)
	for name, mixed := range map[string][]byte{
		"at a block":     append(bytes.Clone(a[:96]), b[96:]...),
		"within a block": append(bytes.Clone(a[:100]), b[100:]...),
		"shifted":        a[32:],
		"cut off":        append(bytes.Clone(a[:96]), a[128:]...),
	} {
		v, size, err := Identify(mixed, 0)
		if err == nil {
			err = Check(mixed, 0, v, size)
		}
		if err == nil {
			t.Errorf("%s: taken for %s", name, v)
		}
	}
	if err := Check(append(bytes.Clone(a[:96]), b[96:]...), 0, 1, 200); err == nil || !strings.Contains(err.Error(), "from 96 on are not of v1 but of v2") {
		t.Errorf("got %v", err)
	}
}

func TestLists(t *testing.T) {
	for _, want := range [][]Value{{}, {1}, {3, 1, 2}} {
		got, err := ReadList(ListBody(want))
		if d := cmp.Diff(want, got); err != nil || d != "" {
			t.Errorf("%v: %v (-want +got):\n%s", want, err, d)
		}
	}
	long := ListBody([]Value{1, 2, 3})
	for name, data := range map[string][]byte{"cut off": long[:64], "torn": long[:70], "swapped": append(bytes.Clone(long[32:64]), long[:32]...)} {
		if got, err := ReadList(data); err == nil {
			t.Errorf("%s: taken for %v", name, got)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	var file bytes.Buffer
	header := Header{Started: time.Now().UTC(), Endpoints: []string{"http://127.0.0.1:1"}, Seed: 7,
		Workloads: []Workload{{Name: "register", Rule: "Z-01", Model: "register", Groups: [][]string{{"a", "b"}}, Duration: time.Second}}}
	w, err := NewWriter(&file, header)
	if err != nil {
		t.Fatal(err)
	}
	r := NewRecorder(w)
	put := Op{Kind: Put, Bucket: "b", Key: "k", Process: r.Process(), Arg: Arg{Value: r.Value(), Size: 3}}
	r.Begin(&put)
	put.Outcome = Unclear
	get := Op{Kind: Get, Bucket: "b", Key: "k", Process: r.Process()}
	r.Begin(&get)
	get.Outcome, get.Result = OK, Result{Status: 200, Value: put.Arg.Value, Entries: []Entry{{Key: "k", Latest: true}}}
	lost := Op{Kind: Get, Bucket: "b", Key: "k"}
	r.Begin(&lost)
	lost.Outcome = Unclear
	r.End(&get)
	r.End(&lost)
	r.End(&put)
	want, err := r.History(header)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Ops) != 2 || want.Ops[0].Return != Never || want.Ops[0].Before(&want.Ops[1]) || !want.Ops[0].Overlaps(&want.Ops[1]) {
		t.Fatalf("got %+v", want.Ops)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(file.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	whole := file.String()
	lines := strings.SplitAfter(strings.TrimSpace(whole), "\n")
	for name, text := range map[string]string{
		"empty":             "",
		"another schema":    strings.Replace(whole, Schema, "x/1", 1),
		"an unknown key":    strings.Replace(whole, `"outcome"`, `"outcom"`, 1),
		"cut off":           whole[:len(whole)-5],
		"twice":             whole + lines[1],
		"an unclear read":   lines[0] + strings.Replace(lines[len(lines)-1], `"put"`, `"get"`, 1),
		"no return":         lines[0] + `{"n":1,"kind":"put","outcome":"ok","bucket":"b","process":1,"client":0,"endpoint":0,"call":5}`,
		"return before":     lines[0] + `{"n":1,"kind":"put","outcome":"ok","bucket":"b","process":1,"client":0,"endpoint":0,"call":5,"return":4}`,
		"a made-up outcome": lines[0] + `{"n":1,"kind":"put","outcome":"fine","bucket":"b","process":1,"client":0,"endpoint":0,"call":5,"return":6}`,
	} {
		if _, err := Read(strings.NewReader(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v, want %v", name, err, ErrFormat)
		}
	}
}

// A request that is sent again is an operation of its own, which may come at any
// time unless it is known to have come before the first was answered.
func TestAgain(t *testing.T) {
	first := Op{N: 1, Process: 1, Client: 5, Kind: Put, Key: "k", Call: 3, Return: 9, Outcome: OK, Arg: Arg{Value: 1}, Result: Result{Status: 200, ETag: "e"}}
	again := first.Again(2, 7)
	if again.N != 2 || again.Process != 7 || again.Client != 5 || again.Call != 3 || again.Ended() || again.Outcome != Unclear || again.Arg.Value != 1 || again.Result.ETag != "" {
		t.Errorf("got %+v", again)
	}
	if o := again.Told(&first, Refused, Result{Status: 412}); o.Return != 9 || o.Outcome != Refused || o.Result.Status != 412 || o.Result.Error != "" {
		t.Errorf("told that it was refused: %+v", o)
	}
	if o := again.Told(&first, Unclear, Result{Status: 500}); o.Ended() || o.Result.Status != 0 {
		t.Errorf("told nothing: %+v", o)
	}
	first.Return, first.Outcome = Never, Unclear
	if o := again.Told(&first, OK, Result{Status: 200}); o.Ended() || o.Outcome != Unclear {
		t.Errorf("nobody knows when: %+v", o)
	}
}

// A server that closes an idle connection makes net/http send a GET again: that
// is told, and a PUT is not sent again at all.
func TestAttempts(t *testing.T) {
	var numbers atomic.Int64
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if r.Header.Get(AttemptHeader) == "2" && numbers.Add(1) == 1 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				conn.(*net.TCPConn).SetLinger(0)
				conn.Close()
			}
		}
	}))
	defer srv.Close()
	for _, method := range []string{"GET", "PUT"} {
		numbers.Store(0)
		a := &Attempts{Base: &http.Transport{}} // the requests below have no number yet
		client := &http.Client{Transport: a}
		for i := range 2 {
			r, err := http.NewRequest(method, srv.URL, strings.NewReader("body"))
			if method == "GET" {
				r, err = http.NewRequest(method, srv.URL, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(r)
			switch {
			case i == 0 && err != nil:
				t.Fatal(err)
			case i == 1 && method == "GET" && !errors.Is(err, ErrResent):
				t.Errorf("%s: got %v, want %v", method, err, ErrResent)
			case i == 1 && method == "PUT" && (err == nil || errors.Is(err, ErrResent)):
				t.Errorf("%s: got %v, want another error", method, err)
			}
			if err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
		}
		client.CloseIdleConnections()
	}
}
