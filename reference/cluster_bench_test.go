package reference_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"bleepstore/reference"
)

// BenchmarkCluster measures what three nodes on one disk cost beside one, with
// clients spread over the nodes:
//
//	go test ./reference -run XXX -bench Cluster -benchtime 3s
//
// The last line of each row is the ratio of their requests a second.
func BenchmarkCluster(b *testing.B) {
	one := reference.Start(b, func(c *reference.Config) { c.Backend = reference.Local })
	three := reference.StartCluster(b, 3)
	nodes := []*reference.Instance{three.Node(0), three.Node(1), three.Node(2)}
	for _, servers := range [][]*reference.Instance{{one}, nodes} {
		b.StopTimer()
		newCrowd(b, servers, 1, 0).must("PUT", servers[0].URL+"/bkt", nil)
	}
	for _, size := range []int{4 << 10, 1 << 20} {
		for _, method := range []string{"PUT", "GET"} {
			for _, clients := range []int{1, 16, 256} {
				if size > 4<<10 {
					clients = min(clients, 64) // more bodies at a time are refused
				}
				b.Run(fmt.Sprintf("%s/%dKiB/clients=%d", method, size>>10, clients), func(b *testing.B) {
					var rates [2]float64
					for i, servers := range [][]*reference.Instance{{one}, nodes} {
						c := newCrowd(b, servers, clients, size)
						if method == "GET" {
							c.run("PUT", 3*clients)
						}
						began := time.Now()
						c.run(method, b.N)
						rates[i] = float64(b.N) / time.Since(began).Seconds()
					}
					b.ReportMetric(rates[0], "one/s")
					b.ReportMetric(rates[1], "three/s")
					b.ReportMetric(rates[1]/rates[0], "three:one")
				})
			}
		}
	}
}

// A crowd are clients of some servers, each with a key of its own in turn.
type crowd struct {
	b       *testing.B
	servers []*reference.Instance
	clients int
	body    []byte
	http    *http.Client
}

func newCrowd(b *testing.B, servers []*reference.Instance, clients, size int) *crowd {
	t := &http.Transport{MaxIdleConnsPerHost: clients}
	b.Cleanup(t.CloseIdleConnections)
	return &crowd{b: b, servers: servers, clients: clients, body: bytesOf(uint64(size), size), http: &http.Client{Transport: t}}
}

// run sends n requests in all.
func (c *crowd) run(method string, n int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for i := range c.clients {
		wg.Go(func() {
			server := c.servers[i%len(c.servers)]
			for j := next.Add(1); j <= int64(n); j = next.Add(1) {
				c.must(method, fmt.Sprintf("%s/bkt/%d-%d-%d", server.URL, len(c.body), i, j%3), c.body)
			}
		})
	}
	wg.Wait()
}

// must sends one request; a GET may find nothing where its client was never let
// write.
func (c *crowd) must(method, url string, body []byte) {
	if method == "GET" {
		body = nil
	}
	r, err := http.NewRequestWithContext(c.b.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		c.b.Error(err)
		return
	}
	r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	owner := c.servers[0]
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(c.b.Context(), aws.Credentials{AccessKeyID: owner.AccessKey, SecretAccessKey: owner.SecretKey}, r, "UNSIGNED-PAYLOAD", "s3", "us-east-1", time.Now()); err != nil {
		c.b.Error(err)
		return
	}
	resp, err := c.http.Do(r)
	if err != nil {
		c.b.Error(err)
		return
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode >= 300 && (method != "GET" || resp.StatusCode != 404) {
		c.b.Errorf("%s %s: %d, %v", method, url, resp.StatusCode, err)
	}
}
