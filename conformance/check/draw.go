package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/anishathalye/porcupine"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// Drawings are made of so many failing keys a workload. Of a history that no
// browser could show none is made.
const (
	drawings = 3
	drawnOps = 2000
)

// draw puts porcupine's drawing of the operations around each of the first
// violations into dir, and the faults, which may be nil, under them.
func (w *work) draw(ctx context.Context, dir string, faults *history.Faults) error {
	drawn := map[string]string{}
	for i := range w.out.Violations {
		v := &w.out.Violations[i]
		if v.Key == "" || len(drawn) == drawings && drawn[v.Key] == "" {
			continue
		}
		if drawn[v.Key] == "" {
			name := fmt.Sprintf("%s-%d.html", w.Name, len(drawn)+1)
			ok, err := w.drawKey(ctx, v, filepath.Join(dir, name), faults)
			if err != nil {
				return fmt.Errorf("draw: %w", err)
			}
			if !ok {
				continue
			}
			drawn[v.Key] = name
		}
		v.HTML = drawn[v.Key]
	}
	return nil
}

// drawKey draws the history of the key that v is about. It draws nothing where
// the search does not end.
func (w *work) drawKey(ctx context.Context, v *Violation, path string, faults *history.Faults) (drawn bool, err error) {
	p := w.partOf(v)
	if len(p.ops) == 0 || len(p.ops) > drawnOps {
		return false, nil
	}
	if linearizable(ctx, p.model, p.ops) == open {
		return false, nil
	}
	pm := porcupine.Model{
		Init: func() any { return p.model.Init },
		Step: func(s, in, _ any) (bool, any) {
			next, ok := p.model.Step(s, in.(*history.Op))
			return ok, next
		},
		Equal:         p.model.Equal,
		Hash:          p.model.Hash,
		DescribeState: p.model.Describe,
		DescribeOperation: func(in, _ any) string {
			op := in.(*history.Op)
			if op.Kind.Reads() && op.Outcome == history.OK {
				return tell(op) + " saw " + saw(op)
			}
			return tell(op)
		},
	}
	_, info := porcupine.CheckOperationsVerbose(pm, operations(p.ops), 0)
	info.AddAnnotations(annotations(faults, p.ops))
	f, err := os.Create(path)
	if err != nil {
		return false, err
	}
	return true, errors.Join(porcupine.Visualize(pm, info, f), f.Close())
}

// annotations are the bands of the faults that overlap the operations, a row a
// group of kinds, and of the times without a quorum.
func annotations(f *history.Faults, ops []*history.Op) (out []porcupine.Annotation) {
	if f == nil {
		return nil
	}
	span := stretch{ops[0].Call, ops[0].Call}
	for _, op := range ops {
		span = stretch{min(span.from, op.Call), max(span.to, op.Call)}
		if op.Ended() {
			span.to = max(span.to, op.Return)
		}
	}
	add := func(tag, says, details string, s stretch, color string) {
		if s.to < span.from || s.from > span.to {
			return
		}
		s = s.cut(span)
		out = append(out, porcupine.Annotation{Tag: tag, Start: s.from, End: s.to, Description: says, Details: details, BackgroundColor: color})
	}
	for _, b := range f.Done() {
		add("fault: "+cmp.Or(b.Group, b.Kind), b.Kind, b.Says+" "+b.Failed, stretch{b.From, b.To}, "#ffd8a8")
	}
	w := NewWindows(f)
	from := f.From
	for _, s := range append(w.alive(), stretch{f.To, f.To}) {
		if s.from > from {
			add("no quorum", "no quorum", "", stretch{from, s.from}, "#ffc9c9")
		}
		from = s.to
	}
	return out
}

// partOf is what v was found in. What needed no search is drawn as the level
// judges it that takes most in.
func (w *work) partOf(v *Violation) part {
	for _, t := range w.tasks {
		if i := slices.Index(t.levels, v.Breaks); t.name == v.Key && i >= 0 {
			return t.parts[i]()
		}
	}
	level := max(v.Breaks, model.Register)
	if v.Breaks == model.Raw && w.has(model.List) {
		level = model.List
	}
	for at, k := range w.keys {
		if at.key == v.Key {
			return w.part(k, level)
		}
	}
	return part{}
}
