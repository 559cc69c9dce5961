package scenarios

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Session is one run against one target: the ledger, the guard, the
// connections and what scenarios share. Scenarios may run in it side by side.
type Session struct {
	Target Target
	Ledger *Ledger

	run     string // part of every bucket's name
	guard   *guard
	secrets *strings.Replacer // hides the run's credentials in what is kept
	base    *http.Transport
	buckets atomic.Int64
	slowest longest
	pool    sync.Once
	bytes   []byte
}

// NewSession returns a session that writes to ledger. Close releases its
// connections; the ledger stays the caller's.
func NewSession(t Target, ledger *Ledger) *Session {
	ses := &Session{Target: t, Ledger: ledger, run: strings.ToLower(rand.Text()[:8])}
	ses.guard = &guard{ledger: ledger, shared: t.Bucket}
	ses.secrets = secretsOf(t.Main, t.Alt, t.Expired)
	ses.base = ses.transport()
	return ses
}

// transport returns connections to the target alone, whatever host a request
// names, so that virtual-hosted addressing needs no DNS and a redirect leads
// nowhere.
func (ses *Session) transport() *http.Transport {
	t := &ses.Target
	dial := func(ctx context.Context, _, addr string) (net.Conn, error) {
		if t.TLSEndpoint != nil && !t.names(addr) && strings.HasSuffix(addr, ":"+portOf(t.TLSEndpoint.Scheme, t.TLSEndpoint.Port())) {
			return t.dial(ctx, net.JoinHostPort(t.TLSEndpoint.Hostname(), portOf(t.TLSEndpoint.Scheme, t.TLSEndpoint.Port())))
		}
		u := t.at(addr, "")
		return t.dial(ctx, net.JoinHostPort(u.Hostname(), portOf(u.Scheme, u.Port())))
	}
	return &http.Transport{
		DialContext:           dial,
		TLSClientConfig:       t.TLS.Clone(),
		DisableCompression:    true,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       3 * time.Second, // servers close idle connections too; a write that meets that is lost
		ResponseHeaderTimeout: t.Timeout,
		ExpectContinueTimeout: time.Second,
		ForceAttemptHTTP2:     false,
	}
}

// at is the endpoint whose address, or a bucket's in front of it, addr is; the
// first one where it is nobody's. scheme tells the port that an address has that
// names none; "": that of the endpoint's own scheme.
func (t *Target) at(addr, scheme string) *url.URL {
	for _, u := range t.Endpoints {
		if isAt(u, addr, cmp.Or(scheme, u.Scheme)) {
			return u
		}
	}
	return t.Endpoints[0]
}

// names says whether addr is an endpoint's.
func (t *Target) names(addr string) bool { return isAt(t.at(addr, ""), addr, t.at(addr, "").Scheme) }

// isAt says whether addr is u's, or a bucket's in front of its host.
func isAt(u *url.URL, addr, scheme string) bool {
	base := virtualBase(u)
	if u.Port() == "" {
		base = net.JoinHostPort(base, portOf(scheme, ""))
	}
	return u.Host == addr || net.JoinHostPort(u.Hostname(), portOf(scheme, u.Port())) == addr || strings.HasSuffix(addr, "."+base)
}

func portOf(scheme, port string) string {
	if port != "" {
		return port
	}
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// Close releases idle connections.
func (ses *Session) Close() { ses.base.CloseIdleConnections() }

// bucketName returns a fresh name: bleep-<run>-<n>, at most 40 characters.
func (ses *Session) bucketName() string {
	return fmt.Sprintf("%s%s-%d", ownPrefix, ses.run, ses.buckets.Add(1))
}

// sharedBytes returns n bytes of the run's random body, the same at every
// call; callers must not change them.
func (ses *Session) sharedBytes(n int) []byte {
	ses.pool.Do(func() {
		ses.bytes = make([]byte, 16<<20)
		_, _ = mathrand.NewChaCha8(seed32(ses.Target.Seed, "bytes")).Read(ses.bytes) // never fails
	})
	if n > len(ses.bytes) {
		b := make([]byte, n)
		for i := 0; i < n; i += len(ses.bytes) {
			copy(b[i:], ses.bytes)
		}
		return b
	}
	return ses.bytes[:n:n]
}

// seed32 derives an independent seed for a named use.
func seed32(seed uint64, use string) [32]byte {
	var out [32]byte
	for i := range 4 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%d/%d/%s", seed, i, use)
		copy(out[i*8:], h.Sum(nil))
	}
	return out
}

// Run checks one scenario and says what it found; Gating is left to the
// caller. A panic of the scenario is an Error, never a crash of the run. limit is
// how long it may take where answers come at once; late ones put that off, see
// deadline.
func (ses *Session) Run(ctx context.Context, sc Scenario, limit time.Duration) Result {
	s := newS(ses, sc)
	ctx, cancel := s.deadline.begin(ctx, limit)
	defer cancel()
	start := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.recover()
		sc.Check(ctx, s)
		s.checkRefused(ctx)
	}()
	<-done // every call of the toolbox ends with ctx, so the check does too
	if ctx.Err() != nil {
		s.expire()
	}
	res := s.result(time.Since(start))
	if !ses.Target.Leave {
		s.cleanUp()
	}
	return res
}

// recover turns the end of the scenario's goroutine into an outcome.
func (s *S) recover() {
	switch p := recover(); p.(type) {
	case nil, stop:
	default:
		buf := make([]byte, 4096)
		s.conclude(outError, "", fmt.Sprintf("panic: %v\n%s", p, buf[:runtime.Stack(buf, false)]))
	}
}
