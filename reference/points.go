package reference

// points are the places of the code at which a crash parts two steps: see
// fault.Point. Those of log.before-append, log.committed, members, fence, reap and
// reads only the leader comes to, those of copies, log, members, node, snapshot
// and vote only a node of a cluster.
var points = []struct{ name, what string }{
	{"blob.synced", "a body is in its file, the file's name is not durable"},
	{"blob.written", "a body is written and not synced"},
	{"copies.majority", "a majority of the holders has a body, the others may not"},
	{"fence.raised", "an epoch of bodies has ended"},
	{"log.appended", "entries are in this node's log, and nobody knows"},
	{"log.before-append", "commands are packed, and not in the log"},
	{"log.committed", "the leader knows that an entry is committed, or never will be"},
	{"members.before-change", "a change of the members was asked for"},
	{"members.before-promotion", "a member has caught up and does not vote yet"},
	{"members.changed", "raft has answered a change of the members"},
	{"node.admitted", "the cluster knows this node, whose directory does not know it"},
	{"node.founded", "a cluster is founded, and the directory does not know it"},
	{"node.founding", "one of the steps of founding a cluster is done"},
	{"put.before-answer", "a write has an outcome that its client does not know"},
	{"put.blob-durable", "a body is durable that no command names"},
	{"read.vouched", "a majority has vouched for a read of the leader"},
	{"reap.before-delete", "a body is named no more, and lies there still"},
	{"snapshot.flushed", "the state is durable, the log is not cut"},
	{"snapshot.labelled", "a snapshot exists beside the one before"},
	{"snapshot.named", "an image has its name, and no label"},
	{"snapshot.received", "an image is here, and not checked"},
	{"state.applied", "entries are in the state, and nobody was told"},
	{"state.before-apply", "entries are committed, and not in the state"},
	{"state.removed", "the state is gone, the image is not in its place"},
	{"sweep.before-delete", "the sweeper has found a body that nothing names"},
	{"vote.before", "a vote was decided on, and is not durable"},
	{"vote.durable", "a vote is durable, and not given"},
	{"vote.term", "a term is durable, and nothing that is done in it"},
}

// Points returns the names of all places at which a server can be told to crash,
// sorted. The slice is the caller's.
func Points() []string {
	names := make([]string, len(points))
	for i, p := range points {
		names[i] = p.name
	}
	return names
}
