package admin

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// A crowd is users that remember what they were told, and fail as told.
type crowd struct {
	calls []string
	err   error
}

func (c *crowd) note(call ...any) error {
	c.calls = append(c.calls, strings.TrimSpace(fmt.Sprintln(call...)))
	return c.err
}

func (c *crowd) List(context.Context) ([]User, error) {
	return []User{{Name: "root", Configured: true}, {Name: "ada", Account: "a", Keys: []Key{{ID: "K"}}}}, c.err
}

func (c *crowd) Add(_ context.Context, name, account string, key Pair) (User, Pair, error) {
	return User{Name: name, Account: "made up"}, Pair{"K1", "hidden-secret"}, c.note("add", name, account, key.ID, key.Secret)
}

func (c *crowd) Remove(_ context.Context, name, key string) error {
	return c.note("remove", name, key)
}

func (c *crowd) Disable(_ context.Context, name, key string, disabled bool) error {
	return c.note("disable", name, key, disabled)
}

func (c *crowd) Issue(_ context.Context, name, key string, given Pair) (Pair, error) {
	return Pair{"K2", "hidden-secret"}, c.note("issue", name, key, given.ID, given.Secret)
}

func crowded(t *testing.T) (*desk, *crowd, *bytes.Buffer) {
	d, c, log := newDesk(t), &crowd{}, &bytes.Buffer{}
	d.c.Users, d.c.Cluster = func() Users { return c }, func() Cluster { return nil }
	d.c.Log = slog.New(slog.NewTextHandler(log, nil))
	return d, c, log
}

func TestUserOrders(t *testing.T) {
	d, c, log := crowded(t)
	for _, tt := range []struct {
		method, path, body string
		status             int
		call, answer       string
	}{
		{"GET", "/admin/users", "", 200, "", `"name": "ada"`},
		{"GET", "/admin/users/ada", "", 200, "", `"access_key": "K"`},
		{"POST", "/admin/users", `{"name":"bob"}`, 201, "add bob", `"secret_key": "hidden-secret"`},
		{"POST", "/admin/users", `{"name":"bob","account":"` + strings.Repeat("0a", 32) + `","access_key":"KEY","secret_key":"12345678"}`, 201, "add bob " + strings.Repeat("0a", 32) + " KEY 12345678", `"account": "made up"`},
		{"PATCH", "/admin/users/bob", `{"disabled":true}`, 204, "disable bob  true", ""},
		{"PATCH", "/admin/users/bob/keys/K", `{"disabled":false}`, 204, "disable bob K false", ""},
		{"POST", "/admin/users/bob/keys", "", 201, "issue bob", `"access_key": "K2"`},
		{"POST", "/admin/users/bob/keys/K/rotate", `{"secret_key":"12345678"}`, 200, "issue bob K  12345678", `"secret_key": "hidden-secret"`},
		{"DELETE", "/admin/users/bob/keys/K", "", 204, "remove bob K", ""},
		{"DELETE", "/admin/users/bob", "", 204, "remove bob", ""},
	} {
		c.calls = nil
		r, body := d.ask(tt.method, tt.path, tt.body)
		if r.StatusCode != tt.status || strings.Join(c.calls, ",") != tt.call || !strings.Contains(body, tt.answer) {
			t.Errorf("%s %s: got %d %s, did %q", tt.method, tt.path, r.StatusCode, body, c.calls)
		}
	}
	if text := log.String(); strings.Contains(text, "hidden") || strings.Contains(text, "12345678") || !strings.Contains(text, "user=bob") {
		t.Errorf("the log is %s", text)
	}
}

func TestUserOrdersThatAreNone(t *testing.T) {
	d, c, _ := crowded(t)
	for _, body := range []string{`{}`, `{"name":"a b"}`, `{"name":"` + strings.Repeat("a", 65) + `"}`, `{"name":"bob","account":"x"}`, `{"name":"bob","access_key":"a/b"}`,
		`{"name":"bob","secret_key":"short"}`, `{"name":"bob","admin":true}`, `[]`} {
		d.refused(400, "BadRequest", "POST", "/admin/users", body)
	}
	d.refused(400, "BadRequest", "PATCH", "/admin/users/bob", `{}`)
	d.refused(400, "BadRequest", "POST", "/admin/users/bob/keys/K/rotate", `{"access_key":"KEY"}`)
	d.refused(404, "UnknownUser", "GET", "/admin/users/nobody", "")
	d.refused(405, "MethodNotAllowed", "PUT", "/admin/users/bob", "")
	d.refused(401, "Unauthorized", "POST", "/admin/users", `{"name":"bob"}`, basic(token))
	d.refused(401, "Unauthorized", "GET", "/admin/users", "", authorization(""))
	if len(c.calls) > 0 {
		t.Errorf("it did %v", c.calls)
	}
}

func TestUserFailures(t *testing.T) {
	d, c, _ := crowded(t)
	for err, want := range map[error]string{ErrUnknownUser: "UnknownUser", ErrUnknownKey: "UnknownAccessKey", ErrUserExists: "UserExists", ErrKeyTaken: "AccessKeyTaken",
		ErrConfigured: "ConfiguredUser", ErrUserChanged: "UserChanged", ErrTooMany: "TooMany"} {
		c.err = fmt.Errorf("x: %w", err)
		for _, e := range []struct{ method, path, body string }{{"POST", "/admin/users", `{"name":"bob"}`}, {"DELETE", "/admin/users/bob", ""}, {"PATCH", "/admin/users/bob", `{"disabled":true}`}, {"POST", "/admin/users/bob/keys", ""}} {
			if _, body := d.ask(e.method, e.path, e.body); d.code(body) != want {
				t.Errorf("%s %s: got %s, want %s", e.method, e.path, body, want)
			}
		}
	}
}
