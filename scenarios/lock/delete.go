package lock

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// lockWays are the ways in which a version can be locked without compliance.
var lockWays = []struct {
	id, what string
	lock     func(ctx context.Context, s *S, bucket, key string) string
}{
	{"governance", "a retention period in governance mode", governs},
	{"hold", "a legal hold", func(ctx context.Context, s *S, b, key string) string {
		return locked(ctx, s, b, key, [2]string{hHold, on})
	}},
	{"retention-put", "a retention period that was put on it later", func(ctx context.Context, s *S, b, key string) string {
		v := locked(ctx, s, b, key)
		must(s, s.Send(ctx, retain(b, key, v, governance, in(ctx, s, b, governed))), "put a retention period")
		return v
	}},
	{"hold-put", "a legal hold that was put on it later", func(ctx context.Context, s *S, b, key string) string {
		v := locked(ctx, s, b, key)
		must(s, s.Send(ctx, hold(b, key, v, on)), "put a legal hold")
		return v
	}},
}

func init() {
	for _, c := range lockWays {
		rule, ref := "OL-10", guideModes
		if c.id == "hold" || c.id == "hold-put" {
			rule, ref = "OL-14", guideHolds
		}
		Add(Scenario{
			ID:    "lock.delete." + c.id,
			Rule:  rule,
			Says:  "DELETE of a version with " + c.what + " MUST fail with 403 AccessDenied and leave it.",
			Ref:   ref,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := bucket(ctx, s)
				v := c.lock(ctx, s, b, "k")
				s.Expect(s.Send(ctx, remove(b, "k", v))).To(denied)
				kept(ctx, s, b, "k", v)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "lock.delete.noncurrent",
	Rule:  "OL-10",
	Says:  "A locked version MUST be kept also when it is not the current one, and versions of its key that are not locked can be deleted.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		free := locked(ctx, s, b, "k")
		v := governs(ctx, s, b, "k")
		current := locked(ctx, s, b, "k")
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(denied, "DELETE of the locked version")
		s.Expect(s.Send(ctx, remove(b, "k", current))).To(HaveStatus(204), "DELETE of the current version")
		s.Expect(s.Send(ctx, remove(b, "k", free))).To(HaveStatus(204), "DELETE of the oldest version")
		kept(ctx, s, b, "k", v)
		gone(ctx, s, b, "k", free)
	},
})

var _ = Add(Scenario{
	ID:    "lock.delete.folder",
	Rule:  "OL-10",
	Says:  "A version of a key that ends in a slash MUST be locked, and kept, as every other version.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := governs(ctx, s, b, "folder/")
		s.Expect(s.Send(ctx, remove(b, "folder/", v))).To(denied, "DELETE of the locked version")
		mark(ctx, s, b, "folder/")
		kept(ctx, s, b, "folder/", v)
	},
})

var _ = Add(Scenario{
	ID:    "lock.delete.marker",
	Rule:  "OL-10",
	Says:  "DELETE of a key without a version MUST succeed with 204 and a delete marker while its versions are locked, which stay.",
	Ref:   guideMarkers,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		for key, v := range map[string]string{"governed": governs(ctx, s, b, "governed"), "held": locked(ctx, s, b, "held", [2]string{hHold, on})} {
			r := s.Send(ctx, Request{Method: http.MethodDelete, Bucket: b, Key: key})
			s.Expect(r).To(HaveStatus(204), key)
			s.Expect(r).To(HaveHeader("x-amz-delete-marker", "true"), key)
			_, err := s.Head(ctx, b, key)
			s.Expect(err).To(FailWith(404), "HEAD of %s behind its marker", key)
			kept(ctx, s, b, key, v)
		}
	},
})

var _ = Add(Scenario{
	ID:    "lock.overwrite",
	Rule:  "OL-10",
	Says:  "PutObject of a key whose current version is locked MUST succeed and make a new version, with no lock of its own, beside the locked one.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k", append(period(governance, in(ctx, s, b, governed)), [2]string{hHold, on})...)
		r := put(b, "k")
		r.Body, r.Header = []byte("new"), [][2]string{ContentMD5([]byte("new"))}
		answer := s.Send(ctx, r)
		s.Expect(answer).To(HaveStatus(200))
		s.ExpectBody(ctx, b, "k", "new")
		kept(ctx, s, b, "k", v)
		out := state(ctx, s, b, "k", "")
		s.Expect(string(out.ObjectLockMode)).To(BeEmpty(), hMode)
		s.Expect(s.Send(ctx, remove(b, "k", answer.Header.Get("X-Amz-Version-Id")))).To(HaveStatus(204), "DELETE of the new version")
	},
})

var _ = Add(Scenario{
	ID:    "lock.overwrite.others",
	Rule:  "OL-10",
	Says:  "CopyObject and CompleteMultipartUpload of a key whose current version is locked MUST succeed and make a new version beside the locked one, as PutObject does.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: also(Copy, Multipart),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := governs(ctx, s, b, "k")
		locked(ctx, s, b, "source")
		s.Expect(s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Header: [][2]string{{"x-amz-copy-source", b + "/source"}}})).To(OK(), "CopyObject")
		second := governs(ctx, s, b, "k")
		up, err := s.SDK().CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: aws.String("k")})
		s.Must(err, "create an upload")
		part, err := s.SDK().UploadPart(ctx, &s3.UploadPartInput{Bucket: &b, Key: aws.String("k"), UploadId: up.UploadId, PartNumber: aws.Int32(1), Body: strings.NewReader("of parts")})
		s.Must(err, "upload a part")
		_, err = s.SDK().CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: &b, Key: aws.String("k"), UploadId: up.UploadId,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
		s.Expect(err).To(OK(), "CompleteMultipartUpload")
		s.ExpectBody(ctx, b, "k", "of parts")
		kept(ctx, s, b, "k", v)
		kept(ctx, s, b, "k", second)
	},
})

var _ = Add(Scenario{
	ID:    "lock.version",
	Rule:  "OL-10",
	Says:  "A retention period and a legal hold that are put on a version by its id MUST be that version's, and no other's.",
	Ref:   guidePeriods,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		governedOne, held, current := locked(ctx, s, b, "k"), locked(ctx, s, b, "k"), locked(ctx, s, b, "k")
		s.Expect(s.Send(ctx, retain(b, "k", governedOne, governance, in(ctx, s, b, governed)))).To(HaveStatus(200), "PutObjectRetention")
		s.Expect(s.Send(ctx, hold(b, "k", held, on))).To(HaveStatus(200), "PutObjectLegalHold")
		s.Expect(s.Send(ctx, remove(b, "k", governedOne))).To(denied, "DELETE of the version with a retention period")
		s.Expect(s.Send(ctx, remove(b, "k", held))).To(denied, "DELETE of the version with a legal hold")
		s.Expect(s.Send(ctx, remove(b, "k", current))).To(HaveStatus(204), "DELETE of the version with neither")
	},
})

var _ = Add(Scenario{
	ID:    "lock.bypass",
	Rule:  "OL-11",
	Says:  "DELETE of a version in governance mode with x-amz-bypass-governance-retention: true MUST succeed for the bucket's owner, and fail without.",
	Ref:   guideBypass,
	SDK:   "s3@v1.114.8 DeleteObjectInput.BypassGovernanceRetention",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := governs(ctx, s, b, "k")
		s.Expect(s.Send(ctx, remove(b, "k", v, [2]string{hBypass, "false"}))).To(denied, "with false")
		kept(ctx, s, b, "k", v)
		s.Expect(s.Send(ctx, remove(b, "k", v, bypassing))).To(HaveStatus(204), "with true")
		gone(ctx, s, b, "k", v)
	},
})

// allow lets the second account do actions to what is in a bucket, by a policy,
// and waits until it may.
func allow(ctx context.Context, s *S, b string, actions string) {
	id := altID(ctx, s)
	text := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"CanonicalUser":%q},"Action":[%s,"s3:GetObject"],"Resource":"arn:aws:s3:::%s/*"}]}`, id, actions, b)
	must(s, s.Send(ctx, Request{Method: http.MethodPut, Bucket: b, Query: "policy=", Body: []byte(text), Header: [][2]string{ContentMD5([]byte(text))}}), "set a policy")
	locked(ctx, s, b, "probe")
	s.Settle(ctx, "the policy lets the second account read", func() error {
		if r := s.Send(ctx, Request{Bucket: b, Key: "probe", As: AltAccount}); r.Status != 200 {
			return errors.New(Outcome(r))
		}
		return nil
	})
}

// theirs is r by the second account.
func theirs(r Request) Request {
	r.As = AltAccount
	return r
}

var _ = Add(Scenario{
	ID:    "lock.bypass.permission",
	Rule:  "OL-11",
	Says:  "x-amz-bypass-governance-retention MUST have no effect for who lacks s3:BypassGovernanceRetention: 403 AccessDenied, though they may delete versions.",
	Ref:   guideBypass,
	SDK:   "s3@v1.114.8 DeleteObjectInput.BypassGovernanceRetention",
	Level: Must,
	Needs: also(Policy, SecondAccount),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		allow(ctx, s, b, `"s3:DeleteObjectVersion"`)
		v, free := governs(ctx, s, b, "k"), locked(ctx, s, b, "free")
		s.Expect(s.Send(ctx, theirs(remove(b, "k", v, bypassing)))).To(denied)
		kept(ctx, s, b, "k", v)
		s.Expect(s.Send(ctx, theirs(remove(b, "free", free)))).To(HaveStatus(204), "DELETE of a version that is not locked")
	},
})

var _ = Add(Scenario{
	ID:    "lock.bypass.permitted",
	Rule:  "OL-11",
	Says:  "Another account to which a policy allows s3:BypassGovernanceRetention MUST be able to bypass governance, and have to ask for it.",
	Ref:   guideBypass,
	Level: Must,
	Needs: also(Policy, SecondAccount),
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		allow(ctx, s, b, `"s3:DeleteObjectVersion","s3:BypassGovernanceRetention"`)
		v := governs(ctx, s, b, "k")
		s.Expect(s.Send(ctx, theirs(remove(b, "k", v)))).To(denied, "without the header")
		s.Expect(s.Send(ctx, theirs(remove(b, "k", v, bypassing)))).To(HaveStatus(204), "with it")
		gone(ctx, s, b, "k", v)
	},
})

var _ = Add(Scenario{
	ID:    "lock.hold.bypass",
	Rule:  "OL-14",
	Says:  "A legal hold MUST keep a version also from who bypasses governance.",
	Ref:   guideBypass,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		held := locked(ctx, s, b, "held", [2]string{hHold, on})
		both := locked(ctx, s, b, "both", append(period(governance, in(ctx, s, b, governed)), [2]string{hHold, on})...)
		s.Expect(s.Send(ctx, remove(b, "held", held, bypassing))).To(denied, "a version that is held")
		s.Expect(s.Send(ctx, remove(b, "both", both, bypassing))).To(denied, "a version that is held and in governance mode")
		kept(ctx, s, b, "both", both)
	},
})

var _ = Add(Scenario{
	ID:    "lock.hold.independent",
	Rule:  "OL-14",
	Says:  "A legal hold and a retention period MUST be independent: setting and lifting the one leaves the other, and both have to be over.",
	Ref:   guideHolds,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		until := in(ctx, s, b, governed)
		v := locked(ctx, s, b, "k", period(governance, until)...)
		s.Expect(s.Send(ctx, hold(b, "k", v, on))).To(HaveStatus(200), "set the hold")
		expectPeriod(s, state(ctx, s, b, "k", v), governance, until)
		longer := until.Add(governed)
		s.Expect(s.Send(ctx, retain(b, "k", v, governance, longer))).To(HaveStatus(200), "extend the period")
		s.Expect(string(state(ctx, s, b, "k", v).ObjectLockLegalHoldStatus)).To(Equal(on), hHold)
		s.Expect(s.Send(ctx, hold(b, "k", v, off))).To(HaveStatus(200), "lift the hold")
		expectPeriod(s, state(ctx, s, b, "k", v), governance, longer)
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(denied, "DELETE while the period lasts")
		s.Expect(s.Send(ctx, remove(b, "k", v, bypassing))).To(HaveStatus(204), "DELETE that bypasses it")
	},
})

var _ = Add(Scenario{
	ID:    "lock.hold.lifted",
	Rule:  "OL-14",
	Says:  "A version whose legal hold was lifted MUST be possible to delete, when it has no retention period.",
	Ref:   guideHolds,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		v := locked(ctx, s, b, "k", [2]string{hHold, on})
		s.Expect(s.Send(ctx, hold(b, "k", v, off))).To(HaveStatus(200), "lift the hold")
		s.Expect(s.Send(ctx, remove(b, "k", v))).To(HaveStatus(204), "DELETE")
		gone(ctx, s, b, "k", v)
	},
})

// A deleteResult is the answer to DeleteObjects.
type deleteResult struct {
	Deleted []struct{ Key, VersionId string }
	Error   []struct{ Key, VersionId, Code string }
}

// removeMany deletes versions together; pairs are keys and their versions.
func removeMany(b string, pairs [][2]string, headers ...[2]string) Request {
	inner := ""
	for _, p := range pairs {
		inner += "<Object><Key>" + p[0] + "</Key><VersionId>" + p[1] + "</VersionId></Object>"
	}
	return sub(http.MethodPost, b, "", "delete", "", document("Delete", inner), headers...)
}

// outcomes is what became of each key: Deleted, or the code of its error.
func outcomes(s *S, r *Response) map[string]string {
	var d deleteResult
	s.Expect(xml.Unmarshal(r.Body, &d)).To(Succeed(), "the answer to DeleteObjects")
	out := map[string]string{}
	for _, x := range d.Deleted {
		out[x.Key] = "Deleted"
	}
	for _, x := range d.Error {
		out[x.Key] = x.Code
	}
	return out
}

var _ = Add(Scenario{
	ID:    "lock.delete-objects",
	Rule:  "OL-17",
	Says:  "DeleteObjects MUST answer AccessDenied for each version that is locked and leave it, and delete the others.",
	Ref:   api + "API_DeleteObjects.html",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		governed, held, free := governs(ctx, s, b, "governed"), locked(ctx, s, b, "held", [2]string{hHold, on}), locked(ctx, s, b, "free")
		r := s.Send(ctx, removeMany(b, [][2]string{{"governed", governed}, {"free", free}, {"held", held}}))
		s.Expect(r).To(HaveStatus(200))
		s.Expect(outcomes(s, r)).To(Equal(map[string]string{"governed": "AccessDenied", "held": "AccessDenied", "free": "Deleted"}))
		kept(ctx, s, b, "governed", governed)
		kept(ctx, s, b, "held", held)
		gone(ctx, s, b, "free", free)
	},
})

var _ = Add(Scenario{
	ID:    "lock.delete-objects.bypass",
	Rule:  "OL-17",
	Says:  "DeleteObjects with x-amz-bypass-governance-retention: true MUST delete versions in governance mode, and leave those under a legal hold.",
	Ref:   api + "API_DeleteObjects.html",
	SDK:   "s3@v1.114.8 DeleteObjectsInput.BypassGovernanceRetention",
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		governed, held := governs(ctx, s, b, "governed"), locked(ctx, s, b, "held", [2]string{hHold, on})
		r := s.Send(ctx, removeMany(b, [][2]string{{"governed", governed}, {"held", held}}, bypassing))
		s.Expect(r).To(HaveStatus(200))
		s.Expect(outcomes(s, r)).To(Equal(map[string]string{"governed": "Deleted", "held": "AccessDenied"}))
		gone(ctx, s, b, "governed", governed)
		kept(ctx, s, b, "held", held)
	},
})

var _ = Add(Scenario{
	ID:    "lock.marker.deleted",
	Rule:  "OL-19",
	Says:  "A delete marker of a key whose versions are locked MUST be possible to delete, which brings the locked version back.",
	Ref:   guideMarkers,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := bucket(ctx, s)
		locked(ctx, s, b, "k", append(period(governance, in(ctx, s, b, governed)), [2]string{hHold, on})...)
		marker := mark(ctx, s, b, "k")
		s.Expect(s.Send(ctx, remove(b, "k", marker))).To(HaveStatus(204))
		s.ExpectBody(ctx, b, "k", "v")
	},
})

var _ = Add(Scenario{
	ID:    "lock.marker.default",
	Rule:  "OL-19",
	Says:  "The default retention of a bucket MUST NOT keep delete markers.",
	Ref:   guideMarkers,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := byDefault(ctx, s, "<Days>1</Days>", "1 days")
		marker := mark(ctx, s, b, "k")
		s.Expect(s.Send(ctx, remove(b, "k", marker))).To(HaveStatus(204))
	},
})

// mark puts a delete marker on a key.
func mark(ctx context.Context, s *S, bucket, key string) string {
	r := must(s, s.Send(ctx, Request{Method: http.MethodDelete, Bucket: bucket, Key: key}), "delete "+key)
	id := r.Header.Get("X-Amz-Version-Id")
	if id == "" {
		s.Must(errors.New("no x-amz-version-id"), "mark "+key+" as deleted")
	}
	return id
}
