package replica

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"bleepstore/reference/blob"
)

// TestVerdict: what a Create says when its holders have ended in some way; the
// first holder is this node itself.
func TestVerdict(t *testing.T) {
	s := newFleet(t, 1).nodes["n0"].Store
	type state struct {
		ended, dropped bool
		info           blob.Info
		err            error
	}
	good, other := info("a", content("a", 100)), info("a", content("b", 100))
	var (
		durable = state{ended: true, info: good}
		wrong   = state{ended: true, info: other}
		there   = state{ended: true, info: good, err: fmt.Errorf("x: %w", blob.ErrExists)}
		before  = state{ended: true, info: other, err: fmt.Errorf("x: %w", blob.ErrExists)}
		full    = state{ended: true, err: fmt.Errorf("x: %w", blob.ErrFull)}
		failed  = state{ended: true, err: io.ErrClosedPipe}
		unsync  = state{ended: true, err: fmt.Errorf("x: %w", blob.ErrSync)}
		dropped = state{dropped: true}
		late    = state{dropped: true, ended: true, info: good}
		runs    = state{}
	)
	undecided := errors.New("not decided")
	for _, c := range []struct {
		feeds []state
		ended bool // the body
		want  error
	}{
		{[]state{durable}, true, nil},
		{[]state{durable, durable, runs}, true, nil},
		{[]state{durable, runs, runs}, true, undecided},
		{[]state{durable, failed, runs}, true, undecided},
		{[]state{durable, failed, dropped}, true, blob.ErrUnavailable},
		{[]state{durable, failed, late}, true, nil},
		{[]state{durable, wrong, runs}, true, undecided},
		{[]state{durable, wrong, wrong}, true, blob.ErrUnavailable},
		{[]state{runs, failed, failed}, false, blob.ErrUnavailable},
		{[]state{runs, full, failed}, false, blob.ErrFull},
		{[]state{full, full, full}, false, blob.ErrFull},
		{[]state{durable, full, failed, failed, failed}, true, blob.ErrUnavailable},
		{[]state{durable, full, full, failed, failed}, true, blob.ErrFull},
		{[]state{durable, durable, full, full, runs}, true, undecided},
		{[]state{there, runs, runs}, false, undecided},
		{[]state{there, there, runs}, false, blob.ErrExists},
		{[]state{before, before, runs}, false, blob.ErrExists},
		{[]state{there, before, runs}, false, undecided},
		{[]state{there, before, durable}, true, nil},
		{[]state{there, durable, runs}, true, nil},
		{[]state{before, durable, failed}, true, blob.ErrUnavailable},
		{[]state{unsync, durable, durable}, true, blob.ErrSync},
		{[]state{durable, unsync, durable}, true, nil},
		{[]state{durable, unsync, failed}, true, blob.ErrUnavailable},
	} {
		cr := &creation{s: s, id: "a", size: good.Size, crc: good.CRC, whole: c.ended}
		var text string
		for i, st := range c.feeds {
			f := &feed{node: fmt.Sprintf("n%d", i), ended: st.ended, dropped: st.dropped, info: st.info, err: st.err}
			cr.feeds = append(cr.feeds, f)
			text += fmt.Sprintf("%v %v %v; ", f.ended, f.dropped, f.err)
		}
		got, out := undecided, cr.verdict()
		if out != nil {
			got = out.err
		}
		if got != c.want && !errors.Is(got, c.want) || c.want != blob.ErrSync && errors.Is(got, blob.ErrSync) {
			t.Errorf("%s the body has ended: %v: got %v, want %v", text, c.ended, got, c.want)
		}
	}
}
