package process

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A scope is what placeholders stand for. {random.NAME}, a text that nobody can
// guess, is made of "random" and the name.
type scope map[string]string

// placeholder is {name} or {name.part}, or two braces, which are one. Other
// braces are themselves, so that JSON needs no care.
var placeholder = regexp.MustCompile(`\{\{|\{[a-z]+(\.[A-Za-z0-9_-]+)?\}`)

// expand puts into a text what its placeholders stand for. One that stands for
// nothing is an error.
func (s scope) expand(text string) (string, error) {
	var unknown []string
	out := placeholder.ReplaceAllStringFunc(text, func(mark string) string {
		if mark == "{{" {
			return "{"
		}
		name := mark[1 : len(mark)-1]
		if of, ok := strings.CutPrefix(name, "random."); ok {
			sum := sha256.Sum256([]byte(s["random"] + of))
			return hex.EncodeToString(sum[:16])
		}
		value, ok := s[name]
		if !ok && !slices.Contains(unknown, mark) {
			unknown = append(unknown, mark)
		}
		return value
	})
	if len(unknown) > 0 {
		return "", fmt.Errorf("%w: %s stands for nothing here, in %.80q", ErrTopology, strings.Join(unknown, " "), text)
	}
	return out, nil
}

// all expands each of some texts.
func (s scope) all(texts []string) ([]string, error) {
	out := make([]string, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = s.expand(text); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// values expands the values of a map.
func (s scope) values(m map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(m))
	for k, v := range m {
		var err error
		if out[k], err = s.expand(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// with is the scope and some more; pairs are names and values.
func (s scope) with(pairs ...string) scope {
	out := make(scope, len(s)+len(pairs)/2)
	for k, v := range s {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}
