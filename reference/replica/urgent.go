package replica

import (
	"context"
	"sync"
	"time"

	"bleepstore/reference/blob"
)

const (
	// urgentTries is how often a hinted blob is fetched before it is left to the
	// next full pass, each time after twice the wait before.
	urgentTries = 6
	firstRetry  = time.Second
	// urgentWorkers fetch hinted blobs, passWorkers those that a pass missed.
	urgentWorkers = 2
	passWorkers   = 3
)

// urgent holds what is to be fetched before others. All methods may be called
// together.
type urgent struct {
	changed chan struct{} // capacity 1
	mu      sync.Mutex
	jobs    map[blob.ID]*job
}

type job struct {
	replace bool // the copy that there is
	tries   int
	at      time.Time // not before
}

// add has id fetched soon; with replace also when there is a copy.
func (u *urgent) add(id blob.ID, replace bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.jobs == nil {
		u.jobs = map[blob.ID]*job{}
	}
	if j := u.jobs[id]; j != nil {
		j.replace = j.replace || replace
	} else if len(u.jobs) < maxHints {
		u.jobs[id] = &job{replace: replace}
	}
	signal(u.changed)
}

func (u *urgent) forget(id blob.ID) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.jobs, id)
}

// take removes a job whose time has come; nil if there is none.
func (u *urgent) take() (blob.ID, *job) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, j := range u.jobs {
		if !time.Now().Before(j.at) {
			delete(u.jobs, id)
			if len(u.jobs) > 0 {
				signal(u.changed) // for another worker
			}
			return id, j
		}
	}
	return "", nil
}

// later puts a job back that failed.
func (u *urgent) later(id blob.ID, j *job) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if j.tries++; j.tries == urgentTries || u.jobs[id] != nil || len(u.jobs) >= maxHints {
		return
	}
	j.at = time.Now().Add(firstRetry << (j.tries - 1))
	u.jobs[id] = j
}

// fetchUrgent works on s.urgent until ctx ends.
func (s *Store) fetchUrgent(ctx context.Context) {
	tick := time.NewTicker(firstRetry / 2)
	defer tick.Stop()
	for ctx.Err() == nil {
		id, j := s.urgent.take()
		if j == nil {
			select {
			case <-ctx.Done():
			case <-tick.C:
			case <-s.urgent.changed:
			}
			continue
		}
		if err := s.fetch(ctx, id, j.replace); err != nil && ctx.Err() == nil {
			s.opt.Logger.Warn("a blob could not be fetched", "blob", id, "tries", j.tries+1, "err", err)
			s.urgent.later(id, j)
		}
	}
}
