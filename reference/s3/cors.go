package s3

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/cors"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	errorsBare = fault.NewBug("cors.errors-without-headers",
		"an answer that refuses a request has no headers for its origin", "CO-06")
	unmatchedRefused = fault.NewBug("cors.unmatched-refused",
		"a request of an origin that no rule allows is refused", "CO-06")
	anyAllowed = fault.NewBug("cors.anything-allowed",
		"where there is no configuration every origin may do everything", "CO-04", "CO-06")
	maxAgeUnsaid = fault.NewBug("cors.max-age-unsaid",
		"the answer to a preflight does not say for how long it holds", "CO-03")
	exposeUnsaid = fault.NewBug("cors.expose-unsaid",
		"no answer says which headers the page may read", "CO-06")
	preflightLax = fault.NewBug("cors.preflight-without-origin",
		"a preflight without Origin or method is answered 200", "CO-05")
	preflightSigned = fault.NewBug("cors.preflight-signed",
		"a preflight needs a signature", "CO-09", "CO-03")
	configurationStays = fault.NewBug("cors.delete-forgotten",
		"DeleteBucketCors leaves the rules as they are", "CO-01")
	rulesReversed = fault.NewBug("cors.rules-reversed",
		"the rules of a configuration are stored from the last to the first", "CO-01", "CO-08")
)

// The headers that Vary names where an origin asks a bucket that has rules: what is
// answered hangs on them, and a cache must not give one origin's answer to another.
const corsVary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"

// Headers of the protocol, by their canonical names.
const (
	hOrigin         = "Origin"
	hRequestMethod  = "Access-Control-Request-Method"
	hRequestHeaders = "Access-Control-Request-Headers"
)

func (q *request) getCORS() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	c, err := object.CORSOf(&b)
	if err != nil {
		return err
	}
	if c == nil {
		return (&errcode.Error{Code: errcode.NoSuchCORSConfiguration}).With("BucketName", q.bucket)
	}
	x := q.h.buffers.xml()
	x.root("CORSConfiguration")
	for i := range c.Rules {
		appendRule(x, &c.Rules[i])
	}
	x.end("CORSConfiguration")
	return q.replyXML(http.StatusOK, x)
}

func appendRule(x *xmlBuf, r *cors.Rule) {
	x.open("CORSRule")
	x.some("ID", r.ID)
	for _, list := range ruleLists {
		for _, v := range *list.of(r) {
			x.text(list.name, v)
		}
	}
	if r.MaxAge != nil {
		x.int("MaxAgeSeconds", int64(*r.MaxAge))
	}
	x.end("CORSRule")
}

// ruleLists are the elements of a CORSRule that may come several times.
var ruleLists = []struct {
	name string
	of   func(*cors.Rule) *[]string
}{
	{"AllowedHeader", func(r *cors.Rule) *[]string { return &r.Headers }},
	{"AllowedMethod", func(r *cors.Rule) *[]string { return &r.Methods }},
	{"AllowedOrigin", func(r *cors.Rule) *[]string { return &r.Origins }},
	{"ExposeHeader", func(r *cors.Rule) *[]string { return &r.Expose }},
}

func (q *request) putCORS() error {
	e, err := q.readXML("CORSConfiguration")
	if err != nil {
		return err
	}
	if e == nil {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	if q.received > cors.MaxBytes {
		return (&errcode.Error{Code: errcode.MaxMessageLengthExceeded}).With("MaxMessageLengthBytes", itoa(cors.MaxBytes))
	}
	if err := e.only("CORSRule"); err != nil {
		return err
	}
	c := &cors.Configuration{Rules: make([]cors.Rule, len(e.kids))}
	for i := range e.kids {
		if c.Rules[i], err = parseRule(&e.kids[i]); err != nil {
			return err
		}
	}
	if err := c.Check(); err != nil {
		return err
	}
	if len(c.Rules) > 1 && rulesReversed.On() {
		slices.Reverse(c.Rules)
	}
	if err := q.h.cfg.Backend.SetCORS(q.ctx, q.caller, q.bucket, c); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

func parseRule(e *element) (r cors.Rule, err error) {
	if err := e.only("ID", "MaxAgeSeconds", "AllowedHeader", "AllowedMethod", "AllowedOrigin", "ExposeHeader"); err != nil {
		return r, err
	}
	for i := range e.kids {
		for _, list := range ruleLists {
			if e.kids[i].name == list.name {
				to := list.of(&r)
				*to = append(*to, e.kids[i].text)
			}
		}
	}
	if r.ID, _, err = e.child("ID"); err != nil {
		return r, err
	}
	text, found, err := e.child("MaxAgeSeconds")
	if err != nil || !found {
		return r, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	if err != nil {
		return r, malformed("MaxAgeSeconds is not a number")
	}
	seconds := int32(n)
	r.MaxAge = &seconds
	return r, nil
}

func (q *request) deleteCORS() error {
	if configurationStays.On() {
		return q.reply(http.StatusNoContent)
	}
	if err := q.h.cfg.Backend.SetCORS(q.ctx, q.caller, q.bucket, nil); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

// allowOrigin adds to the answer, whatever it will be, what the bucket's rules
// allow the origin that asks. It comes before authentication, so that a page can
// read why it was refused. A request that no rule allows is served all the same:
// it is the browser that keeps the answer from the page.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
func (q *request) allowOrigin() error {
	origin := q.header(hOrigin)
	if origin == "" || q.bucket == "" || q.r.Method == http.MethodOptions {
		return nil
	}
	c, err := q.findCORS()
	if err != nil {
		return nil // the operation itself will say what is wrong
	}
	if c != nil {
		q.set("Vary", corsVary)
	}
	ask := cors.Ask{Origin: origin, Method: q.r.Method}
	if m := q.header(hRequestMethod); m != "" { // as S3 does; no page can send it
		ask.Method = m
	}
	leave, ok := c.Match(ask)
	switch {
	case ok:
		q.setLeave(leave)
	case c == nil && anyAllowed.On():
		q.set("Access-Control-Allow-Origin", "*")
	case unmatchedRefused.On():
		return &errcode.Error{Code: errcode.AccessForbidden}
	}
	return nil
}

// findCORS reads the configuration of the bucket whoever asks; nil where there
// is none.
func (q *request) findCORS() (*cors.Configuration, error) {
	b, err := q.find()
	if err != nil {
		return nil, err
	}
	return object.CORSOf(&b)
}

// find reads the bucket whoever asks.
func (q *request) find() (object.Bucket, error) {
	ctx, cancel := context.WithTimeout(q.ctx, q.h.limits.Metadata)
	defer cancel()
	return q.h.cfg.Backend.Find(ctx, q.bucket)
}

// setLeave tells a browser what a rule allows.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html#RESTOPTIONSobject-responses
func (q *request) setLeave(l cors.Leave) {
	q.set("Access-Control-Allow-Origin", l.Origin)
	if l.Credentials {
		q.set("Access-Control-Allow-Credentials", "true")
	}
	q.set("Access-Control-Allow-Methods", strings.Join(l.Methods, ", "))
	if !exposeUnsaid.On() {
		q.setSome("Access-Control-Expose-Headers", strings.Join(l.Expose, ", "))
	}
	if l.MaxAge != nil && !maxAgeUnsaid.On() {
		q.set("Access-Control-Max-Age", itoa(int(*l.MaxAge)))
	}
}

// forgetLeave is the bug cors.errors-without-headers.
func (q *request) forgetLeave() {
	if len(q.w.Header()["Access-Control-Allow-Origin"]) > 0 && errorsBare.On() {
		for name := range q.w.Header() {
			if strings.HasPrefix(name, "Access-Control-") {
				delete(q.w.Header(), name)
			}
		}
	}
}

// preflight says whether a request that a browser would send is allowed; no
// signature can come with it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
func (q *request) preflight() error {
	ask := cors.Ask{Origin: q.header(hOrigin), Method: q.header(hRequestMethod)}
	switch {
	case (ask.Origin == "" || ask.Method == "") && preflightLax.On():
		return q.reply(http.StatusOK)
	case ask.Origin == "":
		return errcode.New(errcode.BadRequest, "Insufficient information. Origin request header needed.")
	case ask.Method == "":
		return errcode.New(errcode.BadRequest, "Invalid Access-Control-Request-Method: null")
	case !slices.Contains(cors.Methods, ask.Method):
		return errcode.New(errcode.BadRequest, "Invalid Access-Control-Request-Method: %s", ask.Method)
	case preflightSigned.On() && q.header("Authorization") == "":
		return &errcode.Error{Code: errcode.AccessDenied}
	}
	for name := range strings.SplitSeq(strings.Join(q.r.Header[hRequestHeaders], ","), ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			ask.Headers = append(ask.Headers, name)
		}
	}
	c, err := q.findCORS()
	if err != nil {
		return err
	}
	leave, ok := c.Match(ask)
	if c == nil && anyAllowed.On() {
		leave, ok = cors.Leave{Rule: &cors.Rule{Methods: []string{ask.Method}}, Origin: "*"}, true
	}
	if !ok {
		return q.forbidden(c, ask)
	}
	q.setLeave(leave)
	q.setSome("Access-Control-Allow-Headers", strings.Join(ask.Headers, ", "))
	q.set("Vary", corsVary)
	return q.reply(http.StatusOK)
}

// forbidden is the answer to a preflight that no rule of c allows.
func (q *request) forbidden(c *cors.Configuration, ask cors.Ask) error {
	message, kind := "No rule of the bucket's CORS configuration allows this origin, method and headers.", "OBJECT"
	if c == nil {
		message = "The bucket has no CORS configuration."
	}
	if q.key == "" {
		kind = "BUCKET"
	}
	return errcode.New(errcode.AccessForbidden, "%s", message).With("Method", ask.Method).With("ResourceType", kind)
}
