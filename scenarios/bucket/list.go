package bucket

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// find returns the entry of name in a listing, nil when there is none.
func find(list []types.Bucket, name string) *types.Bucket {
	i := slices.IndexFunc(list, func(b types.Bucket) bool { return aws.ToString(b.Name) == name })
	if i < 0 {
		return nil
	}
	return &list[i]
}

// awaitListed waits until the buckets are listed, which AWS documents as
// eventual. Pages and filters are judged behind it.
func awaitListed(ctx context.Context, s *S, buckets ...string) {
	s.Settle(ctx, "the new buckets are listed", func() error {
		out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{})
		if err != nil {
			return err
		}
		for _, b := range buckets {
			if find(out.Buckets, b) == nil {
				return fmt.Errorf("%s is not listed", b)
			}
		}
		return nil
	})
}

// names returns the names in a listing, in its order.
func names(list []types.Bucket) []string {
	var out []string
	for _, b := range list {
		out = append(out, aws.ToString(b.Name))
	}
	return out
}

var _ = Add(Scenario{
	ID:    "bucket.list.entry",
	Rule:  "B-14",
	Says:  "ListBuckets MUST return the owner, and each bucket with its CreationDate as an ISO 8601 date in UTC.",
	Ref:   refList + "#API_ListBuckets_ResponseElements",
	SDK:   "s3@v1.114.8 ListBucketsOutput.Owner",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		awaitListed(ctx, s, b)
		r := s.Send(ctx, Request{Path: "/"})
		s.Expect(r).To(HaveStatus(200))
		var body struct {
			Owner   struct{ ID string }
			Buckets []struct{ Name, CreationDate string } `xml:"Buckets>Bucket"`
		}
		s.Expect(xml.Unmarshal(r.Body, &body)).To(Succeed(), "body of the 200")
		s.Expect(body.Owner.ID).NotTo(BeEmpty(), "the owner's ID")
		for _, entry := range body.Buckets {
			if entry.Name == b {
				s.Expect(entry.CreationDate).To(MatchRegexp(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`), "CreationDate")
				return
			}
		}
		s.Expect(body.Buckets).To(ContainElement(HaveField("Name", b)))
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.creation-date",
	Rule:  "B-14",
	Says:  "The CreationDate of a bucket MUST be the time of its creation, and the same in every listing while the bucket is not configured.",
	Ref:   api + "API_Bucket.html",
	SDK:   "s3@v1.114.8 types.Bucket.CreationDate",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		awaitListed(ctx, s, b)
		var seen []time.Time
		for range 3 {
			out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{})
			s.Expect(err).To(OK())
			now, err := http.ParseTime(HeaderOf(out.ResultMetadata).Get("Date"))
			s.Must(err, "read the server's Date")
			entry := find(out.Buckets, b)
			s.Expect(entry).NotTo(BeNil(), "the new bucket is listed")
			s.Expect(aws.ToTime(entry.CreationDate)).To(BeTemporally("~", now, 5*time.Minute), "CreationDate of a new bucket, by the server's clock")
			seen = append(seen, aws.ToTime(entry.CreationDate))
		}
		s.Expect(slices.Compact(seen)).To(HaveLen(1), "CreationDate in three listings")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.sorted",
	Rule:  "B-14",
	Says:  "ListBuckets SHOULD return the buckets in the order of their names.",
	Ref:   refList,
	Level: Should,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.NewName()
		for _, suffix := range []string{"-z", "-a", "-m"} {
			_, err := s.SDK().CreateBucket(ctx, creation(s, s.InvalidName(name+suffix)))
			s.Must(err, "create a bucket")
		}
		out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{})
		s.Expect(err).To(OK())
		s.Expect(slices.IsSorted(names(out.Buckets))).To(BeTrue(), "the names ascend")
	},
})

// maxPages bounds a paged listing that does not end.
const maxPages = 20

var _ = Add(Scenario{
	ID:    "bucket.list.pages",
	Rule:  "B-15",
	Says:  "ListBuckets with max-buckets MUST return pages of at most that many, each bucket once, and no ContinuationToken on the last.",
	Ref:   refList + "#API_ListBuckets_RequestSyntax",
	SDK:   "s3@v1.114.8 ListBucketsOutput.ContinuationToken",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		mine := []string{s.Bucket(ctx), s.Bucket(ctx), s.Bucket(ctx)}
		awaitListed(ctx, s, mine...)
		all, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{MaxBuckets: aws.Int32(10_000)})
		s.Must(err, "count the buckets")
		in := &s3.ListBucketsInput{MaxBuckets: aws.Int32(max(2, int32(len(all.Buckets)/4)))}
		var seen []string
		for page := 1; ; page++ {
			s.Expect(page).To(BeNumerically("<=", maxPages), "pages")
			out, err := s.SDK().ListBuckets(ctx, in)
			s.Expect(err).To(OK(), "page %d", page)
			s.Expect(len(out.Buckets)).To(BeNumerically("<=", int(*in.MaxBuckets)), "buckets on page %d", page)
			seen = append(seen, names(out.Buckets)...)
			if in.ContinuationToken = out.ContinuationToken; aws.ToString(in.ContinuationToken) == "" {
				break
			}
		}
		for _, b := range mine {
			s.Expect(count(seen, b)).To(Equal(1), "times that %s is listed", b)
		}
		s.Expect(len(slices.Compact(slices.Sorted(slices.Values(seen))))).To(Equal(len(seen)), "no bucket is listed twice")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.full-page",
	Rule:  "B-15",
	Says:  "A page of ListBuckets that is full and holds the last bucket MUST have no ContinuationToken, which is there when there are more.",
	Ref:   refList + "#API_ListBuckets_ResponseElements",
	SDK:   "s3@v1.114.8 ListBucketsOutput.ContinuationToken",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		awaitListed(ctx, s, b)
		in := &s3.ListBucketsInput{Prefix: &b}
		all, err := s.SDK().ListBuckets(ctx, in)
		s.Must(err, "count the buckets")
		in.MaxBuckets = aws.Int32(int32(len(all.Buckets)))
		out, err := s.SDK().ListBuckets(ctx, in)
		s.Expect(err).To(OK())
		s.Expect(names(out.Buckets)).To(ContainElement(b), "the one page")
		s.Expect(aws.ToString(out.ContinuationToken)).To(BeEmpty(), "ContinuationToken")
	},
})

func count(list []string, name string) (n int) {
	for _, x := range list {
		if x == name {
			n++
		}
	}
	return n
}

var _ = Add(Scenario{
	ID:    "bucket.list.prefix",
	Rule:  "B-16",
	Says:  "ListBuckets with prefix MUST return only buckets whose names begin with it, and the Prefix itself.",
	Ref:   refList + "#API_ListBuckets_ResponseElements",
	SDK:   "s3@v1.114.8 ListBucketsOutput.Prefix",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		other := s.Bucket(ctx)
		awaitListed(ctx, s, b, other)
		out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{Prefix: &b})
		s.Expect(err).To(OK())
		s.Expect(find(out.Buckets, b)).NotTo(BeNil(), "the bucket itself is listed")
		for _, name := range names(out.Buckets) {
			s.Expect(name).To(HavePrefix(b), "a listed name")
		}
		s.Expect(aws.ToString(out.Prefix)).To(Equal(b), "Prefix")
		out, err = s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{Prefix: aws.String(other + "-none")})
		s.Expect(err).To(OK(), "a prefix that nothing has")
		s.Expect(out.Buckets).To(BeEmpty(), "a prefix that nothing has")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.region",
	Rule:  "B-16",
	Says:  "ListBuckets with bucket-region MUST return only buckets of that region, and each bucket's BucketRegion.",
	Ref:   refList + "#API_ListBuckets_RequestSyntax",
	SDK:   "s3@v1.114.8 types.Bucket.BucketRegion",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		awaitListed(ctx, s, b)
		out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{BucketRegion: aws.String(s.Target().Region)})
		s.Expect(err).To(OK())
		s.Expect(find(out.Buckets, b)).NotTo(BeNil(), "the new bucket is listed")
		for _, x := range out.Buckets {
			s.Expect(aws.ToString(x.BucketRegion)).To(Equal(s.Target().Region), "BucketRegion of %s", aws.ToString(x.Name))
		}
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.region.other",
	Rule:  "B-16",
	Says:  "ListBuckets with the bucket-region of another endpoint, which is not supported, MUST NOT return buckets of this one.",
	Ref:   refList + "#API_ListBuckets_RequestSyntax",
	SDK:   "s3@v1.114.8 ListBucketsInput.BucketRegion",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b, other := s.Bucket(ctx), "ap-south-1"
		if s.Target().Region == other {
			other = "eu-west-1"
		}
		awaitListed(ctx, s, b)
		out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{BucketRegion: &other})
		s.Observe("bucket-region of another endpoint", Outcome(err))
		if err == nil && find(out.Buckets, b) != nil {
			s.Silently("a bucket of %s is listed with bucket-region=%s", s.Target().Region, other)
		}
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.prefix.pages",
	Rule:  "B-16",
	Says:  "ListBuckets with prefix and max-buckets MUST keep to the prefix on every page, and give each such bucket once.",
	Ref:   refList + "#API_ListBuckets_RequestSyntax",
	SDK:   "s3@v1.114.8 ListBucketsInput.Prefix",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		stem := s.NewName()
		for _, suffix := range []string{"-p1", "-p2", "-p3", "-q"} { // the last sorts behind the prefix -p
			_, err := s.SDK().CreateBucket(ctx, creation(s, s.InvalidName(stem+suffix)))
			s.Must(err, "create a bucket")
		}
		awaitListed(ctx, s, stem+"-p1", stem+"-p2", stem+"-p3", stem+"-q")
		in := &s3.ListBucketsInput{Prefix: aws.String(stem + "-p"), MaxBuckets: aws.Int32(1)}
		var seen []string
		for page := 1; page == 1 || aws.ToString(in.ContinuationToken) != ""; page++ {
			s.Expect(page).To(BeNumerically("<=", maxPages), "pages")
			out, err := s.SDK().ListBuckets(ctx, in)
			s.Expect(err).To(OK(), "page %d", page)
			seen, in.ContinuationToken = append(seen, names(out.Buckets)...), out.ContinuationToken
		}
		s.Expect(seen).To(ConsistOf(stem+"-p1", stem+"-p2", stem+"-p3"))
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.max-buckets.invalid",
	Rule:  "B-17",
	Says:  "ListBuckets with a max-buckets outside 1 to 10,000 SHOULD fail with 400 InvalidArgument.",
	Ref:   refList + "#API_ListBuckets_RequestSyntax",
	Level: Should,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		for _, bad := range []string{"0", "-1", "10001", "abc"} {
			s.Expect(s.Send(ctx, Request{Path: "/", Query: "max-buckets=" + bad})).To(FailWith(400, "InvalidArgument"), "max-buckets=%s", bad)
		}
	},
})

var _ = Add(Scenario{
	ID:    "bucket.list.default-page",
	Rule:  "B-22",
	Says:  "ListBuckets with a prefix and no max-buckets MUST return pages of 10,000, with a ContinuationToken only when there are more buckets.",
	Ref:   refList + "#API_ListBuckets_RequestSyntax",
	SDK:   "s3@v1.114.8 ListBucketsInput.ContinuationToken",
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		awaitListed(ctx, s, b)
		out, err := s.SDK().ListBuckets(ctx, &s3.ListBucketsInput{Prefix: &b})
		s.Expect(err).To(OK())
		s.Expect(len(out.Buckets)).To(BeNumerically("<=", 10_000), "buckets on a page")
		if len(out.Buckets) < 10_000 {
			s.Expect(aws.ToString(out.ContinuationToken)).To(BeEmpty(), "ContinuationToken behind %d buckets", len(out.Buckets))
		}
		s.Expect(find(out.Buckets, b)).NotTo(BeNil(), "the bucket is listed")
	},
})

var _ = Add(Scenario{
	ID:    "bucket.apart",
	Rule:  "B-18",
	Says:  "What is in a bucket MUST NOT show in another: neither objects, versions and uploads of the same keys nor their bytes.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html",
	Level: Must,
	Needs: []Feature{Buckets, Objects, Listing, Versioning, Multipart},
	Check: func(ctx context.Context, s *S) {
		one, other, key := s.VersionedBucket(ctx), s.VersionedBucket(ctx), aws.String("k")
		ours := s.MustPut(ctx, one, "k", "of the one")
		theirs := s.MustPut(ctx, other, "k", "of the other")
		s.MustPut(ctx, other, "more", "of the other")
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &other, Key: key})
		s.Must(err, "begin an upload in the other bucket")
		s.ExpectBody(ctx, one, "k", "of the one")
		_, err = s.Head(ctx, one, "more")
		s.Expect(err).To(FailWith(404), "HEAD of a key of the other bucket")
		_, err = s.Get(ctx, one, "k", Version(aws.ToString(theirs.VersionId)))
		s.Expect(err).To(FailWithAny(Answer{Status: 404}, Answer{Status: 400}), "GET of a version of the other bucket")
		list, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &one})
		s.Expect(err).To(OK(), "ListObjectsV2")
		s.Expect(list.Contents).To(HaveLen(1), "keys")
		versions, err := s.SDK().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &one})
		s.Expect(err).To(OK(), "ListObjectVersions")
		s.Expect(versions.Versions).To(HaveLen(1), "versions")
		s.Expect(aws.ToString(versions.Versions[0].VersionId)).To(Equal(aws.ToString(ours.VersionId)), "the version")
		uploads, err := s.SDK().ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: &one})
		s.Expect(err).To(OK(), "ListMultipartUploads")
		s.Expect(uploads.Uploads).To(BeEmpty(), "uploads")
		_, err = s.Delete(ctx, one, "k")
		s.Expect(err).To(OK(), "DELETE in the one")
		s.ExpectBody(ctx, other, "k", "of the other")
		_, err = s.SDK().ListParts(ctx, &s3.ListPartsInput{Bucket: &other, Key: key, UploadId: up.UploadId})
		s.Expect(err).To(OK(), "ListParts of the upload in the other")
	},
})
