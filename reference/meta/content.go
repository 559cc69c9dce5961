package meta

import (
	"database/sql/driver"
	"fmt"
)

// partBits is how many bits of an inline row's id are the part number.
const partBits = 14

func inlineID(content int64, part int64) int64 { return content<<partBits | part }

// extentBase is the place of a part's first extent.
func extentBase(part int64) int64 { return part << 32 }

func (m *machine) putInline(content, part int64, body []byte) error {
	return m.c.exec("INSERT OR REPLACE INTO inline(id, data) VALUES(?, ?)", inlineID(content, part), body)
}

func (m *machine) putExtents(content, part int64, extents []Extent) error {
	for i, e := range extents {
		if err := m.c.exec("INSERT INTO extent(content, n, blob, off, len) VALUES(?, ?, ?, ?, ?)",
			content, extentBase(part)+int64(i), e.Blob, e.Off, e.Len); err != nil {
			return err
		}
	}
	return nil
}

// dropContent gives up the bytes of a version. An inline row goes at once; all
// else waits as garbage, so that reads and copies under way find it and no
// command is longer for a larger object.
func (m *machine) dropContent(r *record) error {
	switch {
	case r.content == 0:
		return nil
	case r.is(flagPlain):
		return m.c.exec("DELETE FROM inline WHERE id = ?", inlineID(r.content, 0))
	}
	return m.discard(r.content)
}

func (m *machine) discard(content int64) error {
	return m.c.exec("INSERT INTO garbage(at, content) VALUES(?, ?)", m.st.stamp, content)
}

// contentHas tells whether a content still is size bytes long. Reap shortens
// one from its end, extents last to first, so that no other piece can be
// missing of one that is as long as it was.
func (m *machine) contentHas(content, size int64) (bool, error) {
	r, err := m.c.first("SELECT COALESCE(SUM(len), 0) FROM extent WHERE content = ?", content)
	if err != nil {
		return false, err
	}
	return num(r[0]) == size, nil
}

// shareContent makes to name the bytes of from as well.
func (m *machine) shareContent(from, to int64) error {
	if err := m.c.exec("INSERT INTO extent(content, n, blob, off, len) SELECT ?, n, blob, off, len FROM extent WHERE content = ? ORDER BY n", to, from); err != nil {
		return err
	}
	return m.c.exec("INSERT INTO inline(id, data) SELECT id + ?, data FROM inline WHERE id BETWEEN ? AND ? ORDER BY id",
		inlineID(to-from, 0), inlineID(from, 0), inlineID(from+1, 0)-1)
}

// A run is an extent of a content with its place in it.
type run struct {
	n int64
	Extent
}

func runOf(r []driver.Value) run {
	return run{n: num(r[0]), Extent: Extent{Blob: text(r[1]), Off: num(r[2]), Len: num(r[3])}}
}

const selectRuns = "SELECT n, blob, off, len FROM extent WHERE content = ? ORDER BY n"

// slice returns length bytes at off of a content, as extents and the bytes
// that those without blob mean; whole is false when not all of it is there.
func (m *machine) slice(content, off, length int64) (extents []Extent, body []byte, whole bool, err error) {
	var cut []run
	err = m.c.each(func(r []driver.Value) error {
		e := runOf(r)
		skip := min(off, e.Len)
		off -= skip
		e.Off, e.Len = e.Off+skip, min(e.Len-skip, length)
		if e.Len > 0 {
			length -= e.Len
			cut = append(cut, e)
		}
		return nil
	}, selectRuns, content)
	if err != nil || length > 0 {
		return nil, nil, false, err
	}
	for _, e := range cut {
		if e.Blob == "" {
			data, err := inlineRow(m.c, inlineID(content, e.n>>32))
			if err != nil {
				return nil, nil, false, err
			}
			if e.Off+e.Len > int64(len(data)) {
				return nil, nil, false, fmt.Errorf("extent %d of content %d is behind its bytes", e.n, content)
			}
			data = data[e.Off : e.Off+e.Len]
			e.Off = int64(len(body))
			body = append(body, data...)
		}
		extents = append(extents, e.Extent)
	}
	return extents, body, true, nil
}

func inlineRow(c *conn, id int64) ([]byte, error) {
	r, err := c.first("SELECT data FROM inline WHERE id = ?", id)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("inline row %d is missing", id)
	}
	return blob(r[0]), nil
}
