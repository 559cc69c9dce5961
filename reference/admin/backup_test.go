package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bleepstore/reference/cluster"
)

func TestBackupIsStreamed(t *testing.T) {
	d := newDesk(t)
	d.c.Cluster = func() Cluster { return nil } // one node has backups too
	d.c.Backup = func(_ context.Context, w io.Writer) error {
		_, err := io.Copy(w, strings.NewReader(strings.Repeat("tar", 100_000)))
		return err
	}
	r, body := d.ask("GET", "/admin/backup", "")
	if r.StatusCode != 200 || len(body) != 300_000 || r.Header.Get("Content-Type") != "application/x-tar" ||
		r.Header.Get("Content-Disposition") != `attachment; filename="bleepstore-20260102T030405Z.tar"` {
		t.Errorf("got %d, %d bytes, %v", r.StatusCode, len(body), r.Header)
	}
	d.refused(405, "MethodNotAllowed", "HEAD", "/admin/backup", "")
}

func TestBackupThatCannotBegin(t *testing.T) {
	d := newDesk(t)
	for err, want := range map[error]int{ErrRunning: 409, &cluster.RefusedError{Err: cluster.ErrNoLeader}: 503, errors.New("disk"): 500} {
		d.c.Backup = func(context.Context, io.Writer) error { return err }
		if r, body := d.ask("GET", "/admin/backup", ""); r.StatusCode != want || d.code(body) == "" || r.Header.Get("Content-Disposition") != "" {
			t.Errorf("%v: got %d %s", err, r.StatusCode, body)
		}
	}
}

// One that breaks off later must not look like an answer that has ended.
func TestBackupThatBreaksOff(t *testing.T) {
	d := newDesk(t)
	d.c.Backup = func(_ context.Context, w io.Writer) error {
		_, err := w.Write([]byte("half of it"))
		return errors.Join(err, errors.New("disk"))
	}
	srv := httptest.NewServer(Handler(d.c))
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/admin/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := srv.Client().Do(r)
	if err == nil {
		defer resp.Body.Close()
		_, err = io.ReadAll(resp.Body)
	}
	if err == nil {
		t.Error("the client saw an orderly end")
	}
}
