package liar

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"bleepstore/fault"
)

// now is the time that answers are dated with.
var now = time.Now

// A lie is one thing that a liar does wrong.
type lie struct {
	fault.Mutant
	// on picks the requests that it may be about, by their heads; nil picks all.
	on func(q *request) bool
	// when says whether the true answer to such a request gives occasion; nil is
	// always.
	when func(q *request, a *answer) bool
	// take answers instead of the server, having sent what it wants; nil hands the
	// request on, as where take is nil itself.
	take func(t *telling, q *request) *answer
	// change changes the true answer of a request that was handed on. It returns
	// false where it told the truth. It may be nil.
	change func(t *telling, q *request, a *answer) bool
	// cut has take called for requests, too, that the client did not say to the end.
	cut bool
}

// A telling is a lie while it is told.
type telling struct {
	*lie
	liar *Liar

	mu   sync.Mutex // guards what follows
	dice *rand.Rand
	told int
	kept map[string]kept // what the lie remembers
}

// A kept answer is one that a lie may give again.
type kept struct {
	*answer
	at time.Time
	n  int // how often it was given, or whatever the lie counts
}

// tells counts a lie.
func (t *telling) tells() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told++
}

// chance is true once in n times.
func (t *telling) chance(n int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dice.IntN(n) == 0
}

// keep remembers an answer under a name.
func (t *telling) keep(name string, a *answer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept[name] = kept{answer: a.clone(), at: now()}
}

// recall returns what is remembered; it counts how often it was asked for.
func (t *telling) recall(name string) (k kept, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k, ok = t.kept[name]; ok {
		t.kept[name] = kept{k.answer, k.at, k.n + 1}
		k.answer = k.answer.clone()
	}
	return k, ok
}

// send sends a request and returns the answer, or nil where there is none.
func (t *telling) send(q *request) *answer {
	raw := q.raw
	if raw == nil {
		raw = q.bytes()
	}
	head, body, err := t.liar.front.Send(q.ctx, raw, q.method)
	if err != nil {
		return nil
	}
	return readAnswer(q.method, head, body)
}

// lies are the hand-written ones.
var lies = map[string]*lie{}

// add registers a lie; a file has it as `var _ = add(...)`.
func add(name, says string, breaks []string, l lie) *lie {
	if lies[name] != nil || !strings.HasPrefix(name, "lie.") {
		panic("liar: the name " + name + " is taken, or no lie's")
	}
	l.Mutant = fault.Mutant{Name: name, Says: says, Breaks: breaks}
	lies[name] = &l
	return &l
}

// given names scenarios: on a server that fails one of them the lie changes nothing,
// so that there is nothing to find. It returns l.
func (l *lie) given(scenarios ...string) *lie {
	l.Given = scenarios
	return l
}

// by says that the suite alone does not find a lie, and what does: the rest of a
// command line of bleepstore, before --endpoint and keys, that ends with the exit
// code of a violation. It returns l.
func (l *lie) by(command string) *lie {
	l.By = command
	return l
}

// alter registers a lie that changes answers; change returns false where there was
// nothing to change.
func alter(name, says string, breaks []string, on func(*request) bool, change func(q *request, a *answer) bool) *lie {
	return add(name, says, breaks, lie{
		on:     on,
		when:   func(q *request, a *answer) bool { return change(q, a.clone()) },
		change: func(_ *telling, q *request, a *answer) bool { return change(q, a) },
	})
}

// revise registers a lie that changes requests before the server has them; change
// returns false where there was nothing to change. It is about honest ones alone.
func revise(name, says string, breaks []string, on func(*request) bool, change func(q *request) bool) *lie {
	return add(name, says, breaks, lie{
		on:   and(on, honest),
		when: func(q *request, _ *answer) bool { return change(q.clone()) },
		take: func(t *telling, q *request) *answer {
			if !change(q) || !q.resign() {
				return nil
			}
			return t.send(q)
		},
	})
}

// breaks are the rules, or globs over scenarios, that a lie breaks.
func breaks(what ...string) []string { return what }

// Lies returns the lies that stand here by name, sorted. Those of families, which
// are named after what is met, are not among them.
func Lies() []fault.Mutant {
	var out []fault.Mutant
	for _, l := range lies {
		out = append(out, l.Mutant)
	}
	slices.SortFunc(out, func(a, b fault.Mutant) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// occasions names the lies that an exchange gives occasion for.
func occasions(q *request, a *answer) (names []string) {
	for name, one := range lies {
		if (one.on == nil || one.on(q)) && (one.when == nil || one.when(q, a)) {
			names = append(names, name)
		}
	}
	for _, f := range families {
		for _, what := range f.met(q, a) {
			names = append(names, fmt.Sprintf("lie.%s.%s.%s", f.name, q.op, what))
		}
	}
	return names
}

// ops picks requests by their operations.
func ops(names ...string) func(*request) bool {
	return func(q *request) bool { return slices.Contains(names, q.op) }
}

// and is what all conditions pick.
func and(all ...func(*request) bool) func(*request) bool {
	return func(q *request) bool {
		for _, one := range all {
			if !one(q) {
				return false
			}
		}
		return true
	}
}

// honest picks requests that may be changed: nothing signed in them is wrong.
func honest(q *request) bool { return q.by.good }

// worked picks answers that tell of success.
func worked(_ *request, a *answer) bool { return a.ok() }
