package cloud

import (
	"errors"
	"fmt"

	"gocloud.dev/gcerrors"

	"bleepstore/reference/blob"
)

// A Kind is what an error of a provider means.
type Kind int

// The kinds that make a difference.
const (
	// Unknown is a failure that another attempt may not meet: of the network, of
	// a server behind it.
	Unknown Kind = iota
	// NotFound: there is no such object.
	NotFound
	// Exists: there is an object where there was to be none.
	Exists
	// Throttled: too many requests.
	Throttled
	// Refused: the credentials, the permissions, the bucket's name or the region
	// have to be mended first.
	Refused
	// Unsupported: the endpoint does not know what it was asked.
	Unsupported
)

// again says whether another attempt may help.
func (k Kind) again() bool { return k == Unknown || k == Throttled }

// kind tells what an error means: the provider's word first, since gocloud.dev
// takes some refusals for objects that are missing.
func (s *Store) kind(err error) Kind {
	if s.opt.Provider.Kind != nil {
		if k := s.opt.Provider.Kind(err); k != Unknown {
			return k
		}
	}
	switch gcerrors.Code(err) {
	case gcerrors.NotFound:
		return NotFound
	case gcerrors.FailedPrecondition, gcerrors.AlreadyExists:
		return Exists
	case gcerrors.ResourceExhausted:
		return Throttled
	case gcerrors.PermissionDenied:
		return Refused
	case gcerrors.Unimplemented:
		return Unsupported
	}
	return Unknown
}

// Errors that this package alone looks at.
var (
	errExists      = errors.New("there is an object already")
	errUnsupported = errors.New("the endpoint does not support it")
)

// failure is what a caller gets for an error of the provider. That error is told
// but not wrapped: an io.EOF of a connection must not be taken for that of a blob.
func (s *Store) failure(err error) error {
	switch s.kind(err) {
	case NotFound:
		return blob.ErrNotFound
	case Exists:
		return errExists
	case Throttled:
		return fmt.Errorf("%w: %v", blob.ErrBusy, err)
	case Unsupported:
		return fmt.Errorf("%w: %v", errUnsupported, err)
	case Refused:
		s.opt.Logger.Error("the cloud refuses this store: look at its credentials, permissions, bucket and region", "store", s.opt.Provider.Name, "err", err)
		return fmt.Errorf("%w: refused: %v", blob.ErrUnavailable, err)
	}
	s.opt.Logger.Warn("the cloud does not answer as it should", "store", s.opt.Provider.Name, "err", err)
	return fmt.Errorf("%w: %v", blob.ErrUnavailable, err)
}
