// Package listing holds the rules of ListObjects and ListObjectsV2: order,
// prefixes, delimiters, pages, encoding and what an entry tells. It knows a
// model of a listing, and nothing of how objects come to be.
package listing

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

const (
	refV1       = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html"
	refV2       = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"
	refObject   = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html"
	refKeys     = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html"
	refPrefixes = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-prefixes.html"
	refMeasured = "https://github.com/brekkylab/backlot/pull/204" // by S3 of September 2026
	refStrong   = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel"
	sdkV1       = "s3@v1.114.8 ListObjectsInput"
	sdkV2       = "s3@v1.114.8 ListObjectsV2Input"
	sdkV1Out    = "s3@v1.114.8 ListObjectsOutput"
	sdkV2Out    = "s3@v1.114.8 ListObjectsV2Output"
)

// versions are the two forms of the operation; a rule that both document is
// checked on both.
var versions = []int{1, 2}

// A query is one listing request. The zero value of each field is not sent.
type query struct {
	V         int // 1 or 2
	Prefix    string
	Delimiter string
	After     string // marker of V1, start-after of V2
	Max       int32  // max-keys
	Encoded   bool   // encoding-type=url
}

func (q query) String() string {
	after := map[int]string{1: "marker", 2: "start-after"}[q.V]
	s := fmt.Sprintf("V%d prefix=%q delimiter=%q %s=%q", q.V, q.Prefix, q.Delimiter, after, q.After)
	if q.Max > 0 {
		s += fmt.Sprintf(" max-keys=%d", q.Max)
	}
	if q.Encoded {
		s += " encoding-type=url"
	}
	return s
}

// A page is one answer, its names decoded.
type page struct {
	Keys, Prefixes []string
	Truncated      bool
	Count          *int32 // KeyCount of V2
	Next           string // NextMarker of V1, NextContinuationToken of V2
}

// entries is how many results the page counts for.
func (p page) entries() int { return len(p.Keys) + len(p.Prefixes) }

// fetch asks for one page: the first when from is empty, else the one behind
// the marker (V1) or token (V2) from.
func fetch(ctx context.Context, s *S, bucket string, q query, from string) (page, error) {
	if q.V == 1 {
		return fetchV1(ctx, s, bucket, q, from)
	}
	in := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: set(q.Prefix), Delimiter: set(q.Delimiter),
		StartAfter: set(q.After), ContinuationToken: set(from), EncodingType: q.encoding()}
	if q.Max > 0 {
		in.MaxKeys = &q.Max
	}
	out, err := s.SDK().ListObjectsV2(ctx, in)
	if err != nil {
		return page{}, err
	}
	p := page{Truncated: aws.ToBool(out.IsTruncated), Count: out.KeyCount, Next: aws.ToString(out.NextContinuationToken)}
	return p, p.fill(q, out.Contents, out.CommonPrefixes)
}

func fetchV1(ctx context.Context, s *S, bucket string, q query, from string) (page, error) {
	if from == "" {
		from = q.After
	}
	in := &s3.ListObjectsInput{Bucket: &bucket, Prefix: set(q.Prefix), Delimiter: set(q.Delimiter),
		Marker: set(from), EncodingType: q.encoding()}
	if q.Max > 0 {
		in.MaxKeys = &q.Max
	}
	out, err := s.SDK().ListObjects(ctx, in)
	if err != nil {
		return page{}, err
	}
	p := page{Truncated: aws.ToBool(out.IsTruncated), Next: aws.ToString(out.NextMarker)}
	if err := p.fill(q, out.Contents, out.CommonPrefixes); err != nil {
		return page{}, err
	}
	if p.Next != p.last() { // else a server that leaves NextMarker as it is, which no page forbids
		p.Next, err = q.decode(p.Next)
	}
	return p, err
}

// list is fetch of the first page, which must succeed.
func list(ctx context.Context, s *S, bucket string, q query) page {
	p, err := fetch(ctx, s, bucket, q, "")
	s.Expect(err).To(OK(), "list %s", q)
	return p
}

// maxPages bounds a listing that does not end: more than any has here, on a server
// whose pages are small too.
const maxPages = 1100

// whole is a listing followed to its end, as one page: the documentation allows
// a page to hold fewer entries than it could.
func whole(ctx context.Context, s *S, bucket string, q query) page {
	all := page{Keys: []string{}, Prefixes: []string{}}
	from := ""
	for n := 1; ; n++ {
		s.Expect(n).To(gomega.BeNumerically("<=", maxPages), "pages of %s", q)
		p, err := fetch(ctx, s, bucket, q, from)
		s.Expect(err).To(OK(), "page %d of %s", n, q)
		all.Keys, all.Prefixes = append(all.Keys, p.Keys...), append(all.Prefixes, p.Prefixes...)
		if !p.Truncated {
			return all
		}
		if from = p.next(q); from == "" || p.entries() == 0 {
			s.Expect(p.Truncated).To(gomega.BeFalse(), "IsTruncated of page %d of %s, behind which nothing is to be had", n, q)
		}
	}
}

func (q query) encoding() types.EncodingType {
	if q.Encoded {
		return types.EncodingTypeUrl
	}
	return ""
}

// decode undoes the encoding that q asked for, as clients do: percent-encoding
// in which "+" may stand for a space.
func (q query) decode(name string) (string, error) {
	if !q.Encoded {
		return name, nil
	}
	plain, err := url.QueryUnescape(name)
	if err != nil {
		return "", fmt.Errorf("%q is not URL-encoded: %w", name, err)
	}
	return plain, nil
}

func (p *page) fill(q query, contents []types.Object, prefixes []types.CommonPrefix) error {
	p.Keys, p.Prefixes = []string{}, []string{}
	for _, o := range contents {
		name, err := q.decode(aws.ToString(o.Key))
		if err != nil {
			return err
		}
		p.Keys = append(p.Keys, name)
	}
	for _, c := range prefixes {
		name, err := q.decode(aws.ToString(c.Prefix))
		if err != nil {
			return err
		}
		p.Prefixes = append(p.Prefixes, name)
	}
	return nil
}

// set is nil for "", so that the parameter is not sent.
func set(v string) *string {
	if v == "" {
		return nil
	}
	return &v
}

// putAll stores an object under each key, its body the key, as a precondition.
func putAll(ctx context.Context, s *S, bucket string, keys ...string) {
	s.Must(each(keys, func(key string) error {
		_, err := s.Put(ctx, bucket, key, key)
		return err
	}), fmt.Sprintf("put %d keys", len(keys)))
}

// deleteAll deletes the keys, as a precondition.
func deleteAll(ctx context.Context, s *S, bucket string, keys ...string) {
	s.Must(each(keys, func(key string) error {
		_, err := s.Delete(ctx, bucket, key)
		return err
	}), fmt.Sprintf("delete %d keys", len(keys)))
}

// each calls do for every key, eight at a time, and returns the first error.
func each(keys []string, do func(string) error) error {
	var (
		wg    sync.WaitGroup
		once  sync.Once
		first error
		queue = make(chan string)
	)
	for range min(8, len(keys)) {
		wg.Go(func() {
			for key := range queue {
				if err := do(key); err != nil {
					once.Do(func() { first = fmt.Errorf("key %q: %w", key, err) })
				}
			}
		})
	}
	for _, key := range keys {
		queue <- key
	}
	close(queue)
	wg.Wait()
	return first
}

// numbered returns n keys that sort as they are numbered.
func numbered(stem string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("%s%05d", stem, i)
	}
	return keys
}
