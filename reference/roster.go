package reference

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"

	"bleepstore/reference/meta"
	"bleepstore/reference/s3"
	"bleepstore/reference/sigv4"
)

// A roster knows who may sign: the users of the configuration, which never
// change, and those of the database, whom it reads again once they may have
// changed and keeps until then, so that a request costs no read. Where both have
// an access key, the configuration's counts. Its methods may be called together.
//
// On a node of a cluster the database is that node's own: a change is in effect
// there once the node has applied it.
type roster struct {
	fixed keys
	db    *meta.DB
	log   *slog.Logger

	reading sync.Mutex // held by who reads the database
	index   atomic.Pointer[registered]
}

// registered are the users of one generation of the database.
type registered struct {
	gen   uint64
	users []meta.User
	keys  keys // those that are in use
}

// current returns the users as of now. Should the database not answer, they are
// those that it had.
func (r *roster) current() *registered {
	if x := r.index.Load(); x != nil && x.gen == r.db.Generation() {
		return x
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	gen := r.db.Generation()
	last := r.index.Load()
	if last != nil && last.gen == gen {
		return last
	}
	users, err := r.db.Users(context.Background())
	if err != nil {
		r.log.Error("read users", "err", err)
		if last == nil {
			last = &registered{}
		}
		return last
	}
	x := &registered{gen: gen, users: users, keys: keys{}}
	for i := range users {
		u := &users[i]
		for _, k := range u.Keys {
			if !u.Disabled && !k.Disabled {
				x.keys[k.ID] = User{AccessKey: k.ID, SecretKey: string(k.Secret), ID: u.Account, Name: u.Name}
			}
		}
	}
	if gen%2 == 0 && gen == r.db.Generation() {
		r.index.Store(x)
	}
	return x
}

// Lookup implements sigv4.Credentials.
func (r *roster) Lookup(accessKey string) (string, sigv4.Principal, bool) {
	if secret, who, ok := r.fixed.Lookup(accessKey); ok {
		return secret, who, true
	}
	return r.current().keys.Lookup(accessKey)
}

// account says whether somebody has the canonical id, disabled or not.
func (r *roster) account(id string) bool {
	if r.fixed.account(id) {
		return true
	}
	for _, u := range r.current().users {
		if u.Account == id {
			return true
		}
	}
	return false
}

// user says whether there is the account, and in it the user called name unless
// that is "".
func (r *roster) user(account, name string) bool {
	if r.fixed.user(account, name) {
		return true
	}
	for _, u := range r.current().users {
		if s3.AccountID(u.Account) == account && (name == "" || name == u.Name) {
			return true
		}
	}
	return false
}
