package object

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
)

var (
	bob    = Caller{Account: "bob"}
	nobody = Caller{}
)

// attempts are what others may try on bucket b, where a is alice's object; each
// returns its error.
var attempts = map[string]func(ctx context.Context, b *bench, c Caller) error{
	"head bucket": func(ctx context.Context, b *bench, c Caller) error { _, err := b.HeadBucket(ctx, c, "b"); return err },
	"list": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.List(ctx, c, ListInput{Bucket: "b", Max: 1})
		return err
	},
	"list versions": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.ListVersions(ctx, c, ListVersionsInput{Bucket: "b", Max: 1})
		return err
	},
	"list uploads": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.ListUploads(ctx, c, ListUploadsInput{Bucket: "b", Max: 1})
		return err
	},
	"put": func(_ context.Context, b *bench, c Caller) error {
		_, err := b.tryPut("b", "new", []byte("x"), func(in *PutInput) { in.Caller = c })
		return err
	},
	"copy in": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Copy(ctx, CopyInput{Caller: c, Bucket: "b", Key: "copied", SourceBucket: "open", SourceKey: "s"})
		return err
	},
	"begin upload": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.CreateUpload(ctx, CreateUploadInput{Caller: c, Bucket: "b", Key: "m"})
		return err
	},
	"get": func(_ context.Context, b *bench, c Caller) error {
		r, err := b.Get(context.Background(), GetInput{Caller: c, Bucket: "b", Key: "a"})
		if err == nil {
			err = r.Body.Close()
		}
		return err
	},
	"head": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Head(ctx, GetInput{Caller: c, Bucket: "b", Key: "a"})
		return err
	},
	"copy out": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Copy(ctx, CopyInput{Caller: c, Bucket: "bobs", Key: "copied", SourceBucket: "b", SourceKey: "a"})
		return err
	},
	"bucket acl": func(ctx context.Context, b *bench, c Caller) error { _, err := b.BucketACL(ctx, c, "b"); return err },
	"set bucket acl": func(ctx context.Context, b *bench, c Caller) error {
		return b.SetBucketACL(ctx, c, "b", ACLSpec{Spec: acl.Spec{Canned: acl.Private}})
	},
	"object acl": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.ObjectACL(ctx, GetInput{Caller: c, Bucket: "b", Key: "a"})
		return err
	},
	"set object acl": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.SetObjectACL(ctx, GetInput{Caller: c, Bucket: "b", Key: "a"}, ACLSpec{Spec: acl.Spec{Canned: acl.Private}})
		return err
	},
	// What no ACL gives.
	"replace another's": func(_ context.Context, b *bench, c Caller) error {
		_, err := b.tryPut("b", "a", []byte("x"), func(in *PutInput) { in.Caller = c })
		return err
	},
	"copy over another's": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Copy(ctx, CopyInput{Caller: c, Bucket: "b", Key: "a", SourceBucket: "open", SourceKey: "s"})
		return err
	},
	"delete another's": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Delete(ctx, DeleteInput{Caller: c, Bucket: "b", Key: "a"})
		return err
	},
	"tags": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Head(ctx, GetInput{Caller: c, Bucket: "b", Key: "a", ForTags: true})
		return err
	},
	"set tags": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.SetTags(ctx, c, "b", "a", "", nil)
		return err
	},
	"own bucket": func(ctx context.Context, b *bench, c Caller) error {
		_, err := b.Bucket(ctx, c, "b", "s3:GetBucketVersioning")
		return err
	},
	"versioning": func(ctx context.Context, b *bench, c Caller) error {
		return b.SetVersioning(ctx, c, "b", meta.VersioningEnabled)
	},
	"ownership": func(ctx context.Context, b *bench, c Caller) error {
		return b.SetOwnership(ctx, c, "b", meta.BucketOwnerEnforced)
	},
	"public access": func(ctx context.Context, b *bench, c Caller) error { return b.SetPublicAccess(ctx, c, "b", nil) },
	"delete bucket": func(ctx context.Context, b *bench, c Caller) error { return b.DeleteBucket(ctx, c, "b") },
}

// gives is what each permission lets somebody do, on the bucket and on an
// object, of the attempts above.
var gives = map[string][]string{
	"bucket READ":      {"head bucket", "list", "list versions", "list uploads"},
	"bucket WRITE":     {"put", "copy in", "begin upload"},
	"bucket READ_ACP":  {"bucket acl"},
	"bucket WRITE_ACP": {"set bucket acl"},
	"object READ":      {"get", "head", "copy out"},
	"object READ_ACP":  {"object acl"},
	"object WRITE_ACP": {"set object acl"},
	"object WRITE":     nil,
}

func init() {
	for _, on := range []string{"bucket ", "object "} {
		for _, p := range []acl.Permission{acl.Read, acl.Write, acl.ReadACP, acl.WriteACP} {
			gives[on+string(acl.FullControl)] = append(gives[on+string(acl.FullControl)], gives[on+string(p)]...)
		}
	}
}

// open makes a bucket with ACLs.
func (b *bench) open(c Caller, name string) {
	b.t.Helper()
	ctx := b.t.Context()
	if _, err := b.CreateBucket(ctx, CreateBucketInput{Caller: c, Name: name, Ownership: meta.ObjectWriter}); err != nil {
		b.t.Fatal(err)
	}
	if err := b.SetPublicAccess(ctx, c, name, nil); err != nil {
		b.t.Fatal(err)
	}
}

// scene is a fresh store: b with a of alice's, and what copies need.
func scene(t *testing.T) *bench {
	b := newBench(t, "memory")
	b.open(alice, "b")
	b.open(alice, "open")
	b.open(bob, "bobs")
	if err := b.SetBucketACL(t.Context(), bob, "bobs", ACLSpec{Spec: acl.Spec{Canned: "public-read-write"}}); err != nil {
		t.Fatal(err)
	}
	b.put("b", "a", []byte("alice's"))
	b.put("open", "s", []byte("s"), func(in *PutInput) { in.ACL = &acl.Spec{Canned: "public-read"} })
	return b
}

// Each permission gives what it should to whom it names, and nothing else.
func TestPermissions(t *testing.T) {
	for row, allowed := range gives {
		on, permission, _ := strings.Cut(row, " ")
		for _, who := range []struct {
			grant  acl.Grant
			caller Caller
			in     bool
		}{
			{acl.Grant{ID: "bob"}, bob, true},
			{acl.Grant{ID: "bob"}, nobody, false},
			{acl.Grant{ID: "carol"}, bob, false},
			{acl.Grant{Group: acl.AllUsers}, nobody, true},
			{acl.Grant{Group: acl.AllUsers}, bob, true},
			{acl.Grant{Group: acl.AuthenticatedUsers}, bob, true},
			{acl.Grant{Group: acl.AuthenticatedUsers}, nobody, false},
		} {
			grant := who.grant
			grant.Permission = acl.Permission(permission)
			granted := func() *bench {
				b := scene(t)
				spec := ACLSpec{Spec: acl.Spec{Grants: []acl.Grant{grant}}}
				var err error
				if on == "bucket" {
					err = b.SetBucketACL(t.Context(), alice, "b", spec)
				} else {
					_, err = b.SetObjectACL(t.Context(), GetInput{Caller: alice, Bucket: "b", Key: "a"}, spec)
				}
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			refusing := granted() // what is refused changes nothing
			for name, attempt := range attempts {
				b, want := refusing, errcode.AccessDenied
				if who.in && slices.Contains(allowed, name) {
					b, want = granted(), ""
				}
				what := fmt.Sprintf("%s on the %s for %+v: %s by %+v", permission, on, who.grant, name, who.caller)
				wantCode(t, what, attempt(t.Context(), b, who.caller), want)
			}
			if testing.Short() {
				break
			}
		}
	}
}

// What somebody else writes is theirs; the bucket's owner may only delete it.
func TestObjectOfAnother(t *testing.T) {
	b := scene(t)
	ctx := t.Context()
	if err := b.SetBucketACL(ctx, alice, "b", ACLSpec{Spec: acl.Spec{Canned: "public-read-write"}}); err != nil {
		t.Fatal(err)
	}
	as := func(c Caller) func(*PutInput) { return func(in *PutInput) { in.Caller = c } }
	b.put("b", "bobs", []byte("bob's"), as(bob))
	b.put("b", "stray", []byte("unsigned"), as(nobody))
	read := func(c Caller, key string) error {
		_, err := b.Head(ctx, GetInput{Caller: c, Bucket: "b", Key: key})
		return err
	}
	wantCode(t, "bob reads his", read(bob, "bobs"), "")
	wantCode(t, "alice reads bob's", read(alice, "bobs"), errcode.AccessDenied)
	wantCode(t, "alice reads what came unsigned", read(alice, "stray"), errcode.AccessDenied)
	wantCode(t, "bob reads what came unsigned", read(bob, "stray"), errcode.AccessDenied)
	wantCode(t, "nobody reads bob's", read(nobody, "bobs"), errcode.AccessDenied)
	remove := func(c Caller, key string) error {
		_, err := b.Delete(ctx, DeleteInput{Caller: c, Bucket: "b", Key: key})
		return err
	}
	wantCode(t, "bob deletes alice's", remove(bob, "a"), errcode.AccessDenied)
	wantCode(t, "nobody deletes bob's", remove(nobody, "bobs"), errcode.AccessDenied)
	wantCode(t, "alice deletes what came unsigned", remove(alice, "stray"), "")
	wantCode(t, "bob deletes his", remove(bob, "bobs"), "")
	if got := b.keys("b"); got != "a" {
		t.Errorf("left: %s", got)
	}
}

// Whether a key exists is told to those who may list, and to nobody else.
func TestMissingKeyIsHidden(t *testing.T) {
	b := scene(t)
	for p, want := range map[acl.Permission]errcode.Code{acl.Read: errcode.NoSuchKey, acl.Write: errcode.AccessDenied} {
		if err := b.SetBucketACL(t.Context(), alice, "b", ACLSpec{Spec: acl.Spec{Grants: []acl.Grant{{ID: "bob", Permission: p}}}}); err != nil {
			t.Fatal(err)
		}
		_, err := b.Head(t.Context(), GetInput{Caller: bob, Bucket: "b", Key: "absent"})
		wantCode(t, "with "+string(p), err, want)
	}
}

// An upload is its initiator's and the bucket owner's to look at and to end.
func TestUploadOfAnother(t *testing.T) {
	b := scene(t)
	ctx := t.Context()
	if err := b.SetBucketACL(ctx, alice, "b", ACLSpec{Spec: acl.Spec{Canned: "public-read-write"}}); err != nil {
		t.Fatal(err)
	}
	u, err := b.CreateUpload(ctx, CreateUploadInput{Caller: bob, Bucket: "b", Key: "m"})
	if err != nil {
		t.Fatal(err)
	}
	parts := func(c Caller) error {
		_, err := b.ListParts(ctx, ListPartsInput{Caller: c, Bucket: "b", Key: "m", UploadID: u.ID, Max: 1})
		return err
	}
	wantCode(t, "bob lists parts", parts(bob), "")
	wantCode(t, "alice lists parts", parts(alice), "")
	wantCode(t, "nobody lists parts", parts(nobody), errcode.AccessDenied)
	wantCode(t, "nobody aborts", b.Abort(ctx, nobody, "b", "m", u.ID), errcode.AccessDenied)
	wantCode(t, "bob aborts", b.Abort(ctx, bob, "b", "m", u.ID), "")
	wantCode(t, "alice aborts again", b.Abort(ctx, alice, "b", "m", u.ID), errcode.NoSuchUpload)
}

// Public grants count for nothing where they are ignored, and again afterwards.
func TestIgnorePublic(t *testing.T) {
	b := scene(t)
	ctx := t.Context()
	head := func() error {
		_, err := b.Head(ctx, GetInput{Caller: nobody, Bucket: "open", Key: "s"})
		return err
	}
	wantCode(t, "before", head(), "")
	for ignore, want := range map[bool]errcode.Code{true: errcode.AccessDenied, false: ""} {
		if err := b.SetPublicAccess(ctx, alice, "open", &PublicAccessBlock{IgnorePublicACLs: ignore}); err != nil {
			t.Fatal(err)
		}
		wantCode(t, fmt.Sprint("ignored: ", ignore), head(), want)
		r, err := b.ObjectACL(ctx, GetInput{Caller: alice, Bucket: "open", Key: "s"})
		if err != nil || r.Version.ACL.Public() == ignore {
			t.Errorf("ignored: %v: shown as %+v, %v", ignore, r.Version.ACL, err)
		}
	}
	if err := b.SetOwnership(ctx, alice, "open", meta.BucketOwnerEnforced); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "without ACLs", head(), errcode.AccessDenied)
}
