package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"bleepstore/fault"
	"bleepstore/reference/raftlog"
)

// HasState says whether the directory of a member holds anything of its part in
// the cluster: entries, a term. A member without may never have been sent any; or
// it was a voter and has lost what it promised, and must not run under its id.
// Metadata or a snapshot without a log are ErrLogLost: there was one, and votes in
// it. No process may have the directory open.
func HasState(ctx context.Context, d Dir) (bool, error) {
	if _, err := fault.Stat(d.files(), d.log()); errors.Is(err, fs.ErrNotExist) {
		return false, withoutLog(ctx, d)
	} else if err != nil {
		return false, err
	}
	log, err := d.openLog(nil)
	if err != nil {
		return false, err
	}
	has, err := used(log)
	if err := errors.Join(err, log.Close()); err != nil || has {
		return has, err
	}
	return false, withoutLog(ctx, d)
}

func used(log *raftlog.Store) (bool, error) {
	if last, _ := log.LastIndex(); last > 0 { // it has no error
		return true, nil
	}
	term, err := log.GetUint64([]byte(keyTerm))
	if err != nil && err.Error() != "not found" {
		return false, err
	}
	return term > 0, nil
}

// withoutLog refuses what only a log can have given.
func withoutLog(ctx context.Context, d Dir) error {
	s, err := openSnapshots(ctx, d)
	if err != nil {
		return err
	}
	if n := s.newest(); n != nil {
		return fmt.Errorf("%w: there is nothing, and a snapshot of %d", ErrLogLost, n.Meta.Index)
	}
	applied, err := d.volume().Inspect(d.meta())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case applied > 0:
		return fmt.Errorf("%w: there is nothing, and metadata of %d", ErrLogLost, applied)
	}
	return nil
}

// Term is the node's current term.
func (r *Raft) Term() uint64 { return r.raft.CurrentTerm() }

// Status is how this node fares, without asking anybody.
func (r *Raft) Status() NodeStatus { return r.ServeStatus(false) }

// Stats are raft's own figures, by name, and where the log begins.
func (r *Raft) Stats() map[string]string {
	s := r.raft.Stats()
	first, _ := r.store.FirstIndex() // it has no error
	s["first_log_index"] = strconv.FormatUint(first, 10)
	return s
}
