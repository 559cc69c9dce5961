package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// What becomes of current versions, where a hook moves the clock.

var hooked = []Feature{Objects, Lifecycle, ClockHook}

// later moves the bucket to an hour behind (or, negative, before) the midnight at
// which what was made now is due after days. Objects are as old as the server's
// answers say, whatever its clock.
func later(ctx context.Context, s *S, bucket string, made time.Time, days int, by time.Duration) {
	s.Later(ctx, bucket, due(made, days).Add(by))
}

// dated puts an object and returns its date.
func dated(ctx context.Context, s *S, bucket, key, body string, opts ...Opt) time.Time {
	s.MustPut(ctx, bucket, key, body, opts...)
	head, err := s.Head(ctx, bucket, key)
	s.Must(err, "read the date of "+key)
	return *head.LastModified
}

// versions are the versions and delete markers of a bucket as key/n: n is the
// place of its id among ids, m a marker that is not among them.
func versions(ctx context.Context, s *S, bucket string, ids ...string) ([]string, error) {
	out, err := s.SDK().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, v := range out.Versions {
		found = append(found, fmt.Sprintf("%s/%d", aws.ToString(v.Key), slices.Index(ids, aws.ToString(v.VersionId))))
	}
	for _, m := range out.DeleteMarkers {
		name := fmt.Sprintf("%s/%d", aws.ToString(m.Key), slices.Index(ids, aws.ToString(m.VersionId)))
		if !slices.Contains(ids, aws.ToString(m.VersionId)) {
			name = aws.ToString(m.Key) + "/m"
		}
		found = append(found, name)
	}
	slices.Sort(found)
	return found, nil
}

// expectVersions demands that the bucket comes to have those and no others.
func expectVersions(ctx context.Context, s *S, bucket string, ids []string, want ...string) {
	var got []string
	err := Settled(ctx, s, fmt.Sprintf("the versions are %v", want), func() (err error) {
		if got, err = versions(ctx, s, bucket, ids...); err == nil && !slices.Equal(got, want) {
			err = errors.New("they are not")
		}
		return err
	})
	if err != nil {
		s.Expect(got).To(Equal(want), "versions")
	}
}

// expectKeys demands that the bucket comes to list those keys.
func expectKeys(ctx context.Context, s *S, bucket string, want ...string) {
	var got []string
	err := Settled(ctx, s, fmt.Sprintf("the keys are %v", want), func() error {
		out, err := s.SDK().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &bucket})
		if err != nil {
			return err
		}
		got = []string{}
		for _, o := range out.Contents {
			got = append(got, aws.ToString(o.Key))
		}
		if !slices.Equal(got, want) {
			return errors.New("they are not")
		}
		return nil
	})
	if err != nil {
		s.Expect(got).To(Equal(want), "keys")
	}
}

var _ = Add(Scenario{
	ID:    "lifecycle.expire.unversioned",
	Rule:  "LC-10",
	Says:  "In a bucket that was never versioned an object MUST be removed from the midnight in UTC on that follows its days, and not before.",
	Ref:   guideDays,
	Level: Must,
	Needs: hooked,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		set(ctx, s, b, ruleFor("<Filter><Prefix>a/</Prefix></Filter>", days(3)))
		made := dated(ctx, s, b, "a/k", "v")
		s.MustPut(ctx, b, "b/k", "v")
		later(ctx, s, b, made, 3, -time.Hour)
		s.ExpectBody(ctx, b, "a/k", "v")
		later(ctx, s, b, made, 3, time.Hour)
		expectKeys(ctx, s, b, "b/k")
		s.Expect(s.Send(ctx, Request{Bucket: b, Key: "a/k"})).To(FailWith(404, "NoSuchKey"))
		s.ExpectBody(ctx, b, "b/k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expire.versioned",
	Rule:  "LC-10",
	Says:  "In a versioned bucket the expiration of a current version MUST add a delete marker and leave the version, noncurrent.",
	Ref:   guideActions,
	Level: Must,
	Needs: append(hooked, Versioning),
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, rule(days(1)))
		one := aws.ToString(s.MustPut(ctx, b, "k", "one").VersionId)
		made := dated(ctx, s, b, "k", "two")
		head, err := s.Head(ctx, b, "k")
		s.Must(err, "read the id of the version")
		two := aws.ToString(head.VersionId)
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, []string{one, two}, "k/0", "k/1", "k/m")
		r := s.Send(ctx, Request{Bucket: b, Key: "k"})
		s.Expect(r).To(FailWith(404, "NoSuchKey"))
		s.Expect(r).To(HaveHeader("X-Amz-Delete-Marker", "true"))
		got, err := s.Get(ctx, b, "k", Version(two))
		s.Expect(err).To(OK(), "the version by its id")
		s.Expect(string(got.Bytes)).To(Equal("two"))
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expire.suspended",
	Rule:  "LC-10",
	Says:  "Where versioning is suspended the expiration of a current version MUST make a delete marker with the id null, which replaces the null version and leaves the others.",
	Ref:   guideActions,
	Level: Must,
	Needs: append(hooked, Versioning),
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		one := aws.ToString(s.MustPut(ctx, b, "k", "one").VersionId)
		s.SetVersioning(ctx, b, types.BucketVersioningStatusSuspended)
		set(ctx, s, b, rule(days(1)))
		made := dated(ctx, s, b, "k", "null")
		later(ctx, s, b, made, 1, time.Hour)
		expectVersions(ctx, s, b, []string{one, "null"}, "k/0", "k/1")
		out, err := s.SDK().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b})
		s.Expect(err).To(OK())
		s.Expect(out.DeleteMarkers).To(HaveLen(1), "delete markers")
		s.Expect(aws.ToString(out.DeleteMarkers[0].VersionId)).To(Equal("null"), "id of the delete marker")
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expire.marker-on-top",
	Rule:  "LC-10",
	Says:  "The expiration of a key whose current version is a delete marker with versions under it MUST do nothing.",
	Ref:   guideActions,
	Level: Must,
	Needs: append(hooked, Versioning),
	Check: func(ctx context.Context, s *S) {
		b := s.VersionedBucket(ctx)
		set(ctx, s, b, rule(days(1)))
		one := aws.ToString(s.MustPut(ctx, b, "k", "one").VersionId)
		del, err := s.Delete(ctx, b, "k")
		s.Must(err, "delete the key")
		made := dated(ctx, s, b, "other", "v")
		later(ctx, s, b, made, 1, time.Hour)
		other, err := s.SDK().ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &b, Prefix: aws.String("k")})
		s.Expect(err).To(OK())
		s.Expect(other.DeleteMarkers).To(HaveLen(1), "delete markers")
		s.Expect(aws.ToString(other.DeleteMarkers[0].VersionId)).To(Equal(aws.ToString(del.VersionId)))
		s.Expect(other.Versions).To(HaveLen(1), "versions")
		s.Expect(aws.ToString(other.Versions[0].VersionId)).To(Equal(one))
	},
})

var _ = Add(Scenario{
	ID:    "lifecycle.expire.date",
	Rule:  "LC-10",
	Says:  "A rule with a date MUST expire all objects from that date on, those too that were made later, and none before.",
	Ref:   guideElements + "#intro-lifecycle-rules-date",
	Level: Must,
	Needs: hooked,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		made := dated(ctx, s, b, "past/k", "v")
		s.MustPut(ctx, b, "next/k", "v")
		at := func(t time.Time) string {
			return "<Expiration><Date>" + t.Format(time.RFC3339) + "</Date></Expiration>"
		}
		set(ctx, s, b, ruleFor("<Filter><Prefix>past/</Prefix></Filter>", at(due(made, -9))), ruleFor("<Filter><Prefix>next/</Prefix></Filter>", at(due(made, 5))))
		later(ctx, s, b, made, 5, -time.Hour)
		expectKeys(ctx, s, b, "next/k")
		later(ctx, s, b, made, 5, time.Hour)
		expectKeys(ctx, s, b)
	},
})

// filters are what a rule is for, with one object that it is for and others that
// it is not for.
var filters = []struct {
	id, says, filter string
	goes             Request
	stay             []Request
}{
	{"prefix", "the keys that begin with its prefix", "<Filter><Prefix>a/b</Prefix></Filter>", Request{Key: "a/bc"}, []Request{{Key: "a/"}, {Key: "A/b"}, {Key: "x/a/b"}}},
	{"old-prefix", "the keys that begin with its Prefix", "<Prefix>a/b</Prefix>", Request{Key: "a/b"}, []Request{{Key: "a/a"}}},
	{"tag", "the objects that have its tag", "<Filter><Tag><Key>a</Key><Value>1</Value></Tag></Filter>", Request{Key: "k", Header: tags("b=2&a=1")},
		[]Request{{Key: "l", Header: tags("a=2")}, {Key: "m", Header: tags("A=1")}, {Key: "n"}}},
	{"tags", "the objects that have all of its tags", "<Filter><And><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag></And></Filter>",
		Request{Key: "k", Header: tags("c=3&b=2&a=1")}, []Request{{Key: "l", Header: tags("a=1")}, {Key: "m", Header: tags("a=1&b=1")}}},
	{"size", "the objects between its sizes", "<Filter><And><ObjectSizeGreaterThan>3</ObjectSizeGreaterThan><ObjectSizeLessThan>5</ObjectSizeLessThan></And></Filter>",
		Request{Key: "k", Body: []byte("four")}, []Request{{Key: "l", Body: []byte("not")}, {Key: "m", Body: []byte("fives")}}},
	{"and", "the objects for which all of its predicates hold", "<Filter><And><Prefix>p/</Prefix><Tag><Key>a</Key><Value>1</Value></Tag><ObjectSizeGreaterThan>3</ObjectSizeGreaterThan></And></Filter>",
		Request{Key: "p/k", Body: []byte("four"), Header: tags("a=1")},
		[]Request{{Key: "p/l", Body: []byte("not"), Header: tags("a=1")}, {Key: "p/m", Body: []byte("four")}, {Key: "q/n", Body: []byte("four"), Header: tags("a=1")}}},
}

func tags(set string) [][2]string { return [][2]string{{"x-amz-tagging", set}} }

func init() {
	for _, f := range filters {
		Add(Scenario{
			ID:    "lifecycle.filter." + f.id,
			Rule:  "LC-10",
			Says:  "A rule MUST expire " + f.says + ", and no others.",
			Ref:   guideElements + "#intro-lifecycle-rules-filter",
			Level: Must,
			Needs: append(hooked, Tagging),
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				set(ctx, s, b, ruleFor(f.filter, days(1)))
				kept := []string{}
				for _, r := range append(f.stay, f.goes) {
					r.Method, r.Bucket = "PUT", b
					must(s, s.Send(ctx, r), "put "+r.Key)
					kept = append(kept, r.Key)
				}
				kept = slices.DeleteFunc(kept, func(k string) bool { return k == f.goes.Key })
				slices.Sort(kept)
				head, err := s.Head(ctx, b, f.goes.Key)
				s.Must(err, "read the date of "+f.goes.Key)
				later(ctx, s, b, *head.LastModified, 1, 24*time.Hour)
				expectKeys(ctx, s, b, kept...)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lifecycle.expire.disabled",
	Rule:  "LC-10",
	Says:  "A rule that is disabled MUST do nothing, and neither one that was removed.",
	Ref:   guideElements + "#intro-lifecycle-rule-status",
	Level: Must,
	Needs: hooked,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		off := "<Rule><Filter></Filter><Status>Disabled</Status>" + days(1) + "</Rule>"
		set(ctx, s, b, rule(days(1)))
		set(ctx, s, b, off)
		made := dated(ctx, s, b, "k", "v")
		later(ctx, s, b, made, 1, 24*time.Hour)
		expectKeys(ctx, s, b, "k")
		must(s, s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "lifecycle="}), "remove the lifecycle")
		s.Must(none(ctx, s, b), "read no lifecycle")
		later(ctx, s, b, made, 1, 48*time.Hour)
		s.ExpectBody(ctx, b, "k", "v")
	},
})
