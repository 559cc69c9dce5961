package cluster

import (
	"io"
	"sync"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/raftlog"
)

const (
	// holdAfter is how long the log is not cut, at least, behind an image that a
	// follower has taken: it asks for the entries since then.
	holdAfter = 5 * time.Second
	// maxHeld is the size in bytes from which on the log is cut all the same.
	maxHeld = 1 << 30
)

// A heldLog is raft's log, of which nothing is cut while an image is on its way.
// Otherwise a follower to which one travels longer than the log reaches back would
// need another one at once, and never catch up while clients write. raft cuts what
// was left the next time: it always begins at the first entry.
type heldLog struct {
	*raftlog.Store
	files fault.FS
	path  string
	sends *sends
}

// DeleteRange implements raft.LogStore. Only what does not reach to the end of
// the log is a cut; the rest is what a leader or an image has overruled.
func (l heldLog) DeleteRange(from, to uint64) error {
	first, _ := l.FirstIndex() // neither has an error
	last, _ := l.LastIndex()
	if from <= first && to < last && l.sends.hold() && !l.large() {
		return nil
	}
	return l.Store.DeleteRange(from, to)
}

func (l heldLog) large() bool {
	info, err := fault.Stat(l.files, l.path)
	return err != nil || info.Size() > maxHeld
}

// sends knows which images are read. Its methods may be called together.
type sends struct {
	after time.Duration // see holdAfter
	mu    sync.Mutex
	open  int
	until time.Time // the log is held, when none is open
}

// begin is called when an image is opened, and what it returns, once, when it is
// closed: then its reader has restored it, or has failed.
func (s *sends) begin() (end func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open++
	began := time.Now()
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if until := time.Now().Add(max(s.after, time.Since(began))); until.After(s.until) {
			s.until = until
		}
	})
}

func (s *sends) hold() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open > 0 || time.Now().Before(s.until)
}

// A sent image tells when it is closed.
type sent struct {
	io.Reader
	f   fault.File
	end func()
}

func (s *sent) Close() error {
	defer s.end()
	return s.f.Close()
}
