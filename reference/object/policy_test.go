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
	"bleepstore/reference/policy"
)

// needs is the action by which each of attempts is allowed or denied.
var needs = map[string]string{
	"head bucket": "ListBucket", "list": "ListBucket", "list versions": "ListBucketVersions", "list uploads": "ListBucketMultipartUploads",
	"put": "PutObject", "copy in": "PutObject", "begin upload": "PutObject", "replace another's": "PutObject", "copy over another's": "PutObject",
	"get": "GetObject", "head": "GetObject", "copy out": "GetObject", "delete another's": "DeleteObject",
	"bucket acl": "GetBucketAcl", "set bucket acl": "PutBucketAcl", "object acl": "GetObjectAcl", "set object acl": "PutObjectAcl",
	"tags": "GetObjectTagging", "set tags": "DeleteObjectTagging", "own bucket": "GetBucketVersioning", "versioning": "PutBucketVersioning",
	"ownership": "PutBucketOwnershipControls", "public access": "PutBucketPublicAccessBlock", "delete bucket": "DeleteBucket",
}

// statement is one of a policy about b and all that is in it; more are members.
func statement(effect, action string, more ...string) string {
	s := fmt.Sprintf(`{"Effect":%q,"Action":%q,"Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"]`, effect, "s3:"+action)
	for _, m := range more {
		s += "," + m
	}
	return s + "}"
}

const (
	toAll  = `"Principal":"*"`
	toBob  = `"Principal":{"CanonicalUser":"bob"}`
	notBob = `"NotPrincipal":{"CanonicalUser":"bob"}`
)

// say gives b a policy.
func (b *bench) say(statements ...string) {
	b.t.Helper()
	p, err := policy.Parse(`{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`)
	if err == nil {
		err = b.SetPolicy(b.t.Context(), alice, "b", p)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// actions are all that needs names.
func actions() []string {
	var out []string
	for name := range attempts {
		out = append(out, needs[name])
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// What a policy allows is allowed, to whom it says, and nothing else.
func TestPolicyAllows(t *testing.T) {
	for _, action := range actions() {
		for _, who := range []struct {
			principal string
			caller    Caller
			in        bool
		}{{toBob, bob, true}, {toBob, nobody, false}, {toAll, nobody, true}, {toAll, bob, true}} {
			granted := func() *bench {
				b := scene(t)
				b.say(statement("Allow", action, who.principal))
				return b
			}
			refusing := granted() // what is refused changes nothing
			for name, attempt := range attempts {
				b, want := refusing, errcode.AccessDenied
				switch {
				case !who.in || needs[name] != action:
				case name == "delete bucket":
					b, want = granted(), errcode.BucketNotEmpty
				default:
					b, want = granted(), ""
				}
				wantCode(t, fmt.Sprintf("%s for %s: %s by %+v", action, who.principal, name, who.caller), attempt(t.Context(), b, who.caller), want)
			}
			if testing.Short() {
				break
			}
		}
	}
}

// What a policy denies is denied to the bucket's owner too, and nothing else is.
func TestPolicyDenies(t *testing.T) {
	for _, action := range actions() {
		for name, attempt := range attempts {
			b := scene(t)
			b.say(statement("Deny", action, toAll), statement("Allow", "*", toAll))
			want := errcode.Code("")
			switch {
			case needs[name] == action:
				want = errcode.AccessDenied
			case name == "delete bucket":
				want = errcode.BucketNotEmpty
			}
			wantCode(t, action+" denied: "+name+" by alice", attempt(t.Context(), b, alice), want)
		}
	}
}

// A denial beats what an ACL gives, and leaves who is spared as they were.
func TestPolicyDenialBeatsACL(t *testing.T) {
	b := scene(t)
	ctx := t.Context()
	if _, err := b.SetObjectACL(ctx, GetInput{Caller: alice, Bucket: "b", Key: "a"}, ACLSpec{Spec: acl.Spec{Canned: "public-read"}}); err != nil {
		t.Fatal(err)
	}
	b.say(statement("Deny", "GetObject", notBob))
	wantCode(t, "by bob", attempts["get"](ctx, b, bob), "")
	wantCode(t, "by nobody", attempts["get"](ctx, b, nobody), errcode.AccessDenied)
	wantCode(t, "by alice", attempts["get"](ctx, b, alice), errcode.AccessDenied)
	wantCode(t, "of a missing key by alice", headOf(b, alice, "absent", ""), errcode.AccessDenied)
}

func headOf(b *bench, c Caller, key, version string) error {
	_, err := b.Head(context.Background(), GetInput{Caller: c, Bucket: "b", Key: key, VersionID: version})
	return err
}

// A policy cannot allow what is to be done to an object of somebody else's.
func TestPolicyOnObjectOfAnother(t *testing.T) {
	b := scene(t)
	if err := b.SetBucketACL(t.Context(), alice, "b", ACLSpec{Spec: acl.Spec{Canned: "public-read-write"}}); err != nil {
		t.Fatal(err)
	}
	b.put("b", "bobs", []byte("bob's"), func(in *PutInput) { in.Caller = bob })
	b.say(statement("Allow", "GetObject", toAll))
	wantCode(t, "nobody reads alice's", headOf(b, nobody, "a", ""), "")
	wantCode(t, "nobody reads bob's", headOf(b, nobody, "bobs", ""), errcode.AccessDenied)
	wantCode(t, "bob reads bob's", headOf(b, bob, "bobs", ""), "")
	b.say(statement("Deny", "GetObject", toAll))
	wantCode(t, "bob reads bob's, denied", headOf(b, bob, "bobs", ""), errcode.AccessDenied)
}

// A version that is named is another action, and is told to conditions.
func TestPolicyOnVersions(t *testing.T) {
	b := scene(t)
	b.versioning("b", VersioningEnabled)
	old := b.put("b", "k", []byte("old")).Version.ID
	b.put("b", "k", []byte("new"))
	b.say(statement("Allow", "GetObject", toAll))
	wantCode(t, "the current one", headOf(b, nobody, "k", ""), "")
	wantCode(t, "an old one", headOf(b, nobody, "k", old), errcode.AccessDenied)
	b.say(statement("Allow", "GetObjectVersion", toAll, `"Condition":{"StringEquals":{"s3:VersionId":"`+old+`"}}`))
	wantCode(t, "the current one, by the other action", headOf(b, nobody, "k", ""), errcode.AccessDenied)
	wantCode(t, "an old one, by the other action", headOf(b, nobody, "k", old), "")
	b.say(statement("Allow", "DeleteObject", toBob))
	_, err := b.Delete(t.Context(), DeleteInput{Caller: bob, Bucket: "b", Key: "k", VersionID: old})
	wantCode(t, "deleting an old one", err, errcode.AccessDenied)
	_, err = b.Delete(t.Context(), DeleteInput{Caller: bob, Bucket: "b", Key: "k"})
	wantCode(t, "hiding the key", err, "")
	b.say(statement("Allow", "GetObject", toAll))
	wantCode(t, "a hidden key is not told", headOf(b, nobody, "k", ""), errcode.AccessDenied)
	b.say(statement("Allow", "ListBucket", toAll), statement("Allow", "GetObject", toAll))
	wantCode(t, "a hidden key is told to who may list", headOf(b, nobody, "k", ""), errcode.NoSuchKey)
	wantCode(t, "so is a missing one", headOf(b, nobody, "absent", ""), errcode.NoSuchKey)
}

// Each key of a DeleteMany is asked about for itself.
func TestPolicyDeleteMany(t *testing.T) {
	b := scene(t)
	for _, key := range []string{"x/1", "y/1"} {
		b.put("b", key, []byte("v"))
	}
	b.say(`{"Effect":"Allow","Principal":{"CanonicalUser":"bob"},"Action":"s3:DeleteObject","Resource":"arn:aws:s3:::b/x/*"}`)
	outcomes, err := b.DeleteMany(t.Context(), bob, "b", []DeleteItem{{Key: "x/1"}, {Key: "y/1"}, {Key: "x/absent"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []errcode.Code{"", errcode.AccessDenied, ""} {
		var got errcode.Code
		if outcomes[i].Err != nil {
			got = outcomes[i].Err.Code
		}
		if got != want {
			t.Errorf("%s: %q, want %q", outcomes[i].Item.Key, got, want)
		}
	}
	if got := b.keys("b"); got != "a y/1" {
		t.Errorf("left: %s", got)
	}
	b.say(statement("Deny", "DeleteObject", toAll, `"Condition":{"Null":{"s3:if-match":"true"}}`))
	outcomes, err = b.DeleteMany(t.Context(), alice, "b", []DeleteItem{{Key: "a"}, {Key: "y/1", IfMatch: "*"}})
	if err != nil || outcomes[0].Err == nil || outcomes[1].Err != nil {
		t.Errorf("got %+v, %v; want only the one without a condition denied", outcomes, err)
	}
}

// An ACL and tags need their own action, where the policy alone lets somebody in.
func TestPolicyOnWhatComesWithAPut(t *testing.T) {
	b := scene(t)
	put := func(c Caller, change func(*PutInput)) error {
		_, err := b.tryPut("b", "new", []byte("x"), func(in *PutInput) { in.Caller = c; change(in) })
		return err
	}
	withACL := func(canned acl.Canned) func(*PutInput) {
		return func(in *PutInput) { in.ACL = &acl.Spec{Canned: canned} }
	}
	withTags := func(in *PutInput) { in.Attributes.Tags = []Tag{{Key: "team", Value: "red"}} }
	b.say(statement("Allow", "PutObject", toBob))
	wantCode(t, "an ACL", put(bob, withACL("public-read")), errcode.AccessDenied)
	wantCode(t, "ceding it", put(bob, withACL(acl.BucketOwnerFullControl)), "")
	wantCode(t, "tags", put(bob, withTags), errcode.AccessDenied)
	b.say(statement("Allow", "PutObject*", toBob))
	wantCode(t, "an ACL, allowed", put(bob, withACL("public-read")), "")
	wantCode(t, "tags, allowed", put(bob, withTags), "")
	b.say(statement("Deny", "PutObjectAcl", toAll), statement("Deny", "PutObjectTagging", toAll))
	wantCode(t, "an ACL, denied", put(alice, withACL("private")), errcode.AccessDenied)
	wantCode(t, "tags, denied", put(alice, withTags), errcode.AccessDenied)
	wantCode(t, "neither", put(alice, func(*PutInput) {}), "")
	b.say(statement("Allow", "PutObject*", toBob, `"Condition":{"StringEquals":{"s3:RequestObjectTag/team":"red"},"ForAllValues:StringEquals":{"s3:RequestObjectTagKeys":["team"]}}`))
	wantCode(t, "the tag that is asked for", put(bob, withTags), "")
	wantCode(t, "none", put(bob, func(*PutInput) {}), errcode.AccessDenied)
	wantCode(t, "another besides", put(bob, func(in *PutInput) {
		withTags(in)
		in.Attributes.Tags = append(in.Attributes.Tags, Tag{Key: "x", Value: "y"})
	}), errcode.AccessDenied)
}

// The tags of a copy's source need their actions on both sides.
func TestPolicyOnCopiedTags(t *testing.T) {
	b := scene(t)
	b.put("b", "tagged", []byte("x"), func(in *PutInput) { in.Attributes.Tags = []Tag{{Key: "team", Value: "red"}} })
	duplicate := func(replace bool) error {
		_, err := b.Copy(t.Context(), CopyInput{Caller: bob, Bucket: "b", Key: "copy", SourceBucket: "b", SourceKey: "tagged", ReplaceTags: replace})
		return err
	}
	read, write := statement("Allow", "GetObject", toBob), statement("Allow", "PutObject", toBob)
	b.say(read, write)
	wantCode(t, "with tags", duplicate(false), errcode.AccessDenied)
	wantCode(t, "without", duplicate(true), "")
	b.say(read, write, statement("Allow", "GetObjectTagging", toBob))
	wantCode(t, "reading them only", duplicate(false), errcode.AccessDenied)
	b.say(read, write, statement("Allow", "PutObjectTagging", toBob))
	wantCode(t, "writing them only", duplicate(false), errcode.AccessDenied)
	b.say(read, write, statement("Allow", "*ObjectTagging", toBob))
	wantCode(t, "both", duplicate(false), "")
}

// The tags of the object that is there are told to conditions.
func TestPolicyOnExistingTags(t *testing.T) {
	b := scene(t)
	b.put("b", "open", []byte("x"), func(in *PutInput) { in.Attributes.Tags = []Tag{{Key: "Class", Value: "open"}} })
	b.say(statement("Allow", "GetObject", toAll, `"Condition":{"StringEquals":{"s3:ExistingObjectTag/Class":"open"}}`))
	wantCode(t, "tagged so", headOf(b, nobody, "open", ""), "")
	wantCode(t, "not tagged", headOf(b, nobody, "a", ""), errcode.AccessDenied)
}

// One object's attributes need both actions.
func TestPolicyOnAttributes(t *testing.T) {
	b := scene(t)
	attributes := func() error {
		_, err := b.Head(t.Context(), GetInput{Caller: bob, Bucket: "b", Key: "a", ForAttributes: true})
		return err
	}
	b.say(statement("Allow", "GetObject", toBob))
	wantCode(t, "one", attributes(), errcode.AccessDenied)
	b.say(statement("Allow", "GetObject", toBob), statement("Allow", "GetObjectAttributes", toBob))
	wantCode(t, "both", attributes(), "")
}

// Under RestrictPublicBuckets a public policy lets in nobody from outside.
func TestRestrictPublic(t *testing.T) {
	b := scene(t)
	restrict := func(on bool) {
		if err := b.SetPublicAccess(t.Context(), alice, "b", &PublicAccessBlock{RestrictPublicBuckets: on}); err != nil {
			t.Fatal(err)
		}
	}
	b.say(statement("Allow", "GetObject", toBob), statement("Allow", "GetObject", toAll), statement("Deny", "GetObjectAcl", toAll))
	restrict(true)
	wantCode(t, "nobody", headOf(b, nobody, "a", ""), errcode.AccessDenied)
	wantCode(t, "bob, whom it names", headOf(b, bob, "a", ""), errcode.AccessDenied)
	wantCode(t, "alice", headOf(b, alice, "a", ""), "")
	wantCode(t, "what it denies", attempts["object acl"](t.Context(), b, alice), errcode.AccessDenied)
	restrict(false)
	wantCode(t, "nobody, once it is off", headOf(b, nobody, "a", ""), "")
	restrict(true)
	b.say(statement("Allow", "GetObject", toBob))
	wantCode(t, "bob, by one that is not public", headOf(b, bob, "a", ""), "")
}

// An upload's parts are written by who may write, and looked at as its own
// actions say.
func TestPolicyOnUploads(t *testing.T) {
	b := scene(t)
	ctx := t.Context()
	u, err := b.CreateUpload(ctx, CreateUploadInput{Caller: alice, Bucket: "b", Key: "m"})
	if err != nil {
		t.Fatal(err)
	}
	parts := func(c Caller) error {
		_, err := b.ListParts(ctx, ListPartsInput{Caller: c, Bucket: "b", Key: "m", UploadID: u.ID, Max: 1})
		return err
	}
	part := func(c Caller) error {
		_, err := b.UploadPart(ctx, UploadPartInput{Caller: c, Bucket: "b", Key: "m", UploadID: u.ID, Number: 1, Body: bodyOf([]byte("x"))})
		return err
	}
	b.say(statement("Allow", "PutObject", toBob))
	wantCode(t, "bob writes a part", part(bob), "")
	wantCode(t, "bob lists parts", parts(bob), errcode.AccessDenied)
	wantCode(t, "bob aborts", b.Abort(ctx, bob, "b", "m", u.ID), errcode.AccessDenied)
	b.say(statement("Allow", "ListMultipartUploadParts", toBob), statement("Deny", "PutObject", toAll), statement("Deny", "AbortMultipartUpload", notBob))
	wantCode(t, "bob lists parts, allowed", parts(bob), "")
	wantCode(t, "alice writes a part, denied", part(alice), errcode.AccessDenied)
	wantCode(t, "alice aborts, denied", b.Abort(ctx, alice, "b", "m", u.ID), errcode.AccessDenied)
	b.say(statement("Allow", "AbortMultipartUpload", toBob))
	wantCode(t, "bob aborts, allowed", b.Abort(ctx, bob, "b", "m", u.ID), "")
}

// A policy is its bucket owner's, whatever it says.
func TestPolicyIsTheOwners(t *testing.T) {
	b := scene(t)
	ctx := t.Context()
	b.say(statement("Deny", "*", toAll))
	got, err := b.Policy(ctx, alice, "b", "s3:GetBucketPolicy")
	if err != nil || got == nil {
		t.Fatalf("alice reads %v, %v", got, err)
	}
	wantCode(t, "alice sets it", b.SetPolicy(ctx, alice, "b", got), "")
	wantCode(t, "bob removes it", b.SetPolicy(ctx, bob, "b", nil), errcode.AccessDenied)
	wantCode(t, "alice lists", attempts["list"](ctx, b, alice), errcode.AccessDenied)
	wantCode(t, "alice removes it", b.SetPolicy(ctx, alice, "b", nil), "")
	wantCode(t, "alice lists again", attempts["list"](ctx, b, alice), "")
	b.say(statement("Allow", "*", toBob))
	_, err = b.Policy(ctx, bob, "b", "s3:GetBucketPolicy")
	wantCode(t, "bob, whom it lets, reads it", err, errcode.MethodNotAllowed)
	wantCode(t, "bob, whom it lets, removes it", b.SetPolicy(ctx, bob, "b", nil), errcode.MethodNotAllowed)
	_, err = b.Policy(ctx, alice, "absent", "s3:GetBucketPolicy")
	wantCode(t, "of no bucket", err, errcode.NoSuchBucket)
	if err := b.SetPublicAccess(ctx, alice, "b", &meta.PublicAccessBlock{BlockPublicPolicy: true}); err != nil {
		t.Fatal(err)
	}
	public, err := policy.Parse(`{"Statement":` + statement("Allow", "*", toAll) + `}`)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a public one, blocked", b.SetPolicy(ctx, alice, "b", public), errcode.AccessDenied)
}

// known is a request as far as conditions know it.
type known map[string]string

func (k known) Fact(key string) []string { return some(k[key]) }

// What the request says comes to conditions, and the account to principals.
func TestPolicyFacts(t *testing.T) {
	b := scene(t)
	by := func(facts known) error { return headOf(b, Caller{Account: "bob", Facts: &facts}, "a", "") }
	b.say(statement("Allow", "GetObject", toBob, `"Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}`))
	wantCode(t, "from there", by(known{"aws:sourceip": "192.0.2.7"}), "")
	wantCode(t, "from elsewhere", by(known{"aws:sourceip": "198.51.100.7"}), errcode.AccessDenied)
	wantCode(t, "from nowhere", headOf(b, bob, "a", ""), errcode.AccessDenied)
	b.say(statement("Allow", "GetObject", `"Principal":{"AWS":"arn:aws:iam::444455556666:root"}`))
	wantCode(t, "of the account", by(known{"aws:principalaccount": "444455556666"}), "")
	wantCode(t, "of another", by(known{"aws:principalaccount": "111122223333"}), errcode.AccessDenied)
}
