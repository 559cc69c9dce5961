package cluster

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/raft"
)

// Why a change of the members is refused.
var (
	ErrKnown         = errors.New("a voter of that id is known, and what it has promised is lost: remove it, and join with another id")
	ErrAddrTaken     = errors.New("another member has that address")
	ErrUnknownMember = errors.New("there is no such member")
	ErrLastVoter     = errors.New("there is no other voter")
	ErrQuorum        = errors.New("of the voters that would remain no majority can be reached")
	ErrNotVoter      = errors.New("member is not a voter")
	ErrChanged       = errors.New("the members are others than when they were looked at")
	ErrBodies        = errors.New("the nodes of a cluster keep bodies in the same place")
)

// A Member is a node of the latest configuration.
type Member struct {
	ID    string `json:"id"`
	Addr  string `json:"addr"`
	Voter bool   `json:"voter"`
}

// Members returns the latest configuration that this node knows; a follower's may
// be behind. It is nil while the node knows none.
func (r *Raft) Members() (ms []Member) {
	for _, s := range r.raft.GetConfiguration().Configuration().Servers {
		ms = append(ms, Member{ID: string(s.ID), Addr: string(s.Address), Voter: s.Suffrage == raft.Voter})
	}
	return ms
}

func (r *Raft) member(id string) (Member, bool) {
	for _, m := range r.Members() {
		if m.ID == id {
			return m, true
		}
	}
	return Member{}, false
}

func (r *Raft) votes(id string) bool {
	m, _ := r.member(id)
	return m.Voter
}

// voters returns the ids of all voters but one.
func (r *Raft) voters(but string) (ids []string) {
	for _, m := range r.Members() {
		if m.Voter && m.ID != but {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// A ChangeKind is what is to be changed.
type ChangeKind string

// What a node can ask the leader for.
const (
	ChangeJoin     ChangeKind = "join"
	ChangeRemove   ChangeKind = "remove"
	ChangeTransfer ChangeKind = "transfer"

	changePromote ChangeKind = "promote" // the leader's own
)

// A Change is a change of the members, or of who leads.
type Change struct {
	Kind ChangeKind `json:"-"`
	ID   string     `json:"id"`             // whom it is about; of a transfer "" is any voter
	Addr string     `json:"addr,omitempty"` // of a join
	// Bodies is RaftOptions.Bodies of a node that joins.
	Bodies  string `json:"bodies,omitempty"`
	HasData bool   `json:"hasData,omitempty"`
	// StateVersion is the newest version of the state that a node which joins can
	// apply; 0: it does not say.
	StateVersion int `json:"stateVersion,omitempty"`
	// Among are the members without which a removal is refused; nil: any.
	Among []Member `json:"among,omitempty"`
	// Forwarded says that who is asked is believed to lead, and must not ask on.
	Forwarded bool `json:"forwarded,omitempty"`
}

// Join adds a node as a non-voter, at any node: it forwards to the leader, which
// makes a voter of it once it has caught up. A non-voter that is known gets the
// address; a voter that is known is refused with ErrKnown. The other errors are
// ErrAddrTaken, ErrVersion (it could not apply the state; here the node is taken
// for one of this node's program), and those of a request that may be made again.
func (r *Raft) Join(ctx context.Context, id, addr string) error {
	return r.change(ctx, Change{Kind: ChangeJoin, ID: id, Addr: addr, Bodies: r.o.Bodies, StateVersion: r.o.StateVersion})
}

// Remove takes a member out, at any node. It is refused with ErrUnknownMember,
// ErrLastVoter, or ErrQuorum when the voters that would remain could not go on
// now. A leader that is removed hands the leadership over before.
func (r *Raft) Remove(ctx context.Context, id string) error {
	return r.change(ctx, Change{Kind: ChangeRemove, ID: id})
}

// RemoveAmong is Remove as long as the members are exactly these, and is refused
// with ErrChanged when they are not: what was found out about the others may not
// hold any more.
func (r *Raft) RemoveAmong(ctx context.Context, id string, members []Member) error {
	return r.change(ctx, Change{Kind: ChangeRemove, ID: id, Among: members})
}

// Transfer makes a voter the leader, or any other than the present one when id
// is "". It is refused with ErrUnknownMember, ErrNotVoter or ErrLastVoter.
func (r *Raft) Transfer(ctx context.Context, id string) error {
	return r.change(ctx, Change{Kind: ChangeTransfer, ID: id})
}

// change asks who leads until it has an answer. Asking again does no harm: all
// changes but a transfer to anybody are the same when they are made twice.
func (r *Raft) change(ctx context.Context, c Change) error {
	ctx, cancel := bound(ctx, r.o.ChangeTimeout)
	defer cancel()
	c.Forwarded = true
	unclear := false // an earlier attempt may have succeeded
	for again := newPause(); ; {
		if err := r.gone(); err != nil {
			return err
		}
		err := r.changeOnce(ctx, c)
		var refused *RefusedError
		switch no := errors.As(err, &refused); {
		case err == nil:
			return nil
		case unclear && c.Kind == ChangeRemove && (errors.Is(err, ErrUnknownMember) || errors.Is(err, ErrNotMember)):
			return nil
		case no && !transient(err):
			return err
		case !no:
			unclear = true
		}
		if !again.wait(ctx) {
			return fmt.Errorf("%s %s: %w: %w", c.Kind, c.ID, err, context.Cause(ctx))
		}
	}
}

func (r *Raft) changeOnce(ctx context.Context, c Change) error {
	ctx, cancel := bound(ctx, r.o.ProposeTimeout)
	defer cancel()
	switch lead := r.leader(); lead.node {
	case "":
		return &RefusedError{ErrNoLeader}
	case r.o.Node:
		return r.ServeChange(ctx, c)
	default:
		return r.o.Peers.Change(ctx, lead.node, c)
	}
}

// announce tells the cluster where this node is, when its configuration says
// something else: it was started at another address.
func (r *Raft) announce() {
	for again := newSlowPause(); again.wait(r.ctx) && r.gone() == nil; {
		if me, known := r.member(r.o.Node); !known || me.Addr == r.o.Addr {
			continue
		}
		c := Change{Kind: ChangeJoin, ID: r.o.Node, Addr: r.o.Addr, HasData: true, StateVersion: r.o.StateVersion}
		for _, m := range r.Members() {
			ctx, cancel := bound(r.ctx, r.o.RoundTimeout)
			err := error(nil)
			if m.ID == r.o.Node {
				err = r.ServeChange(ctx, c)
			} else {
				err = r.o.Peers.Change(ctx, m.ID, c)
			}
			cancel()
			if err == nil {
				break
			}
		}
	}
}
