// Package acl holds the rules of access control lists: what an ACL says by
// default, how it is written and read, and what each of its permissions opens
// to others.
package acl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	apiErrors    = api + "ErrorResponses.html#ErrorCodeList"
	apiPutBucket = api + "API_PutBucketAcl.html"
	apiPutObject = api + "API_PutObjectAcl.html"

	guideACL       = guide + "acl-overview.html"
	guideGrantee   = guideACL + "#specifying-grantee"
	guideAllowed   = guideACL + "#permissions"
	guideMapping   = guideACL + "#acl-access-policy-permission-mapping"
	guideCanned    = guideACL + "#canned-acl"
	guideOwnership = guide + "about-object-ownership.html"
	guideDisabled  = guide + "object-ownership-error-responses.html"
	guideOwner     = guide + "access-policy-language-overview.html#about-resource-owner"
	guideParts     = guide + "mpuoverview.html#mpuAndPermissions"

	// javaPermission is where AWS says what an owner may do whatever the ACL holds.
	javaPermission = "https://docs.aws.amazon.com/AWSJavaSDK/latest/javadoc/com/amazonaws/services/s3/model/Permission.html"
)

// The permissions of an ACL.
const (
	read     = "READ"
	write    = "WRITE"
	readACP  = "READ_ACP"
	writeACP = "WRITE_ACP"
	full     = "FULL_CONTROL"
)

// Grantees, as the scenarios name them: the bucket's owner, the second
// account, and groups by the last word of their URI.
const (
	owner         = "owner"
	other         = "other"
	allUsers      = "AllUsers"
	authenticated = "AuthenticatedUsers"
	logDelivery   = "LogDelivery"
)

var groups = map[string]string{
	allUsers:      "http://acs.amazonaws.com/groups/global/AllUsers",
	authenticated: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
	logDelivery:   "http://acs.amazonaws.com/groups/s3/LogDelivery",
}

// A grant is one line of an ACL.
type grant struct{ permission, to string }

func (g grant) String() string { return g.permission + " to " + g.to }

// ownerFull is the grant that makes up the default ACL.
var ownerFull = grant{full, owner}

// A list is an ACL as scenarios compare it: sorted, each grant once, since
// neither order nor repetition means anything.
type list []string

func listOf(grants ...grant) list {
	l := list{}
	for _, g := range grants {
		l = append(l, g.String())
	}
	slices.Sort(l)
	return slices.Compact(l)
}

// A place is a bucket whose ACLs are on, with the canonical ids of those who
// take part.
type place struct {
	s      *S
	bucket string
	ids    map[string]string // owner, and where it takes part other
	turned bool              // ACLs were turned off or on: those of objects settle too
}

// aclBucket returns a bucket of the main account's in which ACLs count, public
// ones too.
func aclBucket(ctx context.Context, s *S) *place { return allow(ctx, s, s.Bucket(ctx)) }

// sharedBucket is aclBucket with the second account taking part.
func sharedBucket(ctx context.Context, s *S) *place {
	p := aclBucket(ctx, s)
	p.invite(ctx)
	return p
}

// allow turns on the ACLs of a bucket, which are off and blocked where they are
// public in what S3 creates since April 2023.
func allow(ctx context.Context, s *S, bucket string) *place {
	unblocked := unblock(ctx, s, bucket)
	if giveToWriters(ctx, s, bucket) || unblocked {
		s.Settle(ctx, "a public ACL is accepted", func() error {
			_, err := s.Put(ctx, bucket, "probe", "", Header("x-amz-acl", "public-read"))
			return err
		})
		_, err := s.Delete(ctx, bucket, "probe")
		s.Must(err, "delete the probe")
	}
	return at(ctx, s, bucket)
}

// unblock allows public ACLs. It reports whether the server has such a setting.
// One that does not know it may take its DELETE for that of the bucket, so it
// is put.
func unblock(ctx context.Context, s *S, bucket string) bool {
	_, err := s.SDK().PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}})
	return has(s, err, "allow public ACLs")
}

// giveToWriters gives new objects to who writes them, which turns ACLs on. It
// reports whether the server has such a setting.
func giveToWriters(ctx context.Context, s *S, bucket string) bool {
	return has(s, setOwnership(ctx, s, bucket, types.ObjectOwnershipObjectWriter), "turn ACLs on")
}

func setOwnership(ctx context.Context, s *S, bucket string, to types.ObjectOwnership) error {
	_, err := s.SDK().PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{Bucket: &bucket,
		OwnershipControls: &types.OwnershipControls{Rules: []types.OwnershipControlsRule{{ObjectOwnership: to}}}})
	return err
}

// has reports whether the server has the setting that it was asked to change.
// One that lacks it has its ACLs always on: it says so, finds nothing to
// change, or takes the request for another.
func has(s *S, err error, doing string) bool {
	if err == nil {
		return true
	}
	lacks, _ := FailWithAny(Answer{Status: 400}, Answer{Status: 404}, Answer{Status: 405}, Answer{Status: 409}, Answer{Status: 501}).Match(err)
	if !lacks {
		s.Must(err, doing)
	}
	return false
}

// at is the place of a bucket as it is.
func at(ctx context.Context, s *S, bucket string) *place {
	out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{})
	s.Must(err, "list buckets, for the canonical id of the account")
	return &place{s: s, bucket: bucket, ids: map[string]string{owner: ownerID(s, out.Owner)}}
}

// invite finds the canonical id of the second account.
func (p *place) invite(ctx context.Context) {
	out, err := p.s.Alt().ListBuckets(ctx, &s3.ListBucketsInput{})
	p.s.Must(err, "list buckets, for the canonical id of the second account")
	p.ids[other] = ownerID(p.s, out.Owner)
	if p.ids[other] == p.ids[owner] {
		p.s.Skip("both access keys belong to one account")
	}
}

func ownerID(s *S, o *types.Owner) string {
	if o == nil || aws.ToString(o.ID) == "" {
		s.Must(errors.New("no Owner"), "learn a canonical id from ListBuckets")
	}
	return aws.ToString(o.ID)
}

// policy renders grants as the body of PUT ?acl.
func (p *place) policy(grants ...grant) *types.AccessControlPolicy {
	out := &types.AccessControlPolicy{Owner: &types.Owner{ID: aws.String(p.ids[owner])}, Grants: []types.Grant{}}
	for _, g := range grants {
		to := &types.Grantee{Type: types.TypeCanonicalUser, ID: aws.String(p.ids[g.to])}
		if uri := groups[g.to]; uri != "" {
			to = &types.Grantee{Type: types.TypeGroup, URI: &uri}
		}
		out.Grants = append(out.Grants, types.Grant{Grantee: to, Permission: types.Permission(g.permission)})
	}
	return out
}

// grantee is the value of an x-amz-grant header that names who.
func (p *place) grantee(who ...string) string {
	var out []string
	for _, w := range who {
		if uri := groups[w]; uri != "" {
			out = append(out, `uri="`+uri+`"`)
		} else {
			out = append(out, `id="`+p.ids[w]+`"`)
		}
	}
	return strings.Join(out, ", ")
}

// put sets the ACL of the object key, or of the bucket when key is "".
func (p *place) put(ctx context.Context, key string, grants ...grant) error {
	if key == "" {
		_, err := p.s.SDK().PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &p.bucket, AccessControlPolicy: p.policy(grants...)})
		return err
	}
	_, err := p.s.SDK().PutObjectAcl(ctx, &s3.PutObjectAclInput{Bucket: &p.bucket, Key: &key, AccessControlPolicy: p.policy(grants...)})
	return err
}

// grant adds grants to the owner's as a precondition, and waits until the ACL
// reads back: that of a bucket takes effect in its own time.
func (p *place) grant(ctx context.Context, key string, grants ...grant) {
	grants = append([]grant{ownerFull}, grants...)
	p.s.Must(p.put(ctx, key, grants...), "grant "+strings.Join(listOf(grants...), ", "))
	p.s.Settle(ctx, "the ACL reads back", func() error {
		got, err := p.acl(ctx, key)
		if err == nil && !slices.Equal(got, listOf(grants...)) {
			err = fmt.Errorf("the ACL reads %q", got)
		}
		return err
	})
}

// acl reads the ACL of the object key, or of the bucket when key is "".
func (p *place) acl(ctx context.Context, key string, opts ...Opt) (list, error) {
	if key == "" {
		out, err := p.s.SDK().GetBucketAcl(ctx, &s3.GetBucketAclInput{Bucket: &p.bucket}, opts...)
		if err != nil {
			return nil, err
		}
		return p.named(out.Grants), nil
	}
	out, err := p.s.SDK().GetObjectAcl(ctx, &s3.GetObjectAclInput{Bucket: &p.bucket, Key: &key}, opts...)
	if err != nil {
		return nil, err
	}
	return p.named(out.Grants), nil
}

// named renders grants that a server told, grantees by their names here.
func (p *place) named(grants []types.Grant) list {
	l := list{}
	for _, g := range grants {
		l = append(l, string(g.Permission)+" to "+p.name(g.Grantee))
	}
	slices.Sort(l)
	return slices.Compact(l)
}

// name is the name of a grantee, or all that was told of it when it is none of
// those who take part. The SDK reads xsi:type under that prefix alone, so its
// absence is left to the rule of the document's shape.
func (p *place) name(g *types.Grantee) string {
	if g == nil {
		return "nobody"
	}
	for who, id := range p.ids {
		if g.Type != types.TypeGroup && g.URI == nil && aws.ToString(g.ID) == id {
			return who
		}
	}
	for who, uri := range groups {
		if g.Type != types.TypeCanonicalUser && g.ID == nil && aws.ToString(g.URI) == uri {
			return who
		}
	}
	return fmt.Sprintf("%s %q %q %q", g.Type, aws.ToString(g.ID), aws.ToString(g.URI), aws.ToString(g.EmailAddress))
}

// expectACL demands that the ACL reads as the grants; that of a bucket once it
// has settled.
func (p *place) expectACL(ctx context.Context, key string, grants ...grant) {
	p.expectEither(ctx, key, listOf(grants...))
}

// expectEither demands that the ACL reads as one of the lists.
func (p *place) expectEither(ctx context.Context, key string, want ...list) {
	got, err := p.acl(ctx, key)
	reads := func() bool {
		return err == nil && slices.ContainsFunc(want, func(l list) bool { return slices.Equal(l, got) })
	}
	if !reads() && (key == "" || p.turned) {
		_ = Settled(ctx, p.s, "the ACL of "+p.thing(key)+" reads as expected", func() error { // judged below
			if got, err = p.acl(ctx, key); !reads() {
				return errors.New("it reads otherwise")
			}
			return nil
		})
	}
	p.s.Expect(err).To(OK(), "read the ACL of %s", p.thing(key))
	if len(want) == 1 {
		p.s.Expect(got).To(Equal(want[0]), "ACL of %s", p.thing(key))
		return
	}
	p.s.Expect(got).To(BeElementOf(want), "ACL of %s", p.thing(key))
}

func (p *place) thing(key string) string {
	if key == "" {
		return "the bucket"
	}
	return key
}
