package fault

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// A Schedule is what happens to a cluster, and when. It is drawn from a seed
// (see Draw) or read from a file, and says everything: the same schedule asks
// the same of the same target.
type Schedule struct {
	Seed   uint64  `json:"seed"`
	Nodes  int     `json:"nodes"`
	Length Span    `json:"length"` // of the whole run
	Events []Event `json:"events"` // ascending by At
}

// An Event is one fault: when it begins, counted from the beginning of the run,
// and how long it lasts. One that is over at once has no For.
type Event struct {
	At   Span   `json:"at"`
	For  Span   `json:"for,omitempty"`
	Kind string `json:"kind"`
	Args Args   `json:"args,omitzero"`
}

// Args say of an event what its kind leaves open. What a kind does not know of
// is zero.
type Args struct {
	Node   string  `json:"node,omitempty"`   // an id, or a role: see Stage.Node
	Grudge string  `json:"grudge,omitempty"` // who is cut off from whom: see Grudges
	Delay  Span    `json:"delay,omitempty"`
	Share  float64 `json:"share,omitempty"` // of what is concerned, 0 to 1; of a clock, its rate
	Bytes  int64   `json:"bytes,omitempty"`
	Count  int     `json:"count,omitempty"`
	Point  string  `json:"point,omitempty"` // of the code: see Point
	Pick   uint64  `json:"pick,omitempty"`  // decides what role and grudge leave open
}

// A Span is a duration that files spell as Go does: 1.5s.
type Span time.Duration

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*s = Span(d)
	return err
}

func (s Span) String() string { return time.Duration(s).String() }

// End is when the event is over.
func (e Event) End() Span { return e.At + e.For }

func (e Event) String() string {
	text, err := json.Marshal(e.Args)
	if err != nil {
		text = []byte(err.Error())
	}
	return fmt.Sprintf("%s for %s: %s %s", e.At, e.For, e.Kind, text)
}

// ErrSchedule is a schedule that cannot be run.
var ErrSchedule = errors.New("not a schedule")

// ReadSchedule reads what WriteSchedule wrote, or somebody by hand. An unknown
// key, an unknown kind and times that contradict each other are ErrSchedule.
func ReadSchedule(r io.Reader) (Schedule, error) {
	var s Schedule
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("%w: %w", ErrSchedule, err)
	}
	return s, s.check()
}

// WriteSchedule writes s as JSON, an event a line.
func WriteSchedule(w io.Writer, s Schedule) error {
	head, err := json.Marshal(struct {
		Seed   uint64 `json:"seed"`
		Nodes  int    `json:"nodes"`
		Length Span   `json:"length"`
	}{s.Seed, s.Nodes, s.Length})
	if err != nil {
		return err
	}
	text := slices.Concat(head[:len(head)-1], []byte(`,"events":[`))
	for i, e := range s.Events {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(text, "\n "...), line...)
	}
	_, err = w.Write(append(text, "\n]}\n"...))
	return err
}

func (s *Schedule) check() error {
	if s.Nodes < 1 || s.Length <= 0 {
		return fmt.Errorf("%w: %d nodes for %s", ErrSchedule, s.Nodes, s.Length)
	}
	for _, e := range s.Events {
		k, ok := Find(e.Kind)
		switch {
		case !ok:
			return fmt.Errorf("%w: unknown kind %q", ErrSchedule, e.Kind)
		case e.At < 0 || e.For < 0 || e.End() > s.Length:
			return fmt.Errorf("%w: %s lies outside a run of %s", ErrSchedule, e, s.Length)
		case k.Brief != (e.For == 0):
			return fmt.Errorf("%w: %s: such a fault has a duration: %t", ErrSchedule, e, !k.Brief)
		}
		if _, known := Grudges[e.Args.Grudge]; e.Args.Grudge != "" && !known {
			return fmt.Errorf("%w: unknown grudge %q", ErrSchedule, e.Args.Grudge)
		}
	}
	slices.SortStableFunc(s.Events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	return nil
}
