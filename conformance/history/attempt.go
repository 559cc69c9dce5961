package history

import (
	"errors"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
)

// AttemptHeader carries the number of the operation, or of the attempt where the
// client gives it none, so that a log, a proxy or a server can tell one request
// sent twice from two requests. It is not signed.
const AttemptHeader = "Bleep-Attempt"

// ErrResent says that one request went over the wire more than once, which
// net/http does by itself now and then. Such an operation is no single one: a
// write of it is unclear whatever the last answer was.
var ErrResent = errors.New("the request was sent more than once")

// Attempts is an http.RoundTripper that sees to it that one operation is one
// request on the wire. It numbers requests that have no number and fails with ErrResent, the answer
// being closed, where the one below sent a request again.
type Attempts struct {
	Base http.RoundTripper
	n    atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (a *Attempts) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent atomic.Int32
	ctx := httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Add(1) },
	})
	r = r.Clone(ctx)
	r.GetBody = nil // without it net/http sends no body twice
	if r.Header.Get(AttemptHeader) == "" {
		r.Header.Set(AttemptHeader, strconv.FormatInt(a.n.Add(1), 10))
	}
	resp, err := a.Base.RoundTrip(r)
	if sent.Load() <= 1 {
		return resp, err
	}
	if resp != nil {
		err = errors.Join(err, resp.Body.Close())
	}
	return nil, errors.Join(ErrResent, err)
}
