package main

import (
	"context"
	"encoding/json"
	"errors"
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
	_, err := ask(ctx, url, "")
	return err
}

// ask returns the answer to a GET, with a bearer token unless that is "".
func ask(ctx context.Context, url, token string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", resp.Status, strings.TrimSpace(string(text)))
	}
	return text, err
}

// ready waits until every node is: it serves, and it votes, so that the cluster
// stands the loss of any minority from now on.
func (f *fleet) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, readyWithin, fmt.Errorf("not within %s", readyWithin))
	defer cancel()
	for i, p := range f.nodes {
		n := f.record.Nodes[i]
		err := f.await(ctx, func() error { return answers(ctx, n.OpsURL+"/readyz") })
		if err == nil {
			err = f.await(ctx, func() error { return f.votes(ctx, n) })
		}
		if err != nil {
			err = fmt.Errorf("%s is not ready: %w\n%s", n.ID, err, p.Said())
			if strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
				err = errors.Join(errTaken, err)
			}
			return err
		}
	}
	return nil
}

// await tries until there is no error. That a node ends, or ctx does, is one.
func (f *fleet) await(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		if dead := f.ended(); dead != nil {
			return fmt.Errorf("%s ended: %s\n%s", dead.name, dead.How(), dead.Said())
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// votes asks a node whether it is a voter by now.
func (f *fleet) votes(ctx context.Context, n nodeRecord) error {
	text, err := ask(ctx, n.OpsURL+"/admin/cluster/status", f.record.AdminToken)
	if err != nil {
		return err
	}
	var all struct {
		Nodes []struct {
			ID    string `json:"id"`
			Voter bool   `json:"voter"`
		} `json:"nodes"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	for _, m := range all.Nodes {
		if m.ID == n.ID && m.Voter {
			return nil
		}
	}
	return errors.New("it does not vote yet")
}

// ended is a node that does not run any more, nil when all do.
func (f *fleet) ended() *launched {
	for _, p := range f.nodes {
		if !p.Runs() {
			return p
		}
	}
	return nil
}
