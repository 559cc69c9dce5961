package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"bleepstore/scenarios"
)

// ledgerFile names a new ledger, in out or among the user's caches.
func ledgerFile(out string, now time.Time) (string, error) {
	dir := out
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", usage("no place for the ledger: %w; give -out", err)
		}
		dir = filepath.Join(cache, "bleepstore")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", usage("no place for the ledger: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", usage("no place for the ledger: %w", err)
	}
	return filepath.Join(dir, fmt.Sprintf("ledger-%s-%s.jsonl", now.UTC().Format("20060102T150405"), strings.ToLower(rand.Text()[:6]))), nil
}

// Ledger is the path of the run's ledger, "" when it is in memory.
func (r *Run) Ledger() string { return r.file }

// lockPatience is how long Close waits for COMPLIANCE locks, which scenarios
// set for seconds, to end; and longer by ten of the slowest answers, since so do
// they.
const lockPatience = 20 * time.Second

// bucketPatience bounds the removal of one bucket, also from a slow server.
const bucketPatience = 5 * time.Minute

// Close removes what is left of the run and closes the ledger. It returns
// what could not be removed and the ledger that names it; when nothing is left
// the file goes too. Where Options.Leave said so it removes nothing. Call it once, when no Check is under way.
func (r *Run) Close(ctx context.Context) (left []string, file string, err error) {
	var ses *scenarios.Session
	for _, s := range r.sessions {
		ses = s
		defer s.Close()
	}
	if !r.Plan.Target.Leave {
		left = r.sweep(ctx, ses)
	}
	if len(left) > 0 && r.Plan.Target.AllowCompliance && r.Plan.Target.Has(scenarios.Lock) {
		left = r.sweepLocked(ctx, ses)
	}
	err = r.ledger.Close()
	if r.file != "" && len(left) == 0 {
		return nil, "", errors.Join(err, os.Remove(r.file))
	}
	return left, r.file, err
}

// sweepLocked sweeps now and then until nothing is left, for as long as what is
// may be locked.
func (r *Run) sweepLocked(ctx context.Context, ses *scenarios.Session) (left []string) {
	patience := time.NewTimer(lockPatience + 10*r.slowest())
	defer patience.Stop()
	tick := time.NewTicker(lockPatience / 10)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if left = r.sweep(ctx, ses); len(left) == 0 {
				return nil
			}
		case <-patience.C:
			return r.sweep(ctx, ses)
		case <-ctx.Done():
			return r.sweep(ctx, ses)
		}
	}
}

// slowest is the longest that an answer took in the run.
func (r *Run) slowest() (took time.Duration) {
	for _, ses := range r.sessions {
		took = max(took, ses.Slowest())
	}
	return took
}

// sweep tries once to remove all that the ledger names.
func (r *Run) sweep(ctx context.Context, ses *scenarios.Session) (left []string) {
	for _, b := range r.ledger.Owned() {
		one, cancel := context.WithTimeout(ctx, bucketPatience)
		if ses.Remove(one, b) != nil { // told by name; cleanup tells why
			left = append(left, b)
		}
		cancel()
	}
	if b := r.Plan.Target.Bucket; b != "" {
		ctx, cancel := context.WithTimeout(ctx, bucketPatience)
		defer cancel()
		err := ses.RemoveKeys(ctx, b, r.ledger.Keys(b))
		if err != nil || empty(ctx, &r.Plan.Target) != nil {
			left = append(left, "objects in "+b)
		}
	}
	return left
}
