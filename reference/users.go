package reference

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"bleepstore/reference/admin"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

// Users returns the users of the server, as an operator sees and changes them.
// After Close its methods fail with http.ErrServerClosed.
func (s *Server) Users() admin.Users { return &directory{s} }

// A directory is the users of a server. Changes go through the log; each says
// which state of the user it replaces, so that none is lost.
type directory struct{ s *Server }

// rereads bounds how often a change is made anew because somebody else has
// changed the user meanwhile.
const rereads = 3

// List implements admin.Users.
func (d *directory) List(ctx context.Context) ([]admin.User, error) {
	users, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	out := d.configured()
	for i := range users {
		out = append(out, shown(&users[i]))
	}
	return out, nil
}

// configured are the users of the configuration, by name.
func (d *directory) configured() (out []admin.User) {
	for _, u := range d.s.roster.fixed {
		i := slices.IndexFunc(out, func(o admin.User) bool { return o.Name == u.Name && o.Account == u.ID })
		if i < 0 {
			i, out = len(out), append(out, admin.User{Name: u.Name, Account: u.ID, Configured: true})
		}
		out[i].Keys = append(out[i].Keys, admin.Key{ID: u.AccessKey})
	}
	for i := range out {
		slices.SortFunc(out[i].Keys, func(a, b admin.Key) int { return strings.Compare(a.ID, b.ID) })
	}
	slices.SortFunc(out, func(a, b admin.User) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Account, b.Account))
	})
	return out
}

func shown(u *meta.User) admin.User {
	out := admin.User{Name: u.Name, Account: u.Account, Disabled: u.Disabled, Created: time.UnixMilli(u.Created).UTC()}
	for _, k := range u.Keys {
		out.Keys = append(out.Keys, admin.Key{ID: k.ID, Disabled: k.Disabled, Created: time.UnixMilli(k.Created).UTC()})
	}
	return out
}

// read returns the users of the database, with every change that was
// acknowledged by any node.
func (d *directory) read(ctx context.Context) ([]meta.User, error) {
	if !d.s.gate.enter() {
		return nil, http.ErrServerClosed
	}
	defer d.s.gate.leave()
	index, err := d.s.stores.log.ReadIndex(ctx)
	if err == nil {
		err = d.s.stores.log.Wait(ctx, index)
	}
	if err != nil {
		return nil, fmt.Errorf("read users: %w", err)
	}
	return d.s.stores.db.Users(ctx)
}

// Add implements admin.Users.
func (d *directory) Add(ctx context.Context, name, account string, key admin.Pair) (admin.User, admin.Pair, error) {
	if account == "" {
		account = hex.EncodeToString(random(32))
	}
	pair, err := d.pair(key)
	if err != nil {
		return admin.User{}, pair, err
	}
	if slices.ContainsFunc(d.configured(), func(u admin.User) bool { return u.Name == name }) {
		return admin.User{}, pair, fmt.Errorf("%q: %w", name, admin.ErrConfigured)
	}
	now := d.s.config.Clock.Now().UnixMilli()
	u := &meta.User{Name: name, Account: account, Created: now, Keys: []meta.AccessKey{{ID: pair.ID, Secret: meta.Secret(pair.Secret), Created: now}}}
	err = d.propose(ctx, meta.SetUser{Name: name, User: u})
	if errors.Is(err, errChanged) {
		err = fmt.Errorf("%q: %w", name, admin.ErrUserExists)
	}
	return shown(u), pair, err
}

// pair completes an access key: what is not given is made up.
func (d *directory) pair(p admin.Pair) (admin.Pair, error) {
	if p.ID == "" {
		p.ID = "BLEEP" + strings.ToUpper(hex.EncodeToString(random(8)))[:15]
	}
	if _, taken := d.s.roster.fixed[p.ID]; taken {
		return p, fmt.Errorf("%q: %w", p.ID, admin.ErrKeyTaken)
	}
	if p.Secret == "" {
		p.Secret = base64.RawURLEncoding.EncodeToString(random(30))
	}
	return p, nil
}

// random returns n bytes that nobody can guess, whatever Config.Rand is: secrets
// are made of them.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// Remove implements admin.Users.
func (d *directory) Remove(ctx context.Context, name, key string) error {
	return d.change(ctx, name, func(u *meta.User) (*meta.User, error) {
		if key == "" {
			return nil, nil
		}
		i, err := find(u, key)
		if err == nil {
			u.Keys = slices.Delete(u.Keys, i, i+1)
		}
		return u, err
	})
}

// Disable implements admin.Users.
func (d *directory) Disable(ctx context.Context, name, key string, disabled bool) error {
	return d.change(ctx, name, func(u *meta.User) (*meta.User, error) {
		if key == "" {
			u.Disabled = disabled
			return u, nil
		}
		i, err := find(u, key)
		if err == nil {
			u.Keys[i].Disabled = disabled
		}
		return u, err
	})
}

// Issue implements admin.Users.
func (d *directory) Issue(ctx context.Context, name, key string, given admin.Pair) (admin.Pair, error) {
	if key != "" {
		given.ID = key
	}
	pair, err := d.pair(given)
	if err != nil && key == "" {
		return pair, err
	}
	now := d.s.config.Clock.Now().UnixMilli()
	return pair, d.change(ctx, name, func(u *meta.User) (*meta.User, error) {
		if key == "" {
			if len(u.Keys) >= meta.MaxUserKeys {
				return nil, fmt.Errorf("%d access keys: %w", len(u.Keys), admin.ErrTooMany)
			}
			u.Keys = append(u.Keys, meta.AccessKey{ID: pair.ID, Secret: meta.Secret(pair.Secret), Created: now})
			return u, nil
		}
		i, err := find(u, key)
		if err == nil {
			u.Keys[i].Secret, u.Keys[i].Created = meta.Secret(pair.Secret), now
		}
		return u, err
	})
}

func find(u *meta.User, key string) (int, error) {
	i := slices.IndexFunc(u.Keys, func(k meta.AccessKey) bool { return k.ID == key })
	if i < 0 {
		return i, fmt.Errorf("%q: %w", key, admin.ErrUnknownKey)
	}
	return i, nil
}

// change replaces a user by what edit makes of it; nil removes it. edit may be
// called again, with the user as it is then.
func (d *directory) change(ctx context.Context, name string, edit func(*meta.User) (*meta.User, error)) error {
	for try := 1; ; try++ {
		users, err := d.read(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(users, func(u meta.User) bool { return u.Name == name })
		if i < 0 {
			if slices.ContainsFunc(d.configured(), func(u admin.User) bool { return u.Name == name }) {
				return fmt.Errorf("%q: %w", name, admin.ErrConfigured)
			}
			return fmt.Errorf("%q: %w", name, admin.ErrUnknownUser)
		}
		version := users[i].Version
		u, err := edit(&users[i])
		if err != nil {
			return err
		}
		err = d.propose(ctx, meta.SetUser{Name: name, Version: version, User: u})
		if try < rereads && errors.Is(err, errChanged) {
			continue
		}
		return err
	}
}

// errChanged: a user is not what a change took it for.
var errChanged = fmt.Errorf("%w: somebody else has changed the user", admin.ErrUserChanged)

// propose makes a change durable.
func (d *directory) propose(ctx context.Context, op meta.SetUser) error {
	if !d.s.gate.enter() {
		return http.ErrServerClosed
	}
	defer d.s.gate.leave()
	res, err := d.s.stores.log.Propose(ctx, meta.Command{Op: op})
	switch {
	case err != nil:
		return fmt.Errorf("change user %q: %w", op.Name, err)
	case res.Err == nil:
		return nil
	case res.Err.Code == errcode.PreconditionFailed:
		return errChanged
	case op.Version == 0 && strings.Contains(res.Err.Message, "many"):
		return fmt.Errorf("%d users: %w", meta.MaxUsers, admin.ErrTooMany)
	}
	return fmt.Errorf("change user %q: %w", op.Name, admin.ErrKeyTaken)
}
