package generate

import (
	"container/heap"
	"math/rand/v2"

	"bleepstore/conformance/history"
)

// Times of the simulation in nanoseconds.
const (
	microsecond = 1000
	millisecond = 1000 * microsecond
)

// endpoints is how many there are; each client keeps to one of them.
const endpoints = 3

// openWrites is how many writes of a key may stay open-ended: workloads keep to
// it, since each of them doubles what a checker has to look through.
const openWrites = 8

// A sim is one run: a clock, what is to happen, and what was recorded.
type sim struct {
	o     Options
	w     *workload
	r     *rand.Rand
	kind  *Kind
	store *store

	now   int64
	queue queue
	seq   int

	teams     []*team
	running   int // clients that have not stopped
	n         int64
	values    history.Value
	processes int

	calls  []*call // recorded
	busy   map[string][]*call
	open   map[string]int // open-ended writes of a key
	twice  map[history.Value]bool
	bent   *call // the operation that the kind of fault was planted in
	issued int
	shift  int  // of the order in which a set is filled
	clears bool // clients of cas delete too, and those of copy copy both ways
}

// A call is an operation and what only the simulation knows of it.
type call struct {
	op     history.Op
	client *client
	lost   bool  // it never takes effect
	effect int64 // when it took effect
	wrote  *version
	list   *listing
}

// run goes on until the clients have stopped and every key was read once more.
func (s *sim) run() {
	s.busy, s.open, s.twice = map[string][]*call{}, map[string]int{}, map[history.Value]bool{}
	s.teams = s.w.assemble(s)
	for _, t := range s.teams {
		for range s.o.Clients {
			c := s.newClient(t)
			s.running++
			s.after(s.r.Int64N(millisecond), func() { s.next(c) })
		}
	}
	for s.running > 0 && len(s.queue) > 0 {
		e := heap.Pop(&s.queue).(event)
		s.now = e.at
		e.do()
	}
}

// next lets a client send what it wants, or stops it. The last one to stop is
// followed by the reader of every key, in a process of its own.
func (s *sim) next(c *client) {
	var ops []history.Op
	switch {
	case c.finals != nil:
		ops = c.final()
	case s.issued < s.o.Ops:
		ops = c.ask()
	}
	if len(ops) > 0 {
		s.issued += len(ops)
		s.send(c, ops)
		return
	}
	s.running--
	if s.running == 0 && c.finals == nil {
		last := s.newClient(&team{})
		last.finals = s.w.finals(s)
		s.running++
		s.after(millisecond, func() { s.next(last) })
	}
}

// send calls operations of one request, which share their times, and sees to it
// that each takes effect once or, where the client gives up, perhaps never.
func (s *sim) send(c *client, ops []history.Op) {
	went, back := s.delay(ops[0].Kind), s.delay(ops[0].Kind)/2
	gaveUp := c.finals == nil && s.r.Float64() < s.o.Unclear
	calls := make([]*call, len(ops))
	for i := range ops {
		s.n++
		o := &ops[i]
		o.N, o.Workload, o.Process, o.Client, o.Endpoint = s.n, s.o.Model, c.process, c.id, c.id%endpoints
		if s.o.Opaque {
			o.Arg.ETag = ""
		}
		o.Bucket, o.Call, o.Return, o.Outcome = "history", s.now, history.Never, history.OK
		if len(ops) > 1 {
			o.Arg.Batch = s.n - int64(i)
		}
		calls[i] = &call{op: *o, client: c, list: c.listing}
		if s.open[o.Key] >= openWrites {
			gaveUp = false
		}
	}
	if gaveUp {
		s.giveUp(c, calls, went)
		return
	}
	for _, call := range calls {
		s.begin(call)
		s.after(went+s.r.Int64N(back+1), func() { s.take(call) })
	}
	s.after(went+back+1, func() {
		for _, call := range calls {
			call.op.Return = s.now
			s.end(call)
		}
		s.after(s.r.Int64N(millisecond), func() { s.next(c) })
	})
	if !ops[0].Kind.Reads() && len(ops) == 1 && s.r.Float64() < s.o.Twice && s.open[ops[0].Key] < openWrites {
		s.after(s.r.Int64N(went+1), func() { s.again(calls[0]) })
	}
}

// giveUp is a request that is never answered: it took effect before the client
// gave up, does so long after, or never does (rule R1). Of a read nothing is
// recorded (R5).
func (s *sim) giveUp(c *client, calls []*call, went int64) {
	timeout := went + s.r.Int64N(5*millisecond)
	for _, call := range calls {
		if call.op.Kind.Reads() {
			continue
		}
		call.op.Outcome, call.op.Return = history.Unclear, history.Never
		call.op.Result = history.Result{Error: "timeout"}
		s.open[call.op.Key]++
		s.calls = append(s.calls, call)
		s.begin(call)
		switch s.r.IntN(3) {
		case 0:
			call.lost = true
		case 1:
			s.after(s.r.Int64N(timeout+1), func() { s.take(call) })
		case 2:
			s.after(timeout+s.r.Int64N(60*millisecond), func() { s.take(call) })
		}
		c.unsure = call.op.Key
	}
	s.after(timeout, func() {
		c.listing = nil
		c.process = s.process()
		s.next(c)
	})
}

// again sends a request a second time, as a proxy does that had no answer. That
// is an operation of its own (rule DUP): a plain write may happen twice, the second
// time over a later one.
func (s *sim) again(first *call) {
	s.n++
	second := &call{op: first.op, client: first.client}
	o := &second.op
	o.N, o.Process, o.Call, o.Return = s.n, s.process(), s.now, history.Never
	o.Outcome, o.Result = history.Unclear, history.Result{Error: "sent a second time"}
	s.twice[o.Arg.Value] = true
	s.open[o.Key]++
	s.calls = append(s.calls, second)
	s.begin(second)
	s.after(s.r.Int64N(60*millisecond), func() { s.take(second) })
}

// begin and end keep the writes of a key that are under way.
func (s *sim) begin(c *call) {
	if !c.op.Kind.Reads() {
		s.busy[c.op.Key] = append(s.busy[c.op.Key], c)
	}
}

func (s *sim) end(c *call) {
	if c.list != nil {
		s.page(c)
	}
	busy := s.busy[c.op.Key]
	for i := range busy {
		if busy[i] == c {
			s.busy[c.op.Key] = append(busy[:i:i], busy[i+1:]...)
			break
		}
	}
	s.calls = append(s.calls, c)
	c.client.saw(&c.op)
}

// take lets an operation take effect, all at once. A conditional write may be
// told of a conflict where another write of the key is under way: it then has no
// effect (rule R5).
func (s *sim) take(c *call) {
	c.effect = s.now
	if c.list != nil {
		return // answered as it ends
	}
	a := s.store.answer(c)
	conditional := c.op.Arg.IfMatch != "" || c.op.Arg.IfNoneMatch != ""
	if conditional && !c.op.Kind.Reads() && len(s.busy[c.op.Key]) > 1 && s.r.IntN(12) == 0 {
		a = refused(409, "ConditionalRequestConflict")
	} else if s.kind != nil && s.kind.bend != nil && s.bent == nil && c.op.Outcome != history.Unclear &&
		s.issued > s.o.Ops/4 && s.kind.bend(s, c, &a) {
		s.bent = c
	}
	if c.op.Outcome != history.Unclear {
		c.op.Outcome, c.op.Result = a.outcome, a.result
		if a.outcome == history.OK && c.op.Arg.ETag == "" && !c.op.Kind.Reads() {
			c.op.Arg.ETag = a.result.ETag // as far as the writer knows by now
		}
	}
	if a.writes != nil && s.store.versioned {
		a.writes.id = s.store.id()
		if c.op.Outcome == history.OK {
			c.op.Result.VersionID = a.writes.id
		}
	}
	if !a.applies {
		return
	}
	if a.writes != nil {
		c.wrote = a.writes
		s.store.add(c.op.Key, a.writes, s.now)
	}
	if a.then != nil {
		a.then()
	}
}

// delay is a time on the way.
func (s *sim) delay(k history.Kind) int64 {
	d := 50*microsecond + s.r.Int64N(millisecond)
	slow := s.o.Slow
	if k == history.List || k == history.ListVersions {
		slow *= 3
	}
	if s.r.Float64() < slow {
		d *= 10 + s.r.Int64N(40)
	}
	return d
}

func (s *sim) process() int {
	s.processes++
	return s.processes
}

func (s *sim) newClient(t *team) *client {
	c := &client{s: s, team: t, id: s.processes, process: s.process(), seen: map[string]history.Op{}}
	t.clients = append(t.clients, c)
	return c
}
