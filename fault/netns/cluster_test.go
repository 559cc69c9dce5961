//go:build linux

package netns_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bleepstore/fault"
	_ "bleepstore/fault/kind"
	"bleepstore/fault/netns"
	"bleepstore/fault/process"
)

// askers is a topology of servers that ask one another.
const askers = `
name: asker
access-key: a
secret-key: s
nodes: [n1, n2, n3]
node:
  command: ["{self}"]
  env: {BLEEPSTORE_NETNS_TEST: asker, ADDR: "{addr}"}
  ready: {url: "http://{addr}/"}
`

// asker is one: GET /ask?url=U is whether it gets an answer from U.
func asker() error {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/ask", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, "GET", r.FormValue("url"), nil)
		if err == nil {
			var res *http.Response
			if res, err = (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req); err == nil {
				err = res.Body.Close()
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	return http.ListenAndServe(os.Getenv("ADDR"), mux)
}

// TestCluster: the processes of any topology live in a lab, and the faults that
// there are for clusters come over them.
func TestCluster(t *testing.T) {
	l := lab(t)
	top, err := process.Parse([]byte(askers))
	if err != nil {
		t.Fatal(err)
	}
	c, err := process.Start(t.Context(), top, process.Options{Dir: t.TempDir(), Lab: l})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	urls := c.Endpoints()
	reaches := func(from, to int) error {
		res, err := http.Get(urls[from] + "/ask?url=" + urls[to])
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if text, _ := io.ReadAll(res.Body); res.StatusCode != 200 {
			return fmt.Errorf("%s", text)
		}
		return nil
	}
	n := fault.NewNemesis(c)
	for _, kind := range []string{"net.cut", "net.refuse"} {
		undo, err := n.Apply(t.Context(), fault.Event{Kind: kind, Args: fault.Args{Grudge: "one", Pick: 1}})
		if err != nil {
			t.Fatal(err)
		}
		var broken atomic.Int32
		var all sync.WaitGroup
		for from := range urls {
			for to := range urls {
				all.Go(func() {
					if reaches(from, to) != nil {
						broken.Add(1)
					}
				})
			}
		}
		all.Wait()
		if broken := broken.Load(); broken != 4 {
			t.Errorf("%s of one node: %d of 9 edges are broken, want 4", kind, broken)
		}
		if err := undo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	undo, err := n.Apply(t.Context(), fault.Event{Kind: "proc.kill", Args: fault.Args{Node: "n2"}})
	if err != nil {
		t.Fatal(err)
	}
	if reaches(0, 1) == nil {
		t.Error("n2 answers, and has been killed")
	}
	if err := undo(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := reaches(0, 1); err != nil {
		t.Error(err)
	}
}

var _ process.Lab = (*netns.Lab)(nil)
