package s3

import (
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// The types of grantees, as XML names them.
const (
	typeUser  = "CanonicalUser"
	typeGroup = "Group"
	typeEmail = "AmazonCustomerByEmail"
)

var (
	cannedUnknown = fault.NewBug("acl.unknown-canned-is-private",
		"a canned ACL that does not exist is taken for private", "AC-04")
	bothWays = fault.NewBug("acl.canned-beside-grants",
		"a canned ACL counts in the place of the grants beside it", "AC-05")
	firstGrantee = fault.NewBug("acl.first-grantee-only",
		"of the grantees in one header the first is stored", "AC-10")
	grantLost = fault.NewBug("acl.one-grant-header",
		"of several x-amz-grant headers the last counts", "AC-10")
	grantUnread = fault.NewBug("acl.malformed-grant-skipped",
		"a grantee that is none of id, uri and emailAddress is skipped", "AC-06")
	groupUnknown = fault.NewBug("acl.unknown-group",
		"a grant may be made to the URI of no group", "AC-06")
	idUnknown = fault.NewBug("acl.unknown-id",
		"a grant may be made to the canonical id of nobody", "AC-06")
	emailAnonymous = fault.NewBug("acl.email-is-anybody",
		"a grant to an email address of nobody is one to requests without credentials", "AC-06")
	firstGrant = fault.NewBug("acl.first-grant-only",
		"of the grants in a document the first is stored", "AC-13")
	nameRefused = fault.NewBug("acl.display-name-refused",
		"a document may not have the DisplayName of a grantee", "AC-13")
	permissionUnknown = fault.NewBug("acl.unknown-permission",
		"a document may grant a permission that does not exist", "AC-07")
	permissionFolded = fault.NewBug("acl.permission-in-lower-case",
		"a document may name its permissions in lower case", "AC-07")
)

const grantHeader = "X-Amz-Grant-"

// grantHeaders are the headers that grant, in the order in which their grants
// are kept.
var grantHeaders = []struct {
	name       string
	permission acl.Permission
}{
	{grantHeader + "Full-Control", acl.FullControl},
	{grantHeader + "Read", acl.Read},
	{grantHeader + "Write", acl.Write},
	{grantHeader + "Read-Acp", acl.ReadACP},
	{grantHeader + "Write-Acp", acl.WriteACP},
}

// headerACL reads x-amz-acl or the x-amz-grant-* headers; nil when the request
// has none of them.
func (q *request) headerACL() (*acl.Spec, error) {
	var grants []acl.Grant
	granting := false
	for _, h := range grantHeaders {
		values := q.r.Header[h.name]
		if len(values) == 0 {
			continue
		}
		granting = true
		if grantLost.On() {
			grants = nil
		}
		more, err := q.grantees(strings.Join(values, ","), h.permission)
		if err != nil {
			return nil, err
		}
		grants = append(grants, more...)
	}
	for name, values := range q.r.Header {
		if strings.HasPrefix(name, grantHeader) && !isGrantHeader(name) {
			return nil, argument("", strings.ToLower(name), values[0])
		}
	}
	canned := acl.Canned(q.header("X-Amz-Acl"))
	switch {
	case canned != "" && granting && !bothWays.On():
		return nil, errcode.New(errcode.InvalidRequest, "Specifying both Canned ACLs and Header Grants is not allowed")
	case canned != "" && !canned.Known() && cannedUnknown.On():
		return &acl.Spec{Canned: acl.Private}, nil
	case canned != "" && !canned.Known():
		return nil, argument("", "x-amz-acl", string(canned))
	case canned != "":
		return &acl.Spec{Canned: canned}, nil
	case !granting:
		return nil, nil
	}
	return &acl.Spec{Grants: grants}, checkGrants(grants)
}

func isGrantHeader(name string) bool {
	for _, h := range grantHeaders {
		if h.name == name {
			return true
		}
	}
	return false
}

// grantees reads the value of a grant header: type=value pairs parted by
// commas, with or without quotes.
func (q *request) grantees(text string, p acl.Permission) ([]acl.Grant, error) {
	var grants []acl.Grant
	for pair := range strings.SplitSeq(text, ",") {
		kind, value, ok := strings.Cut(strings.TrimSpace(pair), "=")
		value = strings.TrimSpace(value)
		if n := len(value); n >= 2 && value[0] == '"' && value[n-1] == '"' {
			value = value[1 : n-1]
		}
		types := map[string]string{"id": typeUser, "uri": typeGroup, "emailaddress": typeEmail}
		known := types[strings.ToLower(strings.TrimSpace(kind))]
		if (!ok || known == "") && grantUnread.On() {
			continue
		}
		if !ok || known == "" {
			return nil, argument("Argument format not recognized", "x-amz-grant-"+strings.ToLower(strings.ReplaceAll(string(p), "_", "-")), text)
		}
		g, err := q.grantee(known, value)
		if err != nil {
			return nil, err
		}
		g.Permission = p
		grants = append(grants, g)
		if firstGrantee.On() {
			break
		}
	}
	return grants, nil
}

// grantee makes a grant to whom kind and value name, without its permission.
func (q *request) grantee(kind, value string) (acl.Grant, error) {
	switch kind {
	case typeGroup:
		if !slices.Contains(acl.Groups(), value) && !groupUnknown.On() {
			return acl.Grant{}, argument("Invalid group uri", "uri", value)
		}
		return acl.Grant{Group: value}, nil
	case typeEmail: // accounts have no addresses here, and may have none on AWS
		if emailAnonymous.On() {
			return acl.Grant{ID: acl.Anonymous}, nil
		}
		return acl.Grant{}, &errcode.Error{Code: errcode.UnresolvableGrantByEmail}
	}
	if value == "" || value != acl.Anonymous && !q.h.cfg.Accounts(value) && !idUnknown.On() {
		return acl.Grant{}, argument("Invalid id", "id", value)
	}
	return acl.Grant{ID: value}, nil
}

// bodyACL reads an AccessControlPolicy.
func (q *request) bodyACL(e *element) (spec object.ACLSpec, err error) {
	if err := e.only("Owner", "AccessControlList"); err != nil {
		return spec, malformedACL(err)
	}
	lists := 0
	for i := range e.kids {
		kid := &e.kids[i]
		if kid.name == "Owner" {
			id, _, err := kid.child("ID")
			if err != nil || spec.Owner != "" {
				return spec, malformedACL(err)
			}
			spec.Owner = id
			continue
		}
		lists++
		spec.Grants = make([]acl.Grant, 0, len(kid.kids))
		for j := range kid.kids {
			g, err := q.bodyGrant(&kid.kids[j])
			if err != nil {
				return spec, err
			}
			spec.Grants = append(spec.Grants, g)
			if firstGrant.On() {
				break
			}
		}
	}
	if lists != 1 || spec.Owner == "" {
		return spec, malformedACL(nil)
	}
	return spec, checkGrants(spec.Grants)
}

// bodyGrant reads a Grant: a Grantee, whose xsi:type says which of its
// children counts, and a Permission.
func (q *request) bodyGrant(e *element) (g acl.Grant, err error) {
	if e.name != "Grant" || e.only("Grantee", "Permission") != nil || len(e.kids) != 2 {
		return g, malformedACL(nil)
	}
	permission, found, err := e.child("Permission")
	if permissionFolded.On() {
		permission = strings.ToUpper(permission)
	}
	if err != nil || !found || !slices.Contains(acl.Permissions(), acl.Permission(permission)) && !(permission != "" && permissionUnknown.On()) {
		return g, malformedACL(err)
	}
	grantee := &e.kids[0]
	if grantee.name != "Grantee" {
		grantee = &e.kids[1]
	}
	names := map[string]string{typeUser: "ID", typeGroup: "URI", typeEmail: "EmailAddress"}
	name := names[grantee.kind]
	if nameRefused.On() && grantee.only(name) != nil {
		return g, malformedACL(nil)
	}
	if name == "" || grantee.only(name, "DisplayName") != nil {
		return g, malformedACL(nil)
	}
	value, found, err := grantee.child(name)
	if err != nil || !found {
		return g, malformedACL(err)
	}
	g, err = q.grantee(grantee.kind, value)
	g.Permission = acl.Permission(permission)
	return g, err
}

func checkGrants(grants []acl.Grant) error {
	if len(grants) > acl.MaxGrants {
		return malformedACL(nil)
	}
	return nil
}

func malformedACL(err error) error { return errcode.Wrap(errcode.MalformedACL, err) }
