package meta

import (
	"errors"
	"fmt"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// Bugs of a state machine that looks at more than the database and the entries,
// or that applies an entry twice.
var (
	applyClock = fault.NewBug("apply.own-clock",
		"the state machine stamps with the clock of the node that applies, so that no two nodes have the same state", "Z-16").
		By("chaos --sim raft --seed 1 --seeds 3 --nemesis none --shrink 0s")
	appliedBehind = fault.NewBug("apply.index-behind",
		"the applied index is durable only as of the last snapshot, so that a restart applies what came since a second time", "Z-02", "Z-16").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis kill --shrink 0s")
	seqForgotten = fault.NewBug("apply.sequence-forgotten",
		"the last sequence number is not kept, so that a restart gives out those since the start before a second time", "Z-16").
		By("chaos --sim raft --seed 1 --seeds 12 --nemesis kill --shrink 0s")
	versionClock = fault.NewBug("version.order-by-clock",
		"versions are in the order of the clock of the leader of their time, which jumps", "Z-07").
		By("chaos --sim full --workload versions,register,list,append --seed 1 --seeds 6 --nemesis clock,kill --shrink 0s")
)

// An Entry is a command at its place in the log. Entries that share an index
// (a pack) are applied in one call. An Entry whose Op is nil changes nothing
// but the applied index.
type Entry struct {
	Index   uint64
	Term    uint64 // in which it was appended; 0 where there are none
	Command Command
}

// StateVersion is the newest version of the state machine that this program
// can apply. A command kind or a meaning that is new waits for a SetVersion.
const StateVersion = 3

// Apply applies entries in order, in one transaction that is durable (as Sync
// says) when it returns. Entries at or below the applied index are skipped and
// get a zero Result. Entries that find no room on the disk are applied once more
// when Options.Full has made some. An error is a *FatalError: the DB is unusable and the
// process must stop; nothing of this call may be acknowledged.
//
// Apply looks at nothing but the database and the entries: equal logs make
// equal databases, however the entries are spread over calls.
func (db *DB) Apply(entries []Entry) ([]Result, error) {
	if err := db.Err(); err != nil {
		return nil, err
	}
	if db.mem != nil {
		db.mem.Lock()
		defer db.mem.Unlock()
	}
	finished := false
	defer func() {
		if !finished { // a panic, in the midst of a transaction
			_ = db.fail(errors.New("apply did not finish"))
		}
	}()
	var results []Result
	err := db.write(func() (err error) {
		results, err = db.m.commit(entries)
		return err
	})
	finished = true
	if err != nil {
		return nil, db.fail(err)
	}
	db.publish()
	db.moved.wake()
	if db.check == nil {
		return results, nil
	}
	pages, err := pagesWritten(db.m.c)
	if err == nil {
		err = db.check.wrote(db.m.c, pages)
	}
	if err != nil { // what is committed stays so, but the next write could not be trusted
		_ = db.fail(fmt.Errorf("checkpoint: %w", err)) // reported by Err
	}
	return results, nil
}

// A machine is the state machine: the writing connection and what it knows of
// the state without asking.
//
// An operation checks everything before it writes anything: one that returns
// an *errcode.Error has changed nothing. Any other error is fatal.
type machine struct {
	c       *conn
	st      state
	id      string                // of the command being applied
	buckets map[string]*bucketRow // a cache; emptied when it grows large
	cache   *bucketCache          // the readers'
	turned  bool                  // this transaction changes buckets
	raw     int64                 // the stamp of the command being applied; for bugs, as is
	knows   int                   // the newest version that is applied
	marked  uint64                // the applied index of the last snapshot
	begun   int64                 // the last sequence number at the start; for a bug
}

// A state is the one row of that table.
type state struct {
	version       int
	applied, term uint64
	stamp         int64 // Unix milliseconds; the time of the state machine
	seq           int64 // the last sequence number given out
	epoch         uint64
	objects       int64
	bytes         int64
	completed     int64 // rows of that table
}

const selectState = "SELECT version, applied, term, stamp, seq, epoch, objects, bytes, completed FROM state"

func readState(c *conn) (state, error) {
	r, err := c.first(selectState)
	if err != nil {
		return state{}, err
	}
	if r == nil {
		return state{}, errors.New("the state row is missing")
	}
	return state{
		version: int(num(r[0])), applied: uint64(num(r[1])), term: uint64(num(r[2])), stamp: num(r[3]),
		seq: num(r[4]), epoch: uint64(num(r[5])), objects: num(r[6]), bytes: num(r[7]), completed: num(r[8]),
	}, nil
}

func (m *machine) load() (err error) {
	m.buckets = map[string]*bucketRow{}
	if m.st, err = readState(m.c); err != nil {
		return err
	}
	m.marked, m.begun = m.st.applied, m.st.seq
	if m.st.version > m.knows {
		return fmt.Errorf("state version %d is of a later version of this program, which knows %d", m.st.version, m.knows)
	}
	return nil
}

func (m *machine) save() error {
	s := &m.st
	applied := s.applied
	if appliedBehind.On() {
		applied = m.marked
	}
	seq := s.seq
	if seqForgotten.On() {
		seq = m.begun
	}
	return m.c.exec("UPDATE state SET version = ?, applied = ?, term = ?, stamp = ?, seq = ?, epoch = ?, objects = ?, bytes = ?, completed = ?",
		int64(s.version), int64(applied), int64(s.term), s.stamp, seq, int64(s.epoch), s.objects, s.bytes, s.completed)
}

// commit may leave the transaction open when it fails.
func (m *machine) commit(entries []Entry) ([]Result, error) {
	if err := m.c.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	m.turned = false
	results, err := m.all(entries)
	if err == nil {
		err = m.save()
	}
	if err != nil {
		return nil, err
	}
	if m.turned {
		m.cache.turn()
		defer m.cache.turn()
	}
	if err := m.c.exec("COMMIT"); err != nil {
		return nil, err
	}
	return results, nil
}

func (m *machine) all(entries []Entry) ([]Result, error) {
	results := make([]Result, len(entries))
	done := m.st.applied
	for i := range entries {
		e := &entries[i]
		if e.Index <= done {
			continue
		}
		r, err := m.one(e)
		if err != nil {
			return nil, fmt.Errorf("apply %T at %d: %w", e.Command.Op, e.Index, err)
		}
		r.Index, m.st.applied = e.Index, e.Index
		results[i] = r
	}
	return results, nil
}

// one applies one entry and sorts its failure into the client's and the fatal.
func (m *machine) one(e *Entry) (Result, error) {
	c := &e.Command
	if c.Op == nil {
		return Result{}, nil
	}
	if needs := c.Needs(); needs > m.knows {
		return Result{}, fmt.Errorf("state version %d: %w", needs, ErrUnknownCommand)
	}
	if c.Term != 0 && c.Term != e.Term {
		return Result{WrongTerm: true}, nil
	}
	m.id = c.ID
	m.raw, m.st.stamp = c.Stamp, max(m.st.stamp, c.Stamp)
	if applyClock.On() {
		m.st.stamp = max(m.st.stamp, time.Now().UnixMilli())
	}
	r, err := m.do(c.Op, e.Term)
	if refusal, ok := err.(*errcode.Error); ok { // never wrapped: nothing was written
		r.Err = refusal
		return r, nil
	}
	return r, err
}

func (m *machine) do(op Op, term uint64) (Result, error) {
	switch op := value(op).(type) {
	case CreateBucket:
		return m.createBucket(op)
	case DeleteBucket:
		return m.deleteBucket(op)
	case SetVersioning:
		return m.setVersioning(op)
	case SetBucketTags:
		return m.setBucketTags(op)
	case SetBucketACL:
		return m.setBucketACL(op)
	case SetOwnership:
		return m.setOwnership(op)
	case SetPublicAccess:
		return m.setPublicAccess(op)
	case SetPolicy:
		return m.setPolicy(op)
	case SetSetting:
		return m.set(op)
	case SetUser:
		return m.setUser(op)
	case PutObject:
		return m.putObject(op)
	case CopyObject:
		return m.copyObject(op)
	case DeleteObject:
		return m.deleteObject(op)
	case DeleteObjects:
		return m.deleteObjects(op)
	case SetObjectTags:
		return m.setObjectTags(op)
	case SetObjectACL:
		return m.setObjectACL(op)
	case SetRetention:
		return m.setRetention(op)
	case SetLegalHold:
		return m.setLegalHold(op)
	case CreateUpload:
		return m.createUpload(op)
	case RegisterPart:
		return m.registerPart(op)
	case CompleteUpload:
		return m.completeUpload(op)
	case AbortUpload:
		return m.abortUpload(op)
	case Fence:
		return m.fence(op)
	case Reap:
		return m.reap(op)
	case Expire:
		return m.expire(op)
	case TermStart:
		m.st.term = term
		return Result{}, nil
	case SetVersion:
		return m.setVersion(op)
	}
	return Result{}, fmt.Errorf("%T: %w", op, ErrUnknownCommand)
}

// next gives out a sequence number: of a version, a content or an upload.
func (m *machine) next() int64 {
	m.st.seq++
	return m.st.seq
}

func (m *machine) setVersion(op SetVersion) (Result, error) {
	if op.Version > m.knows {
		return Result{}, fmt.Errorf("state version %d: %w", op.Version, ErrUnknownCommand)
	}
	m.st.version = max(m.st.version, op.Version)
	return Result{}, nil
}
