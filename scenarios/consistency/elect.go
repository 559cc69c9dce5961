package consistency

import (
	"context"
	"fmt"
	"sync"

	"bleepstore/conformance/history"
	. "bleepstore/scenarios"
)

// elect is a row of elections: several writers create the same key at the same
// moment, and whoever does not get a refusal believes to have won.
var elect = Workload{
	Name:    "elect",
	Rule:    "Z-03",
	Says:    "Of several writers that create one key with If-None-Match: * at the same moment, exactly one MUST succeed, and it is that one's object that MUST be read.",
	Ref:     refWrites,
	Model:   "elect",
	Needs:   []Feature{Objects, ConditionalWrite},
	Clients: 10, Keys: 2, Wear: maxWear,
	Drive: elections,
}

// elections lets groups of clients hold one election after the other, each on a
// key of its own.
func elections(ctx context.Context, r *run) {
	r.groups(ctx, func(group int, writers []*client) {
		for n := 0; !r.over(ctx); n++ {
			h := r.pool.open(fmt.Sprintf("%s/%d/%06d", r.Name, group, n))
			together(writers, func(c *client) {
				c.put(ctx, h, h.keys[0], c.small(), history.Arg{IfNoneMatch: "*"})
				if c.doubt != "" || c.rand.IntN(3) == 0 { // who asks, and may ask before the last has voted
					c.doubt = ""
					c.get(ctx, h, h.keys[0])
				}
			})
			writers[0].think(ctx)
		}
	})
}

// groups parts the clients into groups of at most maxHolders and lets each do
// something until the run is over.
func (r *run) groups(ctx context.Context, do func(group int, members []*client)) {
	var all sync.WaitGroup
	for from := 0; from < r.Clients; from += maxHolders {
		var members []*client
		for n := from; n < min(from+maxHolders, r.Clients); n++ {
			members = append(members, r.client(n))
		}
		all.Go(func() { do(from/maxHolders, members) })
	}
	all.Wait()
}

// together lets clients do something at the same moment, and waits for them.
func together(clients []*client, do func(*client)) {
	ready := make(chan struct{})
	var done sync.WaitGroup
	for _, c := range clients {
		done.Go(func() {
			<-ready
			do(c)
		})
	}
	close(ready)
	done.Wait()
}
