package bucket

import (
	"context"
	"fmt"
	"strings"

	. "bleepstore/scenarios"
)

// nameCases are names that the naming rules exclude, made from one that would
// be valid.
var nameCases = []struct {
	name, rule, what string
	make             func(s *S, valid string) string
}{
	{"long", "B-04", "longer than 63 characters", func(_ *S, v string) string { return v + strings.Repeat("x", 64-len(v)) }},
	{"uppercase", "B-05", "with upper-case letters", func(_ *S, v string) string { return v + "-Upper" }},
	{"underscore", "B-05", "with an underscore", func(_ *S, v string) string { return v + "_x" }},
	{"adjacent-dots", "B-05", "with two adjacent periods", func(_ *S, v string) string { return v + "..x" }},
	{"leading-hyphen", "B-05", "that begins with a hyphen", func(_ *S, v string) string { return "-" + v }},
	{"trailing-hyphen", "B-05", "that ends with a hyphen", func(_ *S, v string) string { return v + "-" }},
	{"leading-dot", "B-05", "that begins with a period", func(_ *S, v string) string { return "." + v }},
	{"trailing-dot", "B-05", "that ends with a period", func(_ *S, v string) string { return v + "." }},
	{"prefix-xn", "B-06", "that begins with xn--", func(_ *S, v string) string { return "xn--" + v }},
	{"prefix-sthree", "B-06", "that begins with sthree-", func(_ *S, v string) string { return "sthree-" + v }},
	{"prefix-demo", "B-06", "that begins with amzn-s3-demo-", func(_ *S, v string) string { return "amzn-s3-demo-" + v }},
	{"suffix-s3alias", "B-06", "that ends with -s3alias", func(_ *S, v string) string { return v + "-s3alias" }},
	{"suffix-ol-s3", "B-06", "that ends with --ol-s3", func(_ *S, v string) string { return v + "--ol-s3" }},
	{"suffix-mrap", "B-06", "that ends with .mrap", func(_ *S, v string) string { return v + ".mrap" }},
	{"suffix-x-s3", "B-06", "that ends with --x-s3", func(_ *S, v string) string { return v + "--x-s3" }},
	{"suffix-table-s3", "B-06", "that ends with --table-s3", func(_ *S, v string) string { return v + "--table-s3" }},
	{"suffix-an", "B-06", "that ends with -an, which only the account regional namespace has,", func(_ *S, v string) string { return v + "-an" }},
}

func init() {
	for _, c := range nameCases {
		Add(Scenario{
			ID:    "bucket.name." + c.name,
			Rule:  c.rule,
			Says:  "CreateBucket MUST refuse a name " + c.what + " with 400 InvalidBucketName.",
			Ref:   refNames,
			Level: Must,
			Needs: []Feature{Buckets},
			Check: func(ctx context.Context, s *S) {
				name := s.InvalidName(c.make(s, s.AbsentBucket()))
				s.Expect(create(ctx, s, name)).To(FailWith(400, "InvalidBucketName"), "name %q", name)
			},
		})
	}
}

func init() {
	for name, infix := range map[string]string{"hyphen-dot": "-.", "dot-hyphen": ".-"} {
		Add(Scenario{
			ID:    "bucket.name." + name,
			Rule:  "B-05",
			Says:  "CreateBucket SHOULD refuse a name with " + infix + " inside with 400 InvalidBucketName: its labels would be none of a host's name.",
			Ref:   "https://github.com/seaweedfs/seaweedfs/issues/4143", // quotes AWS's pages before 2023; today's do not say it
			Level: Should,
			Needs: []Feature{Buckets},
			Check: func(ctx context.Context, s *S) {
				name := s.InvalidName(s.AbsentBucket() + infix + "x")
				s.Expect(create(ctx, s, name)).To(FailWith(400, "InvalidBucketName"), "name %q", name)
			},
		})
	}
}

// create sends CreateBucket in path style, whatever the name.
func create(ctx context.Context, s *S, name string) *Response {
	var body []byte
	if r := s.Target().Region; r != "us-east-1" {
		body = []byte(located(r))
	}
	return s.Send(ctx, Request{Method: "PUT", Path: "/" + name, Body: body})
}

// letters returns n random characters that any bucket's name may hold.
func letters(s *S, n int) string {
	const set = "abcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = set[s.Rand().IntN(len(set))]
	}
	return string(b)
}

var _ = Add(Scenario{
	ID:    "bucket.name.short",
	Rule:  "B-04",
	Says:  "CreateBucket MUST refuse a name of two characters with 400 InvalidBucketName.",
	Ref:   refNames,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.InvalidName(letters(s, 2))
		s.Expect(create(ctx, s, name)).To(FailWith(400, "InvalidBucketName"), "name %q", name)
	},
})

var _ = Add(Scenario{
	ID:    "bucket.name.ip-address",
	Rule:  "B-05",
	Says:  "CreateBucket MUST refuse a name formatted as an IP address with 400 InvalidBucketName.",
	Ref:   refNames,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.InvalidName(fmt.Sprintf("10.%d.%d.%d", s.Rand().IntN(256), s.Rand().IntN(256), s.Rand().IntN(256)))
		s.Expect(create(ctx, s, name)).To(FailWith(400, "InvalidBucketName"), "name %q", name)
	},
})

var _ = Add(Scenario{
	ID:    "bucket.name.shortest",
	Rule:  "B-04",
	Says:  "CreateBucket MUST take a name of three characters for valid: it creates the bucket, or answers that somebody holds it.",
	Ref:   refNames,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		s.NewName() // skips where no bucket may be created
		name := s.InvalidName(letters(s, 3))
		if r := create(ctx, s, name); r.Status != 200 {
			s.Expect(r).To(FailWith(409, "BucketAlreadyExists"), "name %q", name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "bucket.name.longest",
	Rule:  "B-04",
	Says:  "CreateBucket MUST accept a name of 63 characters with letters, digits, hyphens and periods.",
	Ref:   refNames,
	Level: Must,
	Needs: []Feature{Buckets},
	Check: func(ctx context.Context, s *S) {
		name := s.NewName() + ".x"
		name = s.InvalidName(name + strings.Repeat("9", 63-len(name)))
		s.Expect(create(ctx, s, name)).To(HaveStatus(200))
		s.Expect(Settled(ctx, s, "an object can be put there", func() error {
			r := s.Send(ctx, Request{Method: "PUT", Path: "/" + name + "/k", Body: []byte("v")})
			if r.Status != 200 {
				return fmt.Errorf("PUT of an object: %s", Outcome(r))
			}
			return nil
		})).To(OK())
	},
})
