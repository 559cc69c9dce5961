package meta

import (
	"bufio"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden log anew")

const golden = "testdata/golden-1.log"

// The log of an earlier version leads to the state that it led to then.
// A change of this file's hash means that clusters of mixed versions diverge.
func TestGoldenLog(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	lines, want := readGolden(t)
	s := openFile(t)
	kinds := map[string]bool{}
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
	for _, op := range samples() {
		if !kinds[op.kind()] {
			t.Errorf("the golden log has no %s", op.kind())
		}
	}
	s.explain()
}

func readGolden(t *testing.T) (lines []string, hash string) {
	t.Helper()
	f, err := os.Open(golden)
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
	if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o755), os.WriteFile(golden, []byte(b.String()), 0o644)); err != nil {
		t.Fatal(err)
	}
}
