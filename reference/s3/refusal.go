package s3

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bleepstore/reference/errcode"
)

// refusalStatus reads the status of an error response that starts with p.
func refusalStatus(p []byte) (int, bool) {
	const proto = "HTTP/1.1 "
	if len(p) < len(proto)+3 || string(p[:len(proto)]) != proto {
		return 0, false
	}
	n, err := strconv.Atoi(string(p[len(proto) : len(proto)+3]))
	return n, err == nil && n >= 400 && n < 600
}

// refusal is the whole response to a request that net/http could not parse;
// head is as much of the request as was recorded.
func (h *Handler) refusal(status int, head []byte) []byte {
	e := &errcode.Error{Code: errcode.BadRequest}
	switch {
	case status == http.StatusRequestHeaderFieldsTooLarge:
		e.Code, status = errcode.RequestHeaderSectionTooLarge, http.StatusBadRequest
	case status == http.StatusNotImplemented:
		e.Code = errcode.NotImplemented // a transfer coding
	case status == http.StatusBadRequest && badTarget(head):
		e.Code = errcode.InvalidURI
	}
	q := &request{h: h, id: h.ids.next(), status: status, start: h.cfg.Now(), failure: e}
	doc := h.buffers.xml()
	defer h.buffers.putXML(doc)
	q.appendError(doc, e, rowOf(e.Code))

	var b bytes.Buffer
	b.WriteString("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n")
	for _, line := range [][2]string{
		{"Connection", "close"},
		{"Content-Length", itoa(len(doc.b))},
		{"Content-Type", "application/xml"},
		{"Date", httpDate(q.start)},
		{"Server", serverName},
		{"x-amz-id-2", h.ids.host},
		{"x-amz-request-id", q.id},
	} {
		b.WriteString(line[0] + ": " + line[1] + "\r\n")
	}
	b.WriteString("\r\n")
	if !bytes.HasPrefix(head, []byte("HEAD ")) {
		b.Write(doc.b)
	}
	h.metrics.observe(q, 0)
	if h.cfg.Log != nil {
		h.cfg.Log.Info("request", slog.String("request_id", q.id), slog.String("operation", unknownOperation),
			slog.Int("status", status), slog.String("code", string(e.Code)))
	}
	return b.Bytes()
}

// badTarget says whether the request line in head is well formed but for its
// target.
func badTarget(head []byte) bool {
	line, _, _ := strings.Cut(string(head), "\n")
	method, rest, ok := strings.Cut(strings.TrimSuffix(line, "\r"), " ")
	target, proto, ok2 := strings.Cut(rest, " ")
	if !ok || !ok2 || method == "" || !strings.HasPrefix(proto, "HTTP/1.") || strings.Contains(proto, " ") {
		return false
	}
	_, err := url.ParseRequestURI(target)
	return err != nil
}
