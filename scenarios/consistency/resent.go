package consistency

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"bleepstore/conformance/history"
	"bleepstore/scenarios"
)

// A Resent is a request of a client that something on the way sent to the server
// twice, so that the client was given the second answer.
type Resent struct {
	Attempt string // its history.AttemptHeader
	// The first answer, where all of it came before the second request was sent:
	// Body is nil where that is not known.
	Status int
	Header http.Header
	Body   []byte
}

// Again adds to the operations of a run what became of requests that were sent
// twice: each is one more operation (rule DUP). Where the first answer is known it
// says what that came to; else it is unclear for ever, as any time may be that at
// which it takes effect. Reads, and requests that are no part of the history,
// change nothing. An error is an attempt that no client of ours made.
func Again(ops []history.Op, sent []Resent) ([]history.Op, error) {
	of := map[int64][]int{} // by the number of the request's first operation
	last, process := int64(0), 0
	for i := range ops {
		o := &ops[i]
		lead := o.N
		if o.Arg.Batch != 0 {
			lead = o.Arg.Batch
		}
		of[lead] = append(of[lead], i)
		last, process = max(last, o.N), max(process, o.Process)
	}
	out := slices.Clone(ops)
	for _, s := range sent {
		n, err := strconv.ParseInt(s.Attempt, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("a request sent twice: attempt %q: %w", s.Attempt, err)
		}
		process++
		lead := int64(0) // of the second DeleteObjects
		for _, i := range of[n] {
			first := &ops[i]
			if first.Kind.Reads() {
				continue
			}
			last++
			o := first.Again(last, process)
			if first.Arg.Batch != 0 {
				if lead == 0 {
					lead = last
				}
				o.Arg.Batch = lead
			}
			out = append(out, s.told(o, first))
		}
	}
	return out, nil
}

// told is o, which is first sent again, as the answer has it.
func (s *Resent) told(o history.Op, first *history.Op) history.Op {
	if s.Body == nil {
		return o
	}
	a := answer{status: s.Status, wire: s.Status, header: s.Header, body: s.Body, code: scenarios.ErrorCode(s.Body), sent: true}
	as := o
	as.Result = history.Result{}
	as.Outcome = outcome(o.Kind, &a)
	as.Result.Status, as.Result.Code = a.status, a.code
	if as.Outcome == history.OK {
		var doc deleteResult
		switch {
		case as.Arg.Batch == 0:
			reply(&as, &a)
		case xml.Unmarshal(s.Body, &doc) != nil:
			as.Outcome = history.Unclear
		default:
			doc.tell(&as)
		}
	}
	o.Arg = as.Arg
	return o.Told(first, as.Outcome, as.Result)
}
