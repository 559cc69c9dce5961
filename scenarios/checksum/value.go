package checksum

import (
	"context"
	"encoding/base64"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

const body = "Checksums cover these bytes."

// K-01, per algorithm and operation: the value that comes with a body.
var _ = func() struct{} {
	for _, d := range doors {
		for _, a := range digest.All() {
			d.addRight(a)
			d.addWrong(a)
			d.addMalformed(a)
		}
		for _, a := range digest.Newer() {
			if d.id == "part" { // of PutObject are checksum.new.right.* and wrong.*
				d.addRight(a)
				d.addWrong(a)
			}
			d.addMalformed(a)
		}
	}
	return struct{}{}
}()

func (d door) rule(a digest.Algorithm, name, says, ref string, check func(context.Context, *S)) Scenario {
	return about(a, Scenario{
		ID: "checksum." + d.id + "." + name + "." + a.ID(), Rule: "K-01", Says: d.op + " " + says, Ref: ref, Level: Must,
		SDK: "s3@v1.114.8 " + d.sdk + "." + a.Element(), Needs: d.needs, Check: check,
	})
}

func (d door) addRight(a digest.Algorithm) {
	Add(d.rule(a, "right", "whose "+a.Header()+" is right MUST store the body and return the value.", d.ref,
		func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, a)
			value := a.Of([]byte(body))
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), value)})
			s.Expect(r).To(OK())
			s.Expect(r).To(HaveHeader(a.Header(), value))
			slot.ExpectStored(ctx, body)
		}))
}

func (d door) addWrong(a digest.Algorithm) {
	Add(d.rule(a, "wrong", "whose "+a.Header()+" is that of other bytes MUST fail with 400 BadDigest and store nothing.", apiErrors,
		func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, a)
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), a.Of([]byte("other")))})
			s.Expect(r).To(FailWith(400, "BadDigest"))
			slot.ExpectEmpty(ctx)
		}))
}

// badValue are the codes for a value that is none: the list of errors has
// InvalidDigest for one that is not valid and BadDigest for one that does not
// match, both of which it is; S3 answers InvalidRequest.
var badValue = []string{"InvalidDigest", "InvalidRequest", "BadDigest"}

func (d door) addMalformed(a digest.Algorithm) {
	long := base64.StdEncoding.EncodeToString(append(a.New().Sum(nil), 0))
	Add(d.rule(a, "malformed", "whose "+a.Header()+" is not base64, or of another length, MUST fail with 400 InvalidDigest, InvalidRequest or BadDigest and store nothing.", apiErrors,
		func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, a)
			for name, value := range map[string]string{"not base64": "!not*base64!", "too short": "AAAA", "too long": long} {
				r := slot.Send(ctx, Request{Body: []byte(body), Header: header(a.Header(), value)})
				s.Expect(r).To(FailWith(400, badValue...), "case %s", name)
			}
			slot.ExpectEmpty(ctx)
		}))
}

var _ = Add(Scenario{
	ID:    "checksum.put.wrong-overwrite",
	Rule:  "K-01",
	Says:  "PutObject with a wrong checksum MUST leave the object that was there as it was.",
	Ref:   guideUpload,
	Level: Must,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		mustPut(ctx, s, b, "k", "old", digest.CRC32C)
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), Header: header("x-amz-checksum-crc32c", digest.CRC32C.Of([]byte("old")))})
		s.Expect(r).To(FailWith(400, "BadDigest"))
		s.ExpectUnchanged(ctx, b, "k", "old")
		s.Expect(read(ctx, s, "HEAD", b, "k")).To(HaveHeader("x-amz-checksum-crc32c", digest.CRC32C.Of([]byte("old"))))
	},
})

var _ = Add(Scenario{
	ID:    "checksum.put.beside-md5",
	Rule:  "K-01",
	Says:  "PutObject with both Content-MD5 and a checksum MUST fail with 400 BadDigest when either is wrong.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		md5, crc := md5Of(body), digest.CRC32.Of([]byte(body))
		r := slot.Send(ctx, Request{Body: []byte(body), Header: header("Content-MD5", md5, "x-amz-checksum-crc32", digest.CRC32.Of(nil))})
		s.Expect(r).To(FailWith(400, "BadDigest"), "wrong checksum")
		r = slot.Send(ctx, Request{Body: []byte(body), Header: header("Content-MD5", md5Of("other"), "x-amz-checksum-crc32", crc)})
		s.Expect(r).To(FailWith(400, "BadDigest"), "wrong Content-MD5")
		slot.ExpectEmpty(ctx)
		r = slot.Send(ctx, Request{Body: []byte(body), Header: header("Content-MD5", md5, "x-amz-checksum-crc32", crc)})
		s.Expect(r).To(OK(), "both right")
	},
})

var _ = Add(Scenario{
	ID:    "checksum.put.unknown-algorithm",
	Rule:  "K-01",
	Says:  "PutObject with a checksum header of an algorithm that does not exist SHOULD fail with 400 InvalidRequest rather than ignore it.",
	Ref:   "https://github.com/versity/versitygw/issues/1104",
	Level: Should,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		r := slot.Send(ctx, Request{Body: []byte(body), Header: header("x-amz-checksum-sha256a", digest.SHA256.Of([]byte(body)))})
		s.Expect(r).To(FailWith(400, "InvalidRequest"))
		slot.ExpectEmpty(ctx)
	},
})
