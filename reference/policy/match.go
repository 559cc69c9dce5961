package policy

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"bleepstore/fault"
)

var (
	slashStops = fault.NewBug("policy.star-stops-at-slash",
		"the wildcard * does not go over a slash", "P-07")
	oneIsMany = fault.NewBug("policy.question-mark-is-star",
		"the wildcard ? stands for any number of characters", "P-07")
	variableLiteral = fault.NewBug("policy.variables-literal",
		"a variable stands for its own name", "P-17")
	variableWild = fault.NewBug("policy.variable-star-is-wild",
		"the variable for a wildcard is one", "P-17")
	keyCase = fault.NewBug("policy.condition-key-case-matters",
		"a condition key in another case than usual is another key", "P-11")
	noRetry = fault.NewBug("policy.star-is-shortest",
		"the wildcard * ends where what follows it is first found", "P-07")
)

// What wildcards become in a pattern: no character has these numbers.
const (
	anyRun rune = -1 - iota
	anyOne
)

// expand makes a pattern of text. wild gives * and ? their meaning, vars
// ${...}; a variable that the request has no single value for is not ok.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
func expand(text string, wild, vars bool, fact func(string) []string) (pattern []rune, ok bool) {
	pattern = make([]rune, 0, len(text))
	for text != "" {
		if vars && strings.HasPrefix(text, "${") {
			name, rest, closed := strings.Cut(text[2:], "}")
			value, known := variable(name, fact)
			if !closed || !known {
				return nil, false
			}
			if len(name) > 1 && variableLiteral.On() {
				value = name
			}
			if name == "*" && variableWild.On() {
				pattern, text = append(pattern, anyRun), rest
				continue
			}
			pattern, text = append(pattern, []rune(value)...), rest
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case wild && r == '*':
			r = anyRun
		case wild && r == '?':
			r = anyOne
			if oneIsMany.On() {
				r = anyRun
			}
		}
		pattern, text = append(pattern, r), text[n:]
	}
	return pattern, true
}

// variable returns what stands for ${name}: a character that would mean
// something, or the one value of a condition key, or else its default.
func variable(name string, fact func(string) []string) (string, bool) {
	if name == "*" || name == "?" || name == "$" {
		return name, true
	}
	key, rest, hasDefault := strings.Cut(name, ",")
	if values := fact(foldKey(strings.TrimSpace(key))); len(values) == 1 {
		return values[0], true
	}
	def := strings.TrimSpace(rest)
	if !hasDefault || len(def) < 2 || def[0] != '\'' || def[len(def)-1] != '\'' {
		return "", false
	}
	return def[1 : len(def)-1], true
}

// foldKey folds the case of a condition key, but not of the name of a tag.
func foldKey(key string) string {
	if strings.HasPrefix(key, "S3:") && keyCase.On() {
		return key
	}
	prefix, tag, ok := strings.Cut(key, "/")
	if !ok {
		return strings.ToLower(key)
	}
	return strings.ToLower(prefix) + "/" + tag
}

// lower is a pattern in lower case.
func lower(pattern []rune) []rune {
	out := make([]rune, len(pattern))
	for i, r := range pattern {
		out[i] = unicode.ToLower(r)
	}
	return out
}

// match reports whether a pattern is all of text. A run of any characters goes
// over slashes too.
func match(pattern []rune, text string) bool {
	t := []rune(text)
	p, at := 0, 0
	star, from := -1, 0 // the last run, and where what follows it was tried
	for at < len(t) {
		switch {
		case p < len(pattern) && pattern[p] == anyRun:
			star, from = p, at
			p++
		case p < len(pattern) && (pattern[p] == anyOne || pattern[p] == t[at]):
			p++
			at++
		case star >= 0 && t[from] == '/' && slashStops.On():
			return false
		case star >= 0 && p > star+1 && noRetry.On():
			return false
		case star >= 0:
			from++
			p, at = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == anyRun {
		p++
	}
	return p == len(pattern)
}
