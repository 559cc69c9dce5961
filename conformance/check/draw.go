package check

import (
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
// violations into dir.
func (w *work) draw(ctx context.Context, dir string) error {
	drawn := map[string]string{}
	for i := range w.out.Violations {
		v := &w.out.Violations[i]
		if v.Key == "" || len(drawn) == drawings && drawn[v.Key] == "" {
			continue
		}
		if drawn[v.Key] == "" {
			name := fmt.Sprintf("%s-%d.html", w.Name, len(drawn)+1)
			ok, err := w.drawKey(ctx, v, filepath.Join(dir, name))
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
func (w *work) drawKey(ctx context.Context, v *Violation, path string) (drawn bool, err error) {
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
	f, err := os.Create(path)
	if err != nil {
		return false, err
	}
	return true, errors.Join(porcupine.Visualize(pm, info, f), f.Close())
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
