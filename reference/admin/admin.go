// Package admin serves an operator's questions and orders over HTTP: the state
// of the cluster as JSON and as a page, changes of its members and of who may
// sign requests, and a backup. It
// knows nothing of how any of them is done, and nothing of S3.
package admin

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"bleepstore/reference/cluster"
)

// A Cluster is the cluster as seen from one of its nodes. Its methods may be
// called together. Failures are those of package cluster, and ErrLastCopy.
type Cluster interface {
	// Survey asks every member; those that do not answer have Err set.
	Survey(ctx context.Context) []cluster.NodeStatus
	// Add makes a node a member that does not vote yet.
	Add(ctx context.Context, id, addr string) error
	// Remove ends a membership; force does so although blobs have their last
	// copy there, never although the majority would be lost.
	Remove(ctx context.Context, id string, force bool) error
	// Transfer makes a voter the leader; "" is any.
	Transfer(ctx context.Context, id string) error
	// Raft is this node's part.
	Raft() Raft
}

// Raft is one node's raft. Its methods may be called together.
type Raft interface {
	// Status is what Survey says of this node, without asking anybody.
	Status() cluster.NodeStatus
	Stats() map[string]string
	// Snapshot takes a snapshot; nil also when there is nothing new to take.
	Snapshot(ctx context.Context) error
	// Hash returns a digest of the metadata that this node has, and the log index
	// up to which they are applied. It reads everything.
	Hash(ctx context.Context) (digest string, applied uint64, err error)
}

// A Config says what is served. Open, Cluster, Users and Backup may be called at any
// time and together.
type Config struct {
	// Token is what a request has to show. Without one every request is refused.
	Token string
	// Open says that the server is open; until then requests are answered 503.
	Open func() bool
	// Cluster returns nil when the server is not a cluster.
	Cluster func() Cluster
	// Users returns the users of the server.
	Users func() Users
	// Backup writes a backup of the server, or of its cluster, to w: ErrRunning,
	// or what went wrong.
	Backup func(ctx context.Context, w io.Writer) error
	// Expire does what the lifecycle of a bucket makes of it as of a time that may be
	// to come; nil, but for tests.
	Expire func(ctx context.Context, bucket string, at time.Time) error
	Log    *slog.Logger     // nil: silent
	Now    func() time.Time // nil: time.Now
}

// patience bounds every request but a backup.
const patience = 30 * time.Second

type handler struct {
	Config
	mux *http.ServeMux
}

// Handler serves the paths below /admin/.
func Handler(c Config) http.Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	h := &handler{Config: c, mux: http.NewServeMux()}
	h.path("/admin/{$}", methods{"GET": h.page})
	h.path("/admin/cluster/status", methods{"GET": h.clustered(h.status)})
	h.path("/admin/cluster/nodes", methods{"GET": h.clustered(h.nodes), "POST": h.clustered(h.add)})
	h.path("/admin/cluster/nodes/{id}", methods{"DELETE": h.clustered(h.remove)})
	h.path("/admin/cluster/leader", methods{"POST": h.clustered(h.transfer)})
	h.path("/admin/cluster/raft/stats", methods{"GET": h.clustered(h.stats)})
	h.path("/admin/cluster/raft/snapshot", methods{"POST": h.clustered(h.snapshot)})
	h.path("/admin/cluster/raft/hash", methods{"GET": h.clustered(h.hash)})
	h.path("/admin/backup", methods{"GET": h.backup})
	h.userPaths()
	if c.Expire != nil {
		h.path("/admin/lifecycle", methods{"POST": h.expire})
	}
	h.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "NotFound", "there is no "+r.URL.Path)
	})
	return h
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if !h.admit(w, r) {
		return
	}
	if !h.Open() {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, "NotOpen", "the server is not open yet, or no longer")
		return
	}
	h.mux.ServeHTTP(w, r)
}

type methods map[string]http.HandlerFunc

// path serves a path by its methods. HEAD is GET without the body.
func (h *handler) path(pattern string, by methods) {
	var names []string
	for m := range by {
		names = append(names, m)
	}
	slices.Sort(names)
	h.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		serve := by[r.Method]
		if r.Method == http.MethodHead && r.URL.Path != "/admin/backup" {
			serve = by[http.MethodGet]
		}
		if serve == nil {
			w.Header().Set("Allow", strings.Join(names, ", "))
			refuse(w, http.StatusMethodNotAllowed, "MethodNotAllowed", r.Method+" is not for "+r.URL.Path)
			return
		}
		serve(w, r)
	})
}

// clustered serves what only a cluster has, within a bounded time.
func (h *handler) clustered(serve func(http.ResponseWriter, *http.Request, Cluster)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := h.Cluster()
		if c == nil {
			refuse(w, http.StatusNotImplemented, "NotACluster", "this server is not a cluster: it is one node (metadata.engine is not raft)")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		serve(w, r.WithContext(ctx), c)
	}
}
