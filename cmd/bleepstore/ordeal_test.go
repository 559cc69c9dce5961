//go:build unix

package main

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
	"bleepstore/reference/config"
)

const (
	ordealKills = "BLEEPSTORE_KILLS" // how often the leader is killed; default 2
	ordealSeed  = "BLEEPSTORE_SEED"  // of clients and faults; default: another one each time
	ordealWait  = 60 * time.Second   // for anything
	probes      = 60                 // reads that wait for a node that is paused
)

// An ordeal is a cluster of three processes under load, and who disturbs it.
type ordeal struct {
	t *testing.T
	*fleet
	rand   *rand.Rand
	load   *trial.Load
	keeper *keeper
	kills  []recovery
}

// A recovery is how long after a fault the cluster took: until the first
// operation begun since had succeeded, the first that writes, and until the
// process that was killed served again.
type recovery struct{ op, write, back time.Duration }

// TestOrdeal kills the leader of three processes again and again, pauses it, and
// kills each follower, while clients write to all nodes and read from all of
// them. Every history must be as that of one node that never fails, every object
// that was acknowledged must be there, and the nodes must be equal in the end.
func TestOrdeal(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes 20 seconds")
	}
	t.Parallel()
	o := newOrdeal(t)
	kills := number(ordealKills, 2)
	o.calm()
	for n := range kills {
		leader := o.leader()
		o.kill(leader, fmt.Sprintf("kill %d of the leader", n+1))
	}
	o.pause(o.leader())
	leader := o.leader()
	for i := range o.record.Nodes {
		if i != leader {
			o.kill(i, "kill of a follower")
		}
	}
	o.end()
}

func number(name string, def uint64) uint64 {
	n, err := strconv.ParseUint(os.Getenv(name), 10, 64)
	if err != nil {
		return def
	}
	return n
}

func newOrdeal(t *testing.T) *ordeal {
	seed := number(ordealSeed, rand.Uint64N(1<<32))
	repeat := fmt.Sprintf("%s=%d %s=%d go test ./cmd/bleepstore -run '^TestOrdeal$' -v", ordealSeed, seed, ordealKills, number(ordealKills, 2))
	t.Logf("repeat: %s", repeat)
	o := &ordeal{t: t, rand: rand.New(rand.NewPCG(seed, 0))}
	o.fleet = three(t)
	plain, _ := o.record.endpoints()
	var err error
	o.load, err = trial.Start(t.Context(), trial.Options{
		Endpoints: plain, Access: config.DefaultAccessKey, Secret: config.DefaultSecretKey,
		Workloads: []string{"register", "cas", "append", "list", "mpu"}, Clients: 5,
		Timeout: 4 * time.Second, Most: time.Hour, Seed: seed, Repeat: repeat,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			_ = o.load.Close(context.Background()) // the nodes may be gone
		}
	})
	o.keeper = keep(t, plain, seed)
	return o
}

// await waits for the load to be as wanted.
func (o *ordeal) await(what string, ok func(trial.Tally) bool) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), ordealWait)
	defer cancel()
	if err := o.load.Await(ctx, what, ok); err != nil {
		o.t.Fatal(err)
	}
}

// calm waits until every workload, and clients of every node, get on, and then
// for a while longer, so that faults come at any moment.
func (o *ordeal) calm() {
	o.t.Helper()
	o.load.Mark()
	some := 5 + o.rand.IntN(15)
	o.await("it is calm", func(c trial.Tally) bool { return o.load.Each(c, some) && o.load.Everywhere(c, some) })
}

// suffer waits until a write that was begun since a fault has succeeded.
func (o *ordeal) suffer() (r recovery) {
	o.t.Helper()
	o.await("the first write succeeds", func(c trial.Tally) bool { r.op, r.write = c.First, c.FirstWrite; return c.FirstWrite > 0 })
	return r
}

// kill kills a node and has it back.
func (o *ordeal) kill(i int, what string) {
	o.t.Helper()
	o.load.Mark()
	began := time.Now()
	o.murder(i)
	r := o.suffer()
	o.await("every workload goes on", func(c trial.Tally) bool { return o.load.Each(c, 3) })
	o.respawn(i)
	r.back = time.Since(began)
	o.calm()
	o.kills = append(o.kills, r)
	o.t.Logf("%s, %s: first success after %d ms, first write after %d ms, the node was back after %d ms",
		what, o.record.Nodes[i].ID, r.op.Milliseconds(), r.write.Milliseconds(), r.back.Milliseconds())
}

// pause stops the leader's process until the others have gone on without it.
// What it is asked meanwhile it answers when it wakes, and must not answer as if
// it still led.
func (o *ordeal) pause(i int) {
	o.t.Helper()
	o.keeper.put(i, "probe", "old")
	o.load.Mark()
	o.stopped(i)
	r := o.suffer()
	o.await("the others go on", func(c trial.Tally) bool { return c.Total() >= 50 }) // clients that ask the node wait for it
	o.keeper.put((i+1)%3, "probe", "new")
	answers := o.keeper.ask(i, "probe", probes)
	o.woken(i)
	stale, fresh, refused := 0, 0, 0
	for range probes {
		switch a := <-answers; a {
		case "new":
			fresh++
		case "old":
			stale++
		default:
			refused++
		}
	}
	if stale > 0 {
		o.t.Errorf("%s answered %d reads with what was overwritten while it was paused", o.record.Nodes[i].ID, stale)
	}
	o.calm()
	o.t.Logf("pause of the leader, %s: first success after %d ms, first write after %d ms; of %d reads that waited for it %d were answered, %d refused",
		o.record.Nodes[i].ID, r.op.Milliseconds(), r.write.Milliseconds(), probes, fresh, refused)
}

// end judges.
func (o *ordeal) end() {
	o.t.Helper()
	o.keeper.stop()
	if err := o.load.Stop(); err != nil {
		o.t.Error(err)
	}
	hash := o.equal()
	o.whole()
	kept := o.keeper.verify()
	v, err := o.load.Judge(o.t.Context(), o.t.ArtifactDir())
	if err != nil {
		o.t.Fatal(err)
	}
	var says strings.Builder
	v.Write(&says)
	o.t.Logf("the nodes are equal: %s; %d objects that were acknowledged are at every node\n%s", hash, kept, &says)
	if why := trial.Short(v); why != "" {
		o.t.Errorf("%s\nthe history is in %s (with -artifacts it stays)", why, o.t.ArtifactDir())
	}
	o.t.Logf("over %d kills the first success came after at most %s, the first write after at most %s", len(o.kills),
		worst(o.kills, func(r recovery) time.Duration { return r.op }), worst(o.kills, func(r recovery) time.Duration { return r.write }))
	if err := o.load.Close(context.Background()); err != nil {
		o.t.Error(err)
	}
	if err := o.fleet.stop(); err != nil {
		o.t.Error(err)
	}
	o.judgeBlobs()
}

// judgeBlobs reads every blob of every node. The one who knew that a node lacks a
// blob may have been killed; it is enough then that the node finds out when it
// starts again.
func (o *ordeal) judgeBlobs() {
	o.t.Helper()
	blobs, lacking := o.readAll()
	if len(lacking) > 0 {
		o.t.Logf("not yet everywhere, so that the nodes are started again: %s", strings.Join(lacking, "; "))
		o.fleet = start(o.t, o.plan)
		o.whole()
		if err := o.fleet.stop(); err != nil {
			o.t.Error(err)
		}
		blobs, lacking = o.readAll()
	}
	for _, what := range lacking {
		o.t.Error(what)
	}
	if blobs == 0 {
		o.t.Error("no object had a blob: nothing was shown of them")
	}
	o.t.Logf("%d blobs are whole in the directory of every node", blobs)
}

func worst(all []recovery, of func(recovery) time.Duration) (most time.Duration) {
	for _, r := range all {
		most = max(most, of(r))
	}
	return most.Round(time.Millisecond)
}
