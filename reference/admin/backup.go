package admin

import (
	"net/http"
	"time"
)

// idle is how long a client may take nothing of a backup.
const idle = time.Minute

// backup streams a backup. What goes wrong before its first byte is answered as
// an error; later the connection is cut, so that no client takes what it has for
// a whole answer.
func (h *handler) backup(w http.ResponseWriter, r *http.Request) {
	out := &download{w: w, control: http.NewResponseController(w), name: "bleepstore-" + h.Now().UTC().Format("20060102T150405Z") + ".tar"}
	err := h.Backup(r.Context(), out)
	switch {
	case err == nil:
		h.Log.Info("admin: backup written", "bytes", out.n)
	case out.n == 0:
		h.fail(w, r, err)
	default:
		h.Log.Error("admin: backup broken off", "bytes", out.n, "err", err)
		panic(http.ErrAbortHandler)
	}
}

// A download is an answer that becomes one with its first byte. A write fails
// when the client takes nothing for a while.
type download struct {
	w       http.ResponseWriter
	control *http.ResponseController
	name    string
	n       int64
}

func (d *download) Write(p []byte) (int, error) {
	if d.n == 0 {
		d.w.Header().Set("Content-Type", "application/x-tar")
		d.w.Header().Set("Content-Disposition", `attachment; filename="`+d.name+`"`)
	}
	_ = d.control.SetWriteDeadline(time.Now().Add(idle)) // where there is a connection
	n, err := d.w.Write(p)
	d.n += int64(n)
	return n, err
}
