package campaign

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/sim"
)

// childOf names in the environment what a child of these tests does: the test
// binary is its own child.
const childOf = "CAMPAIGN_TEST_CHILD"

func TestMain(m *testing.M) {
	if does := os.Getenv(childOf); does != "" {
		os.Exit(pretend(does))
	}
	os.Exit(m.Run())
}

// pretend is a child: "good", "dies", or the name of a kind of fault, whose
// presence in the schedule is a violation.
func pretend(does string) int {
	var j Job
	if err := next(bufio.NewReader(os.Stdin), &j); err != nil {
		return 1
	}
	if j.Fated && threads() > freshThreads {
		return tell(Report{Astray: true})
	}
	r := Report{Outcome: sim.Good, Digest: "same", Virtual: time.Duration(j.Length), Ops: 100, At: 20 * time.Second, Witness: 3}
	switch does {
	case "dies":
		fmt.Fprintln(os.Stderr, "last words")
		return 3
	case "random":
		var order []int // of a map, as the runtime's random numbers have it
		for i := range map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true, 6: true, 7: true, 8: true} {
			order = append(order, i)
		}
		r.Digest = fmt.Sprint(rand.Uint64(), order)
	case "good":
	default:
		s, err := fault.ReadSchedule(bytes.NewReader(j.Schedule))
		if err != nil {
			return 1
		}
		if slices.ContainsFunc(s.Events, func(e fault.Event) bool { return e.Kind == does }) {
			r.Outcome, r.Why = sim.Violation, []string{"it must not be"}
		}
	}
	return tell(r)
}

func tell(r Report) (code int) {
	if json.NewEncoder(os.Stdout).Encode(r) != nil {
		return 1
	}
	return 0
}

func newCampaign(t *testing.T, does string) (*Campaign, *bytes.Buffer) {
	t.Helper()
	said := new(bytes.Buffer)
	s := fault.Schedule{Seed: 5, Nodes: 3, Length: fault.Span(time.Minute)}
	for at := range 6 {
		kind := "net.cut"
		if at == 4 {
			kind = "proc.kill"
		}
		s.Events = append(s.Events, fault.Event{At: fault.Span(time.Duration(10+at) * time.Second), For: fault.Span(time.Second), Kind: kind, Args: fault.Args{Grudge: "one"}})
	}
	return &Campaign{
		Command: []string{os.Args[0]}, Env: []string{childOf + "=" + does}, Jobs: 2, Runs: 3, Say: said, Shrinking: time.Minute,
		Job:    with(Job{Level: sim.LevelRaft, Nodes: 3}, s),
		Repeat: func(seed uint64, file string) string { return fmt.Sprintf("again %d %s", seed, file) },
	}, said
}

func TestGood(t *testing.T) {
	c, _ := newCampaign(t, "good")
	sum, err := c.Run(context.Background())
	if err != nil || sum.Outcome() != sim.Good || sum.Runs != 3 || sum.Ops != 300 || sum.Virtual != 3*time.Minute {
		t.Errorf("got %+v, %v", sum, err)
	}
}

// TestFate: the random numbers of a child's runtime are those of its seed.
func TestFate(t *testing.T) {
	c, said := newCampaign(t, "random")
	digest := func(seed uint64) string {
		r, err := c.run(context.Background(), c.job(seed))
		if err != nil {
			t.Fatal(err)
		}
		return r.Digest
	}
	first := digest(1)
	if strings.Contains(said.String(), errNoFate.Error()) {
		t.Skip(said.String())
	}
	for range 5 {
		if got := digest(1); got != first {
			t.Errorf("seed 1 draws %s, and then %s", first, got)
		}
	}
	if got := digest(2); got == first {
		t.Errorf("seeds 1 and 2 both draw %s", got)
	}
}

// TestDies: a child that dies is a failure of its seed, with its last words and
// its command, and never a pass.
func TestDies(t *testing.T) {
	c, said := newCampaign(t, "dies")
	sum, err := c.Run(context.Background())
	if err != nil || sum.Outcome() != sim.Inconclusive || len(sum.Failed) != 3 {
		t.Fatalf("got %+v, %v", sum, err)
	}
	for _, want := range []string{"last words", "exit status 3", "repeat: again 5"} {
		if !strings.Contains(said.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
}

// TestViolation: it is run again, its schedule made as small as it can be, and
// both commands are told.
func TestViolation(t *testing.T) {
	c, _ := newCampaign(t, "proc.kill")
	c.Out = t.TempDir()
	sum, err := c.Run(context.Background())
	if err != nil || sum.Outcome() != sim.Violation {
		t.Fatalf("got %+v, %v", sum, err)
	}
	f := sum.Failed[0]
	if f.Again != "5 of 5 reruns, 5 of them the same to the nanosecond" || f.Shrunk == nil {
		t.Fatalf("got %+v", f)
	}
	if s := f.Shrunk; s.Events != 1 || s.Schedule.Events[0].Kind != "proc.kill" || s.Ops != 3 || s.Again != "5 of 5" || s.Schedule.Length != fault.Span(23*time.Second) {
		t.Errorf("got %+v", s)
	}
	file, err := os.Open(c.file(scheduleFile))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if s, err := fault.ReadSchedule(file); err != nil || len(s.Events) != 1 || !strings.Contains(f.Shrunk.Repeat, file.Name()) {
		t.Errorf("got %+v, %v; repeat: %s", s, err, f.Shrunk.Repeat)
	}
	var text strings.Builder
	sum.Write(&text)
	for _, want := range []string{"VIOLATION: 1 of", "shrunk in", "to 1 events and 3 operations", "repeat: again"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the summary does not say %q:\n%s", want, &text)
		}
	}
}

func TestNothingRunIsNoPass(t *testing.T) {
	idle, lost := Failure{Outcome: sim.Inconclusive}, Failure{}
	for _, c := range []struct {
		what string
		sum  Sum
		want sim.Outcome
	}{
		{"nothing was run", Sum{}, sim.Inconclusive},
		{"the only run shows nothing", Sum{Runs: 1, Failed: []Failure{idle}}, sim.Inconclusive},
		{"one of ten shows nothing", Sum{Runs: 10, Failed: []Failure{idle}}, sim.Good},
		{"two of ten show nothing", Sum{Runs: 10, Failed: []Failure{idle, idle}}, sim.Inconclusive},
		{"one of a thousand hung", Sum{Runs: 1000, Failed: []Failure{lost}}, sim.Inconclusive},
		{"one of a thousand is wrong", Sum{Runs: 1000, Failed: []Failure{idle, {Outcome: sim.Violation}}}, sim.Violation},
	} {
		if got := c.sum.Outcome(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}

func TestSeeds(t *testing.T) {
	seen := map[uint64]bool{}
	for i := range 1000 {
		seen[Seed(42, i)] = true
	}
	if Seed(42, 0) != 42 || len(seen) < 999 {
		t.Errorf("the first of 42 is %d, and of 1000 only %d differ", Seed(42, 0), len(seen))
	}
}
