package auth

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
)

// Who is nobody, or somebody else. The core's operations are tried by nobody
// in the table of forgeries; here are those of other features.

func init() {
	beyondCore := slices.DeleteFunc(sample.Every(), func(op sample.Operation) bool { return slices.Contains(Profiles["core"], op.Need) })
	for _, op := range append(beyondCore, sample.Variants()...) {
		Add(Scenario{
			ID:    "auth.anonymous." + named(op),
			Rule:  "AN-01",
			Says:  "A request without credentials for a private bucket MUST be refused with 403 AccessDenied: " + op.Name + ".",
			Ref:   apiErrors,
			Level: Must,
			Needs: []Feature{Auth, op.Need},
			Check: func(ctx context.Context, s *S) {
				st := sample.Prepare(ctx, s)
				r := st.Request(op)
				r.As = Anonymous
				if got := s.Send(ctx, r); !deniedEach(op, got) {
					s.Expect(got).To(refused(op.Method, denied))
				}
				st.ExpectUnchanged(ctx)
			},
		})
	}
}

// named is the operation as a word of an id.
func named(op sample.Operation) string {
	return strings.ToLower(strings.ReplaceAll(op.Name, " ", "-"))
}

var _ = Add(Scenario{
	ID:    "auth.anonymous.absent-key",
	Rule:  "AN-01",
	Says:  "A request without credentials MUST be refused with 403 AccessDenied for a key that does not exist too, so that nobody learns which keys do.",
	Ref:   api + "API_GetObject.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			s.Expect(s.Send(ctx, Request{Method: method, Bucket: b, Key: "absent", As: Anonymous})).To(refused(method, denied), method)
		}
	},
})

var _ = Add(Scenario{
	ID:    "auth.anonymous.list-buckets",
	Rule:  "AN-01",
	Says:  "A ListBuckets without credentials MUST NOT return a list.",
	Ref:   api + "API_ListBuckets.html",
	Level: Must,
	Needs: []Feature{Auth, Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		r := s.Send(ctx, Request{Path: "/", As: Anonymous})
		s.Observe("ListBuckets without credentials", Outcome(r))
		if strings.Contains(string(r.Body), "ListAllMyBucketsResult") || strings.Contains(string(r.Body), b) {
			s.Silently("got %s with a list of buckets, want a refusal", Outcome(r))
		}
	},
})

// deniedEach reports whether a DeleteObjects was refused key by key, as its page
// lets a server answer: each has its own error inside a 200.
func deniedEach(op sample.Operation, r *Response) bool {
	body := string(r.Body)
	return strings.HasPrefix(op.Name, "DeleteObjects") && r.Status == 200 &&
		strings.Contains(body, "<Code>AccessDenied</Code>") && !strings.Contains(body, "<Deleted>")
}

// accountless are operations that are not about the other account's bucket.
var accountless = map[string]bool{"ListBuckets": true, "CreateBucket": true}

func init() {
	for _, op := range append(sample.Every(), sample.Variants()...) {
		if accountless[op.Name] {
			continue
		}
		Add(Scenario{
			ID:    "auth.other-account." + named(op),
			Rule:  "AN-16",
			Says:  "A request of another account for a private bucket MUST be refused with 403 AccessDenied: " + op.Name + ".",
			Ref:   guideBlock,
			Level: Must,
			Needs: []Feature{Auth, SecondAccount, op.Need},
			Check: func(ctx context.Context, s *S) {
				st := sample.Prepare(ctx, s)
				r := st.Request(op)
				r.As = AltAccount
				if got := s.Send(ctx, r); !deniedEach(op, got) {
					s.Expect(got).To(refused(op.Method, denied))
				}
				st.ExpectUnchanged(ctx)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.other-account.buckets",
	Rule:  "AN-16",
	Says:  "ListBuckets MUST return the caller's own buckets only.",
	Ref:   api + "API_ListBuckets.html",
	Level: Must,
	Needs: []Feature{Auth, SecondAccount, Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		out, err := s.Alt().ListBuckets(ctx, &s3.ListBucketsInput{})
		s.Expect(err).To(OK())
		for _, other := range out.Buckets {
			s.Expect(aws.ToString(other.Name)).NotTo(Equal(b), "a bucket listed for the other account")
		}
	},
})

var _ = Add(Scenario{
	ID:    "auth.other-account.key-with-own-secret",
	Rule:  "AN-03",
	Says:  "A request in the name of one account that is signed with the secret of another MUST be refused with 403 SignatureDoesNotMatch.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Auth, SecondAccount, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, r := range []Request{get(b), put(b, "new"), del(b)} {
			r.Scope = swapSecret(s)
			s.Expect(s.Send(ctx, r)).To(refused(r.Method, mismatch), r.Method)
		}
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})
