package copy

import (
	"context"
	"maps"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

var _ = Add(Scenario{
	ID:    "copy.metadata.default",
	Rule:  "CP-02",
	Says:  "Without a metadata directive a copy MUST have the source's metadata and content headers.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", dressed...)
		before := wears(ctx, s, b, "src")
		_, err := dup(ctx, s, b, "dst", source(b, "src"))
		s.Expect(err).To(OK())
		s.Expect(wears(ctx, s, b, "dst")).To(Equal(before), "metadata of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.metadata.copy",
	Rule:  "CP-02",
	Says:  "With x-amz-metadata-directive: COPY a copy MUST have the source's metadata, whatever metadata the request carries.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", dressed...)
		before := wears(ctx, s, b, "src")
		_, err := dup(ctx, s, b, "dst", source(b, "src"), metadata("COPY"), Meta("color", "green"), Meta("new", "1"), Header("Content-Type", "text/x-two"), Header("Cache-Control", "no-store"))
		s.Expect(err).To(OK())
		s.Expect(wears(ctx, s, b, "dst")).To(Equal(before), "metadata of the copy")
		head, err := s.Head(ctx, b, "dst")
		s.Expect(err).To(OK(), "head dst")
		s.Expect(head.Metadata).NotTo(HaveKey("new"))
	},
})

var _ = Add(Scenario{
	ID:    "copy.metadata.replace",
	Rule:  "CP-02",
	Says:  "With x-amz-metadata-directive: REPLACE a copy MUST have the metadata of the request and nothing of the source's.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", dressed...)
		_, err := dup(ctx, s, b, "dst", source(b, "src"), metadata("REPLACE"), Meta("color", "green"), Header("Content-Type", "text/x-two"), Header("Content-Language", "fr"))
		s.Expect(err).To(OK())
		s.Expect(wears(ctx, s, b, "dst")).To(Equal(map[string]string{"x-amz-meta-color": "green", "Content-Type": "text/x-two", "Content-Language": "fr"}))
		s.ExpectBody(ctx, b, "dst", "hello")
	},
})

var _ = Add(Scenario{
	ID:    "copy.metadata.replace.none",
	Rule:  "CP-02",
	Says:  "With x-amz-metadata-directive: REPLACE and no metadata in the request a copy MUST have none.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello", dressed...)
		_, err := dup(ctx, s, b, "dst", source(b, "src"), metadata("REPLACE"))
		s.Expect(err).To(OK())
		got := wears(ctx, s, b, "dst")
		s.Expect(got["Content-Type"]).NotTo(Equal("text/x-one"), "Content-Type of the copy")
		maps.DeleteFunc(got, func(name, _ string) bool { return name == "Content-Type" }) // whatever the default is
		s.Expect(got).To(BeEmpty(), "metadata of the copy")
	},
})

var _ = Add(Scenario{
	ID:    "copy.metadata.unknown-directive",
	Rule:  "CP-04",
	Says:  "A metadata directive other than COPY and REPLACE MUST be refused with 400 InvalidArgument.",
	Ref:   refHeader + "MetadataDirective",
	SDK:   sdk + "MetadataDirective",
	Level: Must,
	Needs: []Feature{Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		_, err := dup(ctx, s, b, "dst", source(b, "src"), metadata("MERGE"))
		s.Expect(err).To(FailWith(400, "InvalidArgument"))
		s.ExpectAbsent(ctx, b, "dst")
	},
})

var _ = Add(Scenario{
	ID:    "copy.tagging.unknown-directive",
	Rule:  "CP-04",
	Says:  "A tagging directive other than COPY and REPLACE MUST be refused with 400 InvalidArgument.",
	Ref:   refHeader + "TaggingDirective",
	SDK:   sdk + "TaggingDirective",
	Level: Must,
	Needs: []Feature{Copy, Tagging},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "src", "hello")
		_, err := dup(ctx, s, b, "dst", source(b, "src"), tagging("MERGE"))
		s.Expect(err).To(FailWith(400, "InvalidArgument"))
		s.ExpectAbsent(ctx, b, "dst")
	},
})
