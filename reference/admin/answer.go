package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"bleepstore/reference/cluster"
)

// What a Cluster and a Backup may answer besides the errors of package cluster.
var (
	// ErrLastCopy: blobs have their last copy on the node that should go.
	ErrLastCopy = errors.New("blobs have their last copy on that node")
	// ErrRunning: one backup at a time.
	ErrRunning = errors.New("another backup is running")
)

// failures say how an error is answered; the first that matches counts.
var failures = []struct {
	err    error
	status int
	code   string
}{
	{cluster.ErrUnknownMember, http.StatusNotFound, "UnknownNode"},
	{cluster.ErrKnown, http.StatusConflict, "KnownNode"},
	{cluster.ErrAddrTaken, http.StatusConflict, "AddrTaken"},
	{cluster.ErrNotVoter, http.StatusConflict, "NotAVoter"},
	{cluster.ErrQuorum, http.StatusConflict, "Quorum"},
	{cluster.ErrLastVoter, http.StatusConflict, "LastVoter"},
	{ErrLastCopy, http.StatusConflict, "LastCopy"},
	{cluster.ErrChanged, http.StatusConflict, "MembersChanged"},
	{ErrRunning, http.StatusConflict, "BackupRunning"},
	{ErrUnknownUser, http.StatusNotFound, "UnknownUser"},
	{ErrUnknownKey, http.StatusNotFound, "UnknownAccessKey"},
	{ErrUserExists, http.StatusConflict, "UserExists"},
	{ErrKeyTaken, http.StatusConflict, "AccessKeyTaken"},
	{ErrConfigured, http.StatusConflict, "ConfiguredUser"},
	{ErrUserChanged, http.StatusConflict, "UserChanged"},
	{ErrTooMany, http.StatusConflict, "TooMany"},
	{cluster.ErrNoLeader, http.StatusServiceUnavailable, "NoLeader"},
	{cluster.ErrNotLeader, http.StatusServiceUnavailable, "NoLeader"},
	{cluster.ErrNoQuorum, http.StatusServiceUnavailable, "NoLeader"},
	{cluster.ErrBusy, http.StatusServiceUnavailable, "Busy"},
	{cluster.ErrBehind, http.StatusServiceUnavailable, "Behind"},
	{cluster.ErrClosed, http.StatusServiceUnavailable, "Closed"},
	{cluster.ErrBroken, http.StatusServiceUnavailable, "Broken"},
	{http.ErrServerClosed, http.StatusServiceUnavailable, "Closed"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "Timeout"},
}

// fail answers with what went wrong.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	var unclear *cluster.UnknownOutcomeError
	if errors.As(err, &unclear) {
		refuse(w, http.StatusInternalServerError, "Unclear", err.Error()+": it may still take effect, look at the nodes")
		return
	}
	for _, f := range failures {
		if errors.Is(err, f.err) {
			refuse(w, f.status, f.code, err.Error())
			return
		}
	}
	h.Log.Error("admin", "request", r.Method+" "+r.URL.Path, "err", err)
	refuse(w, http.StatusInternalServerError, "Internal", err.Error())
}

// refuse answers with an error document.
func refuse(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	_ = e.Encode(v) // a client that left needs no answer
}
