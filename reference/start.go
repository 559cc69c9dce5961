package reference

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

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
		Addr:    "127.0.0.1:0",
		Users:   []User{{AccessKey: config.DefaultAccessKey, SecretKey: config.DefaultSecretKey}},
	}
	for _, f := range change {
		f(&c)
	}
	if c.Dir == "" && c.Backend != Memory {
		c.Dir = t.TempDir()
	}
	s, err := Open(context.Background(), c)
	if err != nil {
		t.Fatalf("start reference server: %v", err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil
	transport.MaxIdleConnsPerHost = 64
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := s.Close(context.Background()); err != nil {
			t.Fatalf("close reference server: %v", err)
		}
		if err := <-served; err != nil {
			t.Fatalf("reference server: %v", err)
		}
	})
	owner := c.Users[0]
	return &Instance{
		Server: s, URL: s.URL(), Region: s.config.Region, AccessKey: owner.AccessKey, SecretKey: owner.SecretKey,
		AWS: aws.Config{
			Region:       s.config.Region,
			BaseEndpoint: aws.String(s.URL()),
			Credentials:  credentials.NewStaticCredentialsProvider(owner.AccessKey, owner.SecretKey, ""),
			HTTPClient:   &http.Client{Transport: transport},
		},
	}
}
