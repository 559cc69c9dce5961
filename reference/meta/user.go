package meta

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"log/slog"

	"bleepstore/reference/errcode"
)

// Limits of users.
const (
	MaxUsers    = 1000 // all of them are read at once
	MaxUserKeys = 8    // of one user
)

// A Secret is the secret half of an access key. Whatever prints it shows nothing
// of it; as JSON it is itself, since a signature cannot be checked by less.
type Secret string

// String implements fmt.Stringer.
func (Secret) String() string { return "[secret]" }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return "[secret]" }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }

// A User is somebody whom an operator has let in while the server runs, with the
// access keys by which they sign.
type User struct {
	Name     string
	Account  string // canonical id; users may share one
	Disabled bool   `json:",omitempty"`
	Created  int64  // Unix milliseconds
	Keys     []AccessKey
	// Version tells the states of a user apart. It is not part of the value.
	Version int64 `json:"-"`
}

// LogValue implements slog.LogValuer: a log names users.
func (u User) LogValue() slog.Value { return slog.StringValue(u.Name) }

// An AccessKey is one way to sign as a user.
type AccessKey struct {
	ID       string
	Secret   Secret
	Disabled bool  `json:",omitempty"`
	Created  int64 // Unix milliseconds; of the secret
}

// SetUser replaces the user called Name, or removes it when User is nil, if it
// still is of Version; 0 is none. It fails with PreconditionFailed, and with
// InvalidRequest where another user has one of the access keys, or where there
// are too many.
type SetUser struct {
	Name    string
	Version int64 `json:",omitempty"`
	User    *User `json:",omitempty"`
}

// size is about how many bytes u has as JSON.
func (u *User) size() int {
	const perKey = 512
	if u == nil {
		return 0
	}
	return len(u.Account) + perKey*len(u.Keys)
}

func (SetUser) kind() string { return "SetUser" }

const selectUsers = "SELECT name, version, value FROM user ORDER BY name"

func readUsers(c *conn) (users []User, err error) {
	err = c.each(func(row []driver.Value) error {
		var u User
		if err := json.Unmarshal([]byte(text(row[2])), &u); err != nil {
			return fmt.Errorf("unpack user %q: %w", text(row[0]), err)
		}
		u.Version = num(row[1])
		users = append(users, u)
		return nil
	}, selectUsers)
	return users, err
}

// setUser looks at every user: they are few, and rarely changed.
func (m *machine) setUser(op SetUser) (Result, error) {
	users, err := readUsers(m.c)
	if err != nil {
		return Result{}, err
	}
	var have int64
	owners := map[string]string{}
	for i := range users {
		if users[i].Name == op.Name {
			have = users[i].Version
			continue
		}
		for _, k := range users[i].Keys {
			owners[k.ID] = users[i].Name
		}
	}
	if have != op.Version {
		return Result{}, errcode.New(errcode.PreconditionFailed, "The user has changed.")
	}
	m.turned = true
	if op.User == nil {
		return Result{}, m.c.exec("DELETE FROM user WHERE name = ?", op.Name)
	}
	if have == 0 && len(users) >= MaxUsers || len(op.User.Keys) > MaxUserKeys {
		return Result{}, errcode.New(errcode.InvalidRequest, "There are too many.")
	}
	for _, k := range op.User.Keys {
		if owners[k.ID] != "" {
			return Result{}, errcode.New(errcode.InvalidRequest, "The access key is taken.")
		}
		owners[k.ID] = op.Name
	}
	u := *op.User
	u.Name = op.Name
	packed, err := json.Marshal(&u)
	if err != nil {
		return Result{}, fmt.Errorf("pack user: %w", err)
	}
	return Result{}, m.c.exec("INSERT OR REPLACE INTO user(name, version, value) VALUES(?, ?, ?)", op.Name, m.next(), string(packed))
}

// Users returns every user, by name.
func (tx *Tx) Users() ([]User, error) { return readUsers(tx.c) }

// Users returns every user as of now, by name.
func (db *DB) Users(ctx context.Context) (users []User, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		users, err = tx.Users()
		return err
	})
	return users, err
}

// Generation tells states with other users or buckets apart. It is odd while one
// is being committed; what was read in an even one, and within it, stays true for
// as long as Generation returns the same.
func (db *DB) Generation() uint64 { return db.buckets.generation() }
