package reference_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"bleepstore/conformance/trial"
	"bleepstore/reference"
)

const (
	cutRounds = "BLEEPSTORE_CUTS" // how many faults; default one of each kind
	cutSeed   = "BLEEPSTORE_SEED" // of clients and faults; default: another one each time
)

// TestOrdeal cuts the network between the nodes of a cluster again and again, the
// leader's above all, one way or both, while clients write to all nodes and read
// from all of them. Every history must be as that of one node that never fails.
func TestOrdeal(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 15 seconds")
	}
	number := func(name string, def uint64) uint64 {
		if n, err := strconv.ParseUint(os.Getenv(name), 10, 64); err == nil {
			return n
		}
		return def
	}
	seed, rounds := number(cutSeed, rand.Uint64N(1<<32)), int(number(cutRounds, uint64(len(cuts))))
	repeat := fmt.Sprintf("%s=%d %s=%d go test ./reference -run '^TestOrdeal$' -v", cutSeed, seed, cutRounds, rounds)
	t.Logf("repeat: %s", repeat)
	o := startOrdeal(t, seed, repeat)
	order := o.rand.Perm(len(cuts))
	o.calm()
	for n := range rounds {
		kind := cuts[order[n%len(cuts)]]
		if kind.cut != nil {
			o.cut(kind.name, kind.cut, n%len(cuts) == 0)
		} else {
			o.scatter()
		}
	}
	o.end()
}

// cuts are what is done to the network; leader and the others are nodes, a cut
// goes one way. After each of these a majority can go on: without the leader, or
// with it.
var cuts = []struct {
	name string
	cut  func(c *reference.Cluster, leader, a, b int) // nil: nobody reaches anybody
}{
	{"the leader is cut off", func(c *reference.Cluster, leader, a, b int) { c.Partition([]int{a, b}, []int{leader}) }},
	{"the leader hears nobody", func(c *reference.Cluster, leader, a, b int) { c.Cut(a, leader); c.Cut(b, leader) }},
	{"nobody hears the leader", func(c *reference.Cluster, leader, a, b int) { c.Cut(leader, a); c.Cut(leader, b) }},
	{"the leader and a follower do not see each other", func(c *reference.Cluster, leader, a, _ int) { c.Cut(leader, a); c.Cut(a, leader) }},
	{"a follower hears nobody", func(c *reference.Cluster, leader, a, b int) { c.Cut(leader, a); c.Cut(b, a) }},
	{"nobody reaches anybody", nil},
}

// An ordeal is a cluster under load whose network is disturbed.
type ordeal struct {
	t    *testing.T
	c    *reference.Cluster
	rand *rand.Rand
	load *trial.Load
}

func startOrdeal(t *testing.T, seed uint64, repeat string) *ordeal {
	o := &ordeal{t: t, rand: rand.New(rand.NewPCG(seed, 0)), c: reference.StartCluster(t, 3)}
	first := o.c.Node(0)
	var urls []string
	for i := range o.c.Len() {
		urls = append(urls, o.c.Node(i).URL)
	}
	var err error
	o.load, err = trial.Start(t.Context(), trial.Options{
		Endpoints: urls, Access: first.AccessKey, Secret: first.SecretKey, Workloads: []string{"register", "cas"}, Clients: 9,
		Timeout: 3 * time.Second, Most: time.Hour, Seed: seed, Repeat: repeat,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		o.c.Heal()
		if err := o.load.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return o
}

func (o *ordeal) await(what string, ok func(trial.Tally) bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 30*time.Second)
	defer cancel()
	if err := o.load.Await(ctx, what, ok); err != nil {
		o.t.Fatal(err)
	}
}

// calm waits until clients of every node get on.
func (o *ordeal) calm() {
	o.t.Helper()
	o.load.Mark()
	some := 5 + o.rand.IntN(15)
	o.await("it is calm", func(c trial.Tally) bool { return o.load.Each(c, some) && o.load.Everywhere(c, some) })
}

// cut disturbs the network until operations that were begun since have succeeded,
// and for a while longer, or, a long time, until a client has given up.
func (o *ordeal) cut(name string, cut func(c *reference.Cluster, leader, a, b int), long bool) {
	o.t.Helper()
	leader := o.c.Leader()
	a, b := (leader+1)%3, (leader+2)%3
	if o.rand.IntN(2) == 0 {
		a, b = b, a
	}
	o.load.Mark()
	cut(o.c, leader, a, b)
	some := 10 + o.rand.IntN(60)
	o.await(name, func(c trial.Tally) bool {
		return c.FirstWrite > 0 && c.Total() >= some && (!long || c.Unclear > 0)
	})
	during := o.load.Tally()
	o.c.Heal()
	o.calm()
	o.t.Logf("%s: first success after %d ms, first write after %d ms", name, during.First.Milliseconds(), during.FirstWrite.Milliseconds())
}

// scatter lets no node reach another until all of them know that nobody leads.
func (o *ordeal) scatter() {
	o.t.Helper()
	o.c.Partition()
	await(o.t, "no node is ready", func() bool {
		for i := range o.c.Len() {
			if o.c.Node(i).Server.Ready() {
				return false
			}
		}
		return true
	})
	o.load.Mark()
	o.c.Heal()
	o.await("nobody reached anybody", func(c trial.Tally) bool { return c.FirstWrite > 0 })
	during := o.load.Tally()
	o.calm()
	o.t.Logf("nobody reached anybody: first success %d ms after that, first write %d ms", during.First.Milliseconds(), during.FirstWrite.Milliseconds())
}

// end judges.
func (o *ordeal) end() {
	o.t.Helper()
	if err := o.load.Stop(); err != nil {
		o.t.Error(err)
	}
	hash := o.c.AwaitEqual()
	v, err := o.load.Judge(o.t.Context(), o.t.ArtifactDir())
	if err != nil {
		o.t.Fatal(err)
	}
	var says strings.Builder
	v.Write(&says)
	o.t.Logf("the nodes are equal: %s\n%s", hash, &says)
	if why := trial.Short(v); why != "" {
		o.t.Errorf("%s\nthe history is in %s (with -artifacts it stays)", why, o.t.ArtifactDir())
	}
}
