package reference

// A Bug can be planted, by its name, in a server built with the tag mutants: see
// fault.Plant. It is there so that who looks for bugs can be seen to find it.
type Bug struct{ Name, What string }

// Bugs returns all that there are, sorted by name. The slice is the caller's.
func Bugs() []Bug {
	return []Bug{
		{"ack.before-commit", "the leader acknowledges a plain put into a bucket without versions once the entry is in its own log"},
		{"disk.nosync", "neither bodies nor the databases of log, metadata and bodies are ever synced"},
		{"read.follower", "a follower answers reads from its own state, without asking the leader"},
		{"read.leader-unchecked", "the leader answers reads without asking whether a majority still follows it"},
		{"read.verify-leader", "the leader asks raft's VerifyLeader, which counts what was sent before the read came, in the place of the terms of a majority"},
		{"snapshot.not-flushed", "the log is cut behind a state that is not durable"},
		{"sweep.named", "the sweeper removes bodies that are named"},
		{"vote.not-synced", "a node keeps its term and its vote in memory only"},
	}
}
