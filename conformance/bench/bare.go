package bench

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Bare returns the handler that everything is compared with: net/http with no
// S3 behind it. It reads bodies and forgets them, and answers each operation
// with as many bytes as a real server would.
func Bare() http.Handler {
	bodies := map[string][]byte{}
	var list strings.Builder
	for range listKeys { // the size of one Contents element
		list.WriteString(strings.Repeat("x", 270))
	}
	bodies["list"] = []byte(list.String())
	bodies["4k"] = make([]byte, small)
	bodies["1m"] = make([]byte, large)
	buffers := sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		buf := buffers.Get().(*[]byte)
		defer buffers.Put(buf)
		if r.ContentLength > 0 {
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, *buf) // a cut body ends the request anyway
		}
		switch {
		case r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		case r.Method == http.MethodPut:
			w.Header().Set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		case r.URL.Query().Has("list-type"):
			write(w, bodies["list"])
		case strings.Contains(r.URL.Path, "/1m"):
			write(w, bodies["1m"])
		case r.Method == http.MethodHead:
			w.Header().Set("Content-Length", strconv.Itoa(small))
		default:
			write(w, bodies["4k"])
		}
	})
}

func write(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_, _ = w.Write(b) // a client that left needs no answer
}
