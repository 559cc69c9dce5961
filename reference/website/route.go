package website

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bleepstore/fault"
)

var (
	prefixUnasked = fault.NewBug("website.rule-prefix-ignored",
		"a routing rule holds whatever its KeyPrefixEquals says", "WS-07")
	statusUnasked = fault.NewBug("website.rule-status-ignored",
		"a routing rule for an error is applied before there is any", "WS-08")
	prefixKept = fault.NewBug("website.prefix-kept",
		"ReplaceKeyPrefixWith is put before the key instead of in place of its prefix", "WS-07")
	codeFixed = fault.NewBug("website.redirect-code-ignored",
		"every redirect of a rule is a 301", "WS-07")
)

// A Place is where a website stands: at a host, and there behind a path, which is
// "" or begins with a slash and does not end in one.
type Place struct{ Scheme, Host, Path string }

// At is the address of a key of the website.
func (p Place) At(key string) string {
	return p.Scheme + "://" + p.Host + escape(p.Path+"/"+key)
}

// escape is a path as an address holds it.
func escape(path string) string { return (&url.URL{Path: path}).EscapedPath() }

// Route returns the first rule that holds for a request of key, nil where none
// does: status is 0 before the object is looked for, and afterwards that of the
// error which came of it.
func (c *Configuration) Route(key string, status int) *Rule {
	for i := range c.Rules {
		if c.Rules[i].holds(key, status) {
			return &c.Rules[i]
		}
	}
	return nil
}

func (r *Rule) holds(key string, status int) bool {
	c := r.Condition
	if c == nil {
		return status == 0
	}
	if !strings.HasPrefix(key, c.Prefix) && !prefixUnasked.On() {
		return false
	}
	if status == 0 {
		return c.Error == "" || statusUnasked.On()
	}
	return c.Error == strconv.Itoa(status)
}

// Location is where the rule sends a request of key at a place, and with which
// status.
func (r *Rule) Location(at Place, key string) (location string, status int) {
	d := &r.Redirect
	status = http.StatusMovedPermanently
	if n, err := strconv.Atoi(d.Code); err == nil && !codeFixed.On() {
		status = n
	}
	switch {
	case d.ReplaceKey != nil:
		key = *d.ReplaceKey
	case d.ReplacePrefix != nil && r.Condition != nil && !prefixKept.On():
		key = *d.ReplacePrefix + strings.TrimPrefix(key, r.Condition.Prefix)
	case d.ReplacePrefix != nil:
		key = *d.ReplacePrefix + key
	}
	if d.Protocol != "" {
		at.Scheme = d.Protocol
	}
	if d.Host != "" {
		at.Host, at.Path = d.Host, ""
	}
	return at.At(key), status
}

// Location is where all requests of a website are sent.
func (a *All) Location(at Place, key string) string {
	if a.Protocol != "" {
		at.Scheme = a.Protocol
	}
	return Place{Scheme: at.Scheme, Host: a.Host}.At(key)
}
