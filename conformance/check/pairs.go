package check

import (
	"context"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// pair looks for two keys of a group that are illegal by themselves. An order that
// explains what was seen of all keys explains it of any two, so that the group is
// illegal as well, and two keys are searched when all would take too long. It
// returns nil where there are none.
func (p *part) pair(ctx context.Context) *part {
	if len(p.group) <= 2 {
		return nil
	}
	for i, a := range p.group {
		for _, b := range p.group[i+1:] {
			two := &part{model: model.Group([]string{a, b}), group: []string{a, b}, seen: p.seen}
			for _, op := range p.ops {
				if op.Kind == history.List || op.Key == a || op.Key == b {
					two.ops = append(two.ops, op)
				}
			}
			if two.judge(ctx, nil) == illegal {
				return two
			}
		}
	}
	return nil
}
