package liar

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// Documents of S3 are taken as text: no element of theirs stands within one of the
// same name.

// element matches an element of the name, with what is in it.
func element(name string) *regexp.Regexp {
	n := regexp.QuoteMeta(name)
	return regexp.MustCompile(`(?s)<` + n + `(?:\s[^>]*)?/>|<` + n + `(?:\s[^>]*)?>.*?</` + n + `>`)
}

// isXML says whether a body looks like a document.
func isXML(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

// opening matches the beginning of an element.
var opening = regexp.MustCompile(`<([A-Za-z][A-Za-z0-9]*)`)

// elementsOf returns the names of the elements of a document but for its root,
// each once.
func elementsOf(body []byte) (names []string) {
	if !isXML(body) {
		return nil
	}
	for i, m := range opening.FindAllSubmatch(body, -1) {
		if name := string(m[1]); i > 0 && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// without leaves out all elements of a name.
func without(body []byte, name string) []byte { return element(name).ReplaceAll(body, nil) }

// textOf is what the first element of a name has in it, or "".
func textOf(body []byte, name string) string {
	_, rest, ok := strings.Cut(string(body), "<"+name+">")
	if !ok {
		return ""
	}
	text, _, _ := strings.Cut(rest, "</"+name+">")
	return text
}

// withText gives all elements of a name another text.
func withText(body []byte, name, text string) []byte {
	return element(name).ReplaceAllLiteral(body, []byte("<"+name+">"+text+"</"+name+">"))
}

// each calls change with every element of a name, and has what it returns stand in
// its place.
func each(body []byte, name string, change func(i int, element string) string) []byte {
	i := -1
	return element(name).ReplaceAllFunc(body, func(e []byte) []byte { i++; return []byte(change(i, string(e))) })
}

// all returns the elements of a name.
func all(body []byte, name string) []string {
	var out []string
	for _, e := range element(name).FindAll(body, -1) {
		out = append(out, string(e))
	}
	return out
}
