package admin

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestExpire(t *testing.T) {
	d := newDesk(t)
	d.refused(404, "NotFound", "POST", "/admin/lifecycle?bucket=b&at=2031-02-03T04:05:06Z", "")
	var got string
	var fails error
	d.c.Expire = func(_ context.Context, bucket string, at time.Time) error {
		got = bucket + " " + at.UTC().Format(time.RFC3339)
		return fails
	}
	if r, body := d.ask("POST", "/admin/lifecycle?bucket=b&at=2031-02-03T06:05:06%2B02:00", ""); r.StatusCode != 204 || got != "b 2031-02-03T04:05:06Z" {
		t.Errorf("got %d %s, for %q", r.StatusCode, body, got)
	}
	for _, bad := range []string{"", "?bucket=b", "?bucket=b&at=tomorrow", "?at=2031-02-03T04:05:06Z"} {
		d.refused(400, "BadRequest", "POST", "/admin/lifecycle"+bad, "")
	}
	d.refused(405, "MethodNotAllowed", "GET", "/admin/lifecycle?bucket=b&at=2031-02-03T04:05:06Z", "")
	fails = errors.New("disk")
	if r, body := d.ask("POST", "/admin/lifecycle?bucket=b&at=2031-02-03T04:05:06Z", ""); r.StatusCode != 500 || d.code(body) == "" {
		t.Errorf("got %d %s", r.StatusCode, body)
	}
}
