package acl

import (
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
)

// The toy's ACLs: how they are read from a request, and what they grant.

type toyGrant struct{ kind, who, permission string }

// grants reports whether the list gives the account the permission.
func (t *toy) grants(list []toyGrant, account, permission string) bool {
	for _, g := range list {
		to := g.who == account && g.kind == "CanonicalUser" || g.who == groups[allUsers] ||
			g.who == groups[authenticated] && (account != anonymousID || t.bug == "AuthenticatedUsers is everybody")
		if to && (g.permission == permission || g.permission == full && t.bug != "FULL_CONTROL grants nothing") {
			return true
		}
		if to && t.bug == "READ_ACP may write" && g.permission == readACP && permission == writeACP {
			return true
		}
	}
	return false
}

type toyOwner struct{ ID string }

type toyPolicy struct {
	XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ AccessControlPolicy"`
	Owner   *toyOwner
	ACL     struct {
		Grants []toyElement `xml:"Grant"`
	} `xml:"AccessControlList"`
}

type toyElement struct {
	Grantee *struct {
		Kind         string `xml:"http://www.w3.org/2001/XMLSchema-instance type,attr"`
		ID           string
		URI          string
		EmailAddress string
	}
	Permission string
}

var toyCanned = map[string][]toyGrant{
	"private": nil, "aws-exec-read": nil,
	"public-read":               {{"Group", groups[allUsers], read}},
	"public-read-write":         {{"Group", groups[allUsers], read}, {"Group", groups[allUsers], write}},
	"authenticated-read":        {{"Group", groups[authenticated], read}},
	"log-delivery-write":        {{"Group", groups[logDelivery], write}, {"Group", groups[logDelivery], readACP}},
	"bucket-owner-read":         {{"CanonicalUser", "", read}},
	"bucket-owner-full-control": {{"CanonicalUser", "", full}},
}

// write sets owner and ACL as the request says. It refuses the request and
// returns false when that is no ACL.
func (t *toy) write(c *call, on *toyThing, owner, bucketOwner string) bool {
	canned := c.r.Header.Get("x-amz-acl")
	byHeader, bad := t.fromHeaders(c.r.Header)
	body := c.q.Has("acl") && len(c.body) > 0
	more, known := toyCanned[canned]
	acl := []toyGrant{{"CanonicalUser", owner, full}}
	switch {
	case bad != "":
		return t.wrong(c, bad)
	case canned != "" && !known && t.bug != "an unknown canned ACL is private":
		return t.wrong(c, "InvalidArgument")
	case canned != "" && byHeader != nil && t.bug != "two ways are one":
		return t.wrong(c, "InvalidRequest")
	case body && (canned != "" || byHeader != nil) && t.bug != "two ways are one":
		return t.wrong(c, "UnexpectedContent")
	case body:
		list, code := t.fromBody(c.body, owner)
		if code == "AccessDenied" {
			c.refuse(403, code)
			return false
		}
		if code != "" {
			return t.wrong(c, code)
		}
		acl = list
	case byHeader != nil:
		acl = byHeader
	case canned == "" && c.q.Has("acl"):
		return t.wrong(c, "MissingSecurityHeader")
	}
	if canned != "" && c.key == "" && strings.HasPrefix(canned, "bucket-owner") {
		more = nil
	}
	for _, g := range more {
		if g.who == "" {
			g.who = bucketOwner
		}
		if !slices.Contains(acl, g) && t.bug != "canned ACLs are private" {
			acl = append(acl, g)
		}
	}
	if t.bug == "grants are merged" && c.q.Has("acl") {
		acl = append(acl, on.acl...)
	}
	if c.in != nil && c.in.off && t.bug != "ACLs are taken while they are off" {
		owners := []toyGrant{{"CanonicalUser", bucketOwner, full}}
		if canned != "" && canned != "bucket-owner-full-control" || byHeader != nil || body && !slices.Equal(acl, owners) {
			return t.wrong(c, "AccessControlListNotSupported")
		}
		if c.q.Has("acl") {
			return true
		}
		owner, acl = bucketOwner, owners
	}
	if c.in != nil && c.in.blocked && slices.ContainsFunc(acl, func(g toyGrant) bool { return g.who == groups[allUsers] || g.who == groups[authenticated] }) {
		c.refuse(403, "AccessDenied")
		return false
	}
	on.owner, on.acl = owner, acl
	return true
}

func (t *toy) wrong(c *call, code string) bool {
	c.refuse(400, code)
	return false
}

func (t *toy) fromHeaders(h http.Header) (list []toyGrant, code string) {
	for _, g := range grantHeaders {
		value := h.Get(g.name)
		if value == "" || t.bug == "grant headers are ignored" {
			continue
		}
		for one := range strings.SplitSeq(value, ",") {
			kind, who, _ := strings.Cut(strings.TrimSpace(one), "=")
			kinds := map[string]string{"id": "CanonicalUser", "uri": "Group", "emailAddress": "AmazonCustomerByEmail"}
			grant, code := t.check(kinds[kind], strings.Trim(who, `"`), g.permission)
			if code != "" {
				return nil, code
			}
			list = append(list, grant)
			if t.bug == "the first grantee counts" {
				break
			}
		}
	}
	return list, ""
}

// check resolves a grantee.
func (t *toy) check(kind, who, permission string) (toyGrant, string) {
	g := toyGrant{kind, who, permission}
	switch {
	case kind == "CanonicalUser" && (who == toyIDs["a"] || who == toyIDs["b"]):
	case kind == "Group" && (who == groups[allUsers] || who == groups[authenticated] || who == groups[logDelivery]):
	case kind == "AmazonCustomerByEmail":
		return g, "UnresolvableGrantByEmailAddress"
	case t.bug == "anybody may be granted":
	default:
		return g, "InvalidArgument"
	}
	return g, ""
}

func (t *toy) fromBody(body []byte, owner string) (list []toyGrant, code string) {
	var p toyPolicy
	strict := t.bug != "malformed ACLs are taken"
	err := xml.Unmarshal(body, &p)
	if strict && (err != nil || p.Owner == nil || !strings.Contains(string(body), "AccessControlList")) {
		return nil, "MalformedACLError"
	}
	if strict && p.Owner.ID != owner {
		return nil, "AccessDenied"
	}
	for _, g := range p.ACL.Grants {
		known := slices.ContainsFunc(grantHeaders, func(h struct{ name, permission string }) bool { return h.permission == g.Permission })
		switch {
		case g.Grantee != nil && g.Grantee.Kind != "" && known:
		case strict:
			return nil, "MalformedACLError"
		default:
			continue
		}
		grant, code := t.check(g.Grantee.Kind, g.Grantee.ID+g.Grantee.URI, g.Permission)
		if code != "" {
			return nil, code
		}
		list = append(list, grant)
	}
	return list, ""
}
