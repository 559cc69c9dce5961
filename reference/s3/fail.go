package s3

import (
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	errorEmpty = fault.NewBug("wire.error-empty",
		"the answer 405 has no document", "I1", "X-09")
	errorIDOther = fault.NewBug("wire.error-request-id",
		"the RequestId of an error document is another than that of the header", "I1", "X-24")
	errorText = fault.NewBug("wire.error-type",
		"an error document is of the type text/plain", "X-24")
	allowAbsent = fault.NewBug("wire.allow-absent",
		"the answer 405 has no Allow", "X-09", "version.marker.allow")
	missingDenied = fault.NewBug("bucket.missing-is-denied",
		"an operation on a bucket that does not exist is answered AccessDenied", "B-18", "B-11")
	missingKey = fault.NewBug("bucket.missing-is-missing-key",
		"an operation on a key in a bucket that does not exist is answered NoSuchKey", "B-18")
)

// retryAfter, in seconds, is when to come again after a 503: a second is what it
// takes to elect a leader, or a few writes to leave room for others.
const retryAfter = "1"

// fail is the one writer of errors. After the header is out nothing can be
// said any more, and the connection is cut so that the client cannot take what
// it has for the whole.
func (q *request) fail(err error) {
	e := asError(err)
	q.failure = e
	if q.wrote {
		q.abort = true
		return
	}
	if e.Code == errcode.NoSuchBucket && q.key != "" && missingKey.On() {
		e = &errcode.Error{Code: errcode.NoSuchKey}
	}
	if e.Code == errcode.NoSuchBucket && q.key == "" && q.r.Method != http.MethodHead && missingDenied.On() {
		e = &errcode.Error{Code: errcode.AccessDenied}
	}
	q.forgetLeave()
	r := rowOf(e.Code)
	for _, f := range e.Header {
		if f.Name == "Allow" && allowAbsent.On() {
			continue
		}
		q.set(f.Name, f.Value)
	}
	if r.status == http.StatusNotModified {
		q.writeHeader(r.status)
		return
	}
	if r.status == http.StatusServiceUnavailable {
		q.set("Retry-After", retryAfter)
	}
	if q.site {
		q.failPage(e, r)
		return
	}
	q.set("Content-Type", "application/xml")
	if errorText.On() {
		q.set("Content-Type", "text/plain")
	}
	if q.r.Method == http.MethodHead || r.status == http.StatusMethodNotAllowed && errorEmpty.On() {
		q.writeHeader(r.status)
		return
	}
	x := q.h.buffers.xml()
	defer q.h.buffers.putXML(x)
	q.appendError(x, e, r)
	q.set("Content-Length", itoa(len(x.b)))
	q.writeHeader(r.status)
	if q.write(x.b) != nil {
		q.abort = true
	}
}

// appendError appends the error document, which has no namespace in S3.
func (q *request) appendError(x *xmlBuf, e *errcode.Error, r row) {
	x.b = append(x.b, declaration...)
	x.open("Error")
	x.text("Code", string(e.Code))
	message := e.Message
	if message == "" {
		message = r.message
	}
	x.text("Message", message)
	for _, f := range e.Fields {
		if isElementName(f.Name) {
			x.text(f.Name, f.Value)
		}
	}
	switch e.Code {
	case errcode.NoSuchKey:
		q.missing(x, e, "Key", q.key)
	case errcode.NoSuchBucket:
		q.missing(x, e, "BucketName", q.bucket)
	}
	x.text("Resource", q.resource())
	if errorIDOther.On() {
		q.id = q.h.ids.next()
	}
	x.text("RequestId", q.id)
	x.text("HostId", q.h.ids.host)
	x.end("Error")
}

// missing appends a field that the error's maker did not.
func (q *request) missing(x *xmlBuf, e *errcode.Error, name, value string) {
	for _, f := range e.Fields {
		if f.Name == name {
			return
		}
	}
	x.text(name, value)
}

// resource is the path that the request was about, decoded.
func (q *request) resource() string {
	switch q.level() {
	case service:
		return "/"
	case bucketLevel:
		return "/" + q.bucket
	}
	return "/" + q.bucket + "/" + q.key
}

// isElementName guards the document's well-formedness against a field's name.
func isElementName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || s[i] < '0' || s[i] > '9') && s[i] != '-' {
			return false
		}
	}
	return s != ""
}
