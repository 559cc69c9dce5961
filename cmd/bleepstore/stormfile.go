package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bleepstore/conformance/history"
	"bleepstore/fault"
)

// scheduleFile is what --schedule takes.
const scheduleFile = "schedule.json"

func (s *storm) writeSchedule() error {
	if s.dir == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(s.dir, scheduleFile))
	if err != nil {
		return err
	}
	return errors.Join(fault.WriteSchedule(f, s.schedule), f.Close())
}

func (s *storm) writeJSON(name string, v any) error {
	if s.dir == "" {
		return nil
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, name), append(text, '\n'), 0o644)
}

// banded is a diary by the clock of the operations, which was at offset when the
// diary was begun. A fault that was never taken back lasts until end.
func banded(d fault.Diary, offset, end int64) (bands []history.Band, quorum []history.Quorum) {
	for _, b := range d.Bands {
		k, _ := fault.Find(b.Kind)
		h := history.Band{Kind: b.Kind, Group: k.Group, Says: argued(b), From: offset + int64(b.From), To: offset + int64(b.To), Skipped: oneLine(b.Skipped), Failed: oneLine(b.Failed)}
		if b.To == 0 {
			h.To = max(end, h.From)
		}
		bands = append(bands, h)
	}
	slices.SortStableFunc(bands, func(a, b history.Band) int { return cmp.Compare(a.From, b.From) })
	for _, h := range d.Quorum {
		quorum = append(quorum, history.Quorum{At: offset + int64(h.At), OK: h.OK})
	}
	return bands, quorum
}

// oneLine is a text without line breaks: what a server answered may have some.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// argued is what a diary knows of a fault besides its kind and its times.
func argued(b fault.Band) string {
	a := b.Args
	var parts []string
	add := func(there bool, format string, args ...any) {
		if there {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(a.Node != "", "%s", a.Node)
	add(a.Grudge != "", "%s", a.Grudge)
	add(len(b.On) > 0, "on %s", strings.Join(b.On, " "))
	add(a.Point != "", "at %s", a.Point)
	add(a.Delay != 0, "%s", a.Delay)
	add(a.Share != 0, "%s", strconv.FormatFloat(a.Share, 'g', -1, 64))
	add(a.Bytes != 0, "%d bytes", a.Bytes)
	add(a.Count != 0, "%d times", a.Count)
	return strings.Join(parts, ", ")
}
