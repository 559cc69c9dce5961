package fault

import (
	"context"
	"slices"
)

// hitKey is what a context carries, of type func(string), that wants to know to
// whom a fault is done.
type hitKey struct{}

// hit tells the diary to whom a fault turned out to be done: where an event
// leaves that open, the schedule does not say.
func hit(ctx context.Context, whom ...string) {
	if tell, ok := ctx.Value(hitKey{}).(func(string)); ok {
		for _, w := range whom {
			tell(w)
		}
	}
}

// witness is a context that has a band of the diary say to whom its fault is
// done.
func (n *Nemesis) witness(ctx context.Context, band int) context.Context {
	return context.WithValue(ctx, hitKey{}, func(whom string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		b := &n.diary.Bands[band]
		if !slices.Contains(b.On, whom) {
			b.On = append(slices.Clip(b.On), whom) // Diary has handed the old one out
		}
	})
}

// spell names edges, one both ways as a-b, one from a to b as a>b.
func spell(edges []Edge) (names []string) {
	for _, e := range edges {
		if back := (Edge{e.To, e.From}); !slices.Contains(edges, back) {
			names = append(names, e.From+">"+e.To)
		} else if e.From < e.To {
			names = append(names, e.From+"-"+e.To)
		}
	}
	return names
}
