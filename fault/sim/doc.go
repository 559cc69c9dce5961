// Package sim runs a cluster in virtual time: all nodes and their clients in
// one bubble of testing/synctest, over a simulated network, with faults drawn
// from a seed. An hour of it takes a minute. At the level raft it is the log, the
// metadata, the replicated blobs, or one store of blobs that all nodes share, and
// the domain, called by clients in process; at
// the level full the whole server besides, to its sockets.
//
// What the network does, the clients and the faults are drawn from the seed. The
// order in which goroutines run is the scheduler's: package campaign runs each
// simulation in a process whose scheduler does the same every time, where the
// system lets it, and there a seed plays the same history to the nanosecond. In a
// test it does with high probability. The history of a run is kept, and judging
// that is a function of it alone.
//
// Everything that has goroutines is opened and closed inside the bubble, and
// nothing sleeps or waits while it holds a sync.Mutex: time would stand still.
package sim
