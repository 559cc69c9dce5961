package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

// readyWithin is how long a cluster has to be ready.
const readyWithin = 60 * time.Second

// vacant waits for nodes that a killed parent has left, and that are about to
// end, and refuses a directory whose nodes stay.
func (f *fleet) vacant(ctx context.Context) error {
	deadline := time.Now().Add(f.plan.drain + 5*time.Second)
	for i, said := 0, false; i < len(f.record.Nodes); {
		n := f.record.Nodes[i]
		switch {
		case !runs(n.PID) || answers(ctx, n.OpsURL+"/healthz") != nil:
			i++
			continue
		case f.record.PID != os.Getpid() && runs(f.record.PID) || time.Now().After(deadline):
			return fmt.Errorf("%s is in use: %s runs as process %d, started by process %d", f.plan.dir, n.ID, n.PID, f.record.PID)
		case !said:
			fmt.Fprintf(f.notes, "waiting for %s, process %d, to end: its parent is gone\n", n.ID, n.PID)
			said = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil
}

// runs says whether there is a process of that id.
func runs(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, err := os.FindProcess(pid)
	return err == nil && p.Signal(syscall.Signal(0)) == nil
}

// answers asks for a URL; an answer other than 200 is an error.
func answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 200))
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return nil
}

// ready waits until every node is.
func (f *fleet) ready(ctx context.Context) error {
	deadline := time.Now().Add(readyWithin)
	for i, p := range f.nodes {
		n := f.record.Nodes[i]
		for {
			err := answers(ctx, n.OpsURL+"/readyz")
			if err == nil {
				break
			}
			if dead := f.ended(); dead != nil {
				return fmt.Errorf("%s ended before it was ready: %w\n%s", dead.name, dead.how(), dead.said())
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s was not ready within %s: %w\n%s", n.ID, readyWithin, err, p.said())
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	return nil
}

// ended is a node that does not run any more, nil when all do.
func (f *fleet) ended() *process {
	for _, p := range f.nodes {
		select {
		case <-p.ended:
			return p
		default:
		}
	}
	return nil
}
