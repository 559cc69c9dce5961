package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"
	"unicode/utf8"
)

// Users are those who may sign requests. Its methods may be called together.
// Failures are the errors below and those of package cluster.
type Users interface {
	// List returns every user, those of the configuration first, then by name.
	// It tells no secrets.
	List(ctx context.Context) ([]User, error)
	// Add makes a user of a canonical id with one access key; what is "" is made
	// up, and returned: ErrUserExists, ErrConfigured, ErrKeyTaken, ErrTooMany.
	Add(ctx context.Context, name, account string, key Pair) (User, Pair, error)
	// Remove removes one access key, or with "" the user: ErrUnknownUser,
	// ErrUnknownKey, ErrConfigured, ErrUserChanged.
	Remove(ctx context.Context, name, key string) error
	// Disable refuses what one access key signs, or with "" every one of the
	// user's, until it is called with false. It fails as Remove does.
	Disable(ctx context.Context, name, key string, disabled bool) error
	// Issue gives the user another access key, or with a key that there is
	// another secret for it. It fails as Remove and Add do.
	Issue(ctx context.Context, name, key string, given Pair) (Pair, error)
}

// What Users may answer.
var (
	ErrUnknownUser = errors.New("there is no such user")
	ErrUnknownKey  = errors.New("the user has no such access key")
	ErrUserExists  = errors.New("there is such a user")
	ErrKeyTaken    = errors.New("the access key is taken")
	ErrConfigured  = errors.New("the user is one of the configuration, which says all of it")
	ErrUserChanged = errors.New("nothing was changed")
	ErrTooMany     = errors.New("there are as many as there can be")
)

// A User is one of Users, without its secrets.
type User struct {
	Name       string    `json:"name"`
	Account    string    `json:"account"` // canonical id
	Configured bool      `json:"configured"`
	Disabled   bool      `json:"disabled"`
	Created    time.Time `json:"created,omitzero"`
	Keys       []Key     `json:"keys"`
}

// A Key is an access key without its secret.
type Key struct {
	ID       string    `json:"access_key"`
	Disabled bool      `json:"disabled"`
	Created  time.Time `json:"created,omitzero"` // of its secret
}

// A Pair is an access key with its secret. It is told once, to who makes it.
type Pair struct {
	ID     string `json:"access_key"`
	Secret string `json:"secret_key"`
}

// String implements fmt.Stringer without the secret.
func (p Pair) String() string { return p.ID }

// GoString implements fmt.GoStringer without the secret.
func (p Pair) GoString() string { return p.ID }

// userPaths serves the users.
func (h *handler) userPaths() {
	h.path("/admin/users", methods{"GET": h.timed(h.listUsers), "POST": h.timed(h.addUser)})
	h.path("/admin/users/{name}", methods{"GET": h.timed(h.oneUser), "PATCH": h.timed(h.disable), "DELETE": h.timed(h.removeUser)})
	h.path("/admin/users/{name}/keys", methods{"POST": h.timed(h.issue)})
	h.path("/admin/users/{name}/keys/{key}", methods{"PATCH": h.timed(h.disable), "DELETE": h.timed(h.removeUser)})
	h.path("/admin/users/{name}/keys/{key}/rotate", methods{"POST": h.timed(h.issue)})
}

// timed bounds the time of a request.
func (h *handler) timed(serve func(http.ResponseWriter, *http.Request)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), patience)
		defer cancel()
		serve(w, r.WithContext(ctx))
	}
}

func (h *handler) listUsers(w http.ResponseWriter, r *http.Request) {
	users, err := h.Users().List(r.Context())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	answer(w, http.StatusOK, map[string]any{"users": users})
}

func (h *handler) oneUser(w http.ResponseWriter, r *http.Request) {
	users, err := h.Users().List(r.Context())
	for _, u := range users {
		if err == nil && u.Name == r.PathValue("name") {
			answer(w, http.StatusOK, u)
			return
		}
	}
	if err == nil {
		err = fmt.Errorf("%q: %w", r.PathValue("name"), ErrUnknownUser)
	}
	h.fail(w, r, err)
}

// addUser answers with the one sight of the secret that there is.
func (h *handler) addUser(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name, Account string
		AccessKey     string `json:"access_key"`
		SecretKey     string `json:"secret_key"`
	}
	err := read(w, r, &in)
	if err == nil {
		err = valid(in.Name, in.Account, Pair{in.AccessKey, in.SecretKey})
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	u, pair, err := h.Users().Add(r.Context(), in.Name, in.Account, Pair{in.AccessKey, in.SecretKey})
	if err != nil {
		h.fail(w, r, err)
		return
	}
	h.Log.Info("admin: user added", "user", u.Name, "account", u.Account, "access_key", pair.ID)
	answer(w, http.StatusCreated, map[string]string{"name": u.Name, "account": u.Account, "access_key": pair.ID, "secret_key": pair.Secret})
}

// issue makes an access key, or another secret for one.
func (h *handler) issue(w http.ResponseWriter, r *http.Request) {
	var in Pair
	name, key := r.PathValue("name"), r.PathValue("key")
	err := read(w, r, &in)
	if err == nil && key != "" && in.ID != "" {
		err = errors.New("access_key: the path says it")
	}
	if err == nil {
		err = valid("x", "", in)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	pair, err := h.Users().Issue(r.Context(), name, key, in)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	status, said := http.StatusCreated, "admin: access key added"
	if key != "" {
		status, said = http.StatusOK, "admin: secret replaced"
	}
	h.Log.Info(said, "user", name, "access_key", pair.ID)
	answer(w, status, map[string]string{"name": name, "access_key": pair.ID, "secret_key": pair.Secret})
}

// disable serves a user and an access key.
func (h *handler) disable(w http.ResponseWriter, r *http.Request) {
	var in struct{ Disabled *bool }
	err := read(w, r, &in)
	if err == nil && in.Disabled == nil {
		err = errors.New("disabled: want true or false")
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, "BadRequest", err.Error())
		return
	}
	name, key := r.PathValue("name"), r.PathValue("key")
	if err := h.Users().Disable(r.Context(), name, key, *in.Disabled); err != nil {
		h.fail(w, r, err)
		return
	}
	h.Log.Info("admin: user changed", "user", name, "access_key", key, "disabled", *in.Disabled)
	w.WriteHeader(http.StatusNoContent)
}

// removeUser serves a user and an access key.
func (h *handler) removeUser(w http.ResponseWriter, r *http.Request) {
	name, key := r.PathValue("name"), r.PathValue("key")
	if err := h.Users().Remove(r.Context(), name, key); err != nil {
		h.fail(w, r, err)
		return
	}
	h.Log.Info("admin: user removed", "user", name, "access_key", key)
	w.WriteHeader(http.StatusNoContent)
}

var (
	userName    = regexp.MustCompile(`^[\w+=,.@-]{1,64}$`) // as IAM has it
	accountID   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	accessKeyID = regexp.MustCompile(`^[\w.-]{3,128}$`)
)

// valid says whether a user and an access key can be called so; what is "" but
// the name is to be made up. A message never holds a secret.
func valid(name, account string, p Pair) error {
	switch {
	case !userName.MatchString(name):
		return errors.New("name: want 1 to 64 letters, digits and _+=,.@-")
	case account != "" && !accountID.MatchString(account):
		return errors.New("account: want a canonical id, 64 hexadecimal digits in lower case")
	case p.ID != "" && !accessKeyID.MatchString(p.ID):
		return errors.New("access_key: want 3 to 128 letters, digits and _.-")
	case p.Secret != "" && (len(p.Secret) < 8 || len(p.Secret) > 128 || !utf8.ValidString(p.Secret)):
		return errors.New("secret_key: want 8 to 128 bytes")
	}
	return nil
}
