package acl

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
)

// What each permission opens to others, and that it opens nothing else: every
// operation of the catalogue is tried under each permission, on the bucket and
// on the object, granted to everybody, to every account, and to one.

// A key is what a permission of a bucket or of an object opens.
type key struct{ bucket, object string }

// opens says which permission opens an operation to who is not the owner. An
// operation that it does not name is open to nobody.
var opens = map[string]key{
	"HeadBucket":              {bucket: read},
	"ListObjects":             {bucket: read},
	"ListObjectsV2":           {bucket: read},
	"ListMultipartUploads":    {bucket: read},
	"ListObjectVersions":      {bucket: read},
	"PutObject new key":       {bucket: write}, // not PutObject on k: overwriting is for owners
	"CreateMultipartUpload":   {bucket: write},
	"GetBucketAcl":            {bucket: readACP},
	"PutBucketAcl":            {bucket: writeACP},
	"GetObject":               {object: read},
	"HeadObject":              {object: read},
	"GetObjectAcl":            {object: readACP},
	"PutObjectAcl":            {object: writeACP},
	"GetObjectAttributes":     unsettled["GetObjectAttributes"],
	"UploadPart":              unsettled["UploadPart"],
	"CompleteMultipartUpload": unsettled["CompleteMultipartUpload"],
}

// unsettled are operations of which the pages do not say, or say in two ways,
// whether the permission opens them: GetObjectAttributes has an action of its
// own that no ACL maps to, and an upload that another began has its initiator.
var unsettled = map[string]key{
	"GetObjectAttributes":     {object: read},
	"UploadPart":              {bucket: write},
	"CompleteMultipartUpload": {bucket: write},
}

// shows is what the answer to an allowed read must hold.
var shows = map[string]string{
	"ListObjects":          "<Key>k</Key>",
	"ListObjectsV2":        "<Key>k</Key>",
	"ListObjectVersions":   "<Key>k</Key>",
	"ListMultipartUploads": "<Key>u</Key>",
	"GetBucketAcl":         "<AccessControlList>",
	"GetObjectAcl":         "<AccessControlList>",
	"GetObject":            "old",
}

// A caller is who a grant is given to and who then asks.
type caller struct {
	id, is string
	to     string
	as     Who
	needs  []Feature
}

var callers = []caller{
	{"anonymous", "AllUsers, to a request without credentials", allUsers, Anonymous, nil},
	{"any-account", "AuthenticatedUsers, to another account", authenticated, AltAccount, []Feature{SecondAccount}},
	{"account", "another account by its canonical id, to it", other, AltAccount, []Feature{SecondAccount}},
}

// includes reports whether having one permission is having the other.
func includes(has, wants string) bool { return wants != "" && (has == wants || has == full) }

func init() {
	for _, permission := range []string{read, write, readACP, writeACP, full} {
		for _, who := range callers {
			for _, target := range []string{"bucket", "object"} {
				c := cell{permission, target, who}
				Add(Scenario{
					ID:    "acl.matrix." + target + "." + strings.ToLower(strings.ReplaceAll(permission, "_", "-")) + "." + who.id,
					Rule:  "AC-08",
					Says:  permission + " on the " + target + ", granted to " + who.is + ", MUST open " + c.sentence() + ", and every other operation MUST fail with 403 AccessDenied.",
					Ref:   guideMapping,
					Level: Must,
					Needs: append([]Feature{ACL, Objects, Listing, Multipart}, who.needs...),
					Check: c.check,
				})
			}
		}
	}
}

// A cell is one permission on one target for one caller.
type cell struct {
	permission, target string
	who                caller
}

func (c cell) open(keys map[string]key, op string) bool {
	k := keys[op]
	return includes(c.permission, map[string]string{"bucket": k.bucket, "object": k.object}[c.target])
}

// unsure reports whether the pages leave the operation open. That requests
// without credentials may begin no upload is what S3 does, and on no page.
func (c cell) unsure(op string) bool {
	return c.open(unsettled, op) || c.who.as == Anonymous && op == "CreateMultipartUpload" && c.open(opens, op)
}

// sentence names the operations that the permission opens.
func (c cell) sentence() string {
	var names []string
	for name := range opens {
		if c.open(opens, name) && !c.unsure(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func (c cell) check(ctx context.Context, s *S) {
	st := sample.Prepare(ctx, s)
	p := allow(ctx, s, st.Bucket)
	if c.who.as == AltAccount {
		p.invite(ctx)
	}
	given := grant{c.permission, c.who.to}
	acls := map[string][]grant{"": {ownerFull}, "k": {ownerFull}}
	on := map[string]string{"bucket": "", "object": "k"}[c.target]
	acls[on] = append(acls[on], given)
	if c.permission == write && c.target == "object" {
		if err := p.put(ctx, on, acls[on]...); err != nil {
			s.Expect(err).To(FailWith(400), "WRITE, which is not applicable to objects, is granted or refused")
			p.grant(ctx, on, grant{read, c.who.to}) // it is WRITE that is refused, not every grant
			return
		}
	}
	p.grant(ctx, on, given)

	var allowed, unsure, last []sample.Operation
	for _, op := range sample.Every() {
		switch {
		case op.Name == "ListBuckets" || op.Name == "CreateBucket" || !s.Target().Has(op.Need):
		case c.unsure(op.Name):
			unsure = append(unsure, op)
		case c.open(opens, op.Name) && strings.HasPrefix(op.Name, "Put") && strings.HasSuffix(op.Name, "Acl"):
			last = append(last, op) // it takes the grant away
		case c.open(opens, op.Name):
			allowed = append(allowed, op)
		default:
			c.expectDenied(s, c.send(ctx, s, st, op), op)
		}
	}
	st.ExpectUnchanged(ctx)
	for _, key := range []string{"", "k"} {
		p.expectACL(ctx, key, acls[key]...)
	}
	for _, op := range allowed {
		c.expectOpen(ctx, s, st, op)
	}
	for _, op := range unsure {
		s.Observe(op.Name, Outcome(c.send(ctx, s, st, op)))
	}
	for _, op := range last {
		c.expectOpen(ctx, s, st, op)
		p.expectACL(ctx, on, ownerFull)
	}
}

func (c cell) send(ctx context.Context, s *S, st *sample.Stage, op sample.Operation) *Response {
	r := st.Request(op)
	r.As = c.who.as
	return s.Send(ctx, r)
}

// expectDenied demands a refusal. DeleteObjects may refuse each key instead of
// the request.
func (c cell) expectDenied(s *S, r *Response, op sample.Operation) {
	if op.Name == "DeleteObjects" && r.Status == 200 {
		var out struct {
			Deleted []struct{ Key string }
			Error   []struct{ Key, Code string }
		}
		_ = xml.Unmarshal(r.Body, &out) // what it does not say is judged below
		if len(out.Deleted) > 0 || len(out.Error) != 1 || out.Error[0].Code != "AccessDenied" {
			s.Silently("%s: got 200 and %s, want AccessDenied for the key", op.Name, r.Body)
		}
		return
	}
	want := FailWith(403, "AccessDenied")
	if op.Method == "HEAD" {
		want = FailWith(403)
	}
	s.Expect(r).To(want, op.Name)
}

// expectOpen demands that the operation succeeds, once the grant, that of a
// bucket, has taken effect.
func (c cell) expectOpen(ctx context.Context, s *S, st *sample.Stage, op sample.Operation) {
	var r *Response
	_ = Settled(ctx, s, op.Name+" is allowed", func() error { // judged below
		if r = c.send(ctx, s, st, op); r.Status == 403 {
			return errors.New("it is refused")
		}
		return nil
	})
	s.Expect(r).To(OK(), op.Name)
	if text := shows[op.Name]; !strings.Contains(string(r.Body), text) {
		s.Silently("%s: got %s, want an answer that holds %q", op.Name, r.Body, text)
	}
}
