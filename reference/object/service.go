package object

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/blob"
	"bleepstore/reference/cluster"
	"bleepstore/reference/lock"
	"bleepstore/reference/meta"
	"bleepstore/reference/sse"
)

// A Config is what a Service stands on. Log, Meta and Blobs are required and
// stay the caller's to close, after every call of the Service has returned.
type Config struct {
	Log   cluster.Log
	Meta  *meta.DB // the state that Log applies commands to on this node
	Blobs blob.Store
	// Vault has the keys by which bodies are encrypted; nil keeps them in the clear.
	Vault *sse.Vault
	// Sweep is what this node itself keeps, from which Maintain removes what
	// nothing names; nil is Blobs.
	Sweep blob.Store
	// Shared says that Sweep is one store of all nodes, of which only the one that
	// leads removes anything.
	Shared bool
	// Leads says whether this node does the background work that goes through
	// the log; nil is always, at a node that has the log for itself. It may be wrong
	// for a while, at several nodes too.
	Leads func() bool
	// Region decides the answer to re-creating one's own bucket; "" is us-east-1.
	Region string
	// Defaults is what a new bucket is given; nil is meta.DefaultAccess.
	Defaults *meta.Access
	// TakesCustomerKeys says that a new bucket takes objects with a key of the
	// client's (SSE-C), which else it blocks until its encryption is set.
	TakesCustomerKeys bool
	// Exclusive says that nobody else writes to Log or Blobs, so that whatever
	// an earlier process left unnamed is an orphan: New closes its epochs and
	// Maintain begins by removing it. Left false, orphans are proven by waiting,
	// and New asks nothing of Log, which may have no leader yet.
	Exclusive bool
	Limits    Limits
	Clock     Clock        // nil: the system's
	Rand      io.Reader    // where blob ids come from; nil: crypto/rand
	Logger    *slog.Logger // for what background work meets; nil: silent
	// Fatal is called, perhaps several times, when a store has failed in a way
	// that only a new process may go on from; nil ignores it.
	Fatal func(error)
	// Space returns the bytes that are free where blobs and metadata are kept;
	// nil leaves it to the stores to run full.
	Space func() (int64, error)
}

// Limits bound what one request may cost, and say how long what nobody needs
// is kept. A zero field means its default.
type Limits struct {
	// Log is how long one request waits for the log in all; then a read is
	// refused, and a proposal is refused or given up as unclear; 5 s.
	Log   time.Duration
	Read  time.Duration // a body being read breaks off after it; 30 min
	Write time.Duration // a body being written is refused after it; 45 min
	// Grace is how long garbage is kept, and between fences; 1 h. It must
	// exceed Read and Write, which is what makes removing blobs safe.
	Grace time.Duration
	// UploadAge is the age at which an upload in progress is aborted; 7 days.
	// Negative: never.
	UploadAge time.Duration
	InFlight  int64 // bytes of bodies and buffers at one time; 256 MiB
	Reserve   int64 // with less free space new bytes and objects are refused; 512 MiB
	MinPart   int64 // of every part but the last, in bytes; 5 MiB
	Inline    int64 // the largest body kept beside the metadata; meta.MaxInline
}

// DefaultReserve is what Limits.Reserve is when it is 0, in bytes.
const DefaultReserve = 512 << 20

func (l Limits) withDefaults() (Limits, error) {
	setDefault(&l.Log, 5*time.Second)
	setDefault(&l.Read, 30*time.Minute)
	setDefault(&l.Write, 45*time.Minute)
	setDefault(&l.Grace, time.Hour)
	setDefault(&l.UploadAge, 7*24*time.Hour)
	setDefault(&l.InFlight, 256<<20)
	setDefault(&l.Reserve, DefaultReserve)
	setDefault(&l.MinPart, 5<<20)
	setDefault(&l.Inline, meta.MaxInline)
	if l.Read >= l.Grace || l.Write >= l.Grace {
		return l, fmt.Errorf("grace %v must exceed the deadlines of reads %v and writes %v", l.Grace, l.Read, l.Write)
	}
	if l.Inline > meta.MaxInline {
		return l, fmt.Errorf("inline limit %d exceeds %d", l.Inline, meta.MaxInline)
	}
	return l, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

// A Clock is where the Service takes time from.
type Clock interface {
	Now() time.Time
	// Tick delivers the time every d until stop is called.
	Tick(d time.Duration) (c <-chan time.Time, stop func())
}

// SystemClock is the Clock of the process.
type SystemClock struct{}

// Now implements Clock.
func (SystemClock) Now() time.Time { return time.Now() }

// Tick implements Clock.
func (SystemClock) Tick(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTicker(d)
	return t.C, t.Stop
}

// A Service is the store's operations. All methods may be called together.
type Service struct {
	log       cluster.Log
	db        *meta.DB
	blobs     blob.Store
	vault     *sse.Vault
	sweep     blob.Store
	shared    bool
	leads     func() bool
	region    string
	defaults  meta.Access
	unblocked bool // Config.TakesCustomerKeys
	exclusive bool
	lone      bool // nobody else has a part in the log
	limits    Limits
	clock     Clock
	logger    *slog.Logger
	rand      lockedReader
	flight    budget
	space     spaceGauge
	fatal     func(error)
	recent    recent
	alone     lock.Lock // of the bug history.rustfs-1659
	opened    time.Time
}

// New returns a Service over c's stores.
func New(ctx context.Context, c Config) (*Service, error) {
	limits, err := c.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	lone := c.Leads == nil
	c = c.withDefaults()
	s := &Service{
		log: c.Log, db: c.Meta, blobs: c.Blobs, vault: c.Vault, sweep: c.Sweep, shared: c.Shared, leads: c.Leads, region: c.Region, defaults: *c.Defaults, unblocked: c.TakesCustomerKeys,
		exclusive: c.Exclusive, lone: lone, limits: limits, clock: c.Clock, logger: c.Logger, fatal: c.Fatal,
		rand:   lockedReader{r: c.Rand},
		flight: budget{max: limits.InFlight},
		opened: c.Clock.Now(),
		space:  spaceGauge{probe: c.Space, reserve: limits.Reserve, now: c.Clock.Now},
	}
	if s.exclusive {
		if err := s.takeOver(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c Config) withDefaults() Config {
	setDefault(&c.Region, "us-east-1")
	if c.Sweep == nil {
		c.Sweep = c.Blobs
	}
	if c.Leads == nil {
		c.Leads = func() bool { return true }
	}
	if c.Clock == nil {
		c.Clock = SystemClock{}
	}
	if c.Rand == nil {
		c.Rand = rand.Reader
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Fatal == nil {
		c.Fatal = func(error) {}
	}
	if c.Defaults == nil {
		aws := meta.DefaultAccess()
		c.Defaults = &aws
	}
	return c
}

// A lockedReader lets goroutines share a source of randomness.
type lockedReader struct {
	mu sync.Mutex
	r  io.Reader
}

func (l *lockedReader) Read(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.r.Read(p)
}

// view reads the state as of now: it sees every write acknowledged before.
func (s *Service) view(ctx context.Context, fn func(*meta.Tx) error) error {
	if err := s.current(ctx); err != nil {
		return err
	}
	return s.db.View(ctx, fn)
}

var notWaited = fault.NewBug("read.not-waited",
	"a node asks where to read, and reads before its own state is there", "Z-01", "Z-05").
	By("chaos --sim raft --seed 1 --seeds 12 --nemesis partition,pause --shrink 0s")

// current waits until this node's state has every write acknowledged before.
func (s *Service) current(ctx context.Context) error {
	ctx, done := s.waitForLog(ctx, s.limits.Log/lastWord)
	defer done()
	index, err := s.readIndex(ctx)
	if err == nil && !notWaited.On() {
		err = s.log.Wait(ctx, index)
	}
	if err != nil {
		return unavailable(fmt.Errorf("read index: %w", err))
	}
	return nil
}

// propose brings op to the log and waits for what it did. A client that goes
// away does not take its command back, so ctx's end is ignored.
func (s *Service) propose(ctx context.Context, op meta.Op) (meta.Result, error) {
	ctx, done := s.waitForLog(context.WithoutCancel(ctx), 0)
	defer done()
	res, err := s.log.Propose(ctx, meta.Command{Op: op})
	if err != nil {
		return res, unavailable(fmt.Errorf("propose: %w", err))
	}
	if res.Err != nil {
		return res, res.Err
	}
	return res, nil
}
