package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bleepstore/fault"
	"bleepstore/fault/sim/clock"
	"bleepstore/reference"
)

// agentVar names the variable with the address at which a server takes orders
// that are for tests alone.
const agentVar = "BLEEPSTORE_FAULT_AGENT"

// An agent takes those orders: to crash at a point of the code, what its clock
// is to suffer from, and to snapshot.
type agent struct {
	clock    *clock.Clock
	server   atomic.Pointer[reference.Server]
	http     *http.Server
	listener net.Listener
	end      func() // ends this process without a word, and does not return

	mu    sync.Mutex
	point string
	left  int    // how many times it is still to be passed
	stop  func() // ends the watch of points; nil: none is
}

// disturbable lets a server be disturbed as the environment says. It returns its
// agent, nil where there is none.
func disturbable(s *service, getenv func(string) string) (*agent, error) {
	log := s.server.Logger
	if hub := getenv(dialVar); hub != "" && s.server.Cluster != nil {
		log.Warn("for tests: peers are dialled by way of another address", "var", dialVar, "addr", hub)
		s.server.Cluster.Dial = dialThrough(hub)
	}
	addr := getenv(agentVar)
	if addr == "" {
		return nil, nil
	}
	a := &agent{clock: clock.New(), end: vanish}
	var err error
	if a.listener, err = net.Listen("tcp", addr); err != nil {
		return nil, fmt.Errorf("%s: %w", agentVar, err)
	}
	log.Warn("for tests: orders to crash are taken", "var", agentVar, "addr", addr)
	s.server.Clock = a.clock
	a.http = &http.Server{Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn)}
	go func() { _ = a.http.Serve(a.listener) }() // ends with close
	return a, nil
}

func (a *agent) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /crash", a.crash)
	mux.HandleFunc("POST /clock", a.setClock)
	mux.HandleFunc("POST /snapshot", a.snapshot)
	return mux
}

// watch tells the agent of the server, once that is open.
func (a *agent) watch(s *reference.Server) {
	if a != nil {
		a.server.Store(s)
	}
}

func (a *agent) close() {
	if a == nil {
		return
	}
	_ = a.http.Close()
	a.at("", 0)
}

// crash has the process end itself at the n-th passing of a point from now on;
// an n of 0 takes that back.
func (a *agent) crash(w http.ResponseWriter, r *http.Request) {
	point := r.FormValue("point")
	n, err := strconv.Atoi(r.FormValue("n"))
	if err != nil || n < 0 || n > 0 && point == "" {
		http.Error(w, "want point=NAME and n=N, or n=0", http.StatusBadRequest)
		return
	}
	a.at(point, n)
	w.WriteHeader(http.StatusNoContent)
}

// at orders the crash.
func (a *agent) at(point string, n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.point, a.left = point, n
	switch {
	case n == 0 && a.stop != nil:
		a.stop()
		a.stop = nil
	case n > 0 && a.stop == nil:
		a.stop = fault.WatchPoints(a.passed)
	}
}

// passed counts, and at the last passing ends the process before it goes on.
func (a *agent) passed(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name != a.point || a.left == 0 {
		return
	}
	if a.left--; a.left > 0 {
		return
	}
	a.end()
}

// vanish ends this process as a power switch does.
func vanish() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(fmt.Sprintf("end this process: %v", err)) // which ends it too
	}
	select {} // until it has
}

// setClock sets what ails the clock.
func (a *agent) setClock(w http.ResponseWriter, r *http.Request) {
	var t fault.ClockTrouble
	var errs [3]error
	if text := r.FormValue("offset"); text != "" {
		t.Offset, errs[0] = time.ParseDuration(text)
	}
	if text := r.FormValue("rate"); text != "" {
		t.Rate, errs[1] = strconv.ParseFloat(text, 64)
	}
	if text := r.FormValue("frozen"); text != "" {
		t.Frozen, errs[2] = strconv.ParseBool(text)
	}
	for _, err := range errs {
		if err != nil || t.Rate < 0 {
			http.Error(w, fmt.Sprintf("want offset=DURATION, rate=F from 0 on, frozen=BOOL: %v", err), http.StatusBadRequest)
			return
		}
	}
	a.clock.Trouble(t)
	w.WriteHeader(http.StatusNoContent)
}

// snapshot has the node snapshot its state and cut its log.
func (a *agent) snapshot(w http.ResponseWriter, r *http.Request) {
	server := a.server.Load()
	if server == nil {
		http.Error(w, "the server is not open yet", http.StatusServiceUnavailable)
		return
	}
	c := server.Cluster()
	if c == nil {
		http.Error(w, "this server is no node of a cluster", http.StatusNotImplemented)
		return
	}
	if err := c.Raft().Snapshot(r.Context()); err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
