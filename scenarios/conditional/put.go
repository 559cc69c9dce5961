// Package conditional holds the rules of conditional writes: PutObject,
// CompleteMultipartUpload, CopyObject, DeleteObject and DeleteObjects that
// depend on the key's current ETag.
package conditional

import (
	"context"
	"net/url"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

func queryEscape(s string) string { return url.QueryEscape(s) }

// add registers one scenario of a writer.
func (w writer) add(name, rule, says, ref string, needs []Feature, check func(context.Context, *S)) struct{} {
	return Add(Scenario{
		ID: "conditional." + w.id + "." + name, Rule: rule, Says: w.op + " " + says, Ref: ref, Level: Must,
		SDK:   "s3@v1.114.8 " + w.sdk + "." + map[bool]string{true: "IfNoneMatch", false: "IfMatch"}[strings.Contains(name, "none-match")],
		Needs: append(append([]Feature{ConditionalWrite}, w.needs...), needs...), Check: check,
	})
}

var _ = func() struct{} {
	for _, w := range writers {
		w.addNoneMatch()
		w.addRefused()
		w.addMatch()
		w.addNear()
		w.addVersioned()
	}
	return struct{}{}
}()

func (w writer) addNoneMatch() {
	w.add("if-none-match.absent", w.none, "with If-None-Match: * MUST store the object when the key does not exist.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.Expect(w.write(ctx, s, b, "k", "new", IfNoneMatch("*"))).To(OK())
			s.ExpectBody(ctx, b, "k", "new")
		})
	w.add("if-none-match.existing", w.none, "with If-None-Match: * MUST fail with 412 PreconditionFailed when the key exists.", w.ref, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", "old")
			s.Expect(w.write(ctx, s, b, "k", "new", IfNoneMatch("*"))).To(FailWith(412, "PreconditionFailed"))
			s.ExpectUnchanged(ctx, b, "k", "old")
		})
	w.add("if-none-match.deleted", w.none, "with If-None-Match: * MUST store the object once the key has been deleted.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", "old")
			_, err := s.Delete(ctx, b, "k")
			s.Must(err, "delete k")
			s.Expect(w.write(ctx, s, b, "k", "new", IfNoneMatch("*"))).To(OK())
			s.ExpectBody(ctx, b, "k", "new")
		})
}

// addRefused is invariant I0 beyond the body: what a refused write would have
// set besides the bytes.
func (w writer) addRefused() {
	w.add("if-none-match.refused", w.none, "that If-None-Match: * refuses MUST leave metadata, content headers and Last-Modified of the object as they are.", w.ref, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", "old", Meta("color", "red"), Header("Cache-Control", "no-store"))
			before, err := s.Head(ctx, b, "k")
			s.Must(err, "HEAD k")
			s.Expect(w.write(ctx, s, b, "k", "new", IfNoneMatch("*"), Meta("color", "blue"))).To(FailWith(412, "PreconditionFailed"))
			after, err := s.Head(ctx, b, "k")
			s.Expect(err).To(OK(), "I0: HEAD after the refusal")
			s.Expect(after.Metadata).To(Equal(before.Metadata), "I0: metadata after the refusal")
			s.Expect(after.CacheControl).To(Equal(before.CacheControl), "I0: Cache-Control after the refusal")
			s.Expect(after.LastModified).To(Equal(before.LastModified), "I0: Last-Modified after the refusal")
		})
	w.add("if-none-match.large", w.none, "with If-None-Match: * MUST fail with 412 PreconditionFailed when the key exists, also where both objects are large.", w.ref, nil,
		func(ctx context.Context, s *S) {
			b, old := s.Bucket(ctx), string(s.Bytes(300_000))
			s.MustPut(ctx, b, "k", old)
			s.Expect(w.write(ctx, s, b, "k", string(s.Bytes(400_000)), IfNoneMatch("*"))).To(FailWith(412, "PreconditionFailed"))
			s.ExpectUnchanged(ctx, b, "k", old)
		})
	w.add("if-match.large", w.match, "with If-Match MUST fail with 412 PreconditionFailed when the ETag is stale, and store the object when it is not, also where both objects are large.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b, old, fresh := s.Bucket(ctx), string(s.Bytes(300_000)), string(s.Bytes(400_000))
			s.MustPut(ctx, b, "k", string(s.Bytes(200_000)))
			stale := etag(ctx, s, b, "k")
			s.MustPut(ctx, b, "k", old)
			s.Expect(w.write(ctx, s, b, "k", fresh, IfMatch(stale))).To(FailWith(412, "PreconditionFailed"), "a stale ETag")
			s.ExpectUnchanged(ctx, b, "k", old)
			s.Expect(w.write(ctx, s, b, "k", fresh, IfMatch(etag(ctx, s, b, "k")))).To(OK(), "the current ETag")
			s.ExpectBody(ctx, b, "k", fresh)
		})
}

func (w writer) addMatch() {
	w.add("if-match.current", w.match, "with If-Match MUST store the object when the ETag is the key's current one.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", "old")
			s.Expect(w.write(ctx, s, b, "k", "new", IfMatch(etag(ctx, s, b, "k")))).To(OK())
			s.ExpectBody(ctx, b, "k", "new")
		})
	w.add("if-match.stale", w.match, "with If-Match MUST fail with 412 PreconditionFailed when the ETag is not the key's current one.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.MustPut(ctx, b, "k", "older")
			stale := etag(ctx, s, b, "k")
			s.MustPut(ctx, b, "k", "old")
			s.Expect(w.write(ctx, s, b, "k", "new", IfMatch(stale))).To(FailWith(412, "PreconditionFailed"))
			s.ExpectUnchanged(ctx, b, "k", "old")
		})
	w.add("if-match.absent", w.absent, "with If-Match MUST fail with 404 NoSuchKey when the key does not exist.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.Expect(w.write(ctx, s, b, "k", "new", IfMatch(`"d41d8cd98f00b204e9800998ecf8427e"`))).To(FailWith(404, "NoSuchKey"))
			s.ExpectAbsent(ctx, b, "k")
		})
}

// addNear are keys and ETags that look like others.
func (w writer) addNear() {
	w.add("if-match.of-parts", w.match, "with If-Match MUST know the ETag of an object made of parts as it does any other.", guideWrites, []Feature{Multipart},
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			s.Must(complete(ctx, s, b, "k", "made of a part"), "complete an upload")
			tag := etag(ctx, s, b, "k")
			s.Expect(w.write(ctx, s, b, "k", "new", IfMatch(tag))).To(OK(), "the current ETag")
			s.ExpectBody(ctx, b, "k", "new")
			s.Expect(w.write(ctx, s, b, "k", "newer", IfMatch(tag))).To(FailWith(412, "PreconditionFailed"), "the ETag before")
			s.ExpectUnchanged(ctx, b, "k", "new")
		})
	w.add("if-none-match.folder", w.none, "with If-None-Match: * MUST store the object where no key is the same, though others begin with it.", guideWrites, nil,
		func(ctx context.Context, s *S) {
			b := s.Bucket(ctx)
			for _, key := range []string{"k/", "k/a", "kk", "K"} {
				s.MustPut(ctx, b, key, "old")
			}
			s.Expect(w.write(ctx, s, b, "k", "new", IfNoneMatch("*"))).To(OK())
			s.ExpectBody(ctx, b, "k", "new")
		})
}

func (w writer) addVersioned() {
	v := []Feature{Versioning}
	w.add("if-none-match.marker", w.marker, "with If-None-Match: * MUST store the object when the current version is a delete marker.", guideWrites, v,
		func(ctx context.Context, s *S) {
			b := s.VersionedBucket(ctx)
			s.MustPut(ctx, b, "k", "old")
			_, err := s.Delete(ctx, b, "k")
			s.Must(err, "delete k")
			s.Expect(w.write(ctx, s, b, "k", "new", IfNoneMatch("*"))).To(OK())
			s.ExpectBody(ctx, b, "k", "new")
		})
	w.add("if-match.marker", w.marker, "with If-Match MUST fail with 404 NoSuchKey when the current version is a delete marker.", guideWrites, v,
		func(ctx context.Context, s *S) {
			b := s.VersionedBucket(ctx)
			s.MustPut(ctx, b, "k", "old")
			tag := etag(ctx, s, b, "k")
			_, err := s.Delete(ctx, b, "k")
			s.Must(err, "delete k")
			s.Expect(w.write(ctx, s, b, "k", "new", IfMatch(tag))).To(FailWith(404, "NoSuchKey"))
			s.ExpectAbsent(ctx, b, "k")
		})
	w.add("if-match.noncurrent", w.current, "with If-Match MUST fail with 412 PreconditionFailed, and add no version, when only a noncurrent version has the ETag.", guideWrites, v,
		func(ctx context.Context, s *S) {
			b := s.VersionedBucket(ctx)
			s.MustPut(ctx, b, "k", "older")
			stale := etag(ctx, s, b, "k")
			s.MustPut(ctx, b, "k", "old")
			s.Expect(w.write(ctx, s, b, "k", "new", IfMatch(stale))).To(FailWith(412, "PreconditionFailed"))
			s.Expect(versions(ctx, s, b)).To(Equal(2), "versions of k")
			s.ExpectUnchanged(ctx, b, "k", "old")
		})
}
