package s3

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/website"
)

var (
	indexUnknown = fault.NewBug("website.index-of-root-only",
		"the index document is served for the root alone", "WS-03")
	pageUnconditional = fault.NewBug("website.conditions-ignored",
		"a website sends a page though the browser has it", "WS-03")
	slashUnsaid = fault.NewBug("website.directory-not-redirected",
		"a directory without its slash is not found", "WS-04")
	errorPlain = fault.NewBug("website.error-document-unserved",
		"errors are answered without the error document", "WS-05")
	errorIsOK = fault.NewBug("website.error-document-200",
		"the error document is answered with 200", "WS-05")
	allStays = fault.NewBug("website.redirect-all-ignored",
		"a website that redirects everything serves what is there", "WS-06")
	pageStays = fault.NewBug("website.object-redirect-ignored",
		"an object is served though it is to be redirected", "WS-09")
	privateServed = fault.NewBug("website.private-served",
		"a website shows what only the bucket's owner may read", "WS-10")
	pageMethods = fault.NewBug("website.post-is-get",
		"a website answers every method as GET", "WS-12")
)

// Websites serves the buckets that are websites, to anybody who may read them and
// as far as they may: see reference/docs/website.md. It may be used as h is.
func (h *Handler) Websites() http.Handler { return websites{h} }

type websites struct{ h *Handler }

// ServeHTTP implements http.Handler.
func (s websites) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := s.h.begin(w, r)
	defer q.finish()
	q.site, q.op, q.caller = true, s.h.page, object.Caller{Facts: q}
	if err := q.servePage(); err != nil {
		q.fail(err)
		q.linger()
	}
}

// servePage answers a request of a website.
func (q *request) servePage() error {
	if q.r.Method != http.MethodGet && q.r.Method != http.MethodHead && !pageMethods.On() {
		return (&errcode.Error{Code: errcode.MethodNotAllowed}).With("Method", q.r.Method).WithHeader("Allow", "GET, HEAD")
	}
	if headerBytes(q.r) > maxHeader {
		return &errcode.Error{Code: errcode.RequestHeaderSectionTooLarge}
	}
	b, at, err := q.findSite()
	if err != nil {
		return err
	}
	if err := q.allowOrigin(); err != nil {
		return err
	}
	c, err := object.WebsiteOf(&b)
	if err != nil {
		return err
	}
	switch {
	case c == nil:
		return (&errcode.Error{Code: errcode.NoSuchWebsiteConfiguration}).With("BucketName", q.bucket)
	case c.All != nil && !allStays.On():
		return q.sendTo(c.All.Location(at, q.key), http.StatusMovedPermanently)
	}
	p := &pages{request: q, bucket: b, config: c, at: at}
	return p.serve()
}

// findSite finds the bucket that a request means, and where it stands. Its name is
// the host's, or what the host begins with in front of any domain; where there is
// no such bucket it is the first segment of the path.
func (q *request) findSite() (b object.Bucket, at website.Place, err error) {
	host := hostname(q.r.Host)
	at = website.Place{Scheme: "http", Host: q.r.Host}
	if q.r.TLS != nil {
		at.Scheme = "https"
	}
	path, _ := splitURI(q.r.RequestURI) // nothing is asked of a page but the page
	if path, err = decodePath(path); err != nil || path == "" {
		return b, at, invalidURI()
	}
	for _, name := range siteNames(host, q.h.domains) {
		b, err = q.h.cfg.Backend.Find(q.ctx, name)
		if err == nil {
			q.bucket, q.key = name, path[1:]
			return b, at, nil
		}
		if errcode.Of(err) != errcode.NoSuchBucket {
			return b, at, err
		}
	}
	q.bucket, q.key, _ = strings.Cut(path[1:], "/")
	if q.bucket == "" {
		return b, at, &errcode.Error{Code: errcode.NoSuchBucket}
	}
	at.Path = "/" + q.bucket
	b, err = q.h.cfg.Backend.Find(q.ctx, q.bucket)
	return b, at, err
}

// siteNames are the buckets that a host can mean, the likeliest first: what stands
// in front of a domain of ours, the host itself, and the host without its last
// labels, one after the other.
func siteNames(host string, d domains) []string {
	var names []string
	if name, ok := d.bucketOf(host); ok {
		names = append(names, name)
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return nil
	}
	for name := host; len(names) < maxLabels && name != ""; {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		name = name[:max(0, strings.LastIndexByte(name, '.'))]
	}
	return names
}

// maxLabels is how many buckets are looked for of one host.
const maxLabels = 10

// A pages serves one request of a website.
type pages struct {
	*request
	bucket object.Bucket
	config *website.Configuration
	at     website.Place
}

func (p *pages) serve() error {
	if r := p.config.Route(p.key, 0); r != nil {
		return p.sendTo(r.Location(p.at, p.key))
	}
	key := p.key
	if (key == "" || strings.HasSuffix(key, "/")) && !(key != "" && indexUnknown.On()) {
		key += p.config.Index
	}
	err := p.show(key)
	if err == nil || p.wrote {
		return err
	}
	if p.directory(key, err) && !slashUnsaid.On() {
		return p.sendTo(p.at.At(p.key+"/"), http.StatusFound)
	}
	return p.failed(err)
}

// input is what GET asks for as anybody.
func (p *pages) input(key string) object.GetInput {
	who := p.caller
	if privateServed.On() {
		who.Account = p.bucket.Owner
	}
	return object.GetInput{Caller: who, Bucket: p.request.bucket, Key: key}
}

// show answers with an object, or sends the browser where that says.
func (p *pages) show(key string) error {
	in := p.input(key)
	in.Range, in.IfRange, in.Conditions = p.header("Range"), p.header("If-Range"), p.conditions("")
	if in.Conditions != (object.Conditions{}) && pageUnconditional.On() {
		in.Conditions = object.Conditions{}
	}
	res, err := p.read(in)
	if err != nil {
		return err
	}
	if res.Body != nil {
		defer res.Body.Close() // what has been read of it was verified
	}
	if to := res.Version.Redirect; to != "" && !pageStays.On() {
		if strings.HasPrefix(to, "/") {
			to = p.at.Path + to
		}
		return p.sendTo(to, http.StatusMovedPermanently)
	}
	return p.send(res)
}

// read opens an object; for HEAD there is no body.
func (p *pages) read(in object.GetInput) (*object.GetResult, error) {
	if p.r.Method == http.MethodHead {
		return p.h.cfg.Backend.Head(p.ctx, in)
	}
	return p.h.cfg.Backend.Get(p.ctx, in)
}

func (p *pages) send(res *object.GetResult) error {
	if res.Body != nil {
		return p.sendObject(res)
	}
	p.setObject(res)
	p.writeHeader(p.statusOf(res))
	return nil
}

// directory says whether a key that was not found, or may not be told of, is a
// directory with an index that anybody may read.
func (p *pages) directory(key string, err error) bool {
	code := errcode.Of(err)
	if key != p.key || code != errcode.NoSuchKey && code != errcode.AccessDenied {
		return false
	}
	if code == errcode.AccessDenied { // there may be such an object, which is looked for first
		owner := p.input(key)
		owner.Caller = object.Caller{Account: p.bucket.Owner}
		if _, err := p.h.cfg.Backend.Head(p.ctx, owner); errcode.Of(err) != errcode.NoSuchKey {
			return false
		}
	}
	_, err = p.h.cfg.Backend.Head(p.ctx, p.input(key+"/"+p.config.Index))
	return err == nil
}

// failed answers with what the website has for an error: a redirect, or its error
// document. The error itself is returned where it has nothing.
func (p *pages) failed(err error) error {
	e := asError(err)
	status := rowOf(e.Code).status
	if r := p.config.Route(p.key, status); r != nil {
		return p.sendTo(r.Location(p.at, p.key))
	}
	if status/100 != 4 || p.config.Error == "" || errorPlain.On() {
		return err
	}
	res, derr := p.read(p.input(p.config.Error))
	if derr != nil {
		return err
	}
	if res.Body != nil {
		defer res.Body.Close() // as above
	}
	for _, f := range e.Header {
		p.set(f.Name, f.Value)
	}
	p.setErrorCode(e)
	p.failure = e
	if p.instead = status; errorIsOK.On() {
		p.instead = http.StatusOK
	}
	return p.send(res)
}

// sendTo sends the browser elsewhere.
func (q *request) sendTo(to string, status int) error {
	q.set("Location", to)
	return q.reply(status)
}
