package admin

import (
	"net/http"
	"strings"
	"testing"
)

func authorization(v string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Del("Authorization")
		if v != "" {
			r.Header.Set("Authorization", v)
		}
	}
}

func basic(password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth("anybody", password) }
}

var every = []struct{ method, path string }{
	{"GET", "/admin/"}, {"GET", "/admin/cluster/status"}, {"GET", "/admin/cluster/nodes"}, {"POST", "/admin/cluster/nodes"},
	{"DELETE", "/admin/cluster/nodes/a"}, {"POST", "/admin/cluster/leader"}, {"GET", "/admin/cluster/raft/stats"},
	{"POST", "/admin/cluster/raft/snapshot"}, {"GET", "/admin/cluster/raft/hash"}, {"GET", "/admin/backup"}, {"GET", "/admin/nothing"}, {"PUT", "/admin/"},
}

// Without a token configured nothing is open, whatever a request shows.
func TestNoTokenNoAdmin(t *testing.T) {
	d := newDesk(t)
	d.c.Token = ""
	for _, e := range every {
		for _, header := range []string{"", "Bearer ", "Bearer", "Bearer x", "Basic Og=="} {
			d.refused(403, "AdminOff", e.method, e.path, "", authorization(header))
		}
	}
	if len(d.band.calls) > 0 {
		t.Errorf("it did %v", d.band.calls)
	}
}

func TestWrongTokens(t *testing.T) {
	d := newDesk(t)
	for _, e := range every {
		for _, header := range []string{"", "Bearer", "Bearer ", "Bearer x", "Bearer " + token + "x", "Bearer " + token[1:], "bearer", "Digest " + token, token} {
			r := d.refused(401, "Unauthorized", e.method, e.path, "", authorization(header))
			if got := r.Header.Values("WWW-Authenticate"); len(got) == 0 || !strings.HasPrefix(got[0], "Bearer ") {
				t.Errorf("%s %s: WWW-Authenticate is %q", e.method, e.path, got)
			}
		}
		d.refused(401, "Unauthorized", e.method, e.path, "", basic("x"))
	}
	if len(d.band.calls) > 0 {
		t.Errorf("it did %v", d.band.calls)
	}
}

// The scheme's name is free in its case, as RFC 9110 has it.
func TestRightToken(t *testing.T) {
	d := newDesk(t)
	for _, show := range []func(*http.Request){authorization("Bearer " + token), authorization("bearer " + token), basic(token)} {
		if r, body := d.ask("GET", "/admin/cluster/status", "", show); r.StatusCode != 200 || r.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %d %s", r.StatusCode, body)
		}
	}
}

// A browser sends a password along with what another site makes it send, so a
// password changes nothing.
func TestPasswordOnlyReads(t *testing.T) {
	d := newDesk(t)
	d.refused(401, "Unauthorized", "POST", "/admin/cluster/nodes", `{"id":"d","addr":"d:1"}`, basic(token))
	d.refused(401, "Unauthorized", "DELETE", "/admin/cluster/nodes/a", "", basic(token))
	r := d.refused(401, "Unauthorized", "POST", "/admin/cluster/raft/snapshot", "", basic(token))
	for _, v := range r.Header.Values("WWW-Authenticate") {
		if strings.HasPrefix(v, "Basic") {
			t.Error("a browser is asked for a password that will not do")
		}
	}
	if len(d.band.calls) > 0 {
		t.Errorf("it did %v", d.band.calls)
	}
}

func TestBrowserIsAskedForAPassword(t *testing.T) {
	r := newDesk(t).refused(401, "Unauthorized", "GET", "/admin/", "", authorization(""))
	if got := strings.Join(r.Header.Values("WWW-Authenticate"), ", "); !strings.Contains(got, "Basic realm=") {
		t.Errorf("WWW-Authenticate is %q, want Basic too", got)
	}
}
