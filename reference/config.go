package reference

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/crypt"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
	"bleepstore/reference/s3"
	"bleepstore/reference/sigv4"
)

// The backends that keep bodies.
const (
	Local  = "local"  // a file a blob
	SQLite = "sqlite" // rows of a database
	Memory = "memory" // nothing survives, unless Memory.Snapshot is set
)

// A Config says what server to open. The zero value of a field means its
// default; Users are always needed.
type Config struct {
	// Dir is the data directory, made if need be; one server at a time may use
	// it. The memory backend without snapshot needs none.
	Dir string
	// Backend is Local (the default), SQLite, Memory, or one of those that keep
	// bodies in a cloud's store: AWS, GCP, Azure. It is written into the data
	// directory: another one is refused there later.
	Backend string
	// Blobs replaces Backend's store by a ready one, which the Server then
	// owns and closes; metadata stay in Dir.
	Blobs blob.Store
	// OpenBlobs opens the store of the backends AWS, GCP and Azure, which need it;
	// beside others it is refused. Open calls it once, when the data directory is
	// locked and it is known whose it is: owner is the cluster's id or, of a server
	// that stands alone, one that is minted with its directory, and that its cluster
	// has too if it founds one. The Server owns the store and closes it. Several
	// nodes of a cluster open the same, with the same owner.
	OpenBlobs func(ctx context.Context, owner string) (blob.Store, error)
	MetaPath  string // metadata database; default meta.db in Dir
	BlobDir   string // bodies of Local; default blobs in Dir
	Memory    MemoryConfig
	// Cluster makes the server a node of a cluster; nil: it stands alone. Backend
	// is Local or SQLite then, or on all nodes the same of a cloud.
	Cluster *ClusterConfig
	// Reserve is the size in bytes of a file beside the metadata that is given up
	// when the disk is full, so that a server can start there and objects be
	// deleted. Default 64 MiB, or a sixteenth of a small volume; negative: none.
	Reserve int64

	Region string // default us-east-1
	Users  []User // the first is the owner's account
	// MasterKeys encrypt what is stored: the first wraps the keys of new objects, the
	// others open older ones. None: a cluster has the one that follows from its
	// secret, a lone server the one in the file master.key of its directory.
	MasterKeys []crypt.Key
	// KMSKeys is a file of keys for SSE-KMS, as kms.NewLocal reads it; nil: there is
	// the managed key alone.
	KMSKeys []byte
	// KeysOverHTTP: see s3.Config.
	KeysOverHTTP bool
	// BucketDefaults is what a new bucket is given; the default is AWSDefaults.
	BucketDefaults BucketDefaults

	// Addr is where to listen, "" for not at all: Handler serves without. With
	// TLS it speaks HTTPS. TLSAddr is a second address that always does.
	Addr, TLSAddr string
	TLS           *tls.Config
	// WebsiteAddr is where buckets that are websites are served as such, without
	// TLS; "": nowhere.
	WebsiteAddr string
	// Listen binds Addr, TLSAddr and WebsiteAddr, whose hosts may be any names then; nil:
	// net.Listen. The network is "tcp"; the server closes what it returns.
	Listen   func(network, addr string) (net.Listener, error)
	Endpoint string   // the host that clients use; buckets are found under it
	Domains  []string // more such hosts

	Limits  object.Limits
	HTTP    s3.Limits
	Metrics prometheus.Registerer // nil: the edge's metrics are not exported
	Ops     http.Handler          // see s3.Config

	Logger *slog.Logger // nil: silent
	Clock  object.Clock // nil: the system's
	Rand   io.Reader    // of every id; nil: crypto/rand
	// FS is where everything on disk is kept, the system's if it is nil, and VFS
	// the SQLite VFS of the databases, the system's if it is "". Both show the same
	// files: a VFS needs its FS where files are made of databases, as a node of a
	// cluster does, a backup and a restore. Who has a directory in use, FS knows if
	// it is a fault.Locker, and the operating system otherwise.
	FS  fault.FS
	VFS string
}

// BucketDefaults is what a new bucket is given besides its name.
type BucketDefaults string

// The defaults that there are.
const (
	// AWSDefaults are those of S3 since April 2023: no ACLs, nothing public.
	AWSDefaults BucketDefaults = "aws"
	// LegacyDefaults are those from before: ACLs on, no public access block and,
	// as until April 2026, keys of the client's (SSE-C) not blocked, as older
	// clients and suites expect.
	LegacyDefaults BucketDefaults = "legacy"
)

func (d BucketDefaults) access() *meta.Access {
	if d == LegacyDefaults {
		return &meta.Access{}
	}
	return nil
}

// MemoryConfig is what only the memory backend takes.
type MemoryConfig struct {
	MaxBytes int64 // of bodies; default 1 GiB
	// Snapshot is a file that holds everything when the server is closed, and
	// every so often before, and from which Open begins. "": none.
	Snapshot string
	Every    time.Duration // default 1 min
}

// A User is an access key and the account behind it. Several keys may share
// an account. ID is the account's canonical id; without one the first user gets
// the same on every server, so that its keys can be changed, and any other one
// that follows from its access key.
type User struct {
	AccessKey, SecretKey string
	ID, Name             string
}

// volume is where the databases are.
func (c *Config) volume() meta.Volume { return meta.Volume{FS: c.FS, VFS: c.VFS} }

// withDefaults checks c and fills what is not set.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Backend, Local)
	setDefault(&c.Region, "us-east-1")
	setDefault(&c.Memory.MaxBytes, 1<<30)
	setDefault(&c.Memory.Every, time.Minute)
	setDefault(&c.Reserve, reserveSize)
	switch c.Backend {
	case Local, SQLite, Memory, AWS, GCP, Azure:
	default:
		return c, fmt.Errorf("backend %q: want %s, %s, %s, %s, %s or %s", c.Backend, Local, SQLite, Memory, AWS, GCP, Azure)
	}
	if err := c.checkBlobs(); err != nil {
		return c, err
	}
	setDefault(&c.BucketDefaults, AWSDefaults)
	if c.BucketDefaults != AWSDefaults && c.BucketDefaults != LegacyDefaults {
		return c, fmt.Errorf("bucket defaults %q: want %s or %s", c.BucketDefaults, AWSDefaults, LegacyDefaults)
	}
	if c.Dir == "" && c.Backend != Memory {
		return c, fmt.Errorf("backend %s needs a data directory", c.Backend)
	}
	if c.Blobs != nil && c.Memory.Snapshot != "" {
		return c, errors.New("a snapshot needs the memory backend's own store")
	}
	if c.Cluster != nil && c.Backend == Memory {
		return c, errors.New("a node of a cluster keeps what it has agreed to: its backend is not memory")
	}
	if c.Cluster != nil && c.VFS != "" && c.FS == nil {
		return c, fmt.Errorf("a node of a cluster whose databases are in the VFS %q needs the FS that shows their files", c.VFS)
	}
	if c.TLS == nil && c.TLSAddr != "" {
		return c, errors.New("an address for TLS needs its certificates")
	}
	setDefault(&c.MetaPath, filepath.Join(c.Dir, "meta.db"))
	setDefault(&c.BlobDir, filepath.Join(c.Dir, "blobs"))
	if c.Cluster != nil {
		cc, err := c.Cluster.withDefaults(c.MetaPath)
		if err != nil {
			return c, err
		}
		c.Cluster = cc
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = object.SystemClock{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Listen == nil {
		c.Listen = net.Listen
	}
	if c.FS == nil {
		c.FS = fault.OS{}
	}
	return c, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// keys finds the secret of an access key.
type keys map[string]User

func newKeys(users []User) (keys, error) {
	if len(users) == 0 {
		return nil, errors.New("no user: nobody could do anything")
	}
	k := keys{}
	for i, u := range users {
		if u.AccessKey == "" || u.SecretKey == "" {
			return nil, fmt.Errorf("user %d: access key and secret key are needed", i+1)
		}
		if _, twice := k[u.AccessKey]; twice {
			return nil, fmt.Errorf("access key %q is given twice", u.AccessKey)
		}
		if u.ID == "" {
			seed := "bleepstore owner"
			if i > 0 {
				seed = "bleepstore user " + u.AccessKey
			}
			sum := sha256.Sum256([]byte(seed))
			u.ID = hex.EncodeToString(sum[:])
		}
		setDefault(&u.Name, u.AccessKey)
		k[u.AccessKey] = u
	}
	return k, nil
}

// account says whether somebody has the canonical id.
func (k keys) account(id string) bool {
	for _, u := range k {
		if u.ID == id {
			return true
		}
	}
	return false
}

// user says whether there is the account, and in it the user called name unless
// that is "".
func (k keys) user(account, name string) bool {
	for _, u := range k {
		if s3.AccountID(u.ID) == account && (name == "" || name == u.Name) {
			return true
		}
	}
	return false
}

// Lookup implements sigv4.Credentials.
func (k keys) Lookup(accessKey string) (string, sigv4.Principal, bool) {
	u, ok := k[accessKey]
	return u.SecretKey, sigv4.Principal{ID: u.ID, Name: u.Name}, ok
}
