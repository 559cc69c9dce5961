package s3

import (
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/website"
)

var (
	websiteLost = fault.NewBug("website.delete-forgotten",
		"DeleteBucketWebsite answers 204 and leaves the configuration", "WS-01")
	rulesDropped = fault.NewBug("website.rules-not-stored",
		"of a website's routing rules none is stored", "WS-01")
	errorDropped = fault.NewBug("website.error-document-not-stored",
		"the error document of a website is not stored", "WS-01")
)

func (q *request) getWebsite() error {
	b, err := q.readBucket()
	if err != nil {
		return err
	}
	c, err := object.WebsiteOf(&b)
	if err != nil {
		return err
	}
	if c == nil {
		return (&errcode.Error{Code: errcode.NoSuchWebsiteConfiguration}).With("BucketName", q.bucket)
	}
	x := q.h.buffers.xml()
	x.root("WebsiteConfiguration")
	x.website(c)
	x.end("WebsiteConfiguration")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) putWebsite() error {
	e, err := q.readXML("WebsiteConfiguration")
	if err != nil {
		return err
	}
	if e == nil {
		return &errcode.Error{Code: errcode.MissingRequestBody}
	}
	c, err := parseWebsite(e)
	if err == nil {
		err = c.Check()
	}
	if err != nil {
		return err
	}
	if len(c.Rules) > 0 && rulesDropped.On() {
		c.Rules = nil
	}
	if c.Error != "" && errorDropped.On() {
		c.Error = ""
	}
	if err := q.h.cfg.Backend.SetWebsite(q.ctx, q.caller, q.bucket, c); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

func (q *request) deleteWebsite() error {
	if websiteLost.On() {
		return q.reply(http.StatusNoContent)
	}
	if err := q.h.cfg.Backend.SetWebsite(q.ctx, q.caller, q.bucket, nil); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

// parseWebsite reads a WebsiteConfiguration.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html#API_PutBucketWebsite_RequestSyntax
func parseWebsite(e *element) (*website.Configuration, error) {
	c := &website.Configuration{}
	p := fields{e: e}
	seen := map[string]bool{}
	for i := range e.kids {
		k := &e.kids[i]
		p.fail(seen[k.name], k.name+" occurs twice")
		seen[k.name] = true
		in := fields{e: k}
		switch k.name {
		case "IndexDocument":
			c.Index = in.text("Suffix")
			p.join(in.end("Suffix"))
		case "ErrorDocument":
			c.Error = in.text("Key")
			in.fail(c.Error == "", "ErrorDocument has no Key")
			p.join(in.end("Key"))
		case "RedirectAllRequestsTo":
			c.All = &website.All{Host: in.text("HostName"), Protocol: in.text("Protocol")}
			p.join(in.end("HostName", "Protocol"))
		case "RoutingRules":
			p.join(in.end("RoutingRule"))
			for j := range k.kids {
				c.Rules = append(c.Rules, p.routingRule(&k.kids[j]))
			}
		default:
			p.fail(true, "unknown element "+k.name)
		}
	}
	return c, p.err
}

func (p *fields) routingRule(e *element) (r website.Rule) {
	p.join(e.only("Condition", "Redirect"))
	seen := map[string]bool{}
	for i := range e.kids {
		k := &e.kids[i]
		p.fail(seen[k.name], k.name+" occurs twice")
		seen[k.name] = true
		in := fields{e: k}
		if k.name == "Condition" {
			r.Condition = &website.Condition{Error: in.text("HttpErrorCodeReturnedEquals"), Prefix: in.text("KeyPrefixEquals")}
			p.join(in.end("HttpErrorCodeReturnedEquals", "KeyPrefixEquals"))
			continue
		}
		r.Redirect = website.Redirect{Host: in.text("HostName"), Code: in.text("HttpRedirectCode"), Protocol: in.text("Protocol"),
			ReplacePrefix: in.optional("ReplaceKeyPrefixWith"), ReplaceKey: in.optional("ReplaceKeyWith")}
		p.join(in.end("HostName", "HttpRedirectCode", "Protocol", "ReplaceKeyPrefixWith", "ReplaceKeyWith"))
	}
	p.fail(!seen["Redirect"], "a RoutingRule has a Redirect")
	return r
}

// website is the reverse of parseWebsite.
func (x *xmlBuf) website(c *website.Configuration) {
	if c.All != nil {
		x.open("RedirectAllRequestsTo")
		x.text("HostName", c.All.Host)
		x.some("Protocol", c.All.Protocol)
		x.end("RedirectAllRequestsTo")
	}
	x.within("IndexDocument", "Suffix", c.Index)
	x.within("ErrorDocument", "Key", c.Error)
	if len(c.Rules) == 0 {
		return
	}
	x.open("RoutingRules")
	for i := range c.Rules {
		r := &c.Rules[i]
		x.open("RoutingRule")
		if r.Condition != nil {
			x.open("Condition")
			x.some("HttpErrorCodeReturnedEquals", r.Condition.Error)
			x.some("KeyPrefixEquals", r.Condition.Prefix)
			x.end("Condition")
		}
		x.open("Redirect")
		x.some("Protocol", r.Redirect.Protocol)
		x.some("HostName", r.Redirect.Host)
		x.optional("ReplaceKeyPrefixWith", r.Redirect.ReplacePrefix)
		x.optional("ReplaceKeyWith", r.Redirect.ReplaceKey)
		x.some("HttpRedirectCode", r.Redirect.Code)
		x.end("Redirect")
		x.end("RoutingRule")
	}
	x.end("RoutingRules")
}

// within appends an element of one child, left out when value is "".
func (x *xmlBuf) within(parent, name, value string) {
	if value == "" {
		return
	}
	x.open(parent)
	x.text(name, value)
	x.end(parent)
}
