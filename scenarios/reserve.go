package scenarios

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"bleepstore/scenarios/sign"
)

// ownPrefix begins the name of every bucket that a run makes up; see
// bucketName.
const ownPrefix = "bleep-"

// exists reports whether a bucket of that name is there and open to the main
// account. It is asked before a name that the run did not make up is reserved:
// what was there before the run is never touched.
func (ses *Session) exists(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), ses.Target.Timeout)
	defer cancel()
	status, err := ses.bare(ctx, http.MethodHead, name)
	return err == nil && (status/100 == 2 || status == http.StatusMovedPermanently || status == http.StatusTemporaryRedirect)
}

// RemoveReserved deletes the bucket that a lax server may have made of a
// reserved name. It never empties one: nothing of the run is in it, unless the
// name is the run's own. A server that refuses the name does not have it.
func (ses *Session) RemoveReserved(ctx context.Context, name string) error {
	if !ses.Ledger.Admits(name) {
		return fmt.Errorf("%w: remove %q", ErrGuard, name)
	}
	if strings.HasPrefix(name, ownPrefix) {
		return ses.Remove(ctx, name)
	}
	status, err := ses.bare(ctx, http.MethodDelete, name)
	switch {
	case err != nil:
		return fmt.Errorf("remove reserved bucket %q: %w", name, err)
	case status == http.StatusConflict || status >= 500 && status != http.StatusNotImplemented:
		return fmt.Errorf("remove reserved bucket %q: got %d", name, status)
	}
	return ses.Ledger.Gone(name)
}

// bare sends one signed request for a bucket past the guard and every
// client's own ideas about names, and returns the status.
func (ses *Session) bare(ctx context.Context, method, bucket string) (int, error) {
	t := &ses.Target
	u := t.Endpoints[0]
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return 0, err
	}
	req.URL = &url.URL{Scheme: u.Scheme, Host: u.Host, Opaque: "//" + u.Host + "/" + escapePath(bucket)}
	scope := sign.Scope{Access: t.Main.Access, Secret: t.Main.Secret, Session: t.Main.Session, Region: t.Region, Service: "s3", Time: time.Now().UTC()}
	if err := sign.Header(req, scope, sign.Hash(sign.Signed, nil)); err != nil {
		return 0, err
	}
	resp, err := ses.base.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
