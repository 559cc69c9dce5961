package page

import (
	"cmp"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bleepstore/scenarios"
)

// hints are the words of a result by which the place that it is about can be
// found in an exchange. They only draw the eye: the reason is what counts.
type hints struct {
	status  []string // three digits that were got
	success bool     // a success was got that should have been none
	code    []string // of error documents that were got
	value   string   // that was got
	names   []string // words of the reason that may name a header or an element
	topics  []string // words of the sentence that may name a header or a parameter
	headers []string // headers that were looked at
	missing []string // those of them that were empty or not there
}

var (
	statusGot = regexp.MustCompile(`\b(?:got|answered) (?:success \()?(\d{3})\b(?: ([A-Z][A-Za-z0-9]+))?`)
	headerHad = regexp.MustCompile(`\bheader ([A-Za-z][A-Za-z0-9-]*): got ((?:"")?, want)?`)
	words     = regexp.MustCompile(`[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*`)
)

func hintsOf(res scenarios.Result) hints {
	h := hints{names: naming(res.Reason), topics: naming(res.Says + " " + res.Reason)}
	h.success = strings.Contains(res.Reason, "got success") || res.Verdict == scenarios.Silent
	for _, m := range headerHad.FindAllStringSubmatch(res.Reason, -1) {
		h.headers = append(h.headers, m[1])
		if m[2] != "" {
			h.missing = append(h.missing, m[1])
		}
	}
	for _, m := range statusGot.FindAllStringSubmatch(res.Reason, -1) {
		h.status, h.code = append(h.status, m[1]), append(h.code, m[2])
	}
	if len(h.status) > 0 {
		return h
	}
	if _, got, _ := split(res.Reason); got != "" {
		h.value = bare(got)
	}
	return h
}

// bare takes a value out of its quotes, "" when it is too short or too long to
// be found again with sense.
func bare(got string) string {
	if s, err := strconv.Unquote(got); err == nil {
		got = s
	}
	if got = strings.Trim(got, `"`); len(got) < 3 || len(got) > 200 {
		return ""
	}
	return got
}

// naming returns the words that look like names rather than prose: with a
// hyphen, or with a capital behind another letter.
func naming(text string) []string {
	var out []string
	for _, w := range words.FindAllString(text, -1) {
		if strings.Contains(w, "-") || strings.ContainsFunc(w[1:], func(r rune) bool { return r >= 'A' && r <= 'Z' }) && strings.ToUpper(w) != w || w == "Range" || w == "Key" {
			out = append(out, w)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A span is a stretch of a text, in bytes.
type span struct{ from, to int }

// wrong finds what in the answer the reason is about.
func (h hints) wrong(text string, status int) []span {
	var out []span
	line, _, _ := strings.Cut(text, "\n")
	if slices.Contains(h.status, fmt.Sprint(status)) || h.success && status/100 == 2 {
		out = append(out, span{0, len(line)})
	}
	for _, code := range h.code {
		if code != "" {
			out = append(out, find(text, "<Code>"+code+"</Code>")...)
		}
	}
	if h.value != "" {
		out = append(out, find(text, h.value)...)
	}
	out = append(out, headers(text, append(slices.Clone(h.names), h.headers...))...)
	for _, name := range h.names {
		out = append(out, elements(text, name)...)
	}
	return out
}

// asked finds what in the request the rule is about.
func (h hints) asked(text string) []span {
	out := headers(text, h.topics)
	line, _, _ := strings.Cut(text, "\n")
	for _, name := range h.topics {
		for _, s := range find(line, name+"=") {
			for s.to < len(line) && !strings.ContainsRune("& ", rune(line[s.to])) {
				s.to++
			}
			out = append(out, s)
		}
		out = append(out, elements(text, name)...)
	}
	return out
}

// absent puts a line behind the headers of text for each header that was
// missed and that the whole answer lacks, and returns those lines' places.
func (h hints) absent(text, whole string) (string, []span) {
	var out []span
	for _, name := range slices.Compact(slices.Sorted(slices.Values(h.missing))) {
		if whole == "" || len(headers(whole, []string{name})) > 0 {
			continue
		}
		at := strings.Index(text, "\n\n")
		if at < 0 {
			at = len(text)
		}
		line := name + " is absent"
		text = text[:at] + "\n" + line + text[at:]
		out = append(out, span{at + 1, at + 1 + len(line)})
	}
	return text, out
}

// headers finds the lines of headers that bear one of the names.
func headers(text string, names []string) []span {
	var out []span
	at := 0
	for i, line := range strings.Split(text, "\n") {
		if line == "" {
			break
		}
		name, _, ok := strings.Cut(line, ":")
		if i > 0 && ok && slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, strings.TrimSpace(name)) }) {
			out = append(out, span{at, at + len(line)})
		}
		at += len(line) + 1
	}
	return out
}

// elements finds the XML elements of that name that hold no others.
func elements(text, name string) []span {
	var out []span
	for _, open := range find(text, "<"+name+">") {
		if n := strings.IndexByte(text[open.to:], '<'); n >= 0 && strings.HasPrefix(text[open.to+n:], "</"+name+">") {
			out = append(out, span{open.from, open.to + n + len(name) + 3})
		}
	}
	return out
}

func find(text, part string) []span {
	var out []span
	for at := 0; len(out) < 20; {
		i := strings.Index(text[at:], part)
		if i < 0 {
			break
		}
		out = append(out, span{at + i, at + i + len(part)})
		at += i + len(part)
	}
	return out
}

// marked escapes the text and puts the spans into marks of the class.
func marked(text, class string, spans []span) template.HTML {
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) })
	var b strings.Builder
	at := 0
	for _, s := range spans {
		if s.from < at { // within the one before, or across its end
			continue
		}
		b.WriteString(template.HTMLEscapeString(text[at:s.from]))
		fmt.Fprintf(&b, `<mark class="%s">%s</mark>`, class, template.HTMLEscapeString(text[s.from:s.to]))
		at = s.to
	}
	b.WriteString(template.HTMLEscapeString(text[at:]))
	return template.HTML(b.String())
}
