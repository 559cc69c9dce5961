package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
)

const realm = `realm="bleepstore admin", charset="UTF-8"`

// admit lets a request in that shows the token, and answers any other.
//
// A browser shows it as the password of whatever user. That is taken for GET and
// HEAD only: a browser sends a password along with what other sites make it send.
func (h *handler) admit(w http.ResponseWriter, r *http.Request) bool {
	if h.Token == "" {
		refuse(w, http.StatusForbidden, "AdminOff", "the admin API is off: no token is configured (server.admin_token)")
		return false
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") && h.known(token) {
		return true
	}
	if _, password, ok := r.BasicAuth(); ok && reads && h.known(password) {
		return true
	}
	w.Header().Add("WWW-Authenticate", `Bearer realm="bleepstore admin"`)
	text := "send the token of server.admin_token as Authorization: Bearer TOKEN"
	if reads {
		w.Header().Add("WWW-Authenticate", "Basic "+realm)
		text += ", or as the password of any user"
	}
	refuse(w, http.StatusUnauthorized, "Unauthorized", text)
	return false
}

// known compares in a time that tells nothing of the token, its length included.
func (h *handler) known(token string) bool {
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(h.Token))
	return subtle.ConstantTimeCompare(got[:], want[:]) == 1
}
