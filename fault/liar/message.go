package liar

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// fields are the header fields of a message, as they came: in their order, with
// names as they were written.
type fields [][2]string

// readFields splits a head into its first line and its fields.
func readFields(head []byte) (first string, all fields) {
	for line := range strings.Lines(strings.TrimLeft(string(head), "\r\n")) {
		line = strings.TrimRight(line, "\r\n")
		if first == "" {
			first = line
		} else if name, value, ok := strings.Cut(line, ":"); ok {
			all = append(all, [2]string{name, strings.Trim(value, " \t")})
		}
	}
	return first, all
}

// get returns the first value of a field, or "".
func (f fields) get(name string) string {
	for _, line := range f {
		if strings.EqualFold(line[0], name) {
			return line[1]
		}
	}
	return ""
}

// has says whether there is such a field.
func (f fields) has(name string) bool {
	return slices.ContainsFunc(f, func(line [2]string) bool { return strings.EqualFold(line[0], name) })
}

// set gives a field one value, where it stood or behind the others.
func (f *fields) set(name, value string) {
	for i, line := range *f {
		if strings.EqualFold(line[0], name) {
			(*f)[i][1] = value
			return
		}
	}
	*f = append(*f, [2]string{name, value})
}

// drop removes a field, and says whether there was one.
func (f *fields) drop(name string) bool {
	before := len(*f)
	*f = slices.DeleteFunc(slices.Clone(*f), func(line [2]string) bool { return strings.EqualFold(line[0], name) })
	return len(*f) < before
}

// write writes a message whose body is framed as its fields say.
func (f fields) write(first string, body []byte) []byte {
	var b bytes.Buffer
	b.WriteString(first + "\r\n")
	for _, line := range f {
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	b.WriteString("\r\n")
	if !strings.EqualFold(f.get("Transfer-Encoding"), "chunked") {
		b.Write(body)
		return b.Bytes()
	}
	if len(body) > 0 {
		fmt.Fprintf(&b, "%x\r\n%s\r\n", len(body), body)
	}
	b.WriteString("0\r\n\r\n")
	return b.Bytes()
}

// fit has Content-Length say how long a body is, unless it is chunked.
func (f *fields) fit(body []byte) {
	if !f.has("Transfer-Encoding") && (f.has("Content-Length") || len(body) > 0) {
		f.set("Content-Length", strconv.Itoa(len(body)))
	}
}

// An answer is what a server said, to be changed at will.
type answer struct {
	fields
	proto  string
	status int
	reason string
	method string // of the request
	body   []byte
	was    []byte // all of it, as it came; nil for one that no server gave
	of     string // what it is about, where a lie notes that

	length int  // what Content-Length says instead of the truth, where it is above 0
	mute   bool // no Content-Length comes back where there is none
	cut    bool // the connection ends behind what there is
	lost   bool // there is no answer, but an end
}

// readAnswer reads an answer to a request of the method; nil where it is none.
func readAnswer(method string, head, body []byte) *answer {
	was := append(bytes.Clone(head), body...)
	r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(was)), &http.Request{Method: method})
	if err != nil {
		return nil
	}
	defer r.Body.Close()
	plain, err := io.ReadAll(r.Body)
	if err != nil {
		return nil
	}
	first, all := readFields(head)
	a := &answer{fields: all, status: r.StatusCode, method: method, body: plain, was: was}
	a.proto, a.reason, _ = strings.Cut(first, " ")
	_, a.reason, _ = strings.Cut(a.reason, " ")
	return a
}

// newAnswer is an answer that no server gave.
func newAnswer(method string, status int, body string) *answer {
	a := &answer{proto: "HTTP/1.1", method: method, body: []byte(body)}
	a.recode(status)
	a.set("x-amz-request-id", "4C1E3D5A7B9F0246")
	a.set("x-amz-id-2", "bGll")
	a.set("Date", now().UTC().Format(http.TimeFormat))
	if strings.HasPrefix(body, "<") {
		a.set("Content-Type", "application/xml")
	}
	if status != http.StatusNoContent && status != http.StatusNotModified {
		a.set("Content-Length", strconv.Itoa(len(body)))
	}
	return a
}

// clone is a copy that may be changed while the other stays.
func (a *answer) clone() *answer {
	c := *a
	c.fields, c.body = slices.Clone(a.fields), bytes.Clone(a.body)
	return &c
}

// recode gives an answer another status.
func (a *answer) recode(status int) { a.status, a.reason = status, http.StatusText(status) }

// ok says whether it tells of success.
func (a *answer) ok() bool { return a.status/100 == 2 }

// code is the code of an error, or its status where it has none.
func (a *answer) code() string {
	if code := textOf(a.body, "Code"); code != "" {
		return code
	}
	return strconv.Itoa(a.status)
}

// bodiless says that the answer has no body whatever its fields say.
func (a *answer) bodiless() bool {
	return a.method == http.MethodHead || a.status == http.StatusNoContent || a.status == http.StatusNotModified
}

// bytes are the answer as it goes to the client; stay says whether the connection
// goes on.
func (a *answer) bytes() (raw []byte, stay bool) {
	switch {
	case a.status == http.StatusNoContent:
		a.body = nil
		a.drop("Content-Length")
		a.drop("Transfer-Encoding")
	case !a.bodiless() && !a.mute:
		a.fit(a.body)
	}
	if a.length > 0 {
		a.set("Content-Length", strconv.Itoa(a.length))
	}
	body := a.body
	if a.bodiless() {
		body = nil
	}
	framed := a.has("Content-Length") || a.has("Transfer-Encoding") || a.bodiless()
	if a.bodiless() && a.has("Transfer-Encoding") {
		return fields(a.fields).write(fmt.Sprintf("%s %d %s", a.proto, a.status, a.reason), nil), false
	}
	raw = a.write(fmt.Sprintf("%s %d %s", a.proto, a.status, a.reason), body)
	return raw, framed && !a.cut && !strings.EqualFold(a.get("Connection"), "close")
}
