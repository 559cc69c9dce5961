package acl

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const alice, bob = "a11ce", "b0b"

func TestList(t *testing.T) {
	full := Grant{ID: alice, Permission: FullControl}
	for _, tt := range []struct {
		spec *Spec
		want *List
	}{
		{nil, nil},
		{&Spec{Canned: "private"}, nil},
		{&Spec{Canned: "public-read"}, &List{[]Grant{full, {Group: AllUsers, Permission: Read}}}},
		{&Spec{Canned: "public-read-write"}, &List{[]Grant{full, {Group: AllUsers, Permission: Read}, {Group: AllUsers, Permission: Write}}}},
		{&Spec{Canned: "authenticated-read"}, &List{[]Grant{full, {Group: AuthenticatedUsers, Permission: Read}}}},
		{&Spec{Canned: "bucket-owner-read"}, &List{[]Grant{full, {ID: bob, Permission: Read}}}},
		{&Spec{Canned: "bucket-owner-full-control"}, &List{[]Grant{full, {ID: bob, Permission: FullControl}}}},
		{&Spec{Canned: "log-delivery-write"}, &List{[]Grant{full, {Group: LogDelivery, Permission: Write}, {Group: LogDelivery, Permission: ReadACP}}}},
		{&Spec{Grants: []Grant{{ID: bob, Permission: Read}}}, &List{[]Grant{{ID: bob, Permission: Read}}}},
		{&Spec{Grants: []Grant{}}, &List{[]Grant{}}},
	} {
		if diff := cmp.Diff(tt.want, tt.spec.List(alice, bob)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.spec, diff)
		}
	}
	if l := (&Spec{Canned: "bucket-owner-read"}).List(alice, alice); l != nil {
		t.Errorf("in one's own bucket: got %+v, want the default", l)
	}
}

func TestAllows(t *testing.T) {
	l := func(g ...Grant) *List { return &List{g} }
	for _, tt := range []struct {
		name   string
		l      *List
		who    string
		p      Permission
		ignore bool
		want   bool
	}{
		{"default", nil, alice, Read, false, false},
		{"no grants", l(), alice, Read, false, false},
		{"id", l(Grant{ID: alice, Permission: Read}), alice, Read, false, true},
		{"id, another permission", l(Grant{ID: alice, Permission: Read}), alice, ReadACP, false, false},
		{"id, another account", l(Grant{ID: alice, Permission: Read}), bob, Read, false, false},
		{"id, anonymous", l(Grant{ID: alice, Permission: Read}), "", Read, false, false},
		{"full control is all", l(Grant{ID: alice, Permission: FullControl}), alice, WriteACP, false, true},
		{"all users, anonymous", l(Grant{Group: AllUsers, Permission: Write}), "", Write, false, true},
		{"all users, account", l(Grant{Group: AllUsers, Permission: Write}), bob, Write, false, true},
		{"all users, ignored", l(Grant{Group: AllUsers, Permission: Write}), bob, Write, true, false},
		{"authenticated, anonymous", l(Grant{Group: AuthenticatedUsers, Permission: Read}), "", Read, false, false},
		{"authenticated, account", l(Grant{Group: AuthenticatedUsers, Permission: Read}), bob, Read, false, true},
		{"authenticated, ignored", l(Grant{Group: AuthenticatedUsers, Permission: Read}), bob, Read, true, false},
		{"an id beside what is ignored", l(Grant{Group: AllUsers, Permission: Read}, Grant{ID: bob, Permission: Read}), bob, Read, true, true},
		{"log delivery lets no caller in", l(Grant{Group: LogDelivery, Permission: Write}), bob, Write, false, false},
		{"what was written unsigned", l(Grant{ID: Anonymous, Permission: FullControl}), "", Read, false, true},
	} {
		if got := tt.l.Allows(tt.who, tt.p, tt.ignore); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestPublicPrivateRedundant(t *testing.T) {
	for _, tt := range []struct {
		spec                       *Spec
		public, private, redundant bool
	}{
		{nil, false, true, true},
		{&Spec{Canned: "private"}, false, true, false},
		{&Spec{Canned: "bucket-owner-full-control"}, false, true, true},
		{&Spec{Canned: "public-read"}, true, false, false},
		{&Spec{Canned: "authenticated-read"}, true, false, false},
		{&Spec{Canned: "log-delivery-write"}, false, false, false},
		{&Spec{Grants: []Grant{{ID: alice, Permission: FullControl}}}, false, true, true},
		{&Spec{Grants: []Grant{{ID: alice, Permission: Read}}}, false, true, false},
		{&Spec{Grants: []Grant{}}, false, true, false},
		{&Spec{Grants: []Grant{{ID: bob, Permission: Read}}}, false, false, false},
	} {
		l := tt.spec.List(alice, alice)
		if got := [3]bool{l.Public(), l.Private(alice), tt.spec.Redundant(alice)}; got != [3]bool{tt.public, tt.private, tt.redundant} {
			t.Errorf("%+v: public, private, redundant: got %v, want %v", tt.spec, got, [3]bool{tt.public, tt.private, tt.redundant})
		}
	}
}
