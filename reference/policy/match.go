package policy

import (
	"strings"
	"unicode/utf8"
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
			pattern, text = append(pattern, []rune(value)...), rest
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case wild && r == '*':
			r = anyRun
		case wild && r == '?':
			r = anyOne
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
	prefix, tag, ok := strings.Cut(key, "/")
	if !ok {
		return strings.ToLower(key)
	}
	return strings.ToLower(prefix) + "/" + tag
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
