package cors

import (
	"strings"

	"bleepstore/fault"
)

var (
	lastRule = fault.NewBug("cors.last-rule-wins",
		"of the rules that match the last counts", "CO-08")
	originFolded = fault.NewBug("cors.origin-contains",
		"an origin matches when it contains one that is allowed", "CO-04", "CO-06")
	methodIgnored = fault.NewBug("cors.method-ignored",
		"a rule matches whatever the method", "CO-04", "CO-06")
	headersIgnored = fault.NewBug("cors.headers-ignored",
		"a rule matches whatever headers a preflight asks for", "CO-04")
	headersExact = fault.NewBug("cors.headers-case-sensitive",
		"the headers of a preflight match in the case of the rule alone", "CO-08")
	wildcardLiteral = fault.NewBug("cors.wildcard-literal",
		"a wildcard inside an origin stands for itself", "CO-07")
	headerWildcardLiteral = fault.NewBug("cors.header-wildcard-literal",
		"a wildcard inside an allowed header stands for itself", "CO-08")
	starCredentials = fault.NewBug("cors.star-with-credentials",
		"where any origin is allowed, it may send credentials", "CO-07")
	originOfRule = fault.NewBug("cors.first-origin-named",
		"the origin that an answer names is the first that the rule allows", "CO-07", "CO-06")
)

// An Ask is a request as far as rules look at it.
type Ask struct {
	Origin  string
	Method  string
	Headers []string // that a preflight asks for, in any case
}

// A Leave is what a rule allows: Origin to be named in the answer, and whether
// it may send credentials.
type Leave struct {
	*Rule
	Origin      string
	Credentials bool
}

// Match returns the leave that the first rule gives which allows all of what is
// asked, and false where none does. A nil c allows nothing.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
func (c *Configuration) Match(a Ask) (leave Leave, ok bool) {
	if c == nil {
		return Leave{}, false
	}
	for i := range c.Rules {
		if l, matches := c.Rules[i].match(a); matches {
			leave, ok = l, true
			if !lastRule.On() {
				break
			}
		}
	}
	return leave, ok
}

func (r *Rule) match(a Ask) (Leave, bool) {
	if !contains(r.Methods, a.Method) && !methodIgnored.On() {
		return Leave{}, false
	}
	for _, h := range a.Headers {
		if !r.allows(h) && !headersIgnored.On() {
			return Leave{}, false
		}
	}
	for _, o := range r.Origins {
		if !matchOrigin(o, a.Origin) {
			continue
		}
		l := Leave{Rule: r, Origin: a.Origin, Credentials: true}
		if o == "*" {
			l.Origin, l.Credentials = o, starCredentials.On()
		}
		if l.Origin != r.Origins[0] && originOfRule.On() {
			l.Origin = r.Origins[0]
		}
		return l, true
	}
	return Leave{}, false
}

// matchOrigin compares an origin with what a rule allows: scheme, host and port
// as they stand.
func matchOrigin(pattern, origin string) bool {
	if pattern != "*" && strings.Contains(pattern, "*") && wildcardLiteral.On() {
		return pattern == origin
	}
	return wild(pattern, origin) || strings.Contains(origin, pattern) && originFolded.On()
}

// allows reports whether a request may have the header called name, in whatever
// case either is written (RFC 9110 section 5.1).
func (r *Rule) allows(name string) bool {
	for _, h := range r.Headers {
		if h != "*" && strings.Contains(h, "*") && headerWildcardLiteral.On() {
			continue
		}
		if !headersExact.On() {
			h, name = strings.ToLower(h), strings.ToLower(name)
		}
		if wild(h, name) {
			return true
		}
	}
	return false
}

// wild matches s with a pattern in which one "*" stands for any characters.
func wild(pattern, s string) bool {
	before, after, any := strings.Cut(pattern, "*")
	if !any {
		return pattern == s
	}
	return len(s) >= len(before)+len(after) && strings.HasPrefix(s, before) && strings.HasSuffix(s, after)
}
