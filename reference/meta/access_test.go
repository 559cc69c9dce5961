package meta

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/acl"
	"bleepstore/reference/errcode"
	"bleepstore/reference/policy"
)

var (
	publicRead = &acl.Spec{Canned: "public-read"}
	cedes      = &acl.Spec{Canned: acl.BucketOwnerFullControl}
)

// write is a put by writer with an ACL.
func write(bucket, key, writer string, spec *acl.Spec) PutObject {
	op := put(bucket, key, "body")
	op.Owner, op.Spec = writer, spec
	return op
}

func (s *store) version(bucket, key string) (v Version) {
	s.t.Helper()
	s.view(func(tx *Tx) error {
		o, err := tx.Object(bucket, key, "")
		v = o.Version
		return err
	})
	return v
}

// A bucket of the first schema has what every bucket had then.
func TestMigrateAccess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meta.db")
	now := migrations
	t.Cleanup(func() { migrations = now })
	migrations = now[:1]
	c, err := openConn(dsn(path, ""))
	if err == nil {
		err = migrate(c)
	}
	if err == nil {
		err = c.exec("INSERT INTO bucket VALUES(1, 'b', 'alice', 'r', 0, '', NULL)")
	}
	if err == nil {
		err = c.close()
	}
	if err != nil {
		t.Fatal(err)
	}
	migrations = now
	s := openStore(t, Options{Path: path, Sync: SyncNormal, Readers: 1})
	s.view(func(tx *Tx) error {
		b, err := tx.Bucket("b")
		if diff := cmp.Diff(DefaultAccess(), b.Access); diff != "" {
			t.Errorf("access (-want +got):\n%s", diff)
		}
		return err
	})
	s.must(SetOwnership{"b", ObjectWriter}, SetPublicAccess{"b", nil}, write("b", "k", "bob", publicRead))
	if v := s.version("b", "k"); v.Owner != "bob" || !v.ACL.Public() {
		t.Errorf("owner %s, ACL %+v", v.Owner, v.ACL)
	}
}

// Who owns what is written, by the bucket's setting.
func TestOwnership(t *testing.T) {
	for _, tt := range []struct {
		set   Ownership
		spec  *acl.Spec
		owner string
	}{
		{BucketOwnerEnforced, nil, "alice"},
		{BucketOwnerEnforced, cedes, "alice"},
		{BucketOwnerPreferred, nil, "bob"},
		{BucketOwnerPreferred, cedes, "alice"},
		{BucketOwnerPreferred, &acl.Spec{Grants: []acl.Grant{{ID: "alice", Permission: acl.FullControl}}}, "bob"},
		{ObjectWriter, nil, "bob"},
		{ObjectWriter, cedes, "bob"},
		{"", cedes, "bob"},
	} {
		s := openMemory(t)
		s.must(mkBucket("b"), SetOwnership{"b", tt.set}, write("b", "k", "bob", tt.spec))
		if got := s.version("b", "k").Owner; got != tt.owner {
			t.Errorf("%q, %+v: owned by %s, want %s", tt.set, tt.spec, got, tt.owner)
		}
		up := s.must(CreateUpload{Bucket: "b", Key: "m", Owner: "bob", Spec: tt.spec}).Upload
		if up.Owner != tt.owner || up.Initiator != "bob" {
			t.Errorf("%q, %+v: upload of %s by %s, want of %s", tt.set, tt.spec, up.Owner, up.Initiator, tt.owner)
		}
		part := s.must(RegisterPart{Bucket: "b", Key: "m", UploadID: up.ID, Number: 1, ETag: etag("")}).Part
		s.must(CompleteUpload{Bucket: "b", Key: "m", UploadID: up.ID, Parts: []PartRef{{Number: 1, ETag: part.ETag}}})
		if got := s.version("b", "m").Owner; got != tt.owner {
			t.Errorf("%q, %+v: upload completed for %s, want %s", tt.set, tt.spec, got, tt.owner)
		}
		s.must(SetOwnership{"b", BucketOwnerEnforced})
		if v := s.version("b", "k"); v.Owner != "alice" || v.ACL != nil {
			t.Errorf("%q, %+v: without ACLs owned by %s with %+v", tt.set, tt.spec, v.Owner, v.ACL)
		}
		if tt.set != BucketOwnerEnforced {
			s.must(SetOwnership{"b", ObjectWriter})
			if got := s.version("b", "k").Owner; got != tt.owner {
				t.Errorf("%q, %+v: with ACLs again owned by %s, want %s", tt.set, tt.spec, got, tt.owner)
			}
		}
	}
}

// ACLs that the bucket does not take are refused, and nothing is changed.
func TestRefusedACLs(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), write("b", "k", "alice", nil))
	for _, spec := range []*acl.Spec{publicRead, {Canned: acl.Private}, {Grants: []acl.Grant{}}} {
		s.refuse(errcode.AccessControlListNotSupported, SetBucketACL{"b", spec})
		s.refuse(errcode.AccessControlListNotSupported, SetObjectACL{"b", "k", "", spec})
		s.refuse(errcode.AccessControlListNotSupported, write("b", "k", "alice", spec))
		s.refuse(errcode.AccessControlListNotSupported, CreateUpload{Bucket: "b", Key: "k", Owner: "alice", Spec: spec})
	}
	s.must(SetBucketACL{"b", cedes}, SetObjectACL{"b", "k", "", cedes}, SetOwnership{"b", ObjectWriter})
	for _, op := range []Op{SetBucketACL{"b", publicRead}, SetObjectACL{"b", "k", "", publicRead}, write("b", "k", "alice", publicRead),
		CopyObject{Write: write("b", "l", "alice", publicRead).Write, Body: []byte("body")}, CreateUpload{Bucket: "b", Key: "k", Owner: "alice", Spec: publicRead}} {
		s.refuse(errcode.AccessDenied, op)
	}
	s.must(SetPublicAccess{"b", nil}, SetBucketACL{"b", publicRead}, SetObjectACL{"b", "k", "", publicRead})
	if !s.version("b", "k").ACL.Public() {
		t.Error("the object's ACL was not kept")
	}
	s.must(write("b", "k", "alice", nil))
	if l := s.version("b", "k").ACL; l != nil {
		t.Errorf("an overwrite kept the ACL %+v", l)
	}
	s.refuse(errcode.InvalidBucketACLWithOwnership, SetOwnership{"b", BucketOwnerEnforced})
	s.must(SetBucketACL{"b", &acl.Spec{Canned: acl.Private}}, SetOwnership{"b", BucketOwnerEnforced})

	open := Access{ACL: publicRead.List("alice", "alice")}
	enforced, blocked := open, open
	enforced.Ownership = BucketOwnerEnforced
	blocked.Ownership, blocked.Block = ObjectWriter, &PublicAccessBlock{BlockPublicACLs: true}
	s.refuse(errcode.InvalidBucketACLWithOwnership, CreateBucket{Name: "c", Owner: "alice", Access: &enforced})
	s.refuse(errcode.InvalidBucketACLWithBlock, CreateBucket{Name: "c", Owner: "alice", Access: &blocked})
	s.must(CreateBucket{Name: "c", Owner: "alice", Access: &open})
}

// Who may only replace and delete what is theirs touches nothing else.
func TestOwnOnly(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), SetOwnership{"b", ObjectWriter}, write("b", "a", "alice", nil), write("b", "k", "bob", nil))
	own := func(item DeleteItem) DeleteObject {
		return DeleteObject{Bucket: "b", Owner: "bob", Item: item, OwnOnly: true}
	}
	s.refuse(errcode.AccessDenied, own(DeleteItem{Key: "a"}))
	s.refuse(errcode.AccessDenied, own(DeleteItem{Key: "k", VersionID: NullVersion}))
	s.must(own(DeleteItem{Key: "k"}), own(DeleteItem{Key: "absent"}))
	over := func(key string) PutObject {
		op := write("b", key, "bob", nil)
		op.OwnOnly = true
		return op
	}
	s.refuse(errcode.AccessDenied, over("a"))
	s.refuse(errcode.AccessDenied, CopyObject{Write: over("a").Write, Body: []byte("body")})
	up := s.must(CreateUpload{Bucket: "b", Key: "a", Owner: "bob"}).Upload
	part := s.must(RegisterPart{Bucket: "b", Key: "a", UploadID: up.ID, Number: 1, ETag: etag("")}).Part
	s.refuse(errcode.AccessDenied, CompleteUpload{Bucket: "b", Key: "a", UploadID: up.ID, Parts: []PartRef{{Number: 1, ETag: part.ETag}}, OwnOnly: true})
	s.must(over("k"), over("k"))
	r := s.must(DeleteObjects{"b", "bob", []DeleteItem{{Key: "a"}, {Key: "k"}}, true})
	if r.Deleted[0].Err == nil || r.Deleted[1].Err != nil {
		t.Errorf("outcomes %+v", r.Deleted)
	}
}

// readable lets everybody read bucket b.
var readable = mustParse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`)

func mustParse(text string) *policy.Policy {
	p, err := policy.Parse(text)
	if err != nil {
		panic(err)
	}
	return p
}

// A public policy is refused where those are blocked, and what stands stays.
func TestSetPolicy(t *testing.T) {
	s := openFile(t)
	s.must(mkBucket("b"))
	s.refuse(errcode.AccessDenied, SetPolicy{"b", readable})
	s.refuse(errcode.NoSuchBucket, SetPolicy{"absent", readable})
	private := mustParse(strings.Replace(readable.String(), "Allow", "Deny", 1))
	s.must(SetPolicy{"b", private}, SetPublicAccess{"b", nil}, SetPolicy{"b", readable}, SetPublicAccess{"b", &PublicAccessBlock{BlockPublicPolicy: true}})
	s.refuse(errcode.AccessDenied, SetPolicy{"b", readable})
	b, err := s.db.Bucket(t.Context(), "b")
	if err != nil || !b.Access.Policy.Equal(readable) {
		t.Errorf("policy is %v, %v; want %v", b.Access.Policy, err, readable)
	}
	s.must(SetPolicy{"b", nil})
	if b, err = s.db.Bucket(t.Context(), "b"); err != nil || b.Access.Policy != nil {
		t.Errorf("policy is %v, %v; want none", b.Access.Policy, err)
	}
}
