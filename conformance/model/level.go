// Package model is what correct storage does, one operation after the other: for
// each kind of workload a sequential model, whose steps are pure functions of a
// state and an operation with its answer, and the levels of consistency that a
// history of concurrent operations can reach. It knows nothing of concurrency or
// of how a history is searched.
package model

import (
	"fmt"
	"slices"
)

// A Level is a degree of consistency. Each includes those below it.
type Level int

// The levels, ascending. Raw is the part that AWS documents: an acknowledged
// write is seen by every read that begins after it, no read is torn or of a
// value that nobody had written, no condition has two winners, no acknowledged
// write is lost. Register is linearizability of each key, the answers to
// conditions not being judged; CAS judges those too. List adds what listings
// show, key by key, and ListAtomic each page as one read of all its keys.
const (
	Eventual Level = iota
	Raw
	Register
	CAS
	List
	ListAtomic
)

var names = []string{"eventual", "raw", "register", "cas", "list", "list-atomic"}

func (l Level) String() string {
	if l < 0 || int(l) >= len(names) {
		return fmt.Sprintf("level %d", int(l))
	}
	return names[l]
}

// ParseLevel is the reverse of String.
func ParseLevel(s string) (Level, error) {
	if i := slices.Index(names, s); i >= 0 {
		return Level(i), nil
	}
	return 0, fmt.Errorf("level %q is none of %v", s, names)
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Level) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLevel(string(text))
	return err
}

// ladders are the levels that a workload of each model can reach, ascending.
var ladders = map[string][]Level{
	"register":    {Raw, Register},
	"delete":      {Raw, Register},
	"cas":         {Raw, Register, CAS},
	"elect":       {Raw, Register, CAS},
	"append":      {Raw, Register, CAS},
	"list":        {Raw, Register, List},
	"list-atomic": {Raw, Register, List, ListAtomic},
	"set":         {Raw, List},
	"versions":    {Raw, Register},
	"multipart":   {Raw, Register},
	"copy":        {Raw, Register},
	"tags":        {Raw, Register},
}

// Ladder returns the levels that a workload of the named model can reach,
// ascending, or nothing where there is no such model.
func Ladder(name string) []Level { return ladders[name] }
