package meta

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden log of this version anew")

// golden is the log of one version of the state machine.
func golden(version int) string { return fmt.Sprintf("testdata/golden-%d.log", version) }

// The log of every version leads to the state that it led to then. A change of
// a file's hash means that clusters of mixed versions diverge.
func TestGoldenLog(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	kinds := map[string]bool{}
	for version := 1; version <= StateVersion; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) { replayGolden(t, golden(version), kinds) })
	}
	for _, op := range samples() {
		if !kinds[op.kind()] {
			t.Errorf("the golden logs have no %s", op.kind())
		}
	}
}

// replayGolden applies a log and notes which kinds of command it has.
func replayGolden(t *testing.T, file string, kinds map[string]bool) {
	lines, want := readGolden(t, file)
	s := openFile(t)
	for i, line := range lines {
		c, err := Decode([]byte(line))
		if err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		kinds[c.Op.kind()] = true
		if _, err := s.db.Apply([]Entry{{Index: uint64(i + 1), Command: c}}); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
	}
	if got := s.hash(); got != want {
		t.Errorf("state is %s, want %s", got, want)
	}
	s.explain()
}

func readGolden(t *testing.T, file string) (lines []string, hash string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		if h, ok := strings.CutPrefix(sc.Text(), "hash "); ok {
			return lines, h
		}
		line, err := strconv.Unquote(sc.Text())
		if err != nil {
			t.Fatalf("line %d: %v", len(lines)+1, err)
		}
		lines = append(lines, line)
	}
	t.Fatal(errors.Join(sc.Err(), errors.New("no hash at the end")))
	return nil, ""
}

func writeGolden(t *testing.T) {
	t.Helper()
	s := openMemory(t)
	var b strings.Builder
	for _, e := range rapid.Custom(func(rt *rapid.T) []Entry {
		entries, _ := s.record(rt, 400)
		return entries
	}).Example(1) {
		c, err := Encode(e.Command)
		if err != nil {
			t.Fatal(err)
		}
		b.WriteString(strconv.QuoteToASCII(string(c)) + "\n")
	}
	b.WriteString("hash " + s.hash() + "\n")
	if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden(StateVersion), []byte(b.String()), 0o644)); err != nil {
		t.Fatal(err)
	}
}
