package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// Schema names the format of a history's file: a Header, then an Op a line.
const Schema = "bleepstore.history/1"

// A Header is the first line of a history: what was run, and whether it came to
// its end.
type Header struct {
	Schema    string    `json:"schema"`
	Started   time.Time `json:"started"`
	Endpoints []string  `json:"endpoints"`
	Seed      uint64    `json:"seed"`
	Repeat    string    `json:"repeat,omitempty"` // the command that runs it again
	// Workloads are those that were run, with what the checker has to know of
	// each besides its operations.
	Workloads []Workload `json:"workloads"`
	// Faults are what was done to the server meanwhile; nil: nothing was.
	Faults *Faults `json:"faults,omitempty"`
}

// A Workload tells of a run of one workload.
type Workload struct {
	Name string `json:"name"`
	Rule string `json:"rule"`
	// Model is how its operations are to be judged: a name that the checker
	// knows.
	Model string `json:"model"`
	// Groups are sets of keys that are judged together: those of an atomic
	// listing, or the two ends of copies. Every other key stands alone.
	Groups [][]string `json:"groups,omitempty"`
	// Keys is the known universe of a listing: any other key is a phantom.
	Keys []string `json:"keys,omitempty"`
	// Versioned says that the bucket had versioning enabled for the whole run
	// and nothing deleted versions of it (R6).
	Versioned bool `json:"versioned,omitempty"`
	// Locked says that a retention period kept every version of the bucket for
	// longer than the run, which nothing bypassed: none can be deleted (OL-10).
	Locked bool `json:"locked,omitempty"`
	// Gone are the endpoints, as indices, where in the end the bucket was not to be
	// found, however long it was waited for. Nobody deletes it during a run: an
	// endpoint that has lost it has lost what it held.
	Gone     []int         `json:"gone,omitempty"`
	Duration time.Duration `json:"duration_ns"`
}

// A History is a run: the header and the operations, ascending by Call.
type History struct {
	Header
	Ops []Op
}

// New returns the history of ops, which it puts in order, under the header h.
func New(h Header, ops []Op) (*History, error) {
	h.Schema = Schema
	out := &History{Header: h, Ops: ops}
	return out, out.order()
}

// Of returns the operations of one workload.
func (h *History) Of(workload string) []Op {
	var ops []Op
	for _, o := range h.Ops {
		if o.Workload == workload {
			ops = append(ops, o)
		}
	}
	return ops
}

// A Writer saves a history as it is recorded. Add may be called concurrently.
type Writer struct {
	mu  sync.Mutex
	out *bufio.Writer
	enc *json.Encoder
	err error
}

// NewWriter writes the header to w and returns a Writer of the operations. w
// stays the caller's to close, after Flush.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	h.Schema = Schema
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	if err := enc.Encode(h); err != nil {
		return nil, fmt.Errorf("write history: %w", err)
	}
	return &Writer{out: out, enc: enc}, nil
}

// Add saves one operation.
func (w *Writer) Add(o Op) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.Return == Never {
		o.Return = 0
	}
	if err := w.enc.Encode(o); err != nil && w.err == nil {
		w.err = fmt.Errorf("write history: %w", err)
	}
}

// Flush writes what is buffered, and returns the first error of any Add.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.out.Flush(); err != nil && w.err == nil {
		w.err = fmt.Errorf("write history: %w", err)
	}
	return w.err
}

// ErrFormat is a file that is no history, or a damaged one.
var ErrFormat = errors.New("not a history")

// Read reads a saved history whole and puts its operations in order. A line that
// cannot be read, a key that is not known, and operations that contradict
// themselves are ErrFormat: what cannot be read whole cannot be judged.
func Read(r io.Reader) (*History, error) {
	dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<16))
	dec.DisallowUnknownFields()
	h := &History{}
	if err := readHeader(dec, &h.Header); err != nil {
		return nil, err
	}
	for line := 2; ; line++ {
		o, err := readOp(dec, line)
		if errors.Is(err, io.EOF) {
			return h, h.order()
		}
		if err != nil {
			return nil, err
		}
		h.Ops = append(h.Ops, o)
	}
}

func readHeader(dec *json.Decoder, h *Header) error {
	if err := dec.Decode(h); err != nil {
		return fmt.Errorf("%w: header: %w", ErrFormat, err)
	}
	if h.Schema != Schema {
		return fmt.Errorf("%w: schema %q, want %q", ErrFormat, h.Schema, Schema)
	}
	if h.Faults != nil {
		if err := h.Faults.validate(); err != nil {
			return fmt.Errorf("%w: header: %w", ErrFormat, err)
		}
	}
	return nil
}

// readOp reads the operation of a line; its error is io.EOF behind the last one.
func readOp(dec *json.Decoder, line int) (o Op, err error) {
	if err := dec.Decode(&o); err == io.EOF {
		return o, err
	} else if err != nil {
		return o, fmt.Errorf("%w: line %d: %w", ErrFormat, line, err)
	}
	if o.Return == 0 {
		o.Return = Never
	}
	if err := o.validate(); err != nil {
		return o, fmt.Errorf("%w: line %d: %w", ErrFormat, line, err)
	}
	return o, nil
}

// validate refuses what no recorder writes.
func (o *Op) validate() error {
	switch {
	case o.Return < o.Call:
		return fmt.Errorf("operation %d returned before it was called", o.N)
	case o.Outcome != OK && o.Outcome != Refused && o.Outcome != Unclear:
		return fmt.Errorf("operation %d: outcome %q", o.N, o.Outcome)
	case !o.Ended() && o.Outcome != Unclear:
		return fmt.Errorf("operation %d is %s and has no return", o.N, o.Outcome)
	case !o.Ended() && o.Kind.Reads():
		return fmt.Errorf("operation %d is a read and has no return", o.N)
	}
	return nil
}

// order sorts the operations by Call and refuses numbers that stand twice.
func (h *History) order() error {
	slices.SortFunc(h.Ops, func(a, b Op) int {
		if a.Call != b.Call {
			return compare(a.Call, b.Call)
		}
		return compare(a.N, b.N)
	})
	seen := make(map[int64]bool, len(h.Ops))
	for i := range h.Ops {
		if seen[h.Ops[i].N] {
			return fmt.Errorf("%w: operation %d stands twice", ErrFormat, h.Ops[i].N)
		}
		seen[h.Ops[i].N] = true
	}
	return nil
}

func compare(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
