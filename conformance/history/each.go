package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrScattered says that operations of one workload stand behind those of
// another, so that the file can only be read whole.
var ErrScattered = errors.New("the operations do not stand workload by workload")

// ReadEach reads a saved history workload by workload, as a run writes it, and
// gives each to do, so that a long one is never in memory whole. It is as strict
// as Read, but what it finds wrong late it finds when do has seen what stands
// before.
func ReadEach(r io.Reader, do func(*History) error) error {
	e := &each{seen: map[int64]bool{}, done: map[string]bool{}, do: do}
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	dec.DisallowUnknownFields()
	if err := readHeader(dec, &e.header); err != nil {
		return err
	}
	for line := 2; ; line++ {
		o, err := readOp(dec, line)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = e.add(o)
		}
		if err != nil {
			return err
		}
	}
	if err := e.end(); err != nil {
		return err
	}
	for _, w := range e.header.Workloads { // those without an operation
		if !e.done[w.Name] {
			e.name = w.Name
			if err := e.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// An each is a file under way.
type each struct {
	header Header
	do     func(*History) error
	name   string // of the workload under way
	ops    []Op
	seen   map[int64]bool
	done   map[string]bool
}

func (e *each) add(o Op) error {
	if e.seen[o.N] {
		return fmt.Errorf("%w: operation %d stands twice", ErrFormat, o.N)
	}
	e.seen[o.N] = true
	if o.Workload != e.name {
		if err := e.end(); err != nil {
			return err
		}
		if e.done[o.Workload] {
			return ErrScattered
		}
		e.name = o.Workload
	}
	e.ops = append(e.ops, o)
	return nil
}

// end hands on the workload under way.
func (e *each) end() error {
	if e.name == "" && len(e.ops) == 0 {
		return nil
	}
	header := e.header
	header.Workloads = nil
	for _, w := range e.header.Workloads {
		if w.Name == e.name {
			header.Workloads = []Workload{w}
		}
	}
	if header.Workloads == nil {
		return fmt.Errorf("%w: the header knows no workload %q", ErrFormat, e.name)
	}
	h, err := New(header, e.ops)
	e.ops, e.done[e.name] = nil, true
	if err != nil {
		return err
	}
	return e.do(h)
}
