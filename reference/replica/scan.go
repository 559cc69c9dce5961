package replica

import (
	"context"
	"fmt"

	"bleepstore/reference/blob"
)

// namePage is how many names are read at a time.
const namePage = 1000

// scan compares the names with the local copies, both of which come in the order
// of ids. A blob that is named or created while it runs may count as missing;
// who fetches it looks again.
type scan struct {
	s       *Store
	members []Member

	page  []blob.ID // names still to be met
	after blob.ID   // the last name read
	over  bool      // there are no more

	held, beyond int
	missing      []blob.ID
}

func (sc *scan) run(ctx context.Context) error {
	err := sc.s.opt.Local.List(ctx, "", func(i blob.Info) error {
		for {
			id, err := sc.next(ctx)
			switch {
			case err != nil:
				return err
			case id == "":
				return errListed
			case id > i.ID:
				return nil // this copy is not named
			}
			sc.page = sc.page[1:]
			sc.met(id, id == i.ID && !i.Partial)
		}
	})
	if err != nil && err != errListed {
		return fmt.Errorf("compare names with copies: %w", err)
	}
	for {
		id, err := sc.next(ctx)
		if err != nil || id == "" {
			return err
		}
		sc.page = sc.page[1:]
		sc.met(id, false)
	}
}

// next returns the next name without taking it, "" at the end.
func (sc *scan) next(ctx context.Context) (blob.ID, error) {
	if len(sc.page) == 0 && !sc.over {
		page, err := sc.s.opt.Named(ctx, sc.after, namePage)
		if err != nil {
			return "", fmt.Errorf("read names: %w", err)
		}
		sc.page, sc.over = page, len(page) < namePage
		if len(page) > 0 {
			sc.after = page[len(page)-1]
		}
	}
	if len(sc.page) == 0 {
		return "", nil
	}
	return sc.page[0], nil
}

func (sc *scan) met(id blob.ID, here bool) {
	switch {
	case !holds(sc.s.opt.Node, id, sc.members):
	case here:
		sc.held++
	case len(sc.missing) < maxMissing:
		sc.missing = append(sc.missing, id)
	default:
		sc.beyond++
	}
}
