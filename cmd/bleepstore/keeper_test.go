//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
	"time"

	"bleepstore/reference/config"
	"bleepstore/scenarios/sign"
)

// A keeper writes objects to all nodes, each once under a name of its own, and
// remembers those that were acknowledged: these must be there in the end.
type keeper struct {
	t       *testing.T
	nodes   []string // URLs
	seed    uint64
	client  *http.Client
	enough  chan struct{}
	writers sync.WaitGroup

	mu   sync.Mutex
	kept map[string]int // seed of the body by key
}

// keeperSizes are those of bodies in the log, and of such as are blobs.
var keeperSizes = []int{100, 20 << 10, 150 << 10}

// keep begins to write.
func keep(t *testing.T, nodes []string, seed uint64) *keeper {
	k := &keeper{t: t, nodes: nodes, seed: seed, enough: make(chan struct{}), kept: map[string]int{},
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 4}, Timeout: 10 * time.Second}}
	t.Cleanup(k.stop)
	if status, text := k.do(t.Context(), http.MethodPut, 0, "", nil); status != http.StatusOK {
		t.Fatalf("create bucket: %d %s", status, text)
	}
	for i := range nodes {
		k.writers.Go(func() { k.write(i) })
	}
	return k
}

// write writes to one node until it is enough, at a pace that leaves the server
// to others.
func (k *keeper) write(node int) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-k.enough:
			return
		case <-tick.C:
		}
		key := fmt.Sprintf("kept/%d/%06d", node, n)
		if status, _ := k.do(context.Background(), http.MethodPut, node, key, k.body(key, n)); status == http.StatusOK {
			k.mu.Lock()
			k.kept[key] = n
			k.mu.Unlock()
		}
	}
}

// body is what the n-th object of a key holds.
func (k *keeper) body(key string, n int) []byte {
	b := bytes.Repeat([]byte(key+" "), keeperSizes[n%len(keeperSizes)]/(len(key)+1)+1)
	r := rand.New(rand.NewPCG(k.seed, uint64(n)))
	for range 16 {
		b[r.IntN(len(b))] = byte(r.Uint32())
	}
	return b
}

func (k *keeper) stop() {
	k.mu.Lock()
	select {
	case <-k.enough:
	default:
		close(k.enough)
	}
	k.mu.Unlock()
	k.writers.Wait()
	k.client.CloseIdleConnections()
}

// verify reads what was acknowledged from every node, and returns how many
// objects that is.
func (k *keeper) verify() int {
	k.t.Helper()
	var readers sync.WaitGroup
	for node := range k.nodes {
		readers.Go(func() {
			for key, n := range k.kept {
				status, got := k.do(k.t.Context(), http.MethodGet, node, key, nil)
				if status != http.StatusOK || !bytes.Equal(got, k.body(key, n)) {
					k.t.Errorf("%s was acknowledged, and is not at node %d: %d, %d bytes", key, node+1, status, len(got))
				}
			}
		})
	}
	readers.Wait()
	if len(k.kept) == 0 {
		k.t.Error("no object was acknowledged")
	}
	k.client.CloseIdleConnections()
	return len(k.kept)
}

// put writes an object by way of a node, until that is acknowledged.
func (k *keeper) put(node int, key, value string) {
	k.t.Helper()
	eventually(k.t, "write "+key, func() bool {
		status, _ := k.do(k.t.Context(), http.MethodPut, node, key, []byte(value))
		return status == http.StatusOK
	})
}

// ask sends n reads of an object to a node that is paused, and returns when all
// are sent; the answers are bodies, or "" for none.
func (k *keeper) ask(node int, key string, n int) <-chan string {
	answers := make(chan string, n)
	var sent sync.WaitGroup
	for range n {
		sent.Add(1)
		once := sync.OnceFunc(sent.Done)
		ctx := httptrace.WithClientTrace(k.t.Context(), &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { once() }})
		go func() {
			status, text := k.do(ctx, http.MethodGet, node, key, nil)
			once() // also where nothing could be sent
			if status != http.StatusOK {
				text = nil
			}
			answers <- string(text)
		}()
	}
	sent.Wait()
	return answers
}

// do sends one request, and never twice. Status 0 is no answer, or half of one.
func (k *keeper) do(ctx context.Context, method string, node int, key string, body []byte) (status int, text []byte) {
	req, err := http.NewRequestWithContext(ctx, method, k.nodes[node]+"/keeper/"+key, bytes.NewReader(body))
	if err == nil {
		req.GetBody = nil // without which nothing is sent again
		scope := sign.Scope{Access: config.DefaultAccessKey, Secret: config.DefaultSecretKey, Region: "us-east-1", Service: "s3", Time: time.Now()}
		err = sign.Header(req, scope, sign.Hash(sign.Signed, body))
	}
	if err != nil {
		return 0, []byte(err.Error())
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return 0, []byte(err.Error())
	}
	defer resp.Body.Close()
	if text, err = io.ReadAll(resp.Body); err != nil {
		return 0, []byte(err.Error())
	}
	return resp.StatusCode, text
}
