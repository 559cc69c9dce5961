package publicaccess

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// BlockPublicAcls refuses to write public ACLs, and leaves those that stand.

var aclNeeds = []Feature{PublicAccessBlock, ACL}

// public are the headers that make an ACL public, on buckets and objects.
var public = [][2]string{
	canned("public-read"), canned("public-read-write"), canned("authenticated-read"),
	{"x-amz-grant-read", `uri="` + allUsers + `"`}, {"x-amz-grant-read", `uri="` + authenticatedUsers + `"`},
	{"x-amz-grant-read-acp", `uri="` + allUsers + `"`}, {"x-amz-grant-full-control", `uri="` + authenticatedUsers + `"`},
}

// The writes that take an ACL. Each begins on a bucket with the object k,
// whose ACLs are private.
var aclWrites = []struct {
	id, op  string
	level   Level
	needs   []Feature
	request func(b string, acl [2]string) Request
	after   func(ctx context.Context, s *S, b string) // what must be so after a refusal
}{
	{"put-bucket-acl", "PutBucketAcl", Must, nil,
		func(b string, acl [2]string) Request { return setACL(b, "", acl) },
		func(ctx context.Context, s *S, b string) { expectPrivate(ctx, s, b, "") }},
	{"put-object-acl", "PutObjectAcl", Must, nil,
		func(b string, acl [2]string) Request { return setACL(b, "k", acl) },
		func(ctx context.Context, s *S, b string) { expectPrivate(ctx, s, b, "k") }},
	{"put-version-acl", "PutObjectAcl on a version", Must, []Feature{Versioning},
		func(b string, acl [2]string) Request {
			r := setACL(b, "k", acl)
			r.Query = "acl=&versionId=null"
			return r
		},
		func(ctx context.Context, s *S, b string) { expectPrivate(ctx, s, b, "k") }},
	{"put-object", "PutObject", Must, nil,
		func(b string, acl [2]string) Request { return put(b, "new", acl) },
		func(ctx context.Context, s *S, b string) { s.ExpectAbsent(ctx, b, "new") }},
	{"overwrite", "PutObject over an object", Must, nil,
		func(b string, acl [2]string) Request { return put(b, "k", acl) },
		func(ctx context.Context, s *S, b string) {
			s.ExpectUnchanged(ctx, b, "k", "old")
			expectPrivate(ctx, s, b, "k")
		}},
	{"copy", "CopyObject", Must, []Feature{Copy},
		func(b string, acl [2]string) Request {
			return Request{Method: "PUT", Bucket: b, Key: "new", Header: [][2]string{acl, {"x-amz-copy-source", b + "/k"}}}
		},
		func(ctx context.Context, s *S, b string) { s.ExpectAbsent(ctx, b, "new") }},
	{"create-upload", "CreateMultipartUpload", Should, []Feature{Multipart},
		func(b string, acl [2]string) Request {
			return Request{Method: "POST", Bucket: b, Key: "new", Query: "uploads=", Header: [][2]string{acl}}
		},
		expectNoUpload},
}

func init() {
	for _, w := range aclWrites {
		Add(Scenario{
			ID:    "publicaccess.acl.block." + w.id,
			Rule:  "PB-03",
			Says:  fmt.Sprintf("%s with an ACL for everybody, or for everybody who has an account, %s be refused with 403 AccessDenied under BlockPublicAcls and change nothing.", w.op, strings.ToUpper(string(w.level))),
			Ref:   guideDenied,
			SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicAcls",
			Level: w.level,
			Needs: append([]Feature{PublicAccessBlock, ACL}, w.needs...),
			Check: func(ctx context.Context, s *S) {
				b := open(ctx, s, types.ObjectOwnershipObjectWriter)
				s.MustPut(ctx, b, "k", "old")
				block(ctx, s, b, blockAcls)
				until(ctx, s, 403, put(b, "probe", canned("public-read")))
				for _, acl := range public {
					s.Expect(s.Send(ctx, w.request(b, acl))).To(FailWith(403, "AccessDenied"), "%s: %s", acl[0], acl[1])
					w.after(ctx, s, b)
				}
			},
		})
	}
}

// grants are those of a key, or of the bucket when key is "".
func grants(ctx context.Context, s *S, bucket, key string) ([]types.Grant, error) {
	if key == "" {
		out, err := s.SDK().GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &bucket})
		if err != nil {
			return nil, err
		}
		return out.Grants, nil
	}
	out, err := s.SDK().GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, err
	}
	return out.Grants, nil
}

// toPublic counts the grants to the two groups that are the public.
func toPublic(all []types.Grant) (n int) {
	for _, g := range all {
		if g.Grantee != nil && (aws.ToString(g.Grantee.URI) == allUsers || aws.ToString(g.Grantee.URI) == authenticatedUsers) {
			n++
		}
	}
	return n
}

// expectPrivate is invariant I0 for an ACL that was private.
func expectPrivate(ctx context.Context, s *S, bucket, key string) {
	all, err := grants(ctx, s, bucket, key)
	s.Expect(err).To(OK(), "I0: the ACL of %q after a refusal", key)
	if n := toPublic(all); n > 0 {
		s.Silently("I0: a refused ACL was stored for %q: %d public grants", key, n)
	}
}

func expectNoUpload(ctx context.Context, s *S, bucket string) {
	out, err := s.SDK().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &bucket})
	s.Expect(err).To(OK(), "I0: list the uploads")
	s.Expect(out.Uploads).To(BeEmpty(), "I0: uploads after a refusal")
}

var _ = Add(Scenario{
	ID:    "publicaccess.acl.block.document",
	Rule:  "PB-03",
	Says:  "An AccessControlPolicy that grants anything to a public group MUST be refused with 403 AccessDenied under BlockPublicAcls, on a bucket and on an object.",
	Ref:   guideDenied,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicAcls",
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		s.MustPut(ctx, b, "k", "old")
		block(ctx, s, b, blockAcls)
		until(ctx, s, 403, put(b, "probe", canned("public-read")))
		id := mainID(ctx, s)
		for _, group := range []string{allUsers, authenticatedUsers} {
			for _, key := range []string{"", "k"} {
				s.Expect(s.Send(ctx, policyDocument(b, key, id, group))).To(FailWith(403, "AccessDenied"), "%q, %s", key, group)
				expectPrivate(ctx, s, b, key)
			}
		}
	},
})

// policyDocument sets an ACL whose owner has everything and whose group may
// read.
func policyDocument(bucket, key, owner, group string) Request {
	const xsi = ` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type=`
	text := `<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>` + owner + `</ID></Owner><AccessControlList>` +
		`<Grant><Grantee` + xsi + `"CanonicalUser"><ID>` + owner + `</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>` +
		`<Grant><Grantee` + xsi + `"Group"><URI>` + group + `</URI></Grantee><Permission>READ</Permission></Grant>` +
		`</AccessControlList></AccessControlPolicy>`
	r := raw(bucket, "acl=", text)
	r.Key = key
	return r
}

var _ = Add(Scenario{
	ID:    "publicaccess.acl.block.existing",
	Rule:  "PB-03",
	Says:  "BlockPublicAcls MUST leave the public ACLs that stand already as they are, and in effect.",
	Ref:   guideSettings,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicAcls",
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "k", canned("public-read")))
		mustUntil(ctx, s, 200, by(Anonymous, b, "k"))
		block(ctx, s, b, blockAcls)
		s.Expect(until(ctx, s, 403, put(b, "probe", canned("public-read")))).To(FailWith(403, "AccessDenied"), "a new public ACL")
		s.Expect(s.Send(ctx, by(Anonymous, b, "k"))).To(HaveStatus(200), "an anonymous GET by the ACL that stood already")
		all, err := grants(ctx, s, b, "k")
		s.Expect(err).To(OK(), "read the ACL")
		s.Expect(toPublic(all)).To(Equal(1), "public grants of the object")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.acl.block.not-public",
	Rule:  "PB-03",
	Says:  "BlockPublicAcls MUST NOT refuse an ACL that grants nothing to a public group.",
	Ref:   guidePublic,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.BlockPublicAcls",
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		block(ctx, s, b, blockAcls)
		until(ctx, s, 403, put(b, "probe", canned("public-read")))
		self := [2]string{"x-amz-grant-full-control", `id="` + mainID(ctx, s) + `"`}
		for _, acl := range [][2]string{canned("private"), canned("bucket-owner-read"), canned("bucket-owner-full-control"), self} {
			s.Expect(s.Send(ctx, put(b, "k", acl))).To(HaveStatus(200), "PutObject, %s", acl[1])
			s.Expect(s.Send(ctx, setACL(b, "k", acl))).To(HaveStatus(200), "PutObjectAcl, %s", acl[1])
		}
		for _, acl := range [][2]string{canned("private"), self} {
			s.Expect(s.Send(ctx, setACL(b, "", acl))).To(HaveStatus(200), "PutBucketAcl, %s", acl[1])
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.acl.block.account",
	Rule:  "PB-03",
	Says:  "BlockPublicAcls and IgnorePublicAcls MUST leave grants to one account possible and in effect.",
	Ref:   guidePublic,
	Level: Must,
	Needs: []Feature{PublicAccessBlock, ACL, SecondAccount},
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		block(ctx, s, b, blockAcls, ignoreAcls)
		until(ctx, s, 403, put(b, "probe", canned("public-read")))
		s.Expect(s.Send(ctx, put(b, "k", [2]string{"x-amz-grant-read", `id="` + altID(ctx, s) + `"`}))).To(HaveStatus(200), "PutObject")
		s.Expect(until(ctx, s, 200, by(AltAccount, b, "k"))).To(HaveStatus(200), "a GET by the account")
		s.Expect(s.Send(ctx, by(Anonymous, b, "k"))).To(FailWith(403, "AccessDenied"), "a GET by nobody")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.acl.block.lifted",
	Rule:  "PB-03",
	Says:  "Once BlockPublicAcls is off again, public ACLs MUST be accepted and take effect.",
	Ref:   guideSettings,
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "before", canned("public-read"))) // the account itself blocks nothing
		block(ctx, s, b, switches...)
		s.Expect(until(ctx, s, 403, put(b, "k", canned("public-read")))).To(FailWith(403, "AccessDenied"), "while it is on")
		block(ctx, s, b)
		s.Expect(until(ctx, s, 200, put(b, "k", canned("public-read")))).To(HaveStatus(200), "once it is off")
		s.Expect(until(ctx, s, 200, by(Anonymous, b, "k"))).To(HaveStatus(200), "a GET by nobody")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.acl.block.alone",
	Rule:  "PB-03",
	Says:  "Each of the other three settings MUST leave it possible to write a public ACL.",
	Ref:   guideSettings,
	SDK:   "s3@v1.114.8 types.PublicAccessBlockConfiguration.IgnorePublicAcls",
	Level: Must,
	Needs: aclNeeds,
	Check: func(ctx context.Context, s *S) {
		b := open(ctx, s, types.ObjectOwnershipObjectWriter)
		mustUntil(ctx, s, 200, put(b, "before", canned("public-read"))) // the account itself blocks nothing
		for _, name := range []string{ignoreAcls, blockPolicy, restrict} {
			block(ctx, s, b, name)
			s.Expect(s.Send(ctx, put(b, "k", canned("public-read")))).To(HaveStatus(200), "PutObject, %s", name)
			s.Expect(s.Send(ctx, setACL(b, "k", canned("authenticated-read")))).To(HaveStatus(200), "PutObjectAcl, %s", name)
			s.Expect(s.Send(ctx, setACL(b, "", canned("public-read")))).To(HaveStatus(200), "PutBucketAcl, %s", name)
		}
	},
})
