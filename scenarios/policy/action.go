package policy

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Which action each operation asks for. The second account has that one action
// and no other, then every action but that one.

// An ask is an operation and the action that it asks for. Resource is nil for an
// action on keys.
type ask struct {
	id, action string
	also       string // an action that is asked for besides
	resource   any
	needs      []Feature
	request    Request
	// ready, where it is set, makes what the request needs, and names it.
	ready func(ctx context.Context, p *place)
}

// versioned makes the key k of one version, $V.
func versioned(ctx context.Context, p *place) {
	p.s.SetVersioning(ctx, p.bucket, types.BucketVersioningStatusEnabled)
	p.names["$V"] = *p.s.MustPut(ctx, p.bucket, "k", "v").VersionId
}

// uploading begins an upload of the key k, $U.
func uploading(ctx context.Context, p *place) {
	key := "k"
	out, err := p.s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: &key})
	p.s.Must(err, "create an upload")
	p.names["$U"] = *out.UploadId
}

var asks = []ask{
	{id: "get", action: "GetObject", request: Request{Method: "GET", Key: "k"}},
	{id: "head", action: "GetObject", request: Request{Method: "HEAD", Key: "k"}},
	{id: "put", action: "PutObject", request: write("n")},
	{id: "delete", action: "DeleteObject", request: Request{Method: "DELETE", Key: "k"}},
	{id: "get-version", action: "GetObjectVersion", needs: []Feature{Versioning}, ready: versioned, request: Request{Method: "GET", Key: "k", Query: "versionId=$V"}},
	{id: "head-version", action: "GetObjectVersion", needs: []Feature{Versioning}, ready: versioned, request: Request{Method: "HEAD", Key: "k", Query: "versionId=$V"}},
	{id: "delete-version", action: "DeleteObjectVersion", needs: []Feature{Versioning}, ready: versioned, request: Request{Method: "DELETE", Key: "k", Query: "versionId=$V"}},
	{id: "get-tags", action: "GetObjectTagging", needs: []Feature{Tagging}, request: Request{Method: "GET", Key: "k", Query: "tagging="}},
	{id: "put-tags", action: "PutObjectTagging", needs: []Feature{Tagging}, request: setTags("a", "b")},
	{id: "delete-tags", action: "DeleteObjectTagging", needs: []Feature{Tagging}, request: Request{Method: "DELETE", Key: "k", Query: "tagging="}},
	{id: "get-version-tags", action: "GetObjectVersionTagging", needs: []Feature{Tagging, Versioning}, ready: versioned, request: Request{Method: "GET", Key: "k", Query: "tagging=&versionId=$V"}},
	{id: "get-attributes", action: "GetObjectAttributes", also: "GetObject", request: Request{Method: "GET", Key: "k", Query: "attributes=", Header: [][2]string{header("x-amz-object-attributes", "ETag")}}},
	{id: "get-attributes-read", action: "GetObject", also: "GetObjectAttributes", request: Request{Method: "GET", Key: "k", Query: "attributes=", Header: [][2]string{header("x-amz-object-attributes", "ETag")}}},
	{id: "get-version-attributes", action: "GetObjectVersionAttributes", also: "GetObjectVersion", needs: []Feature{Versioning}, ready: versioned, request: Request{Method: "GET", Key: "k", Query: "attributes=&versionId=$V", Header: [][2]string{header("x-amz-object-attributes", "ETag")}}},
	{id: "get-acl", action: "GetObjectAcl", needs: []Feature{ACL}, request: Request{Method: "GET", Key: "k", Query: "acl="}},
	{id: "list", action: "ListBucket", resource: "$B", needs: []Feature{Listing}, request: Request{Method: "GET", Query: "list-type=2"}},
	{id: "list-v1", action: "ListBucket", resource: "$B", needs: []Feature{Listing}, request: Request{Method: "GET"}},
	{id: "head-bucket", action: "ListBucket", resource: "$B", request: Request{Method: "HEAD"}},
	{id: "list-versions", action: "ListBucketVersions", resource: "$B", needs: []Feature{Versioning}, request: Request{Method: "GET", Query: "versions="}},
	{id: "list-uploads", action: "ListBucketMultipartUploads", resource: "$B", needs: []Feature{Multipart}, request: Request{Method: "GET", Query: "uploads="}},
	{id: "create-upload", action: "PutObject", needs: []Feature{Multipart}, request: Request{Method: "POST", Key: "k", Query: "uploads="}},
	{id: "upload-part", action: "PutObject", needs: []Feature{Multipart}, ready: uploading, request: Request{Method: "PUT", Key: "k", Query: "partNumber=1&uploadId=$U", Body: []byte("v")}},
	{id: "list-parts", action: "ListMultipartUploadParts", needs: []Feature{Multipart}, ready: uploading, request: Request{Method: "GET", Key: "k", Query: "uploadId=$U"}},
	{id: "abort-upload", action: "AbortMultipartUpload", needs: []Feature{Multipart}, ready: uploading, request: Request{Method: "DELETE", Key: "k", Query: "uploadId=$U"}},
	{id: "get-location", action: "GetBucketLocation", resource: "$B", request: Request{Method: "GET", Query: "location="}},
	{id: "get-versioning", action: "GetBucketVersioning", resource: "$B", needs: []Feature{Versioning}, request: Request{Method: "GET", Query: "versioning="}},
	{id: "get-bucket-acl", action: "GetBucketAcl", resource: "$B", needs: []Feature{ACL}, request: Request{Method: "GET", Query: "acl="}},
	{id: "get-policy-status", action: "GetBucketPolicyStatus", resource: "$B", request: Request{Method: "GET", Query: "policyStatus="}},
}

func init() {
	for _, a := range asks {
		Add(Scenario{
			ID:    "policy.action." + a.id,
			Rule:  "P-15",
			Says:  "What " + a.id + " asks for MUST be s3:" + a.action + a.rest() + ", which opens it to another account alone and without which nothing does.",
			Ref:   guideActions,
			Level: Must,
			Needs: append(with(SecondAccount), a.needs...),
			Check: func(ctx context.Context, s *S) { a.check(ctx, s) },
		})
	}
}

func init() {
	about := func(method string, subs ...string) (all []Request) {
		for _, sub := range subs {
			all = append(all, Request{Method: method, Key: "k", Query: sub, As: AltAccount})
		}
		return all
	}
	for _, g := range []gate{{
		id: "get-alone", says: "s3:GetObject MUST NOT open an object's versions, tags and ACL.",
		policy: []statement{{Principal: them}}, opens: []Request{by(AltAccount, get("k"))},
		bars: about("GET", "versionId=null", "tagging=", "acl=", "tagging=&versionId=null"),
	}, {
		id: "put-alone", says: "s3:PutObject MUST NOT let its holder set the tags of an object.",
		policy: []statement{{Principal: them, Action: "s3:PutObject"}}, opens: []Request{by(AltAccount, write("n"))},
		bars: []Request{by(AltAccount, setTags("a", "b"))},
	}, {
		id: "delete-alone", says: "s3:DeleteObject MUST NOT let its holder delete versions or tags.", keys: []string{"n"},
		policy: []statement{{Principal: them, Action: "s3:DeleteObject"}}, opens: []Request{{Method: "DELETE", Key: "n", As: AltAccount}},
		bars: about("DELETE", "tagging=", "versionId=null"),
	}} {
		g.id, g.rule, g.ref, g.keys = "action."+g.id, "P-15", guideActions, append(g.keys, "k")
		g.needs = []Feature{SecondAccount, Versioning, Tagging, ACL}
		g.add()
	}
}

// rest says what else is asked for.
func (a *ask) rest() string {
	if a.also == "" {
		return ""
	}
	return " with s3:" + a.also
}

func (a *ask) check(ctx context.Context, s *S) {
	p := open(ctx, s)
	p.fill(ctx, "k", "open")
	if a.ready != nil {
		a.ready(ctx, p)
	}
	request := by(AltAccount, a.request)
	beacon := statement{Principal: them, Action: []string{"s3:GetObject"}, Resource: "$B/open"}
	everything := []string{"$B", "$B/*"}
	p.set(ctx, beacon, statement{Principal: them, NotAction: "s3:" + a.action, Resource: everything},
		statement{Effect: "Deny", Principal: them, Action: "s3:" + a.action, Resource: or(a.resource, "$B/k", "$B/n")})
	p.opens(ctx, by(AltAccount, get("open")))
	p.bars(ctx, request)
	actions := []string{"s3:" + a.action}
	if a.also != "" {
		actions = append(actions, "s3:"+a.also)
	}
	p.set(ctx, statement{Principal: them, Action: actions, Resource: or(a.resource, "$B/*")})
	p.opens(ctx, request)
}

func or(v any, instead ...string) any {
	if v == nil {
		return instead
	}
	return v
}

var _ = Add(Scenario{
	ID:    "policy.action.delete-objects",
	Rule:  "P-15",
	Says:  "DeleteObjects MUST delete the keys that the caller may delete and answer AccessDenied for each of the others.",
	Ref:   api + "API_DeleteObjects.html",
	SDK:   "s3@v1.114.8 Client.DeleteObjects",
	Level: Must,
	Needs: with(SecondAccount),
	Check: func(ctx context.Context, s *S) {
		p := open(ctx, s)
		p.fill(ctx, "open/a", "shut/b")
		p.set(ctx, statement{Principal: them, Action: []string{"s3:DeleteObject", "s3:GetObject"}, Resource: "$B/open/*"})
		p.opens(ctx, by(AltAccount, get("open/a")))
		a, b := "open/a", "shut/b"
		out, err := s.Alt().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &p.bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &a}, {Key: &b}}}})
		s.Expect(err).To(OK())
		s.Expect(out.Deleted).To(HaveLen(1), "Deleted")
		s.Expect(*out.Deleted[0].Key).To(Equal(a))
		s.Expect(out.Errors).To(HaveLen(1), "Errors")
		s.Expect([]string{*out.Errors[0].Key, *out.Errors[0].Code}).To(Equal([]string{b, "AccessDenied"}))
		s.ExpectUnchanged(ctx, p.bucket, b, b)
	},
})
