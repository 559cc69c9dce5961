package s3

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	headUnlimited = fault.NewBug("wire.head-unlimited",
		"a request may have more than 8 KB of headers", "X-08")
	headHalved = fault.NewBug("wire.head-halved",
		"a request may have no more than 4 KB of headers", "X-08")
	idConstant = fault.NewBug("wire.request-id-constant",
		"every answer has the same x-amz-request-id", "wire.answer.identified")
	dateAbsent = fault.NewBug("wire.date-absent",
		"no answer has a Date", "wire.answer.identified")
)

// serverName is the Server header.
const serverName = "BleepStore"

// A Handler serves S3 over HTTP. It starts no goroutine and may serve any
// number of requests concurrently.
type Handler struct {
	cfg     Config
	limits  Limits
	domains domains
	router  *router
	page    *operation // of websites
	ids     *idSource
	metrics *metrics
	memory  budget
	buffers buffers
}

// New returns a Handler for cfg. It fails when cfg.Rand does, or when
// cfg.Metrics already has an edge's collectors.
func New(cfg Config) (*Handler, error) {
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	if cfg.AccountID == nil {
		cfg.AccountID = AccountID
	}
	if cfg.Accounts == nil {
		cfg.Accounts = func(string) bool { return true }
	}
	if cfg.Users == nil {
		cfg.Users = func(string, string) bool { return true }
	}
	if cfg.Access == nil {
		cfg.Access = signedOnly{}
	}
	ids, err := newIDSource(cfg.Rand)
	if err != nil {
		return nil, err
	}
	h := &Handler{
		cfg:     cfg,
		limits:  cfg.Limits.withDefaults(),
		domains: newDomains(cfg.BaseDomains, cfg.Endpoint),
		router:  newRouter(newTable()),
		ids:     ids,
	}
	h.memory.limit = h.limits.InFlight
	h.page = &operation{name: "GetWebsitePage", level: keyLevel, method: http.MethodGet, action: "s3:GetObject", index: len(h.router.table)}
	if h.metrics, err = newMetrics(append(slices.Clone(h.router.table), h.page), cfg.Metrics); err != nil {
		return nil, err
	}
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c, ok := r.Context().Value(connKey{}).(*edgeConn); ok {
		c.start()
	}
	q := h.begin(w, r)
	if cutFilled.On() {
		q.ctx = context.WithoutCancel(q.ctx)
	}
	defer q.finish()
	if r.ContentLength < 0 {
		// A chunked body may have come with a Content-Length that net/http
		// dropped; RFC 9112 section 6.1 wants such a connection closed.
		q.set("Connection", "close")
	}
	if h.cfg.Ops != nil && slices.Contains(OpsPaths, r.RequestURI) {
		q.ops()
		return
	}
	if err := q.serve(); err != nil {
		q.fail(err)
		q.linger()
	}
}

// begin is a request with its id. The caller finishes it.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) *request {
	q := &request{h: h, w: w, r: r, ctx: object.OneRequest(r.Context()), start: h.cfg.Now(), id: h.ids.next()}
	if idConstant.On() {
		q.id = "0123456789ABCDEF"
	}
	if dateAbsent.On() {
		w.Header()["Date"] = nil
	}
	q.set("x-amz-request-id", q.id)
	q.set("x-amz-id-2", h.ids.host)
	q.set("Server", serverName)
	return q
}

// serve takes the request through its stages; the order is a promise (see the
// package's comment).
func (q *request) serve() error {
	var err error
	if q.target, err = parseTarget(q.r.Host, q.r.RequestURI, q.h.domains); err != nil {
		return err
	}
	if n := headerBytes(q.r); n > maxHeader && !headUnlimited.On() || n > maxHeader/2 && headHalved.On() {
		return &errcode.Error{Code: errcode.RequestHeaderSectionTooLarge}
	}
	if err := q.allowOrigin(); err != nil {
		return err
	}
	op, routeErr := q.h.router.find(&q.target, q.r.Method, q.r.Header)
	if routeErr != nil && errcode.Of(routeErr) == errcode.MethodNotAllowed {
		return routeErr
	}
	if op != nil {
		q.op = op
	}
	if op == nil || !op.open {
		if err := q.authenticate(); err != nil {
			return err
		}
	}
	if routeErr != nil {
		return routeErr
	}
	if op.serve == nil {
		return &errcode.Error{Code: errcode.NotImplemented}
	}
	if !op.body {
		ctx, cancel := context.WithTimeout(q.ctx, q.h.limits.Metadata)
		defer cancel()
		q.ctx = ctx
	}
	if err := q.validate(); err != nil {
		return err
	}
	if err = op.serve(q); q.unread(err) {
		if _, gone := q.find(); gone != nil {
			return gone
		}
	}
	return err
}

// unread says whether err is about a document that S3 would not have read where
// there is no bucket for it: there it says so, whatever was sent.
func (q *request) unread(err error) bool {
	switch errcode.Of(err) {
	case errcode.MalformedXML, errcode.MalformedACL, errcode.MissingRequestBody:
		return q.bucket != "" && q.op.name != "CreateBucket"
	}
	return false
}

// ops serves an operations page on the S3 listener.
func (q *request) ops() {
	q.status = http.StatusOK
	q.wrote = true
	q.h.cfg.Ops.ServeHTTP(q.w, q.r)
}

var (
	keyByCharacters = fault.NewBug("object.key-length-in-characters",
		"the longest key has 1,024 characters instead of bytes", "O-12")
	keyOfPut = fault.NewBug("object.key-length-of-put",
		"the longest key is that of PutObject: other requests take longer ones", "O-12")
	longSegment = fault.NewBug("object.key-segment-255",
		"a key of which a name between slashes is longer than 255 bytes is refused", "O-12")
)

// validate checks what every operation has in common.
func (q *request) validate() error {
	if len(q.key) > 255 && longSegment.On() {
		for name := range strings.SplitSeq(q.key, "/") {
			if len(name) > 255 {
				return &errcode.Error{Code: errcode.KeyTooLong}
			}
		}
	}
	if len(q.key) > maxKey && q.op.name != "PutObject" && keyOfPut.On() {
		return nil
	}
	if len(q.key) > maxKey && !(utf8.RuneCountInString(q.key) <= maxKey && keyByCharacters.On()) {
		return (&errcode.Error{Code: errcode.KeyTooLong}).
			With("Size", itoa(len(q.key))).With("MaxSizeAllowed", itoa(maxKey))
	}
	if v, ok := q.query.get("versionId"); ok && v == "" {
		return argument("Version id cannot be the empty string", "versionId", "")
	}
	if err := q.refuseUnimplemented(); err != nil {
		return err
	}
	return q.checkOwners()
}

// maxKey is the longest key, in bytes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
const maxKey = 1024

// budget bounds the memory that bodies under way may take, in bytes.
type budget struct {
	limit int64
	mu    sync.Mutex
	used  int64
}

// take reserves n bytes, or reports that they are not to be had now.
func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used+n > b.limit {
		return false
	}
	b.used += n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
}
