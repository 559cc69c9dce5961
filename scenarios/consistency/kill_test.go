package consistency

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bleepstore/scenarios"
)

// A mortal is a server that nobody here wrote. While it is dead it drops every
// connection, and when it comes back it may have forgotten something.
type mortal struct {
	inner  http.Handler
	forget func(*mortal)

	mu      sync.Mutex
	dead    bool
	dropped chan struct{} // one for each connection that was dropped
	last    map[string]*http.Request
	puts    []string // keys of acknowledged writes that nothing followed, in their order
	deletes []string
}

func (m *mortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		select {
		case m.dropped <- struct{}{}:
		default:
		}
		panic(http.ErrAbortHandler)
	}
	m.inner.ServeHTTP(w, r)
	if key := r.URL.Path; strings.Contains(key, "/kill/0") && (r.Method == http.MethodPut || r.Method == http.MethodDelete) {
		gone := func(k string) bool { return k == key }
		m.puts, m.deletes = slices.DeleteFunc(m.puts, gone), slices.DeleteFunc(m.deletes, gone)
		if r.Method == http.MethodDelete {
			m.deletes = append(m.deletes, key)
			return
		}
		m.puts = append(m.puts, key)
		again := httptest.NewRequest(http.MethodPut, key, bytes.NewReader(body))
		again.Header = r.Header.Clone()
		m.last[key] = again
	}
}

// kill is the hook: it comes back when a few have seen it dead.
func (m *mortal) kill(ctx context.Context) error {
	m.mu.Lock()
	m.dead = true
	m.mu.Unlock()
	for range 5 {
		select {
		case <-m.dropped:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.dead = false
	if m.forget != nil {
		m.forget(m)
	}
	return nil
}

// Whatever a server forgets by its death is found, and no other is accused.
func TestKilled(t *testing.T) {
	w := killed
	w.Model, w.Needs = "register", []scenarios.Feature{scenarios.Objects, scenarios.KillHook} // theirs takes no parts so small
	w.Moves = slices.DeleteFunc(slices.Clone(w.Moves), func(m Move) bool { return m.Name == "complete" })
	for name, tc := range map[string]struct {
		forget  func(*mortal)
		kill    func(*mortal) func(context.Context) error
		verdict scenarios.Verdict
	}{
		"nothing": {nil, nil, scenarios.Pass},
		"writes": {func(m *mortal) {
			for _, key := range m.puts {
				m.inner.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodDelete, key, nil))
			}
		}, nil, scenarios.Silent},
		"deletions": {func(m *mortal) {
			for _, key := range m.deletes {
				if r := m.last[key]; r != nil {
					m.inner.ServeHTTP(httptest.NewRecorder(), r)
				}
			}
		}, nil, scenarios.Silent},
		"halves of writes": {func(m *mortal) {
			for _, key := range m.puts {
				r := m.last[key]
				body, _ := io.ReadAll(r.Body)
				r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body[:len(body)/2])), int64(len(body)/2)
				r.Header.Set("Content-Length", fmt.Sprint(len(body)/2))
				m.inner.ServeHTTP(httptest.NewRecorder(), r)
			}
		}, nil, scenarios.Silent},
		"the hook fails": {nil, func(*mortal) func(context.Context) error {
			return func(context.Context) error { return errors.New("no such process") }
		}, scenarios.Blocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &mortal{inner: newFake(), forget: tc.forget, dropped: make(chan struct{}), last: map[string]*http.Request{}}
			ses := session(t, m.ServeHTTP)
			ses.Target.Kill = m.kill
			if tc.kill != nil {
				ses.Target.Kill = tc.kill(m)
			}
			res := ses.Run(t.Context(), inSuite(w), time.Minute)
			if res.Verdict != tc.verdict {
				t.Errorf("got %s, want %s: %s %v", res.Verdict, tc.verdict, res.Reason, res.Observations)
			}
		})
	}
}
