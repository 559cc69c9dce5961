package s3

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// A Config wires a Handler. Backend, Auth, Now and Rand are needed; the rest
// has the defaults named.
type Config struct {
	Backend Backend
	Auth    Authenticator
	// Access decides what an authenticated caller may do before anything is
	// looked up; nil admits every signed request, and anonymous ones to what an
	// ACL can grant, and leaves owners and ACLs to the domain.
	Access Authorizer

	// Region is the one region of this server. "": us-east-1.
	Region string
	// Endpoint is the host (and port) that clients are told to use. Unless it
	// is an address, buckets are also found under it as bucket.host.
	Endpoint string
	// BaseDomains are further domains for virtual-hosted buckets.
	BaseDomains []string
	// AccountID gives the 12-digit account id of a bucket's owner, which is
	// what x-amz-expected-bucket-owner names. nil: AccountID.
	AccountID func(owner string) string
	// Accounts says whether a canonical id is an account's, to which an ACL or
	// a policy may grant something. nil: every id is.
	Accounts func(id string) bool

	// Users says whether the account of 12 digits, and the user of that name in it
	// unless it is "", are there for a policy to name. nil: all are.
	Users func(account, name string) bool

	// KeysOverHTTP lets clients send keys of their own over plain connections, which
	// S3 refuses.
	KeysOverHTTP bool

	Now  func() time.Time
	Rand io.Reader // read once, by New, for the request ids

	// Log gets one record per request (level info) and one per failure of the
	// server (level error). nil: nothing is logged.
	Log *slog.Logger
	// Metrics gets the edge's collectors; nil: they are kept but not exported.
	Metrics prometheus.Registerer
	// Ops, when not nil, is served at OpsPaths on this listener too, and no
	// bucket of such a name can be made.
	Ops http.Handler

	Limits Limits
}

// Limits bound what one client can hold on to. The zero value of a field
// means its default.
type Limits struct {
	Idle     time.Duration // between two bytes of a body, either way: 30 s
	Metadata time.Duration // for an operation without a body of client size: 10 s
	Download time.Duration // for a whole GET: 30 min
	InFlight int64         // bytes of memory for bodies under way: 256 MiB
}

// OpsPaths are what Config.Ops serves.
var OpsPaths = []string{"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"}

func (l Limits) withDefaults() Limits {
	if l.Idle == 0 {
		l.Idle = 30 * time.Second
	}
	if l.Metadata == 0 {
		l.Metadata = 10 * time.Second
	}
	if l.Download == 0 {
		l.Download = 30 * time.Minute
	}
	if l.InFlight == 0 {
		l.InFlight = 256 << 20
	}
	return l
}

// AccountID is the account id of an owner: the owner's canonical id itself
// when that already is 12 digits, otherwise 12 digits derived from it.
func AccountID(owner string) string {
	if isAccountID(owner) {
		return owner
	}
	sum := sha256.Sum256([]byte(owner))
	return fmt.Sprintf("%012d", binary.BigEndian.Uint64(sum[:8])%1e12)
}

func isAccountID(s string) bool {
	if len(s) != 12 {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
