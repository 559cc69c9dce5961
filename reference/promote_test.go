package reference_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"bleepstore/reference"
	"bleepstore/reference/cluster"
	"bleepstore/reference/crypt"
	"bleepstore/reference/meta"
	"bleepstore/reference/peer"
)

// promotedObjects is how many objects TestPromotion promotes; default 2,000.
const promotedObjects = "BLEEPSTORE_PROMOTED_OBJECTS"

// crashNode is the part of the server to be killed in a cluster.
func crashNode(peers string) *reference.ClusterConfig {
	if peers == "" {
		return nil
	}
	c := &reference.ClusterConfig{Node: "n1", Secret: []byte(reference.ClusterSecret), Heartbeat: 50 * time.Millisecond, Election: 500 * time.Millisecond}
	for i, addr := range strings.Split(peers, ",") {
		c.Peers = append(c.Peers, reference.ClusterPeer{ID: fmt.Sprint("n", i+1), Addr: addr})
	}
	c.Addr = c.Peers[0].Addr
	return c
}

// sharedKeys are the master keys of the part of the server to be killed: in a
// cluster that of the server that stood alone, which all nodes are given.
func sharedKeys(dir, peers string) ([]crypt.Key, error) {
	if peers == "" {
		return nil, nil
	}
	text, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err != nil {
		return nil, err
	}
	return reference.ParseKeys(text)
}

// A server that stood alone becomes the first of three nodes by its configuration
// alone, although it is killed again and again in the middle of it. Nothing is
// lost, the others, which were there before and empty, elected nobody until then
// and catch up, and there is no way back.
func TestPromotion(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a while")
	}
	objects := 2000
	if n, err := strconv.Atoi(os.Getenv(promotedObjects)); err == nil {
		objects = n
	}
	h := newHoard(t, objects)
	keys, err := sharedKeys(h.dir, "all")
	if err != nil {
		t.Fatal(err)
	}
	c := reference.PrepareCluster(t, 3, func(i int, conf *reference.Config) {
		conf.MasterKeys = keys
		conf.Cluster.Bootstrap, conf.Limits.MinPart = false, crashPart
		if i == 0 {
			conf.Dir = h.dir
		}
	})
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	opened := make(chan error, 2)
	var opening sync.WaitGroup
	defer func() { cancel(); opening.Wait() }()
	for i := range 2 {
		opening.Go(func() { opened <- c.Open(ctx, i+1) })
	}
	wantWaiting(t, c, 1, 2)

	p := &promotion{t: t, h: h, c: c}
	p.refusedWithoutKey()
	p.killWhen("the log is there", exists(h.dir, "raft.db"))
	p.aloneAgain()
	p.killWhen("the snapshot is written", exists(h.dir, "snapshots", "*.json*"))
	for range 3 {
		end := time.Now().Add(time.Duration(20+rand.IntN(150)) * time.Millisecond)
		p.killWhen("a while has passed", func() bool { return time.Now().After(end) })
	}
	select {
	case err := <-opened:
		if p.format() == 1 {
			t.Fatalf("an empty node runs without a cluster: %v", err)
		}
		opened <- err
	default:
	}
	p.killWhen("the directory is a cluster's", func() bool { return p.format() == 2 })
	p.killWhen("it serves", nil)

	if err := c.Open(ctx, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-opened; err != nil {
			t.Fatal(err)
		}
	}
	c.AwaitVoters(3)
	h.verify(0, client(c, 0), client(c, 1), client(c, 2))
	c.AwaitEqual()
	c.Kill(0)
	_, err = reference.Open(ctx, reference.Config{Dir: h.dir, Users: []reference.User{{AccessKey: "a", SecretKey: "s"}}})
	if err == nil || !strings.Contains(err.Error(), "cannot be served alone") {
		t.Errorf("open it alone: %v", err)
	}
	h.verify(16<<10, client(c, 1), client(c, 2))
	h.completeUpload(client(c, 2))
	c.Restart(0)
	c.AwaitEqual()
}

// wantWaiting demands that nodes are there, in no cluster, and stay so.
func wantWaiting(t *testing.T, c *reference.Cluster, nodes ...int) {
	t.Helper()
	creds, err := peer.FromSecret([]byte(reference.ClusterSecret), "probe")
	if err != nil {
		t.Fatal(err)
	}
	port, err := peer.Listen(peer.Options{Node: "probe", Listen: "127.0.0.1:0", Creds: creds})
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close()
	for _, n := range nodes {
		await(t, "an empty node waits", func() bool {
			a, err := cluster.Hello(t.Context(), port, c.Peers()[n].Addr)
			if err == nil && a.Cluster != "" {
				t.Fatalf("an empty node is in the cluster %s", a.Cluster)
			}
			return err == nil
		})
		if exists(c.Dir(n), "raft.db")() {
			t.Errorf("node %d has a log", n)
		}
	}
}

func exists(elem ...string) func() bool {
	return func() bool {
		names, err := filepath.Glob(filepath.Join(elem...))
		return err == nil && len(names) > 0
	}
}

// A promotion is the first node, before the test opens it itself.
type promotion struct {
	t *testing.T
	h *hoard
	c *reference.Cluster
}

// killWhen starts the node and kills it once ok, or when it serves. As long as the
// directory is not a cluster's, its state is what it was.
func (p *promotion) killWhen(what string, ok func() bool) {
	p.t.Helper()
	var addrs []string
	for _, peer := range p.c.Peers() {
		addrs = append(addrs, peer.Addr)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashDir+"="+p.h.dir, crashPeers+"="+strings.Join(addrs, ","), crashReserve+"=-1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	defer stdin.Close() // ends the child if the test does not
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	serves := make(chan error, 1)
	go func() {
		_, err := bufio.NewReader(stdout).ReadString('\n')
		serves <- err
	}()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		select {
		case err := <-serves:
			if waiting = false; err != nil {
				p.t.Errorf("%s: the server did not come up: %v", what, err)
			}
		case <-tick.C:
			waiting = ok == nil || !ok()
		}
	}
	_ = cmd.Process.Kill() // SIGKILL
	_ = cmd.Wait()
	format := p.format()
	p.t.Logf("killed when %s: the directory's format is %d", what, format)
	if format == 1 && p.h.hash != stateHash(p.t, p.h.dir) {
		p.t.Errorf("killed when %s: the state is another", what)
	}
}

// format is that of the directory: 1 for one server's, 2 for a node's.
func (p *promotion) format() int {
	text, err := os.ReadFile(filepath.Join(p.h.dir, "id"))
	var id struct{ Format int }
	if err == nil {
		err = json.Unmarshal(text, &id)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return id.Format
}

// refusedWithoutKey: a node that lacks the key of what is stored does not start,
// and leaves the directory as it is.
func (p *promotion) refusedWithoutKey() {
	p.t.Helper()
	s, err := reference.Open(p.t.Context(), reference.Config{
		Dir: p.h.dir, Addr: "127.0.0.1:0", Users: []reference.User{{AccessKey: "a", SecretKey: "s"}},
		Cluster: crashNode(p.c.Peers()[0].Addr),
	})
	if err == nil {
		_ = s.Close(p.t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "master key") || p.format() != 1 {
		p.t.Errorf("without the key: %v, format %d", err, p.format())
	}
}

// aloneAgain lets the server go on alone for a while, which it can until the
// promotion has succeeded.
func (p *promotion) aloneAgain() {
	p.t.Helper()
	if p.format() != 1 {
		return
	}
	p.h.alone(func(c *s3.Client) { p.h.put(c, "between", thing{77, 50 << 10}) })
}

func stateHash(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "meta.db")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	db, err := meta.Open(t.Context(), meta.Options{Path: path, Sync: meta.SyncFull})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	hash, err := db.Hash(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return hash
}
