package scenarios

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"sync"
	"time"
)

// A LedgerEntry is one line of a ledger.
type LedgerEntry struct {
	Op       string    `json:"op"` // run, bucket, reserved, key, upload, gone
	Time     time.Time `json:"time"`
	Endpoint string    `json:"endpoint,omitempty"` // run
	Region   string    `json:"region,omitempty"`   // run
	Bucket   string    `json:"bucket,omitempty"`
	Key      string    `json:"key,omitempty"`
	Shared   bool      `json:"shared,omitempty"` // run: the bucket is the user's; never delete it
}

// A Ledger records, before the fact, every name that a run may have brought
// into being on the target, so that nothing else is ever touched and an
// interrupted run can be cleaned up. A line is on disk before the request it
// announces is sent. A Ledger may be used by several goroutines.
type Ledger struct {
	mu       sync.Mutex
	file     *os.File // nil: in memory only
	owned    map[string]bool
	reserved map[string]bool
	keys     map[string]map[string]bool // shared bucket's keys
}

// NewLedger returns a ledger that appends to the file at path, which must not
// exist yet; "" keeps it in memory, for embedded servers whose buckets vanish
// with the process.
func NewLedger(path string, run LedgerEntry) (*Ledger, error) {
	l := &Ledger{owned: map[string]bool{}, reserved: map[string]bool{}, keys: map[string]map[string]bool{}}
	if path != "" {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600)
		if err != nil {
			return nil, fmt.Errorf("ledger: %w", err)
		}
		l.file = f
	}
	run.Op = "run"
	return l, l.append(run)
}

// append writes one line and waits for the disk.
func (l *Ledger) append(e LedgerEntry) error {
	if l.file == nil {
		return nil
	}
	e.Time = time.Now().UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Own records that the run is about to create bucket.
func (l *Ledger) Own(bucket string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.owned[bucket] {
		return nil
	}
	if err := l.append(LedgerEntry{Op: "bucket", Bucket: bucket}); err != nil {
		return err
	}
	l.owned[bucket] = true
	return nil
}

// Reserve records a name that must not exist, or must be refused: requests
// may carry it, and should a lax server create it, it is cleaned up.
func (l *Ledger) Reserve(name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reserved[name] {
		return nil
	}
	if err := l.append(LedgerEntry{Op: "reserved", Bucket: name}); err != nil {
		return err
	}
	l.reserved[name] = true
	return nil
}

// Key records that the run is about to write key into the user's own bucket.
func (l *Ledger) Key(bucket, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys[bucket][key] {
		return nil
	}
	if err := l.append(LedgerEntry{Op: "key", Bucket: bucket, Key: key}); err != nil {
		return err
	}
	if l.keys[bucket] == nil {
		l.keys[bucket] = map[string]bool{}
	}
	l.keys[bucket][key] = true
	return nil
}

// Gone records that bucket no longer exists.
func (l *Ledger) Gone(bucket string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.owned[bucket] && !l.reserved[bucket] {
		return nil
	}
	delete(l.owned, bucket)
	return l.append(LedgerEntry{Op: "gone", Bucket: bucket})
}

// Admits reports whether the run may send a request that names bucket.
func (l *Ledger) Admits(bucket string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.owned[bucket] || l.reserved[bucket]
}

// Owned returns the buckets that the run was about to create and that are not
// known to be gone, ascending.
func (l *Ledger) Owned() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.owned))
}

// Keys returns the keys written to the user's own bucket, ascending.
func (l *Ledger) Keys(bucket string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Sorted(maps.Keys(l.keys[bucket]))
}

// HasKey reports whether the run wrote key to the user's own bucket.
func (l *Ledger) HasKey(bucket, key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys[bucket][key]
}

// Close closes the file; a nil or in-memory ledger has nothing to close.
func (l *Ledger) Close() error {
	if l == nil || l.file == nil {
		return nil
	}
	return l.file.Close()
}

// OpenLedger opens the ledger of a run that has ended, to clean up after it:
// it admits what the run left behind, and what is removed is recorded in the
// same file.
func OpenLedger(path string) (*Ledger, Leftover, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		return nil, Leftover{}, fmt.Errorf("ledger: %w", err)
	}
	left, err := ReadLedger(f)
	if err == nil {
		err = dropTornLine(f)
	}
	if err != nil {
		return nil, left, errors.Join(err, f.Close())
	}
	l := &Ledger{file: f, owned: map[string]bool{}, reserved: map[string]bool{}, keys: map[string]map[string]bool{}}
	for _, b := range left.Buckets {
		l.owned[b] = true
	}
	for _, b := range left.Reserved {
		l.reserved[b] = true
	}
	for b, keys := range left.Keys {
		l.keys[b] = map[string]bool{}
		for _, k := range keys {
			l.keys[b][k] = true
		}
	}
	return l, left, nil
}

// dropTornLine cuts off a last line that a crash left unfinished, so that the
// next one starts on a line of its own.
func dropTornLine(f *os.File) error {
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<40))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if whole := bytes.LastIndexByte(data, '\n') + 1; whole < len(data) {
		if err := f.Truncate(int64(whole)); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	return nil
}

// A Leftover is what an interrupted run may have left on its target.
type Leftover struct {
	Run      LedgerEntry
	Buckets  []string            // created by the run and not known to be gone
	Reserved []string            // must not exist, unless a lax server created them
	Keys     map[string][]string // of the user's own bucket
}

// ReadLedger reads what a ledger says may still exist. A last line cut short
// by a crash is ignored: its request was never sent.
func ReadLedger(r io.Reader) (Leftover, error) {
	left := Leftover{Keys: map[string][]string{}}
	owned, reserved := map[string]bool{}, map[string]bool{}
	sc := bufio.NewScanner(r)
	sc.Buffer(nil, 1<<20)
	var bad error
	for n := 1; sc.Scan(); n++ {
		if bad != nil {
			return left, bad
		}
		var e LedgerEntry
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			bad = fmt.Errorf("ledger: line %d: %w", n, err)
			continue
		}
		switch e.Op {
		case "run":
			left.Run = e
		case "bucket":
			owned[e.Bucket] = true
		case "reserved":
			reserved[e.Bucket] = true
		case "key":
			left.Keys[e.Bucket] = append(left.Keys[e.Bucket], e.Key)
		case "gone":
			delete(owned, e.Bucket)
			delete(reserved, e.Bucket)
		default:
			return left, fmt.Errorf("ledger: line %d: unknown op %q", n, e.Op)
		}
	}
	if err := sc.Err(); err != nil {
		return left, fmt.Errorf("ledger: %w", err)
	}
	if left.Run.Op == "" {
		return left, fmt.Errorf("ledger: no run line: not a ledger, or an empty one")
	}
	left.Buckets, left.Reserved = slices.Sorted(maps.Keys(owned)), slices.Sorted(maps.Keys(reserved))
	return left, nil
}
