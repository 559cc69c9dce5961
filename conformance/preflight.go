package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"bleepstore/conformance/report"
	"bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// refusals are the codes by which S3 says that it does not know the caller.
var refusals = []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken", "InvalidSecurity",
	"RequestTimeTooSkewed", "AuthorizationHeaderMalformed", "NotSignedUp", "AccountProblem"}

// preflight asks every endpoint who it is. An error means that no scenario
// could be judged: nobody answers, what answers is not S3, or it refuses the
// credentials.
func preflight(ctx context.Context, t *scenarios.Target) (report.Preflight, error) {
	var found report.Preflight
	p := newProber(t)
	defer p.client.CloseIdleConnections()
	for i, u := range t.Endpoints {
		f, err := p.endpoint(ctx, u)
		if err != nil {
			return found, &Error{ExitPreflight, fmt.Errorf("%s: %w", u, err)}
		}
		if i == 0 {
			found = f
		}
	}
	if t.TLSEndpoint != nil && !slices.Contains(t.Endpoints, t.TLSEndpoint) {
		if _, err := p.endpoint(ctx, t.TLSEndpoint); err != nil {
			return found, &Error{ExitPreflight, fmt.Errorf("%s: %w", t.TLSEndpoint, err)}
		}
	}
	wrong := t.Main
	wrong.Secret = rand.Text()
	if a, err := p.get(ctx, t.Endpoints[0], "/", "", wrong); err == nil && a.status == http.StatusOK {
		found.Notes = append(found.Notes, "a request signed with a wrong secret was answered 200: the server does not verify signatures")
	}
	return found, nil
}

type prober struct {
	target *scenarios.Target
	client *http.Client
}

func newProber(t *scenarios.Target) prober {
	return prober{t, &http.Client{Timeout: t.Timeout, Transport: &http.Transport{TLSClientConfig: t.TLS.Clone(), DialContext: t.Dial},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// An answer is what a probe got.
type answer struct {
	status int
	header http.Header
	root   string // local name of the document's root element, "" when it is not XML
	code   string // of an Error document
	region string // likewise
	body   []byte
	asked  time.Time
	took   time.Duration
}

// skew is how far a clock that showed at, to the second, while the answer was under
// way is off ours, at least.
func (a answer) skew(at time.Time) time.Duration {
	from, to := a.asked.Truncate(time.Second), a.asked.Add(a.took).Truncate(time.Second)
	switch {
	case at.Before(from):
		return at.Sub(from)
	case at.After(to):
		return at.Sub(to)
	}
	return 0
}

// endpoint lists the buckets of one endpoint.
func (p prober) endpoint(ctx context.Context, u *url.URL) (report.Preflight, error) {
	var f report.Preflight
	a, err := p.get(ctx, u, "/", "", p.target.Main)
	if err != nil {
		return f, unreachable(err)
	}
	f.Server, f.RTT = a.header.Get("Server"), a.took
	if d, err := http.ParseTime(a.header.Get("Date")); err == nil {
		f.Skew = a.skew(d)
	} else {
		f.Notes = append(f.Notes, fmt.Sprintf("no usable Date header (%q): the clock skew is unknown", a.header.Get("Date")))
	}
	switch {
	case slices.Contains(refusals, a.code) || a.status == http.StatusUnauthorized:
		return f, fmt.Errorf("the credentials are refused: %s", a.refusal(f.Skew))
	case a.root == "ListAllMyBucketsResult":
		return f, nil
	case a.root != "Error" || a.code == "":
		return f, fmt.Errorf("what answers is not S3: ListBuckets got %d %s", a.status, clip(a.body))
	case a.status == http.StatusForbidden:
		return f, p.accepted(ctx, u, a)
	case a.status >= 500 && a.status != http.StatusNotImplemented:
		return f, fmt.Errorf("ListBuckets got %d %s: the server is not ready", a.status, a.code)
	}
	f.Notes = append(f.Notes, fmt.Sprintf("ListBuckets got %d %s", a.status, a.code))
	return f, nil
}

// accepted tells whether a caller who may not list buckets is known at all: S3
// answers 404 for a bucket that does not exist only to those it knows.
func (p prober) accepted(ctx context.Context, u *url.URL, first answer) error {
	bucket, want := "bleep-preflight-"+strings.ToLower(rand.Text()[:10]), http.StatusNotFound
	if p.target.Bucket != "" {
		bucket, want = p.target.Bucket, http.StatusOK
	}
	a, err := p.get(ctx, u, "/"+bucket, "list-type=2&max-keys=1", p.target.Main)
	if err != nil {
		return unreachable(err)
	}
	if a.status != want {
		return fmt.Errorf("the credentials are refused: ListBuckets got %d %s, listing bucket %s got %d %s", first.status, first.code, bucket, a.status, a.code)
	}
	return nil
}

// refusal words why credentials are refused.
func (a answer) refusal(skew time.Duration) string {
	text := fmt.Sprintf("%d %s", a.status, a.code)
	if a.region != "" {
		text += "; the server expects -region=" + a.region
	}
	if a.code == "RequestTimeTooSkewed" {
		text += fmt.Sprintf("; its clock is %s off ours", skew)
	}
	return text
}

func unreachable(err error) error {
	var ue *url.Error
	if errors.As(err, &ue) {
		err = ue.Err
	}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	if errors.As(err, &unknown) || errors.As(err, &host) {
		return fmt.Errorf("unreachable: %w; -k trusts any certificate", err)
	}
	return fmt.Errorf("unreachable: %w", err)
}

// get sends one signed GET, path-style.
func (p prober) get(ctx context.Context, u *url.URL, path, query string, keys scenarios.Keys) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String()+path, nil)
	if err != nil {
		return answer{}, err
	}
	req.URL.RawQuery = query
	scope := sign.Scope{Access: keys.Access, Secret: keys.Secret, Session: keys.Session, Region: p.target.Region, Service: "s3", Time: time.Now().UTC()}
	if err := sign.Header(req, scope, sign.Hash(sign.Signed, nil)); err != nil {
		return answer{}, err
	}
	start := time.Now()
	resp, err := p.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: body, asked: start, took: time.Since(start)}
	var doc struct {
		XMLName xml.Name
		Code    string
		Region  string
	}
	if xml.Unmarshal(bytes.TrimSpace(body), &doc) == nil {
		a.root = doc.XMLName.Local
		if a.root == "Error" {
			a.code, a.region = doc.Code, doc.Region
		}
	}
	return a, nil
}

// empty makes sure that the user's bucket holds nothing: no object, version,
// marker or upload. A listing that the server lacks is not held against it.
func empty(ctx context.Context, t *scenarios.Target) error {
	p := newProber(t)
	defer p.client.CloseIdleConnections()
	for _, query := range []string{"list-type=2&max-keys=1", "versions&max-keys=1", "uploads&max-uploads=1"} {
		a, err := p.get(ctx, p.target.Endpoints[0], "/"+p.target.Bucket, query, p.target.Main)
		switch {
		case err != nil:
			return &Error{ExitPreflight, unreachable(err)}
		case a.status == http.StatusNotImplemented || a.status == http.StatusMethodNotAllowed || a.code == "NoSuchUpload":
			continue // it has no such listing, or nothing to list
		case a.status != http.StatusOK:
			return usage("-bucket=%s: listing it (%s) got %d %s", p.target.Bucket, query, a.status, a.code)
		case holdsEntry(a.body):
			return usage("-bucket=%s: the bucket is not empty (%s)", p.target.Bucket, query)
		}
	}
	return nil
}

// holdsEntry reports whether a listing has an entry.
func holdsEntry(body []byte) bool {
	for _, tag := range []string{"<Contents", "<Version>", "<DeleteMarker", "<Upload>", "<CommonPrefixes"} {
		if bytes.Contains(body, []byte(tag)) {
			return true
		}
	}
	return false
}

func clip(b []byte) string {
	if len(b) > 120 {
		return fmt.Sprintf("%q...", b[:120])
	}
	return fmt.Sprintf("%q", b)
}
