package peer

import (
	"errors"
	"fmt"
)

var (
	// ErrUnknownNode says that nobody told where the node listens.
	ErrUnknownNode = errors.New("no address is known for the node")
	// ErrRefused is what every *RefusedError is.
	ErrRefused = errors.New("refused by the other node")
	// ErrIdentity says that who answers is not who was asked for, by its
	// certificate.
	ErrIdentity = errors.New("the certificate is not the node's")
	// ErrClosed says that this node's port was closed.
	ErrClosed = errors.New("the peer port is closed")
	// errDial marks a connection that could not be made.
	errDial = errors.New("no connection")
)

// A RefusedError says that the port of another node did not admit a request or
// a stream, because of who asks, who is asked, or the cluster; no handler saw
// it. errors.Is(err, ErrRefused) holds.
type RefusedError struct {
	Node   string // who refused
	Status int    // 421 or 403
	Text   string // in the words of the other side
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused by node %s: %s", e.Node, e.Text)
}

// StatusCode returns the status: 421 or 403.
func (e *RefusedError) StatusCode() int { return e.Status }

// Is makes ErrRefused match.
func (e *RefusedError) Is(target error) bool { return target == ErrRefused }
