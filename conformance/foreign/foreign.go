// Package foreign is an S3 server that nobody here wrote: gofakes3, in memory.
// Tests run the suite against it, to see that its verdicts hold for more than
// the server beside it. It is no part of any program that people install.
package foreign

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing/iotest"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Handler returns a new, empty server. It takes buckets in the path, and as
// labels before "localhost" in the host.
func Handler() http.Handler {
	inner := gofakes3.New(s3mem.New()).Server()
	var mu sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bucket, _, ok := strings.Cut(r.Host, ".localhost"); ok {
			r.URL.Path, r.URL.RawPath = "/"+bucket+r.URL.Path, ""
		}
		if n := arrive(r); r.ContentLength > roomy && n < r.ContentLength {
			panic(http.ErrAbortHandler) // it would make room for all that was announced, and take half a minute
		}
		a := answer{header: w.Header()}
		func() {
			mu.Lock() // its memory backend is not made for writers side by side
			defer mu.Unlock()
			inner.ServeHTTP(&a, r)
		}()
		a.send(w)
	})
}

// An answer is kept until it is whole, so that a slow reader keeps nobody waiting.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(p []byte) (int, error) { a.WriteHeader(http.StatusOK); return a.body.Write(p) }

// WriteHeader takes the first status, as net/http does.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) send(w http.ResponseWriter) {
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	w.Write(a.body.Bytes()) // to a client that may be gone
}

// roomy is more than any body of the suite has.
const roomy = 1 << 30

// arrive reads the body before the server is asked, so that a slow sender
// keeps nobody waiting, and returns how much came.
func arrive(r *http.Request) int64 {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = io.EOF
	}
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body), iotest.ErrReader(err)))
	return int64(len(body))
}
