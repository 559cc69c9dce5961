package s3

import (
	"html"
	"net/http"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var pageXML = fault.NewBug("website.error-xml",
	"the errors of websites are XML", "WS-11")

// setErrorCode says in headers what went wrong, so that answers to HEAD, and error
// documents, tell it too.
func (q *request) setErrorCode(e *errcode.Error) {
	q.set("x-amz-error-code", string(e.Code))
	q.set("x-amz-error-message", oneLine(messageOf(e)))
}

// oneLine is text that a header can hold.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, text)
}

// messageOf is the sentence of an error.
func messageOf(e *errcode.Error) string {
	if e.Message != "" {
		return e.Message
	}
	return rowOf(e.Code).message
}

// failPage answers with an error as a page.
func (q *request) failPage(e *errcode.Error, r row) {
	q.setErrorCode(e)
	title := itoa(r.status) + " " + http.StatusText(r.status)
	rows := [][2]string{{"Code", string(e.Code)}, {"Message", messageOf(e)}}
	for _, f := range e.Fields {
		rows = append(rows, [2]string{f.Name, f.Value})
	}
	if e.Code == errcode.NoSuchKey && len(e.Fields) == 0 {
		rows = append(rows, [2]string{"Key", q.key})
	}
	if e.Code == errcode.NoSuchBucket && len(e.Fields) == 0 {
		rows = append(rows, [2]string{"BucketName", q.bucket})
	}
	rows = append(rows, [2]string{"RequestId", q.id}, [2]string{"HostId", q.h.ids.host})
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html>\n<head><meta charset=\"utf-8\"><title>" + title + "</title></head>\n<body>\n<h1>" + title + "</h1>\n<ul>\n")
	for _, f := range rows {
		b.WriteString("<li>" + html.EscapeString(f[0]) + ": " + html.EscapeString(f[1]) + "</li>\n")
	}
	b.WriteString("</ul>\n</body>\n</html>\n")
	q.set("Content-Type", "text/html; charset=utf-8")
	body := b.String()
	if pageXML.On() {
		q.set("Content-Type", "application/xml")
		body = "<Error><Code>" + string(e.Code) + "</Code></Error>"
	}
	q.set("Content-Length", itoa(len(body)))
	q.writeHeader(r.status)
	if q.r.Method != http.MethodHead && q.write([]byte(body)) != nil {
		q.abort = true
	}
}
