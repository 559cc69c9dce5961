package s3

import (
	"net/http"
	"net/url"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/object"
)

const hMinimumSize = "X-Amz-Transition-Default-Minimum-Object-Size"

var (
	sizeUnsaid = fault.NewBug("lifecycle.minimum-size-unsaid",
		"the default minimum object size of transitions is not told", "LC-01")
	expirationUnsaid = fault.NewBug("lifecycle.expiration-unsaid",
		"x-amz-expiration is never sent", "LC-09")
	ruleUnencoded = fault.NewBug("lifecycle.rule-id-unencoded",
		"the rule-id of x-amz-expiration is not encoded", "LC-09")
	abortUnsaid = fault.NewBug("lifecycle.abort-unsaid",
		"x-amz-abort-date is never sent", "LC-12")
	abortOfAll = fault.NewBug("lifecycle.abort-of-every-key",
		"x-amz-abort-date is sent of keys that no rule is for", "LC-12")
)

func (q *request) getLifecycle() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	c, err := object.LifecycleOf(&b)
	if err != nil {
		return err
	}
	if c == nil {
		return (&errcode.Error{Code: errcode.NoSuchLifecycleConfiguration}).With("BucketName", q.bucket)
	}
	q.setMinimumSize(c)
	return q.replyXML(http.StatusOK, q.appendLifecycle(c))
}

func (q *request) setMinimumSize(c *lifecycle.Configuration) {
	if !sizeUnsaid.On() {
		q.set(hMinimumSize, c.MinimumSize)
	}
}

func (q *request) putLifecycle() error {
	e, err := q.readXML("LifecycleConfiguration")
	if err != nil {
		return err
	}
	if e == nil {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	c, err := parseLifecycle(e)
	if err != nil {
		return err
	}
	c.MinimumSize = q.header(hMinimumSize)
	if c.MinimumSize == "" {
		c.MinimumSize = lifecycle.All128K
	}
	if err := c.Check(); err != nil {
		return err
	}
	if err := archives(c); err != nil {
		return err
	}
	if err := q.h.cfg.Backend.SetLifecycle(q.ctx, q.caller, q.bucket, c); err != nil {
		return err
	}
	q.setMinimumSize(c)
	return q.reply(http.StatusOK)
}

// archives refuses transitions to classes whose promises this server cannot keep.
func archives(c *lifecycle.Configuration) error {
	for i := range c.Rules {
		r := &c.Rules[i]
		for _, t := range append(r.Transitions[:len(r.Transitions):len(r.Transitions)], r.NoncurrentTransitions...) {
			if !storageClasses[t.Class] {
				return errcode.New(errcode.NotImplemented, "This server has no archives: transitions to %s are not implemented.", t.Class)
			}
		}
	}
	return nil
}

func (q *request) deleteLifecycle() error {
	if err := q.h.cfg.Backend.SetLifecycle(q.ctx, q.caller, q.bucket, nil); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

// setExpiry sets x-amz-expiration.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
func (q *request) setExpiry(e *lifecycle.Expiry) {
	if e == nil || expirationUnsaid.On() {
		return
	}
	id := strings.ReplaceAll(url.QueryEscape(e.Rule), "+", "%20")
	if id != e.Rule && ruleUnencoded.On() {
		id = e.Rule
	}
	q.set("x-amz-expiration", `expiry-date="`+httpDate(e.At)+`", rule-id="`+id+`"`)
}

// setAborts tells when an upload is aborted.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html
func (q *request) setAborts(u *object.Upload) {
	if u.Aborts == nil && abortOfAll.On() {
		u.Aborts = &lifecycle.Expiry{At: lifecycle.Due(u.Initiated, 7), Rule: "default"}
	}
	if u.Aborts == nil || abortUnsaid.On() {
		return
	}
	q.set("x-amz-abort-date", httpDate(u.Aborts.At))
	q.set("x-amz-abort-rule-id", u.Aborts.Rule)
}
