package admin

import (
	"slices"
	"strings"

	"bleepstore/reference/cluster"
)

// A Summary is the state of the whole cluster, as far as its members could be
// asked. It is a view, and proves nothing: only a read or a write does.
type Summary struct {
	Leader string `json:"leader"` // "": nobody who answers
	Term   uint64 `json:"term"`   // the latest anybody has seen
	// Quorum says that a majority of the voters answers and follows Leader.
	Quorum          bool        `json:"quorum"`
	Voters          int         `json:"voters"`
	VotersReachable int         `json:"voters_reachable"`
	Blobs           BlobSummary `json:"blobs"`
	Nodes           []Node      `json:"nodes"`
}

// A BlobSummary is how many blobs have fewer copies than they should.
type BlobSummary struct {
	// Shared says that nodes hold none: they lie in one store outside, which all of
	// them reach, and the other figures are zero.
	Shared bool `json:"shared,omitempty"`
	// BelowR counts every blob as long as a voter cannot be asked: whatever it
	// holds is a copy less.
	BelowR int `json:"below_r"`
	// KnownBelowR counts those that a voter which answers lacks.
	KnownBelowR int `json:"known_below_r"`
	// AtLeast says that both figures are lower bounds, because a list was cut.
	AtLeast bool `json:"at_least"`
	// Total is the most blobs that one node knows itself to be a holder of.
	Total int `json:"total"`
	// Lost is how many had no copy anywhere, by the node that knows of most.
	Lost int `json:"lost"`
	// Unreachable are the voters that could not be asked.
	Unreachable []string `json:"unreachable_voters"`
}

// A Node is one member.
type Node struct {
	ID            string `json:"id"`
	Addr          string `json:"addr"`
	Voter         bool   `json:"voter"`
	Reachable     bool   `json:"reachable"`
	Error         string `json:"error,omitempty"` // why not
	Role          string `json:"role"`
	Leader        string `json:"leader"` // who leads, as it believes
	Term          uint64 `json:"term"`
	Commit        uint64 `json:"commit_index"`
	Applied       uint64 `json:"applied_index"`
	Lag           uint64 `json:"lag"` // entries committed and not applied there
	LastLog       uint64 `json:"last_log_index"`
	LastSnapshot  uint64 `json:"last_snapshot_index"`
	LastContactMS int64  `json:"last_contact_ms"`
	StateVersion  int    `json:"state_version"` // the newest that it can apply
	Blobs         Blobs  `json:"blobs"`
}

// Blobs are those that a node is a holder of.
type Blobs struct {
	Held     int  `json:"held"`
	Missing  int  `json:"missing"`
	Lost     int  `json:"lost"`
	Complete bool `json:"complete"`
}

func summarise(all []cluster.NodeStatus) Summary {
	s := Summary{Nodes: []Node{}}
	var commit uint64
	for _, n := range all {
		if n.Err == "" {
			s.Term, commit = max(s.Term, n.Term), max(commit, n.Commit)
		}
	}
	follow := 0
	lead := leads(all)
	if lead != nil {
		s.Leader = lead.ID
	}
	for _, n := range all {
		if n.Voter {
			s.Voters++
			if n.Err == "" {
				s.VotersReachable++
			}
			if lead != nil && n.Err == "" && n.Term == lead.Term && n.Leader == lead.ID {
				follow++
			}
		}
		s.Nodes = append(s.Nodes, nodeOf(n, commit))
	}
	s.Quorum = lead != nil && follow > s.Voters/2
	s.Blobs = blobsOf(all)
	slices.SortFunc(s.Nodes, func(a, b Node) int { return strings.Compare(a.ID, b.ID) })
	return s
}

// leads is who leads in the latest term in which anybody who answers does.
func leads(all []cluster.NodeStatus) (lead *cluster.NodeStatus) {
	for i := range all {
		n := &all[i]
		if n.Err == "" && strings.EqualFold(n.Role, "leader") && (lead == nil || n.Term > lead.Term) {
			lead = n
		}
	}
	return lead
}

func nodeOf(n cluster.NodeStatus, commit uint64) Node {
	out := Node{ID: n.ID, Addr: n.Addr, Voter: n.Voter, Error: n.Err, Reachable: n.Err == ""}
	if !out.Reachable {
		return out
	}
	out.Role, out.Leader = strings.ToLower(n.Role), n.Leader
	out.Term, out.Commit, out.Applied, out.LastLog, out.LastSnapshot = n.Term, n.Commit, n.Applied, n.LastLog, n.LastSnapshot
	out.Lag = max(commit, n.Applied) - n.Applied
	out.LastContactMS, out.StateVersion = n.LastContactMS, n.StateVersion
	out.Blobs = Blobs{Held: n.Blobs.Held, Missing: n.Blobs.Missing, Lost: n.Blobs.Lost, Complete: n.Blobs.Complete}
	return out
}

func blobsOf(all []cluster.NodeStatus) BlobSummary {
	b := BlobSummary{Unreachable: []string{}}
	missing := map[string]bool{}
	most := 0
	for _, n := range all {
		if n.Err != "" {
			if n.Voter {
				b.Unreachable = append(b.Unreachable, n.ID)
			}
			continue
		}
		b.Shared = b.Shared || n.Blobs.Shared
		b.Lost = max(b.Lost, n.Blobs.Lost)
		if !n.Voter { // what it lacks is no copy that should be there: it is a holder to be
			continue
		}
		for _, id := range n.Blobs.MissingIDs {
			missing[id] = true
		}
		if n.Blobs.Missing > len(n.Blobs.MissingIDs) {
			b.AtLeast, most = true, max(most, n.Blobs.Missing)
		}
		b.Total = max(b.Total, n.Blobs.Held+n.Blobs.Missing)
	}
	slices.Sort(b.Unreachable)
	b.KnownBelowR = max(len(missing), most)
	b.BelowR = b.KnownBelowR
	if len(b.Unreachable) > 0 {
		b.BelowR = max(b.BelowR, b.Total)
	}
	return b
}
