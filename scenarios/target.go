package scenarios

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"
)

// Keys are the credentials of one account.
type Keys struct{ Access, Secret, Session string }

// Addressing is how a bucket is named in a request.
type Addressing string

// The two ways to name a bucket.
const (
	PathStyle    Addressing = "path"
	VirtualStyle Addressing = "virtual" // Host: bucket.host, dialled to the endpoint
)

// A Target is the server under test and what the run may do to it.
type Target struct {
	Endpoints   []*url.URL // at least one; all are nodes of one server, and requests take turns over them
	TLSEndpoint *url.URL   // the same server over TLS; nil: none
	Website     *url.URL   // where its buckets are served as websites; nil: nowhere
	Main        Keys
	Alt         Keys // a second account; zero: none
	Expired     Keys // session credentials that have expired; zero: none
	Region      string
	Addressing  Addressing
	TLS         *tls.Config   // nil: the system's roots
	Timeout     time.Duration // of one request
	Settle      time.Duration // bound on waiting for eventual changes
	Seed        uint64
	// Bucket, when set, is the only bucket a run may use: scenarios run one at
	// a time in it, and none that must create or configure a bucket is run.
	Bucket          string
	AllowCompliance bool // COMPLIANCE locks may be set, for seconds
	Claimed         map[Feature]bool
	Consistency     time.Duration // how long each workload of concurrent clients runs
	ExpectLevel     string        // the level that they must show; "": what AWS documents
	// Pace, when set, is called before each request of a scenario and returns
	// when the request may leave, or ctx's error. It is called concurrently.
	Pace func(context.Context) error
	// Clock, when set, returns when the server has done to a bucket what its
	// lifecycle demands by the time at, which is to come. It is called concurrently.
	Clock func(ctx context.Context, bucket string, at time.Time) error
	// Leave says that the server ends with the run, and all that is in it: nothing is
	// removed behind scenarios.
	Leave bool
	// Kill, when set, kills the server by force and starts it again at the same
	// addresses; it returns when it may be up again. One call at a time.
	Kill func(ctx context.Context) error
	// Dial makes every connection to the endpoints' addresses; nil: by TCP. It is
	// called concurrently.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// dial opens a TCP connection, or what Dial takes for one.
func (t *Target) dial(ctx context.Context, addr string) (net.Conn, error) {
	if t.Dial == nil {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}
	return t.Dial(ctx, "tcp", addr)
}

// Has reports whether the run claims feature f.
func (t *Target) Has(f Feature) bool { return t.Claimed[f] }
