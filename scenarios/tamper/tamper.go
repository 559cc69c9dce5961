// Package tamper changes the head of a signed request as somebody on its way
// might, at places that a seed draws, so that no place is safe by being one
// that nobody thought of. It knows how a head is written, not what is to come
// of it.
package tamper

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// A Change is one kind of change to a text: a signature, a target, a header's
// value. It returns the text as it was where there is nothing of its kind.
type Change struct {
	ID, Text string // "a digit of its signature changed", behind "a request with"
	Make     func(r *rand.Rand, text string) string
}

// Signatures are changes to the hexadecimal digits of a signature.
var Signatures = []Change{
	{"signature", "a digit of its signature changed", Digit},
	{"signature-cut", "the end of its signature missing", func(r *rand.Rand, sig string) string { return sig[:r.IntN(len(sig))] }},
	{"signature-longer", "digits added to its signature", longer},
	{"signature-turned", "the two ends of its signature exchanged", func(r *rand.Rand, sig string) string {
		at := 1 + r.IntN(len(sig)-1)
		return sig[at:] + sig[:at]
	}},
}

// Digit changes one hexadecimal digit.
func Digit(r *rand.Rand, text string) string {
	const digits = "0123456789abcdef"
	i := r.IntN(len(text))
	at := strings.IndexByte(digits, text[i])
	return text[:i] + string(digits[(at+1+r.IntN(15))%16]) + text[i+1:]
}

func longer(r *rand.Rand, sig string) string {
	more := fmt.Sprintf("%0*x", 2+2*r.IntN(16), r.IntN(256))
	if r.IntN(2) == 0 {
		return more + sig
	}
	return sig + more
}

// Paths are changes to the key in a request target that names one.
var Paths = []Change{
	{"path", "its key changed", func(r *rand.Rand, target string) string {
		return onKey(target, func(key string) string { return Letter(r, key) })
	}},
	{"path-longer", "a longer key", func(r *rand.Rand, target string) string {
		return onKey(target, func(key string) string {
			return key + strings.Repeat("/", r.IntN(2)) + string(rune('a'+r.IntN(26)))
		})
	}},
}

// onKey edits the last segment of a target's path.
func onKey(target string, edit func(key string) string) string {
	path, query, has := strings.Cut(target, "?")
	i := strings.LastIndexByte(path, '/') + 1
	path = path[:i] + edit(path[i:])
	if has {
		path += "?" + query
	}
	return path
}

// Query changes, repeats or leaves out one parameter of a target that is not
// of the signature; where there is none it adds one.
func Query(r *rand.Rand, target string) string {
	path, query, _ := strings.Cut(target, "?")
	pairs := strings.Split(query, "&")
	var own []int
	for i, p := range pairs {
		if p != "" && !strings.HasPrefix(p, "X-Amz-") {
			own = append(own, i)
		}
	}
	if len(own) == 0 {
		return path + "?" + strings.TrimPrefix(query+"&versionId=null", "&")
	}
	switch i := own[r.IntN(len(own))]; r.IntN(3) {
	case 0:
		pairs = slices.Delete(pairs, i, i+1)
	case 1:
		pairs = append(pairs, pairs[i])
	default:
		pairs[i] += "1"
	}
	return path + "?" + strings.Join(pairs, "&")
}

// Letter changes one letter or digit to the next, or adds one where there is
// none.
func Letter(r *rand.Rand, text string) string {
	var at []int
	for i := range len(text) {
		if c := text[i]; c >= 'a' && c < 'z' || c >= 'A' && c < 'Z' || c >= '0' && c < '9' {
			at = append(at, i)
		}
	}
	if len(at) == 0 {
		return text + "1"
	}
	i := at[r.IntN(len(at))]
	return text[:i] + string(text[i]+1) + text[i+1:]
}

// value changes a header's value: in the source of a copy, its key.
func value(r *rand.Rand, text string) string {
	i := strings.LastIndexByte(text, '/') + 1
	return text[:i] + Letter(r, text[i:])
}

// Headers are changes to one of the header lines that signed names, joined as
// they are signed. Host and Content-Length have rules of their own.
func Headers(signed func(head string) string) []Change {
	on := func(with func(r *rand.Rand, name, value string) []string) func(*rand.Rand, string) string {
		return func(r *rand.Rand, head string) string {
			lines := strings.Split(head, "\r\n")
			var at []int
			for i, l := range lines {
				name, _, ok := strings.Cut(strings.ToLower(l), ": ")
				if ok && name != "host" && name != "content-length" && slices.Contains(strings.Split(signed(head), ";"), name) {
					at = append(at, i)
				}
			}
			if len(at) == 0 {
				return head
			}
			i := at[r.IntN(len(at))]
			name, text, _ := strings.Cut(lines[i], ": ")
			return strings.Join(slices.Concat(lines[:i], with(r, name, text), lines[i+1:]), "\r\n")
		}
	}
	return []Change{
		{"header", "the value of a signed header changed", on(func(r *rand.Rand, name, text string) []string {
			return []string{name + ": " + value(r, text)}
		})},
		{"header-gone", "a signed header missing", on(func(*rand.Rand, string, string) []string { return nil })},
		{"header-twice", "a second value of a signed header", on(func(r *rand.Rand, name, text string) []string {
			return []string{name + ": " + text, name + ": " + value(r, text)}
		})},
	}
}

// Difference names the first line in which two heads differ, for who looks for
// what was changed.
func Difference(was, is string) string {
	a, b := strings.Split(was, "\r\n"), strings.Split(is, "\r\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			if i == 0 {
				return "its target changed"
			}
			name, _, _ := strings.Cut(a[i], ": ")
			return "its " + name + " changed"
		}
	}
	return "something added"
}
