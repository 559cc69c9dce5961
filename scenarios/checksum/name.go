package checksum

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// How a request names its checksum: once, and the one that it announced.

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}

var _ = func() struct{} {
	for _, d := range doors {
		d.addNames()
	}
	return struct{}{}
}()

func (d door) addNames() {
	two := header("x-amz-checksum-crc32", digest.CRC32.Of([]byte(body)), "x-amz-checksum-sha256", digest.SHA256.Of([]byte(body)))
	Add(Scenario{
		ID:    "checksum." + d.id + ".two-values",
		Rule:  "K-02",
		Says:  d.op + " with two x-amz-checksum- headers SHOULD fail with 400 InvalidRequest and store nothing.",
		Ref:   map[string]string{"put": "https://github.com/versity/versitygw/issues/1186", "part": "https://github.com/versity/versitygw/issues/1188"}[d.id],
		Level: Should,
		Needs: d.needs,
		Check: func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, digest.CRC32)
			r := slot.Send(ctx, Request{Body: []byte(body), Header: two})
			s.Expect(r).To(FailWith(400, "InvalidRequest"))
			slot.ExpectEmpty(ctx)
		},
	})
	Add(Scenario{
		ID:    "checksum." + d.id + ".announced-only",
		Rule:  "K-03",
		Says:  d.op + " with x-amz-sdk-checksum-algorithm but neither a checksum header nor a trailer MUST fail with 400 and store nothing.",
		Ref:   d.ref,
		SDK:   "s3@v1.114.8 " + d.sdk + ".ChecksumAlgorithm",
		Level: Must,
		Needs: d.needs,
		Check: func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, digest.CRC64NVME) // of which a part may come without a value
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(sdkHeader, "CRC64NVME")})
			s.Observe("x-amz-sdk-checksum-algorithm alone", Outcome(r))
			s.Expect(r).To(FailWith(400))
			slot.ExpectEmpty(ctx)
		},
	})
	Add(Scenario{
		ID:    "checksum." + d.id + ".announced-other",
		Rule:  "K-03",
		Says:  d.op + " whose x-amz-sdk-checksum-algorithm names another algorithm than its checksum header MAY fail or be judged by the header, since the documentation says both; what the server does is recorded.",
		Ref:   d.ref,
		SDK:   "s3@v1.114.8 " + d.sdk + ".ChecksumAlgorithm",
		Level: Disputed,
		Needs: d.needs,
		Check: func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, digest.CRC32)
			r := slot.Send(ctx, Request{Body: []byte(body), Header: header(sdkHeader, "CRC32C", "x-amz-checksum-crc32", digest.CRC32.Of([]byte(body)))})
			s.Observe("CRC32C announced, x-amz-checksum-crc32 sent", Outcome(r))
		},
	})
	d.addAnnounced()
}

func (d door) addAnnounced() {
	Add(Scenario{
		ID:    "checksum." + d.id + ".announced",
		Rule:  "K-03",
		Says:  d.op + " with x-amz-sdk-checksum-algorithm, in capitals or not, and the checksum that it names MUST store the body.",
		Ref:   d.ref,
		SDK:   "s3@v1.114.8 " + d.sdk + ".ChecksumAlgorithm",
		Level: Must,
		Needs: d.needs,
		Check: func(ctx context.Context, s *S) {
			slot := d.open(ctx, s, digest.SHA1)
			for _, name := range []string{"SHA1", strings.ToLower("SHA1")} {
				r := slot.Send(ctx, Request{Body: []byte(body), Header: header(sdkHeader, name, "x-amz-checksum-sha1", digest.SHA1.Of([]byte(body)))})
				s.Expect(r).To(OK(), "announced as %s", name)
			}
			slot.ExpectStored(ctx, body)
		},
	})
}
