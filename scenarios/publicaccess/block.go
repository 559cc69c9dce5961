package publicaccess

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var needs = []Feature{PublicAccessBlock}

var _ = Add(Scenario{
	ID:    "publicaccess.block.combination",
	Rule:  "PB-01",
	Says:  "Each combination of the four settings MUST read back as it was put, whatever stood there before.",
	Ref:   guideSettings,
	SDK:   "s3@v1.114.8 PutPublicAccessBlockInput.PublicAccessBlockConfiguration",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, i := range s.Rand().Perm(1 << len(switches)) {
			var on []string
			for bit, name := range switches {
				if i&(1<<bit) != 0 {
					on = append(on, name)
				}
			}
			want := configuration(on)
			r, err := s.SDK().PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &b, PublicAccessBlockConfiguration: want})
			s.Expect(err).To(OK(), "put %v", on)
			s.Expect(StatusOf(r.ResultMetadata)).To(Equal(200), "status of PUT")
			s.Expect(Settled(ctx, s, "the block reads back", func() error { return reads(ctx, s, b, want) })).To(OK(), "put %v", on)
		}
	},
})

// reads is nil when the block holds all four settings, as in want.
func reads(ctx context.Context, s *S, bucket string, want *types.PublicAccessBlockConfiguration) error {
	out, err := s.SDK().GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &bucket})
	if err != nil {
		return err
	}
	got := out.PublicAccessBlockConfiguration
	if got == nil || got.BlockPublicAcls == nil || got.IgnorePublicAcls == nil || got.BlockPublicPolicy == nil || got.RestrictPublicBuckets == nil {
		return fmt.Errorf("a setting is absent: got %+v", got)
	}
	if fmt.Sprint(shown(got)) != fmt.Sprint(shown(want)) {
		return fmt.Errorf("on: got %v, want %v", shown(got), shown(want))
	}
	return nil
}

var _ = Add(Scenario{
	ID:    "publicaccess.block.partial",
	Rule:  "PB-01",
	Says:  "A setting that the document leaves out SHOULD be off afterwards, since a PUT replaces the whole.",
	Ref:   apiConfiguration,
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for _, name := range switches {
			block(ctx, s, b, switches...)
			s.Expect(s.Send(ctx, document(b, "publicAccessBlock=", "PublicAccessBlockConfiguration", "<"+name+">true</"+name+">"))).To(HaveStatus(200), name)
			s.Expect(Settled(ctx, s, "the others are off", func() error {
				got, err := effective(ctx, s, b)
				if err == nil && fmt.Sprint(got) != fmt.Sprint([]string{name}) {
					err = fmt.Errorf("on: got %v, want %s alone", got, name)
				}
				return err
			})).To(OK(), name)
		}
	},
})

// document is a PUT of one XML document to a sub-resource of the bucket.
func document(bucket, query, root, content string) Request {
	return raw(bucket, query, "<"+root+` xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`+content+"</"+root+">")
}

// raw is a PUT of text to a sub-resource of the bucket.
func raw(bucket, query, text string) Request {
	return Request{Method: "PUT", Bucket: bucket, Query: query, Body: []byte(text), Header: [][2]string{ContentMD5([]byte(text))}}
}

var _ = Add(Scenario{
	ID:    "publicaccess.block.delete",
	Rule:  "PB-01",
	Says:  "DeletePublicAccessBlock MUST answer 204 and remove the configuration, and reading it afterwards MUST fail with 404 NoSuchPublicAccessBlockConfiguration.",
	Ref:   api + "API_control_GetPublicAccessBlock.html",
	SDK:   "s3@v1.114.8 Client.DeletePublicAccessBlock",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		block(ctx, s, b, blockAcls, restrict)
		s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "publicAccessBlock="})).To(HaveStatus(204))
		r := until(ctx, s, 404, Request{Method: "GET", Bucket: b, Query: "publicAccessBlock="})
		s.Expect(r).To(FailWith(404, "NoSuchPublicAccessBlockConfiguration"))
		block(ctx, s, b, ignoreAcls)
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.block.delete-twice",
	Rule:  "PB-01",
	Says:  "DeletePublicAccessBlock SHOULD answer 204 also when there is no configuration.",
	Ref:   api + "API_DeletePublicAccessBlock.html",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for range 2 {
			s.Expect(s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: "publicAccessBlock="})).To(HaveStatus(204))
		}
	},
})

// Documents that nobody can take for a public access block.
var malformedBlocks = []struct{ name, text string }{
	{"cut off", `<PublicAccessBlockConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><BlockPublicAcls>false</BlockPublicAcls>`},
	{"crossed elements", "<PublicAccessBlockConfiguration><BlockPublicAcls>false</PublicAccessBlockConfiguration></BlockPublicAcls>"},
	{"JSON", `{"BlockPublicAcls": false}`},
	{"no boolean", "<PublicAccessBlockConfiguration><BlockPublicAcls>perhaps</BlockPublicAcls></PublicAccessBlockConfiguration>"},
	{"no value", "<PublicAccessBlockConfiguration><RestrictPublicBuckets></RestrictPublicBuckets></PublicAccessBlockConfiguration>"},
}

var _ = Add(Scenario{
	ID:    "publicaccess.block.malformed",
	Rule:  "PB-01",
	Says:  "A document that is not well formed, or whose setting is no boolean, MUST be refused with 400 MalformedXML and change nothing.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		block(ctx, s, b, switches...)
		for _, d := range malformedBlocks {
			s.Expect(s.Send(ctx, raw(b, "publicAccessBlock=", d.text))).To(FailWith(400, "MalformedXML"), d.name)
			s.Expect(reads(ctx, s, b, configuration(switches))).To(OK(), "I0: the block after %s", d.name)
		}
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.block.no-document",
	Rule:  "PB-01",
	Says:  "PutPublicAccessBlock without a body MUST be refused with 400 and change nothing.",
	Ref:   api + "API_PutPublicAccessBlock.html",
	SDK:   "s3@v1.114.8 PutPublicAccessBlockInput.PublicAccessBlockConfiguration",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		block(ctx, s, b, switches...)
		s.Expect(s.Send(ctx, raw(b, "publicAccessBlock=", ""))).To(FailWith(400, "MissingRequestBodyError", "MalformedXML"))
		s.Expect(reads(ctx, s, b, configuration(switches))).To(OK(), "I0: the block after the refusal")
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.block.empty-document",
	Rule:  "PB-01",
	Says:  "What a document without any setting does MAY differ: it is recorded.",
	Ref:   apiConfiguration,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		block(ctx, s, b, switches...)
		r := s.Send(ctx, document(b, "publicAccessBlock=", "PublicAccessBlockConfiguration", ""))
		s.Observe("a document without settings", Outcome(r))
	},
})

var _ = Add(Scenario{
	ID:    "publicaccess.block.per-bucket",
	Rule:  "PB-01",
	Says:  "The settings of one bucket MUST NOT change those of another.",
	Ref:   guideSettings,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		one, other := s.Bucket(ctx), s.Bucket(ctx)
		block(ctx, s, one, blockAcls)
		block(ctx, s, other, restrict)
		s.Expect(reads(ctx, s, one, configuration([]string{blockAcls}))).To(OK(), "the first bucket")
		_, err := s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: aws.String(other)})
		s.Must(err, "delete the other's")
		s.Expect(reads(ctx, s, one, configuration([]string{blockAcls}))).To(OK(), "the first bucket, after the other's was deleted")
	},
})
