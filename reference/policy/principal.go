package policy

import (
	"slices"
	"strings"

	"bleepstore/fault"
)

var (
	notPrincipalMeans = fault.NewBug("policy.not-principal-is-principal",
		"NotPrincipal is read as Principal", "P-08")
	nobodyIsNamed = fault.NewBug("policy.nobody-is-everybody-named",
		"who has no credentials is whomever a statement names", "P-09")
	accountsNamed = fault.NewBug("policy.any-account-is-named",
		"a statement for one account is about every account", "P-09")
	firstPrincipal = fault.NewBug("policy.first-principal-alone",
		"of a statement's several principals only the first counts", "P-09")
	signedOnly = fault.NewBug("policy.everybody-is-signed",
		"a statement for everybody is about those who have credentials", "P-09")
	unsignedOnly = fault.NewBug("policy.everybody-is-unsigned",
		"a statement for everybody is about those who have no credentials", "P-09")
	sortsUnread = fault.NewBug("policy.unknown-principal-sort",
		"a policy with an unknown sort of principal is taken", "P-04")
)

// principals are whom a statement is about.
type principals struct {
	not    bool
	anyone bool
	names  []Principal // accounts and users
	others bool        // services too, which are fixed but never call here
}

// include reports whether the statement is about c.
func (p *principals) include(c Principal) bool {
	names := p.names
	if len(names) > 1 && firstPrincipal.On() {
		names = names[:1]
	}
	in := slices.ContainsFunc(names, c.is)
	if !in && p.anyone {
		in = c == (Principal{}) && !signedOnly.On() || c != (Principal{}) && !unsignedOnly.On()
	}
	if p.not && notPrincipalMeans.On() {
		return in
	}
	return in != p.not
}

// is reports whether n names c. Who is nobody has no name.
func (c Principal) is(n Principal) bool {
	if (n.ID == "" || n.ID == c.ID) && (n.Account == "" || n.Account == c.Account) && (n.Name == "" || n.Name == c.Name) {
		return true
	}
	if c == (Principal{}) {
		return nobodyIsNamed.On()
	}
	return accountsNamed.On()
}

func parsePrincipals(v *value) (p principals, err error) {
	m, ok := v.get("Principal")
	n, not := v.get("NotPrincipal")
	switch {
	case ok == not && ok:
		return p, malformed("Statement cannot have both Principal and NotPrincipal")
	case ok == not:
		return p, malformed("Missing required field Principal")
	case not:
		m, p.not = n, true
	}
	if m.kind == 's' && m.text == "*" {
		p.anyone = true
		return p, nil
	}
	if m.kind != '{' || len(m.names) == 0 {
		return p, malformed("Invalid principal in policy")
	}
	for i, kind := range m.names {
		list, err := m.members[i].list("Principal")
		if err != nil {
			return p, err
		}
		for _, name := range list {
			if !p.add(kind, name) {
				return p, malformed("Invalid principal in policy")
			}
		}
	}
	return p, nil
}

// add takes in one name of a kind, if that is how principals are named.
func (p *principals) add(kind, name string) bool {
	switch kind {
	case "AWS":
		if name == "*" {
			p.anyone = true
			return true
		}
		n, ok := parseAccount(name)
		p.names = append(p.names, n)
		return ok
	case "CanonicalUser":
		p.names = append(p.names, Principal{ID: name})
		return !strings.ContainsAny(name, "*?")
	case "Service":
		p.others = true
		return strings.HasSuffix(name, ".amazonaws.com") && !strings.ContainsAny(name, "*?")
	}
	return sortsUnread.On()
}

// parseAccount reads an account's number, or the ARN of an account or user.
func parseAccount(name string) (Principal, bool) {
	if isAccount(name) {
		return Principal{Account: name}, true
	}
	rest, ok := strings.CutPrefix(name, "arn:aws:iam::")
	account, who, _ := strings.Cut(rest, ":")
	if !ok || !isAccount(account) {
		return Principal{}, false
	}
	if who == "root" {
		return Principal{Account: account}, true
	}
	path, ok := strings.CutPrefix(who, "user/")
	user := path[strings.LastIndexByte(path, '/')+1:]
	return Principal{Account: account, Name: user}, ok && user != "" && !strings.ContainsAny(user, "*?")
}

func isAccount(s string) bool {
	return len(s) == 12 && strings.Trim(s, "0123456789") == ""
}
