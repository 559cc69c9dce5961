package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"
)

// userCmd lists and changes who may sign requests to a server that runs. What
// the server answers goes to standard output as JSON: a new secret stands there,
// and nowhere else.
type userCmd struct {
	List    userList    `cmd:"" help:"List users and access keys, without secrets."`
	Add     userAdd     `cmd:"" help:"Add a user with an access key, and print its secret."`
	Key     userKey     `cmd:"" help:"Give a user another access key, and print its secret."`
	Rotate  userRotate  `cmd:"" help:"Replace the secret of an access key, and print it: what the old one signs is refused."`
	Disable userDisable `cmd:"" help:"Refuse what a user, or one of its access keys, signs."`
	Enable  userEnable  `cmd:"" help:"Take it again."`
	Remove  userRemove  `cmd:"" help:"Remove a user, or one of its access keys. What it owns stays."`
}

// adminServer is a server's admin API.
type adminServer struct {
	Admin string `default:"http://127.0.0.1:9001" placeholder:"URL" help:"The server's second listener (http://127.0.0.1:9001); of a cluster that of any node."`
	Token string `placeholder:"TOKEN" help:"Its server.admin_token; else BLEEPSTORE_SERVER_ADMIN_TOKEN, which other users of the machine do not see."`
}

type userList struct{ adminServer }

// Run implements the command.
func (c *userList) Run() error { return c.order(http.MethodGet, nil, "users") }

type userAdd struct {
	adminServer
	Name    string `arg:"" help:"What the user is called."`
	Account string `placeholder:"ID" help:"Canonical id of the account to share; else the user gets one of its own."`
	givenKey
}

// givenKey is an access key that is not to be made up.
type givenKey struct {
	AccessKey string `placeholder:"KEY" help:"The access key; else one is made up."`
	SecretEnv string `placeholder:"NAME" help:"Environment variable that holds the secret; else one is made up."`
}

// fields adds what is given of a key to the fields of a request.
func (g *givenKey) fields(f map[string]string) (map[string]string, error) {
	if g.AccessKey != "" {
		f["access_key"] = g.AccessKey
	}
	if g.SecretEnv != "" {
		if f["secret_key"] = os.Getenv(g.SecretEnv); f["secret_key"] == "" {
			return nil, fmt.Errorf("--secret-env: %s is not set", g.SecretEnv)
		}
	}
	return f, nil
}

// Run implements the command.
func (c *userAdd) Run() error {
	f := map[string]string{"name": c.Name}
	if c.Account != "" {
		f["account"] = c.Account
	}
	f, err := c.fields(f)
	if err != nil {
		return err
	}
	return c.order(http.MethodPost, f, "users")
}

type userKey struct {
	adminServer
	Name string `arg:"" help:"The user."`
	givenKey
}

// Run implements the command.
func (c *userKey) Run() error {
	f, err := c.fields(map[string]string{})
	if err != nil {
		return err
	}
	return c.order(http.MethodPost, f, "users", c.Name, "keys")
}

type userRotate struct {
	adminServer
	Name      string `arg:"" help:"The user."`
	Key       string `arg:"" help:"The access key."`
	SecretEnv string `placeholder:"NAME" help:"Environment variable that holds the new secret; else one is made up."`
}

// Run implements the command.
func (c *userRotate) Run() error {
	f, err := (&givenKey{SecretEnv: c.SecretEnv}).fields(map[string]string{})
	if err != nil {
		return err
	}
	return c.order(http.MethodPost, f, "users", c.Name, "keys", c.Key, "rotate")
}

// userOrKey is a user, or one of its access keys.
type userOrKey struct {
	adminServer
	Name string `arg:"" help:"The user."`
	Key  string `arg:"" optional:"" help:"The access key; else all of the user."`
}

func (t *userOrKey) path() []string {
	if t.Key == "" {
		return []string{"users", t.Name}
	}
	return []string{"users", t.Name, "keys", t.Key}
}

type userDisable struct{ userOrKey }

// Run implements the command.
func (c *userDisable) Run() error {
	return c.order(http.MethodPatch, map[string]bool{"disabled": true}, c.path()...)
}

type userEnable struct{ userOrKey }

// Run implements the command.
func (c *userEnable) Run() error {
	return c.order(http.MethodPatch, map[string]bool{"disabled": false}, c.path()...)
}

type userRemove struct{ userOrKey }

// Run implements the command.
func (c *userRemove) Run() error { return c.order(http.MethodDelete, nil, c.path()...) }

// order sends a request to a path below /admin/ and prints the answer.
func (s *adminServer) order(method string, body any, path ...string) error {
	ctx, in := interruptible()
	defer in.release()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.send(ctx, method, body, path); err != nil {
		return ended(ctx, fmt.Errorf("user: %w", err))
	}
	return nil
}

func (s *adminServer) send(ctx context.Context, method string, body any, path []string) error {
	u, token, err := s.reach()
	if err != nil {
		return err
	}
	var text []byte
	if body != nil {
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for i := range path {
		path[i] = url.PathEscape(path[i])
	}
	req, err := http.NewRequestWithContext(ctx, method, u.JoinPath(append([]string{"admin"}, path...)...).String(), bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return refusal(resp)
	}
	_, err = io.Copy(os.Stdout, resp.Body)
	return err
}

// reach returns where the server is and what opens it.
func (s *adminServer) reach() (*url.URL, string, error) {
	token := s.Token
	if token == "" {
		token = os.Getenv(tokenEnv)
	}
	if token == "" {
		return nil, "", fmt.Errorf("--token or %s is needed", tokenEnv)
	}
	u, err := url.Parse(s.Admin)
	if err != nil || u.Host == "" {
		return nil, "", fmt.Errorf("--admin %s: want a URL, as http://127.0.0.1:9001", s.Admin)
	}
	return u, token, nil
}
