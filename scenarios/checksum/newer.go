package checksum

import (
	"context"
	"crypto/md5"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

// The algorithms that S3 added in 2026.

// about is a rule about algorithm a: K-14, and judged only of servers that have
// it, when a is of 2026.
func about(a digest.Algorithm, sc Scenario) Scenario {
	isNewer := slices.ContainsFunc(digest.Newer(), func(n digest.Algorithm) bool { return n.Name == a.Name })
	if isNewer && !slices.Contains(sc.Needs, NewChecksum) {
		sc.Rule, sc.Needs = "K-14", append(slices.Clone(sc.Needs), NewChecksum)
	}
	return sc
}

// awsLibrary is how AWS's own SDKs compute and write xxHash.
const awsLibrary = "https://github.com/awslabs/aws-checksums/blob/main/source/xxhash.c"

// A newer algorithm is known by its value of the body "a".
type newer struct {
	name, sum string // sum in hexadecimal
}

// The xxHash sums are its authors' (seed 0, canonical order). No page says that
// S3 writes them so. But the user guide has S3 validate what AWS's SDKs compute, and
// these compute them so: a server that goes another way refuses their uploads.
var newers = []newer{
	{"MD5", hexOf(md5.Sum([]byte("a")))},
	{"SHA512", hexOf64(sha512.Sum512([]byte("a")))},
	{"XXHASH64", "d24ec4f1a98c6e5b"},
	{"XXHASH3", "e6c632b61e964e1f"},
	{"XXHASH128", "a96faf705af16834e6c632b61e964e1f"},
}

func hexOf(sum [md5.Size]byte) string      { return hex.EncodeToString(sum[:]) }
func hexOf64(sum [sha512.Size]byte) string { return hex.EncodeToString(sum[:]) }

// base64Of rewrites hexadecimal as base64.
func base64Of(sum string) string {
	raw, err := hex.DecodeString(sum)
	if err != nil {
		panic(err) // the table above is wrong
	}
	return base64.StdEncoding.EncodeToString(raw)
}

var _ = func() struct{} {
	for _, n := range newers {
		n.add()
	}
	return struct{}{}
}()

func (n newer) add() {
	id, head := strings.ToLower(n.name), "x-amz-checksum-"+strings.ToLower(n.name)
	right, wrong := base64Of(n.sum), base64Of(strings.Repeat("0", len(n.sum)))
	Add(Scenario{
		ID:    "checksum.new.right." + id,
		Rule:  "K-14",
		Says:  "PutObject whose " + head + " is right MUST store the body and return the value.",
		Ref:   guideUpload,
		SDK:   "s3@v1.114.8 PutObjectInput.Checksum" + n.name,
		Level: Must,
		Needs: []Feature{NewChecksum},
		Check: func(ctx context.Context, s *S) {
			slot := ObjectSlot(ctx, s)
			r := slot.Send(ctx, Request{Body: []byte("a"), Header: header(head, right)})
			s.Expect(r).To(OK())
			s.Expect(r).To(HaveHeader(head, right))
			s.Expect(read(ctx, s, "HEAD", slot.Bucket, slot.Key)).To(HaveHeader(head, right), "HeadObject")
			slot.ExpectStored(ctx, "a")
		},
	})
	Add(Scenario{
		ID:    "checksum.new.wrong." + id,
		Rule:  "K-14",
		Says:  "PutObject whose " + head + " is that of other bytes MUST fail with 400 BadDigest and store nothing.",
		Ref:   apiErrors,
		SDK:   "s3@v1.114.8 PutObjectInput.Checksum" + n.name,
		Level: Must,
		Needs: []Feature{NewChecksum},
		Check: func(ctx context.Context, s *S) {
			slot := ObjectSlot(ctx, s)
			s.Expect(slot.Send(ctx, Request{Body: []byte("a"), Header: header(head, wrong)})).To(FailWith(400, "BadDigest"))
			slot.ExpectEmpty(ctx)
		},
	})
}

// A server without them must not pretend to have them.
var _ = Add(Scenario{
	ID:    "checksum.new.not-ignored",
	Rule:  "K-14",
	Says:  "PutObject with a wrong x-amz-checksum-xxhash64, md5 or sha512 SHOULD fail, whether or not the server knows the algorithm.",
	Ref:   apiErrors,
	Level: Should,
	Needs: []Feature{Checksum, Objects},
	Check: func(ctx context.Context, s *S) {
		slot := ObjectSlot(ctx, s)
		for _, n := range newers {
			head := "x-amz-checksum-" + strings.ToLower(n.name)
			r := slot.Send(ctx, Request{Body: []byte("a"), Header: header(head, base64Of(strings.Repeat("0", len(n.sum))))})
			s.Observe(n.name, Outcome(r))
			s.Expect(r).NotTo(OK(), n.name)
		}
		slot.ExpectEmpty(ctx)
	},
})
