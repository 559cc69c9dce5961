package policy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

// What depends on the object: whether it is there, whose it is, and copies,
// which ask for two.

func init() {
	for _, g := range []gate{{
		id: "object.missing-hidden", rule: "P-12",
		says: "A key that is missing MUST be told as 403 to who may read it but not list the bucket.",
		ref:  api + "API_GetObject.html", keys: []string{"k"},
		policy: []statement{{}},
		opens:  []Request{get("k")},
		bars:   []Request{get("missing"), {Method: "HEAD", Key: "missing", As: Anonymous}},
	}, {
		id: "object.missing-hidden-signed", rule: "P-12",
		says: "A key that is missing MUST be told as 403 to another account that may read it but not list the bucket.",
		ref:  api + "API_GetObject.html", keys: []string{"k"}, needs: []Feature{SecondAccount},
		policy: []statement{{Principal: them}},
		opens:  []Request{by(AltAccount, get("k"))},
		bars:   []Request{by(AltAccount, get("missing")), {Method: "HEAD", Key: "missing", As: AltAccount}},
	}} {
		g.add()
	}
}

var _ = Add(Scenario{
	ID:    "policy.object.missing-told",
	Rule:  "P-12",
	Says:  "A key that is missing MUST be told as 404 to who may read it and list the bucket.",
	Ref:   api + "API_GetObject.html",
	SDK:   "s3@v1.114.8 Client.GetObject",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.set(ctx, statement{Action: []string{"s3:GetObject", "s3:ListBucket"}, Resource: []string{"$B", "$B/*"}})
		absent := func(status int) bool { return status == 404 }
		s.Expect(p.until(ctx, get("missing"), absent)).To(FailWith(404, "NoSuchKey"), "GET")
		s.Expect(p.until(ctx, Request{Method: "HEAD", Key: "missing", As: Anonymous}, absent)).To(FailWith(404), "HEAD")
	},
})

// copyOf is a copy of src onto dst by the second account.
func copyOf(src, dst string) Request {
	return Request{Method: "PUT", Key: dst, Header: [][2]string{header("x-amz-copy-source", "$N/"+src)}, As: AltAccount}
}

func named(_ context.Context, p *place) { p.names["$N"] = p.bucket }

func init() {
	theirs := func(action any, resource ...string) statement {
		return statement{Principal: them, Action: action, Resource: resource}
	}
	for _, g := range []gate{{
		id:     "copy.both",
		says:   "A copy MUST need s3:GetObject on its source and s3:PutObject on its destination, and nothing more.",
		policy: []statement{theirs("s3:GetObject", "$B/src"), theirs("s3:PutObject", "$B/dst*")},
		opens:  []Request{copyOf("src", "dst")},
		bars:   []Request{copyOf("shut", "dst2"), copyOf("src", "shut2")},
	}, {
		id:     "copy.denied-source",
		says:   "A copy of what its caller is denied to read MUST be refused with 403 AccessDenied.",
		policy: []statement{theirs([]string{"s3:GetObject", "s3:PutObject"}, "$B/*"), {Effect: "Deny", Principal: them, Resource: "$B/shut"}},
		opens:  []Request{copyOf("src", "dst")},
		bars:   []Request{copyOf("shut", "dst2")},
	}, {
		id:     "copy.denied-destination",
		says:   "A copy onto what its caller is denied to write MUST be refused with 403 AccessDenied.",
		policy: []statement{theirs([]string{"s3:GetObject", "s3:PutObject"}, "$B/*"), {Effect: "Deny", Principal: them, Action: "s3:PutObject", Resource: "$B/shut"}},
		opens:  []Request{copyOf("src", "dst")},
		bars:   []Request{copyOf("src", "shut")},
	}, {
		id:     "copy.denied-owner",
		says:   "A copy of what its caller is denied to read MUST be refused to the bucket's owner too.",
		policy: []statement{{Effect: "Deny", Resource: "$B/shut"}},
		opens:  []Request{by(MainAccount, copyOf("src", "dst"))},
		bars:   []Request{by(MainAccount, copyOf("shut", "dst2"))},
	}} {
		g.rule, g.ref, g.ready, g.keys = "P-13", api+"API_CopyObject.html", named, []string{"src", "shut"}
		g.needs = []Feature{Copy, SecondAccount}
		g.add()
	}
	gate{
		id: "copy.version", rule: "P-13", says: "A copy of a version MUST need s3:GetObjectVersion on its source.",
		ref: api + "API_CopyObject.html", needs: []Feature{Copy, Versioning, SecondAccount},
		ready: func(ctx context.Context, p *place) {
			p.fill(ctx, "src")
			versioned(ctx, p)
			named(ctx, p)
		},
		policy: []statement{theirs("s3:GetObject", "$B/src", "$B/k"), theirs("s3:PutObject", "$B/dst*"), theirs("s3:GetObjectVersion", "$B/src")},
		opens:  []Request{copyOf("src", "dst"), copyOf("src?versionId=null", "dst")},
		bars:   []Request{copyOf("k?versionId=$V", "dst2")},
	}.add()
	gate{
		id: "copy.tags", rule: "P-13", says: "A copy of an object with tags MUST need s3:GetObjectTagging on its source and s3:PutObjectTagging on its destination.",
		ref: api + "API_CopyObject.html", needs: []Feature{Copy, Tagging, SecondAccount},
		ready: func(ctx context.Context, p *place) {
			named(ctx, p)
			for _, key := range []string{"src", "shut"} {
				p.s.MustPut(ctx, p.bucket, key, "v", Header("x-amz-tagging", "a=b"))
			}
		},
		policy: []statement{theirs([]string{"s3:GetObject", "s3:PutObject"}, "$B/*"), theirs("s3:GetObjectTagging", "$B/src"), theirs("s3:PutObjectTagging", "$B/dst*")},
		opens:  []Request{copyOf("src", "dst")},
		bars:   []Request{copyOf("shut", "dst2"), copyOf("src", "other")},
	}.add()
	gate{
		id: "copy.part", rule: "P-13", says: "UploadPartCopy MUST need s3:GetObject on its source and s3:PutObject on its destination.",
		ref: api + "API_UploadPartCopy.html", needs: []Feature{Copy, Multipart, SecondAccount}, keys: []string{"src", "shut"},
		ready: func(ctx context.Context, p *place) {
			named(ctx, p)
			uploading(ctx, p)
		},
		policy: []statement{theirs("s3:GetObject", "$B/src"), theirs("s3:PutObject", "$B/k")},
		opens:  []Request{partOf("src")}, bars: []Request{partOf("shut")},
	}.add()
}

// partOf is a copy of src as a part of the upload of k.
func partOf(src string) Request {
	r := copyOf(src, "k")
	r.Query = "partNumber=1&uploadId=$U"
	return r
}

// writersOwn gives objects to who writes them.
func writersOwn(in *s3.CreateBucketInput) { in.ObjectOwnership = types.ObjectOwnershipObjectWriter }

var _ = Add(Scenario{
	ID:    "policy.object.of-another",
	Rule:  "P-16",
	Says:  "A policy MUST NOT open objects that the bucket's owner does not own.",
	Ref:   guideWorkflow,
	Level: Must,
	Needs: with(ACL, PublicAccessBlock, SecondAccount),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s, writersOwn)
		p.fill(ctx, "mine")
		p.set(ctx, statement{}, statement{Principal: them, Action: "s3:PutObject"})
		p.opens(ctx, by(AltAccount, write("theirs")), get("mine"), by(AltAccount, get("theirs")))
		p.bars(ctx, get("theirs"))
	},
})

var _ = Add(Scenario{
	ID:    "policy.object.of-another-denied",
	Rule:  "P-16",
	Says:  "What a policy denies MUST be denied for objects that the bucket's owner does not own too.",
	Ref:   guideWorkflow,
	Level: Must,
	Needs: with(ACL, PublicAccessBlock, SecondAccount),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s, writersOwn)
		p.set(ctx, statement{Principal: them, Action: "s3:PutObject"}, statement{Effect: "Deny", Principal: them, Resource: "$B/shut"})
		p.opens(ctx, by(AltAccount, write("shut")), by(AltAccount, write("open")), by(AltAccount, get("open")))
		p.bars(ctx, by(AltAccount, get("shut")))
	},
})
