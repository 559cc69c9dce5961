package kind

import (
	"context"
	"errors"
	"slices"

	"bleepstore/fault"
)

// all does the same to several nodes, one after the other, and takes it back
// from all of them. Where one fails, the rest is left as it is.
func all(ctx context.Context, nodes []string, do func(context.Context, string) (fault.Undo, error)) (fault.Undo, error) {
	var undos []fault.Undo
	undo := func(ctx context.Context) error {
		var errs []error
		for i, u := range slices.Backward(undos) {
			if err := u(ctx); err != nil {
				errs = append(errs, err)
			} else {
				undos = slices.Delete(undos, i, i+1)
			}
		}
		return errors.Join(errs...)
	}
	for _, node := range nodes {
		u, err := do(ctx, node)
		if err != nil {
			return undo, err
		}
		undos = append(undos, u)
	}
	return undo, nil
}

// joined takes several things back, in this order.
func joined(ctx context.Context, undos ...fault.Undo) error {
	var errs []error
	for _, u := range undos {
		errs = append(errs, u(ctx))
	}
	return errors.Join(errs...)
}
