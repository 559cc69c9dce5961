package reference

import (
	"context"
	"errors"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"bleepstore/fault"
	"bleepstore/reference/config"
)

// T is what Start needs of a *testing.T.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	TempDir() string
}

// An Instance is a server that runs for a test.
type Instance struct {
	Server *Server
	URL    string
	Region string
	// AccessKey and SecretKey are those of the owner's account.
	AccessKey, SecretKey string
	// AWS configures an AWS SDK for the server. Its connections end with the test.
	AWS aws.Config
}

// Start runs a server on a free port of the loopback interface until the test
// ends. It keeps everything in memory unless change says otherwise; a backend
// on disk gets a directory of the test's.
func Start(t T, change ...func(*Config)) *Instance {
	t.Helper()
	c := Config{
		Backend: Memory,
		Reserve: -1, // nothing outlives the test
		Addr:    "127.0.0.1:0",
		Users:   []User{{AccessKey: config.DefaultAccessKey, SecretKey: config.DefaultSecretKey}},
	}
	for _, f := range change {
		f(&c)
	}
	if c.Dir == "" && c.Backend != Memory {
		c.Dir = t.TempDir()
	}
	n := &running{c: c, transport: newTransport()}
	if err := n.open(context.Background()); err != nil {
		t.Fatalf("start reference server: %v", err)
	}
	t.Cleanup(func() {
		n.transport.CloseIdleConnections()
		if err := n.close(context.Background()); err != nil {
			t.Fatalf("reference server: %v", err)
		}
	})
	return n.instance()
}

// A running is a server that runs for a test, and what it was opened with.
type running struct {
	c         Config
	transport *http.Transport
	server    *Server
	served    chan error
}

// files are what its directory is in.
func (n *running) files() fault.FS {
	if n.c.FS == nil {
		return fault.OS{}
	}
	return n.c.FS
}

func newTransport() *http.Transport {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 64
	return transport
}

func (n *running) open(ctx context.Context) (err error) {
	if n.server, err = Open(ctx, n.c); err != nil {
		return err
	}
	server, served := n.server, make(chan error, 1)
	n.served = served
	go func() { served <- server.Serve() }()
	return nil
}

// close ends the server; once ctx has ended, whatever it is doing.
func (n *running) close(ctx context.Context) error {
	if n.server == nil {
		return nil
	}
	err := errors.Join(n.server.Close(ctx), <-n.served)
	n.server = nil
	return err
}

func (n *running) instance() *Instance {
	s, owner := n.server, n.c.Users[0]
	return &Instance{
		Server: s, URL: s.URL(), Region: s.config.Region, AccessKey: owner.AccessKey, SecretKey: owner.SecretKey,
		AWS: aws.Config{
			Region:       s.config.Region,
			BaseEndpoint: aws.String(s.URL()),
			Credentials:  credentials.NewStaticCredentialsProvider(owner.AccessKey, owner.SecretKey, ""),
			HTTPClient:   &http.Client{Transport: n.transport},
		},
	}
}
