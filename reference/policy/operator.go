package policy

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
)

var (
	equalsWild = fault.NewBug("policy.string-equals-is-like",
		"StringEquals takes wildcards", "P-11")
	caseCounts = fault.NewBug("policy.ignore-case-ignored",
		"the operators that ignore case do not", "P-11")
	asText = fault.NewBug("policy.numbers-as-text",
		"numbers are compared as text", "P-11")
	anyAddress = fault.NewBug("policy.address-any",
		"every address is in every range", "P-11")
)

// A matcher reports whether the value of a request is what a policy wants.
type matcher func(want, got string, vars bool, fact func(string) []string) bool

// An operator is how a condition compares.
type operator struct {
	match matcher
	not   bool // holds where match does not
	null  bool // asks whether the key is there at all
	valid func(string) bool
}

var operators = map[string]operator{
	"StringEquals":              {match: text(false, false)},
	"StringNotEquals":           {match: text(false, false), not: true},
	"StringEqualsIgnoreCase":    {match: text(false, true)},
	"StringNotEqualsIgnoreCase": {match: text(false, true), not: true},
	"StringLike":                {match: text(true, false)},
	"StringNotLike":             {match: text(true, false), not: true},
	"NumericEquals":             number(func(c int) bool { return c == 0 }, false),
	"NumericNotEquals":          number(func(c int) bool { return c == 0 }, true),
	"NumericLessThan":           number(func(c int) bool { return c < 0 }, false),
	"NumericLessThanEquals":     number(func(c int) bool { return c <= 0 }, false),
	"NumericGreaterThan":        number(func(c int) bool { return c > 0 }, false),
	"NumericGreaterThanEquals":  number(func(c int) bool { return c >= 0 }, false),
	"DateEquals":                date(func(c int) bool { return c == 0 }, false),
	"DateNotEquals":             date(func(c int) bool { return c == 0 }, true),
	"DateLessThan":              date(func(c int) bool { return c < 0 }, false),
	"DateLessThanEquals":        date(func(c int) bool { return c <= 0 }, false),
	"DateGreaterThan":           date(func(c int) bool { return c > 0 }, false),
	"DateGreaterThanEquals":     date(func(c int) bool { return c >= 0 }, false),
	"Bool":                      {match: text(false, true), valid: isBool},
	"BinaryEquals":              {match: text(false, false)},
	"IpAddress":                 {match: address, valid: isRange},
	"NotIpAddress":              {match: address, not: true, valid: isRange},
	"ArnEquals":                 {match: resource},
	"ArnLike":                   {match: resource},
	"ArnNotEquals":              {match: resource, not: true},
	"ArnNotLike":                {match: resource, not: true},
	"Null":                      {null: true, valid: isBool},
}

func isBool(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

// text compares strings, with wildcards or without.
func text(wild, fold bool) matcher {
	return func(want, got string, vars bool, fact func(string) []string) bool {
		pat, ok := expand(want, wild || strings.ContainsAny(want, "*?") && equalsWild.On(), vars, fact)
		if !ok || match(pat, got) {
			return ok
		}
		return fold && match(lower(pat), strings.ToLower(got)) && !caseCounts.On()
	}
}

// number compares decimal numbers; one that is none matches nothing.
func number(holds func(int) bool, not bool) operator {
	parse := func(s string) (float64, bool) {
		f, err := strconv.ParseFloat(s, 64)
		return f, err == nil && f == f
	}
	return ordered(parse, func(a, b float64) int {
		switch {
		case asText.On():
			return strings.Compare(strconv.FormatFloat(a, 'f', -1, 64), strconv.FormatFloat(b, 'f', -1, 64))
		case a < b:
			return -1
		case a > b:
			return 1
		}
		return 0
	}, holds, not)
}

// date compares times: ISO 8601, or seconds since 1970.
func date(holds func(int) bool, not bool) operator {
	return ordered(parseTime, time.Time.Compare, holds, not)
}

func parseTime(s string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	n, err := strconv.ParseInt(s, 10, 48)
	return time.Unix(n, 0), err == nil
}

// ordered is an operator on what parse reads.
func ordered[T any](parse func(string) (T, bool), compare func(a, b T) int, holds func(int) bool, not bool) operator {
	return operator{
		not:   not,
		valid: func(s string) bool { _, ok := parse(s); return ok },
		match: func(want, got string, _ bool, _ func(string) []string) bool {
			w, ok := parse(want)
			g, ok2 := parse(got)
			return ok && ok2 && holds(compare(g, w))
		},
	}
}

// parseRange reads an address or a range of them.
func parseRange(s string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), true
	}
	a, err := netip.ParseAddr(s)
	if err != nil || a.Zone() != "" {
		return netip.Prefix{}, false
	}
	return netip.PrefixFrom(a, a.BitLen()), true
}

func isRange(s string) bool { _, ok := parseRange(s); return ok }

func address(want, got string, _ bool, _ func(string) []string) bool {
	p, ok := parseRange(want)
	a, err := netip.ParseAddr(got)
	return ok && err == nil && (p.Contains(a.Unmap()) || anyAddress.On())
}

// resource compares ARNs part by part: a wildcard does not go over a colon but
// in the last of the six.
func resource(want, got string, vars bool, fact func(string) []string) bool {
	w, g := strings.SplitN(want, ":", 6), strings.SplitN(got, ":", 6)
	if vars { // a colon of a variable parts nothing
		w = splitOutside(want)
	}
	if len(w) != len(g) {
		return false
	}
	for i := range w {
		if pat, ok := expand(w[i], true, vars, fact); !ok || !match(pat, g[i]) {
			return false
		}
	}
	return true
}

// splitOutside parts an ARN at the colons that are in no variable.
func splitOutside(s string) []string {
	var out []string
	start, depth := 0, 0
	for i := range len(s) {
		switch {
		case strings.HasPrefix(s[i:], "${"):
			depth++
		case s[i] == '}' && depth > 0:
			depth--
		case s[i] == ':' && depth == 0 && len(out) < 5:
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	return append(out, s[start:])
}
