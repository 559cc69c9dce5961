//go:build mutants

package s3

import (
	"bytes"
	"regexp"

	"bleepstore/fault"
)

// net/http keeps most rules of a request's head. What a server that does not keep
// them would read is made here, before net/http reads it, and is as long as what
// came.
var laxHeads = []struct {
	bug  *fault.Bug
	edit func(head []byte)
}{
	{fault.NewBug("wire.space-before-colon",
		"white space between the name of a header and its colon is skipped", "X-06", "X-03", "X-04"), func(head []byte) {
		for _, at := range spaceColon.FindAllIndex(head, -1) {
			head[at[0]], head[at[1]-1] = ':', ' '
		}
	}},
	{fault.NewBug("wire.leading-space-skipped",
		"white space in front of the first header is skipped", "X-06"), func(head []byte) {
		if at := leadingSpace.FindIndex(head); at != nil {
			line := head[at[1]-1:]
			if end := bytes.IndexByte(line, '\r'); end > 0 {
				copy(line, line[1:end])
				line[end-1] = ' '
			}
		}
	}},
	{fault.NewBug("wire.control-characters-replaced",
		"control characters in the value of a header are stored as question marks", "X-06"), func(head []byte) {
		for _, at := range control.FindAllSubmatchIndex(head, -1) {
			for i := at[2]; i < at[3]; i++ {
				head[i] = '?'
			}
		}
	}},
	{fault.NewBug("wire.length-before-coding",
		"the Content-Length of a request counts, and not the Transfer-Encoding beside it", "X-03"), func(head []byte) {
		if contentLength.Match(head) {
			hide(head, transferEncoding, 0)
		}
	}},
	{fault.NewBug("wire.unknown-coding-ignored",
		"a Transfer-Encoding other than chunked is not looked at", "X-03"), func(head []byte) {
		if !chunkedCoding.Match(head) {
			hide(head, transferEncoding, 0)
		}
	}},
	{fault.NewBug("wire.first-length",
		"of two Content-Lengths the first counts", "X-04"), func(head []byte) { hide(head, contentLength, 1) }},
	{fault.NewBug("wire.length-with-sign",
		"a Content-Length may have a sign in front, which is skipped", "X-04"), func(head []byte) {
		if at := signedLength.FindIndex(head); at != nil {
			head[at[1]-1] = ' '
		}
	}},
	{fault.NewBug("wire.length-of-digits",
		"what follows the digits of a Content-Length is not looked at", "X-04"), func(head []byte) {
		if at := digitsFirst.FindSubmatchIndex(head); at != nil {
			for i := at[2]; i < at[3]; i++ {
				head[i] = ' '
			}
		}
	}},
	{fault.NewBug("wire.length-no-number",
		"a Content-Length that does not begin with a digit is not looked at", "X-04"), func(head []byte) {
		if noNumber.Match(head) {
			hide(head, contentLength, 0)
		}
	}},
	{fault.NewBug("wire.first-coding", "of two Transfer-Encodings the first counts", "X-03"), func(head []byte) {
		hide(head, transferEncoding, 1)
	}},
	{fault.NewBug("wire.any-host", "a Host may be any text", "X-07"), func(head []byte) {
		for at := hostInvalid.FindSubmatchIndex(head); at != nil; at = hostInvalid.FindSubmatchIndex(head) {
			head[at[2]] = '-'
		}
	}},
	{fault.NewBug("wire.first-host", "of two Hosts the first counts", "X-07"), func(head []byte) { hide(head, host, 1) }},
	{fault.NewBug("wire.host-optional", "a request of HTTP/1.1 needs no Host", "X-07"), func(head []byte) {
		if i := bytes.Index(head, []byte(" HTTP/1.1\r\n")); i >= 0 && !host.Match(head) {
			head[i+len(" HTTP/1.")] = '0'
		}
	}},
	{fault.NewBug("wire.header-case",
		"Range and the conditions are heeded in their usual case alone", "X-06"), func(head []byte) { hide(head, unusualCase, 0) }},
	{fault.NewBug("wire.close-ignored",
		"a connection lives on behind a request with Connection: close", "X-19"), func(head []byte) { hide(head, closing, 0) }},
}

var (
	leadingSpace     = regexp.MustCompile(`^[^\n]*\n[ \t]`)
	spaceColon       = regexp.MustCompile(`[ \t]+:`)
	control          = regexp.MustCompile(`[^\r\n]([\x00-\x08\x0b\x0c\x0e-\x1f]|\r\n[ \t]|\r)[^\n]`)
	digitsFirst      = regexp.MustCompile(`(?i)\nContent-Length:[ \t]*\d+([^\d\r][^\r]*)\r`)
	noNumber         = regexp.MustCompile(`(?i)\nContent-Length:[ \t]*[^ \t\d]`)
	hostInvalid      = regexp.MustCompile(`(?i)\nHost: [^ /\r]*([ /])`)
	contentLength    = regexp.MustCompile(`(?i)\nContent-Length:`)
	signedLength     = regexp.MustCompile(`(?i)\nContent-Length: *[+-]`)
	transferEncoding = regexp.MustCompile(`(?i)\nTransfer-Encoding:`)
	chunkedCoding    = regexp.MustCompile(`(?i)\nTransfer-Encoding:[ \t]*chunked\r\n`)
	host             = regexp.MustCompile(`(?i)\nHost:`)
	unusualCase      = regexp.MustCompile(`\n(range|RANGE|if-[a-z-]+|IF-[A-Z-]+):`)
	closing          = regexp.MustCompile(`(?i)\nConnection: close`)
)

// hide gives other names to the headers that match, but for the first keep.
func hide(head []byte, name *regexp.Regexp, keep int) {
	for i, at := range name.FindAllIndex(head, -1) {
		if i >= keep {
			head[at[0]+1] = 'X'
		}
	}
}

var (
	continueUnsaid = fault.NewBug("wire.continue-unsaid",
		"who expects 100 (Continue) is not told", "X-01")
	answerTrails = fault.NewBug("wire.answer-trails",
		"the refusal of a PUT is followed by more bytes than its Content-Length tells", "X-19")
)

// laxAnswer is what of an answer goes out; head is the request's.
func laxAnswer(p, head []byte) []byte {
	switch {
	case bytes.HasPrefix(p, []byte("HTTP/1.1 100")) && continueUnsaid.On():
		return nil
	case bytes.HasPrefix(p, []byte("HTTP/1.1 4")) && bytes.HasPrefix(head, []byte("PUT ")) && answerTrails.On():
		return append(p[:len(p):len(p)], "more"...)
	}
	return p
}

// lax edits what of a head is in p.
func lax(p []byte) {
	if end := bytes.Index(p, []byte("\r\n\r\n")); end >= 0 {
		p = p[:end+2]
	}
	for _, l := range laxHeads {
		if l.bug.On() {
			l.edit(p)
		}
	}
}
