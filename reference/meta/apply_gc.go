package meta

import "database/sql/driver"

// fence raises the epoch if nobody did it before.
func (m *machine) fence(op Fence) (Result, error) {
	if m.st.epoch == op.Epoch {
		m.st.epoch++
	}
	return Result{Epoch: m.st.epoch}, nil
}

// reap forgets old garbage. A blob that no content names any more is handed
// out once, to be unlinked; if that is lost, the sweep finds it.
func (m *machine) reap(op Reap) (Result, error) {
	var res Result
	for left := op.Max; left > 0; {
		r, err := m.c.first("SELECT at, content FROM garbage WHERE at <= ? ORDER BY at, content LIMIT 1", m.st.stamp-op.Grace.Milliseconds())
		if err != nil {
			return Result{}, err
		}
		if r == nil {
			break
		}
		at, content := num(r[0]), num(r[1])
		blobs, rows, err := m.shorten(content, left)
		if err != nil {
			return Result{}, err
		}
		res.Blobs = append(res.Blobs, blobs...)
		if rows == left { // it may have more
			break
		}
		left -= rows + 1
		if err := m.forget(at, content); err != nil {
			return Result{}, err
		}
	}
	return res, nil
}

// shorten removes at most limit extents of a content, the last ones first
// (see contentHas), and returns the blobs that nothing names any more.
func (m *machine) shorten(content int64, limit int) (orphans []string, rows int, err error) {
	var cut []run
	err = m.c.each(func(r []driver.Value) error {
		cut = append(cut, runOf(r))
		return nil
	}, "SELECT n, blob, off, len FROM extent WHERE content = ? ORDER BY n DESC LIMIT ?", content, int64(limit))
	if err != nil {
		return nil, 0, err
	}
	for _, e := range cut {
		if err := m.c.exec("DELETE FROM extent WHERE content = ? AND n = ?", content, e.n); err != nil {
			return nil, 0, err
		}
		if e.Blob == "" {
			continue
		}
		named, err := referenced(m.c, e.Blob)
		if err != nil {
			return nil, 0, err
		}
		if !named {
			orphans = append(orphans, e.Blob)
		}
	}
	return orphans, len(cut), nil
}

// forget removes what is left of a content without extents.
func (m *machine) forget(at, content int64) error {
	if err := m.c.exec("DELETE FROM part WHERE content = ?", content); err != nil {
		return err
	}
	if err := m.c.exec("DELETE FROM inline WHERE id BETWEEN ? AND ?", inlineID(content, 0), inlineID(content+1, 0)-1); err != nil {
		return err
	}
	return m.c.exec("DELETE FROM garbage WHERE at = ? AND content = ?", at, content)
}

// referenced tells whether any content, garbage too, names a blob.
func referenced(c *conn, blob string) (bool, error) {
	r, err := c.first("SELECT EXISTS(SELECT 1 FROM extent WHERE blob = ? AND blob <> '')", blob)
	if err != nil {
		return false, err
	}
	return num(r[0]) != 0, nil
}
