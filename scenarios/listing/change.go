package listing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "listing.change.put",
	Rule:  "L-22",
	Says:  "A listing that starts after a PUT was answered MUST hold the key.",
	Ref:   refStrong,
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for n, key := range []string{"a", "b/1", "c"} {
			s.MustPut(ctx, b, key, "v")
			for _, v := range versions {
				s.Expect(whole(ctx, s, b, query{V: v}).Keys).To(Equal([]string{"a", "b/1", "c"}[:n+1]), "V%d after PUT of %s", v, key)
			}
		}
		s.Expect(whole(ctx, s, b, query{V: 2, Delimiter: "/"}).Prefixes).To(Equal([]string{"b/"}))
	},
})

var _ = Add(Scenario{
	ID:    "listing.change.delete",
	Rule:  "L-22",
	Says:  "A listing that starts after a DELETE was answered MUST NOT hold the key, nor a common prefix whose last key it was.",
	Ref:   refStrong,
	Level: Must,
	Needs: []Feature{Listing},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a", "b/1", "b/2", "c")
		deleteAll(ctx, s, b, "b/1")
		s.Expect(whole(ctx, s, b, query{V: 2}).Keys).To(Equal([]string{"a", "b/2", "c"}), "after DELETE of b/1")
		s.Expect(whole(ctx, s, b, query{V: 2, Delimiter: "/"}).Prefixes).To(Equal([]string{"b/"}), "after DELETE of b/1")
		deleteAll(ctx, s, b, "b/2")
		for _, v := range versions {
			s.Expect(whole(ctx, s, b, query{V: v}).Keys).To(Equal([]string{"a", "c"}), "V%d after DELETE of b/2", v)
			s.Expect(whole(ctx, s, b, query{V: v, Delimiter: "/"}).Prefixes).To(BeEmpty(), "V%d after DELETE of b/2", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.change.complete",
	Rule:  "L-22",
	Says:  "A listing that starts after CompleteMultipartUpload was answered MUST hold the key with its size.",
	Ref:   refStrong,
	Level: Must,
	Needs: []Feature{Listing, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		id, part := upload(ctx, s, b, "k", "one part")
		_, err := s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: aws.String("k"), UploadId: &id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part}}}})
		s.Must(err, "complete the upload")
		for _, v := range versions {
			s.Expect(one(ctx, s, b, v).Size).To(HaveValue(BeEquivalentTo(len("one part"))), "V%d", v)
		}
	},
})

// upload starts an upload with one part.
func upload(ctx context.Context, s *S, bucket, key, body string) (id string, part *string) {
	created, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key})
	s.Must(err, "create an upload")
	out, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &bucket, Key: &key, UploadId: created.UploadId,
		PartNumber: aws.Int32(1), Body: strings.NewReader(body)})
	s.Must(err, "upload a part")
	return aws.ToString(created.UploadId), out.ETag
}

var _ = Add(Scenario{
	ID:    "listing.uploads.hidden",
	Rule:  "L-19",
	Says:  "Uploads in progress MUST NOT be listed, neither as keys nor as common prefixes.",
	Ref:   refV2,
	SDK:   "s3@v1.114.8 Client.ListObjectsV2",
	Level: Must,
	Needs: []Feature{Listing, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		putAll(ctx, s, b, "a")
		upload(ctx, s, b, "b", "part")
		upload(ctx, s, b, "c/d", "part")
		for _, v := range versions {
			got := whole(ctx, s, b, query{V: v, Delimiter: "/"})
			s.Expect(got.Keys).To(Equal([]string{"a"}), "keys, V%d", v)
			s.Expect(got.Prefixes).To(BeEmpty(), "common prefixes, V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.delete-markers.hidden",
	Rule:  "L-19",
	Says:  "A key whose current version is a delete marker MUST NOT be listed.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html",
	Level: Must,
	Needs: []Feature{Listing, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		putAll(ctx, s, b, "a", "b", "c/d")
		deleteAll(ctx, s, b, "b", "c/d", "never")
		for _, v := range versions {
			got := whole(ctx, s, b, query{V: v, Delimiter: "/"})
			s.Expect(got.Keys).To(Equal([]string{"a"}), "keys, V%d", v)
			s.Expect(got.Prefixes).To(BeEmpty(), "common prefixes, V%d", v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.delete-markers.many",
	Rule:  "L-19",
	Says:  "Keys that are deleted MUST NOT hide those behind them: a listing goes on until it has them, on this page or, where it says that there is more, on a later one.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html#API_ListObjectsV2_ResponseElements",
	Level: Must,
	Needs: []Feature{Listing, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		for _, part := range []int{1000, 500} { // 1,500 markers, of keys that never were
			in := &types.Delete{Quiet: aws.Bool(true)}
			for n := range part {
				in.Objects = append(in.Objects, types.ObjectIdentifier{Key: aws.String(fmt.Sprintf("deleted/%d-%04d", part, n))})
			}
			_, err := s.SDK().DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: in})
			s.Must(err, "delete many keys")
		}
		putAll(ctx, s, b, "first", "later")
		for _, prefix := range []string{"", "deleted/"} {
			keys, pages := []string{}, 0
			for token := (*string)(nil); pages == 0 || token != nil; pages++ { // a page may be empty and yet not the last
				s.Expect(pages).To(BeNumerically("<", 20), "pages")
				out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b, Prefix: &prefix, ContinuationToken: token})
				s.Expect(err).To(OK(), "ListObjectsV2")
				for _, o := range out.Contents {
					keys = append(keys, aws.ToString(o.Key))
				}
				token = out.NextContinuationToken
			}
			s.Expect(keys).To(Equal(map[string][]string{"": {"first", "later"}, "deleted/": {}}[prefix]), "keys with the prefix %q", prefix)
		}
	},
})

var _ = Add(Scenario{
	ID:    "listing.versions.current-only",
	Rule:  "L-19",
	Says:  "A key with several versions MUST be listed once, with the size of the current one.",
	Ref:   "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html",
	Level: Must,
	Needs: []Feature{Listing, Versioning},
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		s.MustPut(ctx, b, "k", "older")
		s.MustPut(ctx, b, "k", "old one")
		s.MustPut(ctx, b, "k", "newest one")
		for _, v := range versions {
			s.Expect(one(ctx, s, b, v).Size).To(HaveValue(BeEquivalentTo(len("newest one"))), "V%d", v)
		}
	},
})

var _ = func() struct{} {
	for _, v := range versions {
		Add(Scenario{
			ID:    map[int]string{1: "listing.paging.changes.v1", 2: "listing.paging.changes.v2"}[v],
			Rule:  "L-23",
			Says:  "Keys written or deleted while pages are fetched MUST NOT make a listing lose or repeat a key that nobody touched.",
			Ref:   refStrong,
			Level: Must,
			Needs: []Feature{Listing},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				stay, leave := numbered("k", 9), []string{"k00000-", "k00001-", "k00002-", "k00005-", "k00007-"}
				putAll(ctx, s, b, append(slices.Clone(stay), leave...)...)
				seen, problem := pageThrough(ctx, s, b, query{V: v, Max: 4}, func(last string) {
					for _, key := range leave[:min(2, len(leave))] {
						if v == 2 || key != last { // V1 needs its marker, which is documented to be a key
							deleteAll(ctx, s, b, key)
						}
					}
					leave = leave[min(2, len(leave)):]
					putAll(ctx, s, b, "a", "a"+last, "z")
				})
				s.Expect(problem).To(Equal(""), "V%d", v)
				s.Expect(only(seen, stay)).To(Equal(stay), "keys that nobody touched, V%d", v)
			},
		})
	}
	return struct{}{}
}()

// pageThrough follows a listing to its end, calls between with the last key
// before each further page, and returns all keys in the order they came.
func pageThrough(ctx context.Context, s *S, bucket string, q query, between func(last string)) (seen []string, problem string) {
	from := ""
	for n := 0; n < maxPages; n++ {
		p, err := fetch(ctx, s, bucket, q, from)
		s.Expect(err).To(OK(), "page %d of %s", n+1, q)
		seen = append(seen, p.Keys...)
		if !p.Truncated {
			return seen, ""
		}
		if from = p.next(q); from == "" {
			return seen, "IsTruncated is true and nothing tells where to go on"
		}
		if len(seen) > 0 {
			between(seen[len(seen)-1])
		}
	}
	return seen, fmt.Sprintf("the listing did not end within %d pages", maxPages)
}

// only keeps the names of seen that are in wanted.
func only(seen, wanted []string) []string {
	return slices.DeleteFunc(slices.Clone(seen), func(k string) bool { return !slices.Contains(wanted, k) })
}
