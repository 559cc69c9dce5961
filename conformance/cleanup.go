package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"bleepstore/scenarios"
)

// A Cleanup is what CleanUp did.
type Cleanup struct {
	Removed []string // buckets and names that are gone now, "objects in NAME" for the user's own bucket
	Left    []string
	Why     error // joined, of what is left
}

// CleanUp finishes what a run that was cut off left behind, from its ledger.
// Endpoint and region are the ledger's unless o gives them. The file is
// removed when nothing is left. A non-nil error means that nothing was tried;
// it tells its exit code.
func CleanUp(ctx context.Context, file string, o Options, getenv func(string) string) (Cleanup, error) {
	ledger, left, err := scenarios.OpenLedger(file)
	if err != nil {
		return Cleanup{}, usage("%w", err)
	}
	defer ledger.Close()
	if len(o.Endpoint) == 0 {
		o.Endpoint = []string{left.Run.Endpoint}
	}
	if o.Region == "" {
		o.Region = left.Run.Region
	}
	target, err := o.target(getenv)
	if err != nil {
		return Cleanup{}, err
	}
	target.Addressing = scenarios.PathStyle
	if left.Run.Shared {
		target.Bucket = left.Run.Bucket
	}
	if _, err := preflight(ctx, &target); err != nil {
		return Cleanup{}, err
	}
	ses := scenarios.NewSession(target, ledger)
	defer ses.Close()
	done := removeAll(ctx, ses, left)
	if len(done.Left) == 0 {
		if err := os.Remove(file); err != nil {
			return done, fmt.Errorf("remove the ledger: %w", err)
		}
	}
	return done, nil
}

func removeAll(ctx context.Context, ses *scenarios.Session, left scenarios.Leftover) Cleanup {
	var done Cleanup
	note := func(name string, err error) {
		if err != nil {
			done.Left, done.Why = append(done.Left, name), errors.Join(done.Why, err)
		} else {
			done.Removed = append(done.Removed, name)
		}
	}
	for _, b := range left.Buckets {
		note(b, ses.Remove(ctx, b))
	}
	for _, b := range left.Reserved {
		if err := ses.RemoveReserved(ctx, b); err != nil {
			note(b, err) // as a rule there was nothing to remove: only a failure is told
		}
	}
	for _, b := range slices.Sorted(maps.Keys(left.Keys)) {
		note("objects in "+b, ses.RemoveKeys(ctx, b, left.Keys[b]))
	}
	return done
}
