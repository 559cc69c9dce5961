package meta

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bleepstore/reference/acl"
	"bleepstore/reference/policy"
)

// someRules is a lifecycle that has something to say of what every command makes.
const someRules = `{"Rules":[{"ID":"a","Status":"Enabled","Filter":{"Prefix":"k"},"Expiration":{"Days":1},"Noncurrent":{"Days":1,"Newer":1},"AbortDays":1},` +
	`{"ID":"b","Status":"Enabled","Prefix":"","Expiration":{"Marker":true},"Transitions":[{"Class":"GLACIER_IR","Days":0}]}],"MinimumSize":"varies_by_storage_class"}`

// A script makes random commands that mean something to a store, by looking at
// it and at the results of those before.
type script struct {
	*store
	uploads []Upload // in progress
	parts   map[string][]PartRef
	ids     []string
	done    []Op // completions, to be repeated
}

func (c *script) op(t *rapid.T, i int) Op {
	bucket := rapid.SampledFrom([]string{"b", "b", "b", "c"}).Draw(t, "bucket")
	key := rapid.SampledFrom([]string{"k", "l", "m/n"}).Draw(t, "key")
	id := rapid.SampledFrom(append([]string{"", NullVersion}, c.ids...)).Draw(t, "id")
	match := rapid.SampledFrom([]string{"", "", "", "*"}).Draw(t, "match")
	body := fmt.Sprint("body", i)
	p := put(bucket, key, body)
	p.Condition.IfNoneMatch = match
	pb := putBlob(bucket, key, fmt.Sprint("blob", i), fmt.Sprint("more", i%3))
	pb.Condition.IfMatch, pb.Epoch = match, c.db.m.st.epoch-uint64(rapid.IntRange(0, 2).Draw(t, "age"))
	own := rapid.Bool().Draw(t, "own")
	spec := rapid.SampledFrom([]*acl.Spec{nil, nil, {Canned: "public-read"}, {Canned: acl.BucketOwnerFullControl},
		{Grants: []acl.Grant{{ID: "bob", Permission: acl.Read}}}, {Grants: []acl.Grant{}}}).Draw(t, "acl")
	block := rapid.SampledFrom([]*PublicAccessBlock{nil, {}, {BlockPublicACLs: true}, {BlockPublicPolicy: true}}).Draw(t, "block")
	pol := rapid.SampledFrom([]*policy.Policy{nil, readable}).Draw(t, "policy")
	ownership := rapid.SampledFrom([]Ownership{"", BucketOwnerEnforced, BucketOwnerPreferred, ObjectWriter}).Draw(t, "ownership")
	p.Spec, pb.Spec, p.OwnOnly = spec, spec, own
	setting := rapid.SampledFrom([]Setting{CORS, Encryption, Lifecycle, Website}).Draw(t, "setting")
	value := rapid.SampledFrom([]json.RawMessage{nil, []byte(`{"a":1}`), []byte(`{"a":2}`)}).Draw(t, "value")
	until := fromMilli(c.stamp).Add(time.Duration(rapid.IntRange(-1, 20).Draw(t, "until")) * time.Second)
	mode := rapid.SampledFrom([]LockMode{"", Governance, Compliance}).Draw(t, "mode")
	hold := rapid.SampledFrom([]Hold{"", HoldOn, HoldOff, HoldOff}).Draw(t, "hold")
	retention := SetRetention{bucket, key, id, mode, until, own}
	if mode == "" {
		retention.Until = time.Time{}
	}
	config := rapid.SampledFrom([]json.RawMessage{[]byte(`{}`), []byte(`{"Mode":"GOVERNANCE","Days":1}`), nil}).Draw(t, "config")
	if rapid.Bool().Draw(t, "locks") {
		p.Attributes.Lock = &Lock{mode, retention.Until, hold}
	}
	user := SetUser{Name: key, User: rapid.SampledFrom([]*User{nil, {Account: "a"}, {Account: "b", Keys: []AccessKey{{ID: "AK" + key, Secret: "s"}}}, {Keys: []AccessKey{{ID: "shared"}}}}).Draw(t, "user")}
	if rapid.Bool().Draw(t, "knows") {
		user.Version = c.userVersion(t, key)
	}
	var expired []string
	for _, u := range c.uploads {
		expired = append(expired, u.ID)
	}
	cp := CopyObject{Write: p.Write}
	cp.Source, cp.Size = c.source(t)
	ops := append([]Op{
		p, pb, DeleteObject{Bucket: bucket, Owner: "bob", Item: DeleteItem{key, id, match, false, own}, OwnOnly: own}, cp,
		CreateUpload{bucket, key, "bob", p.Attributes, "CRC32", "COMPOSITE", spec},
		DeleteObjects{bucket, "bob", []DeleteItem{{key, id, match, own, own}, {Key: "k"}, {Key: "absent"}}, own},
		SetObjectTags{bucket, key, id, []Tag{{"k", body}}}, CopyObject{Write: p.Write, Body: p.Body},
		enable(bucket), suspend(bucket), SetBucketTags{bucket, []Tag{{"k", body}}}, Reap{Max: 3},
		Fence{Epoch: c.db.m.st.epoch}, TermStart{"n"}, SetVersion{2}, mkBucket(bucket), DeleteBucket{bucket},
		SetBucketACL{bucket, spec}, SetOwnership{bucket, ownership}, SetPublicAccess{bucket, block}, SetPolicy{bucket, pol}, SetSetting{bucket, setting, value}, SetSetting{bucket, Lifecycle, []byte(someRules)}, SetObjectACL{bucket, key, id, spec},
		retention, SetLegalHold{bucket, key, id, hold}, SetSetting{bucket, ObjectLock, config},
		CreateBucket{Name: bucket, Owner: "alice", Region: "us-east-1", ObjectLock: own},
		user,
		Expire{bucket, c.db.m.st.stamp + rapid.SampledFrom([]int64{0, 2, 9}).Draw(t, "days")*86_400_000, []string{key, "k", "absent"}, expired},
	}, c.done...)
	if len(c.uploads) > 0 && rapid.Bool().Draw(t, "multipart") {
		ops = c.multipart(t, p, cp)
	}
	return ops[rapid.IntRange(0, len(ops)-1).Draw(t, "op")]
}

// userVersion is what SetUser has to know of the user called name.
func (c *script) userVersion(t *rapid.T, name string) int64 {
	users, err := c.db.Users(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range users {
		if u.Name == name {
			return u.Version
		}
	}
	return 0
}

func (c *script) multipart(t *rapid.T, p PutObject, cp CopyObject) []Op {
	u := rapid.SampledFrom(c.uploads).Draw(t, "upload")
	reg := RegisterPart{
		Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, Number: rapid.IntRange(1, 3).Draw(t, "number"),
		ETag: etag(string(p.Body)), Size: p.Size, Body: p.Body,
	}
	shared, large := reg, reg
	shared.Body, shared.Source, shared.Size, shared.Offset = nil, cp.Source, cp.Size/2, cp.Size/3
	large.Body, large.Extents, large.Size, large.Epoch = nil, []Extent{{"part" + string(p.Body), 0, 100}}, 100, c.db.m.st.epoch
	done := CompleteUpload{Bucket: u.Bucket, Key: u.Key, UploadID: u.ID, Parts: slices.Clone(c.parts[u.ID]), Condition: p.Condition, OwnOnly: p.OwnOnly}
	fewer := done
	if len(done.Parts) > 1 {
		fewer.Parts = done.Parts[1:]
	}
	return []Op{reg, shared, large, reg, shared, large, done, fewer, AbortUpload{u.Bucket, u.Key, u.ID}, AbortUpload{UploadID: u.ID}}
}

// source draws a content, mostly one that is there.
func (c *script) source(t *rapid.T) (content, size int64) {
	known := c.column("SELECT DISTINCT content FROM extent")
	if len(known) == 0 {
		return 1 << 40, 200
	}
	content = num(rapid.SampledFrom(known).Draw(t, "source"))
	sum := c.column(fmt.Sprint("SELECT SUM(len) FROM extent WHERE content = ", content))
	return content, num(sum[0])
}

// learn remembers what later commands can refer to.
func (c *script) learn(op Op, r Result) {
	if r.Err != nil || r.SourceGone {
		return
	}
	if r.Version.ID != "" {
		c.ids = append(c.ids, r.Version.ID)
	}
	for _, d := range r.Deleted {
		c.ids = append(c.ids, d.VersionID)
	}
	ended := ""
	switch op := op.(type) {
	case CreateUpload:
		c.uploads = append(c.uploads, r.Upload)
	case RegisterPart:
		ps := slices.DeleteFunc(c.parts[op.UploadID], func(p PartRef) bool { return p.Number == op.Number })
		ps = append(ps, PartRef{Number: op.Number, ETag: op.ETag})
		slices.SortFunc(ps, func(a, b PartRef) int { return a.Number - b.Number })
		c.parts[op.UploadID] = ps
	case CompleteUpload:
		c.done, ended = append(c.done, op), op.UploadID
	case AbortUpload:
		ended = op.UploadID
	}
	c.uploads = slices.DeleteFunc(c.uploads, func(u Upload) bool { return u.ID == ended })
}

// record applies n random commands one by one.
func (s *store) record(t *rapid.T, n int) (entries []Entry, results []Result) {
	c := script{store: s, parts: map[string][]PartRef{}}
	ops := []Op{mkBucket("b"), mkBucket("c"), enable("c")}
	for i := range n {
		var op Op
		if i < len(ops) {
			op = ops[i]
		} else {
			op = c.op(t, i)
		}
		e := s.entry(op)
		r, err := s.db.Apply([]Entry{e})
		if err != nil {
			t.Fatal(err)
		}
		c.learn(op, r[0])
		entries, results = append(entries, e), append(results, r[0])
	}
	return entries, results
}

// Two databases that apply the same commands are the same, however they are
// packed into transactions, and after a trip through the encoding.
func TestApplyIsDeterministic(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		a, b := openMemory(t), openMemory(t)
		entries, want := a.record(rt, rapid.IntRange(1, 60).Draw(rt, "commands"))
		var got []Result
		for rest := roundTrip(t, entries); len(rest) > 0; {
			n := min(rapid.IntRange(1, 20).Draw(rt, "pack"), len(rest))
			r, err := b.db.Apply(rest[:n])
			if err != nil {
				rt.Fatal(err)
			}
			got, rest = append(got, r...), rest[n:]
		}
		if d := cmp.Diff(want, got); d != "" {
			rt.Errorf("results (-want +got):\n%s", d)
		}
		if a.hash() != b.hash() {
			rt.Error("the states differ")
		}
		a.consistent(rt)
	})
}

func roundTrip(t testing.TB, entries []Entry) []Entry {
	out := slices.Clone(entries)
	for i := range out {
		b, err := Encode(out[i].Command)
		if err == nil {
			out[i].Command, err = Decode(b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func (s *store) hash() string {
	s.t.Helper()
	h, err := s.db.Hash(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return h
}

// consistent checks what must hold between tables after any command.
func (s *store) consistent(t *rapid.T) {
	owned := map[int64]bool{}
	for _, sql := range []string{"SELECT rec FROM live", "SELECT rec FROM version"} {
		for _, r := range s.column(sql) {
			rec, err := unpack(blob(r))
			if err != nil {
				t.Fatal(err)
			}
			if rec.content != 0 && owned[rec.content] {
				t.Errorf("content %d belongs to two versions", rec.content)
			}
			owned[rec.content] = true
		}
	}
	for _, sql := range []string{"SELECT id FROM upload", "SELECT content FROM garbage"} {
		for _, r := range s.column(sql) {
			if owned[num(r)] {
				t.Errorf("content %d has two owners, one of %s", num(r), sql)
			}
			owned[num(r)] = true
		}
	}
	for _, sql := range []string{"SELECT content FROM extent", "SELECT content FROM part", "SELECT id >> 14 FROM inline"} {
		for _, r := range s.column(sql) {
			if !owned[num(r)] {
				t.Errorf("content %d has no owner, but there is: %s", num(r), sql)
			}
		}
	}
}

func (s *store) column(sql string) (out []any) {
	s.t.Helper()
	r, err := s.db.m.c.query(sql)
	if err != nil {
		s.t.Fatal(err)
	}
	for {
		ok, err := r.next()
		if err != nil {
			s.t.Fatal(err)
		}
		if !ok {
			break
		}
		out = append(out, r.row[0])
	}
	if err := r.close(); err != nil {
		s.t.Fatal(err)
	}
	return out
}
