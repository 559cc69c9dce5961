package admin

import (
	"context"
	"net/http"
	"time"
)

// expire serves POST /admin/lifecycle?bucket=NAME&at=RFC3339, by which tests look
// at what lifecycles do in days to come: 204 once that is done.
func (h *handler) expire(w http.ResponseWriter, r *http.Request) {
	bucket := r.URL.Query().Get("bucket")
	at, err := time.Parse(time.RFC3339, r.URL.Query().Get("at"))
	if err != nil || bucket == "" {
		refuse(w, http.StatusBadRequest, "BadRequest", "want bucket, and at as RFC 3339 has it")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	if err := h.Expire(ctx, bucket, at); err != nil {
		h.fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
