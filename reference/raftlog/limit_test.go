package raftlog

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
)

// childBatches stores batches between the lines "begin" and "end", which it
// writes to standard error, where strace sees them.
func childBatches(args []string) error {
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	s, err := Open(Options{Path: args[0]})
	if err != nil {
		return err
	}
	for i := range n + 1 {
		if i == 1 { // the first made the WAL
			fmt.Fprintln(os.Stderr, "begin")
		}
		if err := s.StoreLogs(run(uint64(i*10+1), uint64(i*10+10), 1)); err != nil {
			return err
		}
	}
	fmt.Fprintln(os.Stderr, "end")
	return s.Close()
}

// Every batch costs exactly one fsync.
func TestOneSyncPerBatch(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("no strace to count them with")
	}
	const batches = 50
	path, trace := tempPath(t), t.TempDir()+"/trace"
	cmd := exec.Command(strace, "-f", "-e", "trace=fsync,fdatasync,sync_file_range,write", "-o", trace, os.Args[0], path, fmt.Sprint(batches))
	cmd.Env = append(os.Environ(), childEnv+"=batches")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v\n%s", err, out)
	}
	seen, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	between := regexp.MustCompile(`(?s)write\(2, "begin.*write\(2, "end`).Find(seen)
	syncs := regexp.MustCompile(`(?m)(fsync|fdatasync|sync_file_range)\(`).FindAll(between, -1)
	if len(syncs) != batches {
		t.Errorf("%d batches cost %d syncs:\n%s", batches, len(syncs), between)
	}
}
