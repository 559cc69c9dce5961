package reference_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/crypt"
)

// A bubble is a cluster without sockets: it lives in virtual time.
type bubble struct {
	t       *testing.T
	net     *memoryNet
	change  func(node int, c *reference.Config)
	nodes   []*reference.Server
	ended   []chan error
	clients []*s3.Client
	idle    []func()
}

func newBubble(t *testing.T, n int, change func(node int, c *reference.Config)) *bubble {
	b := &bubble{t: t, net: newMemoryNet(), change: change, nodes: make([]*reference.Server, n), ended: make([]chan error, n)}
	for i := range n {
		transport := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) { return b.net.dial(ctx, "client", addr) }}
		b.idle = append(b.idle, transport.CloseIdleConnections)
		b.clients = append(b.clients, s3.NewFromConfig(aws.Config{
			Region: "us-east-1", BaseEndpoint: aws.String(fmt.Sprintf("http://n%d:9000", i+1)),
			Credentials: credentials.NewStaticCredentialsProvider("access", "a secret key", ""),
			HTTPClient:  &http.Client{Transport: transport}, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		}, func(o *s3.Options) { o.UsePathStyle = true }))
	}
	return b
}

// config is that of a node, the only one where the bubble has no more.
func (b *bubble) config(i int) reference.Config {
	c := reference.Config{
		Dir: fmt.Sprintf("%s/n%d", b.t.TempDir(), i+1), Reserve: -1,
		Users: []reference.User{{AccessKey: "access", SecretKey: "a secret key"}},
		Addr:  fmt.Sprintf("n%d:9000", i+1), Listen: func(_, addr string) (net.Listener, error) { return b.net.listen(addr) },
	}
	if len(b.nodes) == 1 {
		c.MasterKeys = []crypt.Key{{1}} // a backup does not hold it
	}
	if len(b.nodes) > 1 {
		c.Cluster = &reference.ClusterConfig{
			Node: fmt.Sprintf("n%d", i+1), Addr: fmt.Sprintf("n%d:9002", i+1), Bootstrap: i == 0,
			Secret: []byte(reference.ClusterSecret), Listen: b.net.listen, Dial: b.net.dial,
		}
		for j := range b.nodes {
			c.Cluster.Peers = append(c.Cluster.Peers, reference.ClusterPeer{ID: fmt.Sprintf("n%d", j+1), Addr: fmt.Sprintf("n%d:9002", j+1)})
		}
	}
	if b.change != nil {
		b.change(i, &c)
	}
	return c
}

// start opens all nodes and returns when they serve, and vote.
func (b *bubble) start() {
	b.t.Helper()
	var all sync.WaitGroup
	for i := range b.nodes {
		all.Go(func() { b.open(i) })
	}
	all.Wait()
	b.await("all nodes serve", func() bool {
		for _, s := range b.nodes {
			if !s.Ready() || len(b.nodes) > 1 && reference.VotersOf(s) < len(b.nodes) {
				return false
			}
		}
		return true
	})
}

func (b *bubble) open(i int) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := reference.Open(ctx, b.config(i))
	if err != nil {
		panic(fmt.Sprintf("open node %d: %v", i, err))
	}
	ended := make(chan error, 1)
	b.nodes[i], b.ended[i] = s, ended
	go func() { ended <- s.Serve() }()
}

// close ends all nodes, without a word.
func (b *bubble) close() {
	b.t.Helper()
	for _, idle := range b.idle {
		idle()
	}
	cut, cancel := context.WithCancel(context.Background())
	cancel()
	for i, s := range b.nodes {
		if s == nil {
			continue
		}
		if err := s.Close(cut); err != nil {
			b.t.Errorf("close node %d: %v", i, err)
		}
		if err := <-b.ended[i]; err != nil {
			b.t.Errorf("node %d: %v", i, err)
		}
	}
}

// kill ends a node whose disk has failed it: whatever it says.
func (b *bubble) kill(i int) {
	cut, cancel := context.WithCancel(context.Background())
	cancel()
	_ = b.nodes[i].Close(cut)
	<-b.ended[i]
	b.nodes[i] = nil
}

func (b *bubble) await(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (b *bubble) put(node int, key string, body []byte) error {
	_, err := b.clients[node].PutObject(b.t.Context(), &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key), Body: bytes.NewReader(body)})
	return err
}

func (b *bubble) get(node int, key string) ([]byte, error) {
	out, err := b.clients[node].GetObject(b.t.Context(), &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(key)})
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

func (b *bubble) makeBucket() {
	b.t.Helper()
	if _, err := b.clients[0].CreateBucket(b.t.Context(), &s3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		b.t.Fatal(err)
	}
}

// A cluster whose sockets are given needs no IP, no TCP and no real time.
func TestListenOfACluster(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBubble(t, n, nil)
				b.start()
				defer b.close()
				if got, want := b.nodes[0].URL(), "http://n1:9000"; got != want {
					t.Errorf("got URL %s, want %s", got, want)
				}
				b.makeBucket()
				for i := range n {
					key, body := fmt.Sprint("key", i), bytes.Repeat([]byte{byte(i)}, 200<<10)
					if err := b.put(i, key, body); err != nil {
						t.Fatal(err)
					}
					for j := range n {
						if got, err := b.get(j, key); err != nil || !bytes.Equal(got, body) {
							t.Errorf("put at node %d, got at node %d: %d bytes, %v", i, j, len(got), err)
						}
					}
				}
			})
		})
	}
}
