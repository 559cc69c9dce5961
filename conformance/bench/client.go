// Package bench measures an S3 endpoint over the wire and puts each figure
// beside that of a bare net/http server, driven by the same signing client in
// the same run, so that what is printed is a ratio and holds from machine to
// machine. It knows nothing of the reference server.
package bench

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"bleepstore/scenarios/sign"
)

// A Server is an endpoint to measure and how to sign for it.
type Server struct {
	Endpoint *url.URL
	Access   string
	Secret   string
	Session  string // "" with static keys
	Region   string
	TLS      *tls.Config // nil: the system's roots
}

// client sends signed requests over kept-alive connections.
type client struct {
	server Server
	http   *http.Client
}

func newClient(s Server, conns int) *client {
	return &client{s, &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: conns, MaxConnsPerHost: conns, DisableCompression: true, TLSClientConfig: s.TLS.Clone(),
		WriteBufferSize: 64 << 10, ReadBufferSize: 64 << 10}}}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// send sends one request. The caller closes the answer's body.
func (c *client) send(ctx context.Context, method, path, query string, body []byte) (*http.Response, error) {
	u := *c.server.Endpoint
	u.Path, u.RawQuery = path, query
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	scope := sign.Scope{Access: c.server.Access, Secret: c.server.Secret, Session: c.server.Session,
		Region: c.server.Region, Service: "s3", Time: time.Now().UTC()}
	if err := sign.Header(req, scope, string(sign.Unsigned)); err != nil {
		return nil, err
	}
	return c.http.Do(req)
}

// do sends one request and reads the answer whole; scratch is the reader's
// buffer. A status of 300 or more is an error.
func (c *client) do(ctx context.Context, method, path, query string, body []byte, scratch []byte) error {
	resp, err := c.send(ctx, method, path, query, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for {
		if _, err = resp.Body.Read(scratch); err != nil {
			break
		}
	}
	if err != io.EOF {
		return fmt.Errorf("%s %s: body: %w", method, path, err)
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: status %d", method, path, resp.StatusCode)
	}
	return nil
}
