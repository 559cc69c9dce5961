package s3

import (
	"strconv"
	"time"
	"unicode/utf8"

	"bleepstore/fault"
)

// namespace is what every document but Error declares.
const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// An xmlBuf is an XML document being appended to a byte slice. Lists of a
// thousand keys are the hottest documents; appending costs a seventh of what
// encoding/xml does.
type xmlBuf struct {
	b []byte
	// url says that names are percent-encoded (encoding-type=url), which is
	// the only way to list every key that S3 allows.
	url bool
}

// root opens the document and its root element, in the namespace of S3.
func (x *xmlBuf) root(name string) {
	x.b = append(x.b, declaration...)
	x.b = append(x.b, '<')
	x.b = append(x.b, name...)
	x.b = append(x.b, ` xmlns="`+namespace+`">`...)
}

func (x *xmlBuf) open(name string) {
	x.b = append(x.b, '<')
	x.b = append(x.b, name...)
	x.b = append(x.b, '>')
}

func (x *xmlBuf) end(name string) {
	x.b = append(x.b, '<', '/')
	x.b = append(x.b, name...)
	x.b = append(x.b, '>')
}

// text appends an element of escaped text.
func (x *xmlBuf) text(name, value string) {
	x.open(name)
	x.b = appendEscaped(x.b, value)
	x.end(name)
}

// some is text, left out when value is "".
func (x *xmlBuf) some(name, value string) {
	if value != "" {
		x.text(name, value)
	}
}

var encodedTwice = fault.NewBug("listing.encoded-twice",
	"encoding-type=url encodes names twice", "L-14", "L-15", "M-20", "V-16")

// key is text for keys, prefixes, markers and delimiters: what encoding-type
// covers.
func (x *xmlBuf) key(name, value string) {
	x.open(name)
	if x.url && encodedTwice.On() {
		value = string(appendURL(nil, value))
	}
	if x.url {
		x.b = appendURL(x.b, value)
	} else {
		x.b = appendEscaped(x.b, value)
	}
	x.end(name)
}

func (x *xmlBuf) int(name string, n int64) {
	x.open(name)
	x.b = strconv.AppendInt(x.b, n, 10)
	x.end(name)
}

func (x *xmlBuf) bool(name string, v bool) {
	x.open(name)
	x.b = strconv.AppendBool(x.b, v)
	x.end(name)
}

// time appends ISO 8601 in UTC with milliseconds.
func (x *xmlBuf) time(name string, t time.Time) {
	x.open(name)
	x.b = appendISO(x.b, t)
	x.end(name)
}

// etag appends an ETag with its quotes, as S3 writes it.
func (x *xmlBuf) etag(value string) {
	x.b = append(x.b, `<ETag>&quot;`...)
	x.b = appendEscaped(x.b, value)
	x.b = append(x.b, `&quot;</ETag>`...)
}

// appendISO is AppendFormat("2006-01-02T15:04:05.000Z") of t in UTC, without
// the cost of walking the layout for every key of a list.
func appendISO(b []byte, t time.Time) []byte {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	b = appendDigits(b, year, 4)
	b = appendDigits(append(b, '-'), int(month), 2)
	b = appendDigits(append(b, '-'), day, 2)
	b = appendDigits(append(b, 'T'), hour, 2)
	b = appendDigits(append(b, ':'), minute, 2)
	b = appendDigits(append(b, ':'), second, 2)
	b = appendDigits(append(b, '.'), t.Nanosecond()/1e6, 3)
	return append(b, 'Z')
}

func appendDigits(b []byte, n, width int) []byte {
	for div := pow10(width - 1); div > 0; div /= 10 {
		b = append(b, byte('0'+n/div%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// appendEscaped appends s as XML text. A character that XML 1.0 forbids
// becomes a numeric reference, which is what S3 was seen to answer when a
// client lists such keys without encoding-type=url: a strict parser then
// refuses the document, where a replacement character would silently name
// another key. Line breaks are references too, or parsers would fold them.
func appendEscaped(b []byte, s string) []byte {
	last := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == 0xFFFE || r == 0xFFFF {
				b = appendRef(append(b, s[last:i]...), uint32(r))
				last = i + n
			}
			i += n
			continue
		}
		var ref string
		switch {
		case c == '&':
			ref = "&amp;"
		case c == '<':
			ref = "&lt;"
		case c == '>':
			ref = "&gt;"
		case c == '"':
			ref = "&quot;"
		case c < 0x20:
			b = appendRef(append(b, s[last:i]...), uint32(c))
			i++
			last = i
			continue
		default:
			i++
			continue
		}
		b = append(append(b, s[last:i]...), ref...)
		i++
		last = i
	}
	return append(b, s[last:]...)
}

func appendRef(b []byte, r uint32) []byte {
	b = append(b, "&#x"...)
	b = strconv.AppendUint(b, uint64(r), 16)
	return append(b, ';')
}

// appendURL percent-encodes s for encoding-type=url. '/' stays, as S3 leaves
// it; a space becomes %20 and never '+', because clients disagree on whether
// '+' is a space and all read %20 alike.
func appendURL(b []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/', c == '*':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}
