package object

import (
	"context"
	"errors"

	"bleepstore/reference/blob"
	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// unclear says that the command behind err may yet take effect.
func unclear(err error) bool {
	var u *cluster.UnknownOutcomeError
	return errors.As(err, &u)
}

// refusals are the log's ways of saying that nothing happened and that asking
// again may help.
var refusals = []error{
	cluster.ErrNoLeader, cluster.ErrNotLeader, cluster.ErrNoQuorum, cluster.ErrBusy, cluster.ErrBehind,
	context.DeadlineExceeded,
}

// unavailable is what a client is told when the log fails: to come again when
// nothing happened, and that nobody knows when nobody does. A node that has
// ended is left for another one or for the next process.
func unavailable(err error) error {
	var refused *cluster.RefusedError
	var fatal *meta.FatalError
	switch {
	case unclear(err), errors.Is(err, cluster.ErrTooLarge):
		return errcode.Wrap(errcode.InternalError, err)
	case errors.Is(err, cluster.ErrClosed), errors.Is(err, cluster.ErrBroken), errors.As(err, &fatal):
		return errcode.Wrap(errcode.ServiceUnavailable, err)
	case errors.Is(err, cluster.ErrVersion):
		return upgrading(err)
	case errors.As(err, &refused), is(err, refusals):
		return errcode.Wrap(errcode.SlowDown, err)
	}
	return err
}

// upgrading is what a client is told while a cluster has nodes of an older program,
// which could not apply what it wants. Others who wait for the upgrade ask again.
func upgrading(err error) error {
	return &errcode.Error{Code: errcode.ServiceUnavailable, Message: "The cluster is being upgraded. This is not available until all of its nodes run the newer version.", Err: err}
}

func is(err error, any []error) bool {
	for _, target := range any {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// storeError is what a client is told when a blob could not be written.
func (s *Service) storeError(err error) error {
	switch {
	case errors.Is(err, blob.ErrFull):
		return errcode.Wrap(errcode.ServiceUnavailable, err)
	case errors.Is(err, blob.ErrSync):
		s.fatal(err)
	}
	return unreachable(err)
}

// unreachable is what a client is told when not enough of those who hold a blob
// can be reached, or they are too busy: to come again.
func unreachable(err error) error {
	switch {
	case errors.Is(err, blob.ErrBusy):
		return errcode.Wrap(errcode.SlowDown, err)
	case errors.Is(err, blob.ErrUnavailable):
		return errcode.Wrap(errcode.ServiceUnavailable, err)
	}
	return err
}
