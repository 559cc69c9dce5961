package meta

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"bleepstore/reference/errcode"
)

func TestSetUser(t *testing.T) {
	s := openMemory(t)
	users := func() []User {
		t.Helper()
		out, err := s.db.Users(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	ada := &User{Account: "a", Created: 5, Keys: []AccessKey{{ID: "K1", Secret: "one", Created: 6}}}
	s.must(SetUser{Name: "ada", User: ada})
	s.refuse(errcode.PreconditionFailed, SetUser{Name: "ada", User: ada})
	s.refuse(errcode.InvalidRequest, SetUser{Name: "bob", User: &User{Keys: ada.Keys}})
	s.refuse(errcode.InvalidRequest, SetUser{Name: "bob", User: &User{Keys: []AccessKey{{ID: "K2"}, {ID: "K2"}}}})
	s.refuse(errcode.InvalidRequest, SetUser{Name: "bob", User: &User{Keys: make([]AccessKey, MaxUserKeys+1)}})
	s.must(SetUser{Name: "bob", User: &User{Account: "b", Keys: []AccessKey{{ID: "K2", Secret: "two"}}}})
	got := users()
	if len(got) != 2 || got[0].Name != "ada" || got[0].Account != "a" || got[0].Keys[0] != ada.Keys[0] || got[1].Keys[0].Secret != "two" {
		t.Fatalf("got %+v", got)
	}
	gen := s.db.Generation()
	s.refuse(errcode.PreconditionFailed, SetUser{Name: "ada", Version: got[1].Version})
	s.must(SetUser{Name: "ada", Version: got[0].Version, User: &User{Account: "a", Disabled: true}})
	if s.db.Generation() == gen {
		t.Error("a change of users does not change the generation")
	}
	got = users()
	if !got[0].Disabled || len(got[0].Keys) != 0 {
		t.Errorf("got %+v", got)
	}
	s.must(SetUser{Name: "ada", Version: got[0].Version}, SetUser{Name: "nobody"})
	if got = users(); len(got) != 1 || got[0].Name != "bob" {
		t.Errorf("got %+v", got)
	}
	s.must(SetUser{Name: "carl", User: ada}) // the key is free again
}

// What prints a command, or a user, shows no secret.
func TestSecretsAreNotPrinted(t *testing.T) {
	op := SetUser{Name: "ada", User: &User{Keys: []AccessKey{{ID: "K", Secret: "hidden-secret"}}}}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", op.User.Keys[0].Secret, "user", *op.User)
	for _, shown := range []string{fmt.Sprint(op.User), fmt.Sprintf("%+v %#v %v", *op.User, op.User.Keys[0], op.User.Keys), fmt.Sprintf("%s %q", op.User.Keys[0].Secret, op.User.Keys[0].Secret), log.String()} {
		if strings.Contains(shown, "hidden") {
			t.Errorf("shown: %s", shown)
		}
	}
}
