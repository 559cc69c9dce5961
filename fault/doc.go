// Package fault is the vocabulary of injected faults: a Schedule of events, the
// kinds of events that there are, the Nemesis that does them to a Target and
// takes them back, and the seams by which code lets itself be disturbed: FS,
// Point, Planted. It knows nothing of who uses it, nor of any layer at which
// faults are made.
package fault
