package sqlite

import (
	"context"
	"fmt"

	"bleepstore/reference/blob"
)

// dropStep is how many chunks one transaction deletes, so that a large blob
// does not hold up the others.
const dropStep = 16

// Delete removes the blob's row first, then its chunks. It is durable, but a
// crash can leave it to Open to remove the chunks.
func (s *Store) Delete(ctx context.Context, id blob.ID) error {
	if err := id.Check(); err != nil {
		return err
	}
	var num, rest int64
	err := s.commit(ctx, pageSize, func(w *statements) error {
		n, size, ok, err := w.removeBlob(id)
		if err != nil || !ok {
			return err
		}
		if err := w.removeChunks(n, 0, min(dropStep, chunks(size))); err != nil {
			return err
		}
		if num, rest = n, int64(chunks(size)-dropStep); rest > 0 {
			return w.loosen(n)
		}
		return nil
	})
	if err == nil && rest > 0 {
		err = s.drop(num, dropStep, int(rest))
	}
	if err != nil {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// drop removes n loose chunks of num from index on, which are all there are,
// and no context ends it.
func (s *Store) drop(num int64, index, n int) error {
	for {
		step := min(n, dropStep)
		err := s.commit(context.Background(), step*pageSize, func(w *statements) error {
			if err := w.removeChunks(num, index, step); err != nil {
				return err
			}
			if step == n {
				return w.bind(num)
			}
			return nil
		})
		if err != nil || step == n {
			return err
		}
		index, n = index+step, n-step
	}
}

// sweep removes all loose chunks. It is for Open: no Create may run.
func (s *Store) sweep(ctx context.Context) error {
	nums, err := s.loose(ctx)
	if err != nil {
		return err
	}
	for _, num := range nums {
		var first, last int64
		err := s.write.QueryRowContext(ctx, `SELECT coalesce(min(pos), 0), coalesce(max(pos), -1) FROM chunk WHERE pos >= ? AND pos < ?`,
			position(num, 0), position(num+1, 0)).Scan(&first, &last)
		if err != nil {
			return err
		}
		index := int(first - position(num, 0))
		if err := s.drop(num, max(index, 0), int(last-first+1)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) loose(ctx context.Context) ([]int64, error) {
	rows, err := s.write.QueryContext(ctx, "SELECT num FROM loose")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var nums []int64
	for rows.Next() {
		var num int64
		if err := rows.Scan(&num); err != nil {
			return nil, err
		}
		nums = append(nums, num)
	}
	return nums, rows.Err()
}
