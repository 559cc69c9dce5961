package auth

import (
	"context"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/sign"
)

// The hash of the payload.

var shaMismatch = Answer{Status: 400, Codes: []string{"XAmzContentSHA256Mismatch"}}

func init() {
	for _, op := range sample.Every() {
		if op.Body == "" || !inCore(op.Need) {
			continue
		}
		Add(Scenario{
			ID:    "auth.payload.mismatch." + strings.ToLower(strings.ReplaceAll(op.Name, " ", "-")),
			Rule:  "AN-10",
			Says:  "A body that is not the one whose hash was signed MUST be refused with 400 XAmzContentSHA256Mismatch: " + op.Name + ".",
			Ref:   apiErrors,
			Level: Must,
			Needs: []Feature{Auth, op.Need},
			Check: func(ctx context.Context, s *S) {
				st := sample.Prepare(ctx, s)
				r := st.Request(op)
				sent := r.Body
				// What is signed is another body of the same length; the MD5 is of the one sent.
				r.Body = []byte(strings.Repeat(" ", len(sent)))
				r.EditBody = func([]byte) []byte { return sent }
				s.Expect(s.Send(ctx, r)).To(FailWithAny(shaMismatch))
				st.ExpectUnchanged(ctx)
			},
		})
	}
}

func inCore(f Feature) bool {
	for _, c := range Profiles["core"] {
		if c == f {
			return true
		}
	}
	return false
}

var _ = Add(Scenario{
	ID:    "auth.payload.mismatch.large",
	Rule:  "AN-10",
	Says:  "A body of many buffers whose last byte is not what was signed MUST be refused with 400 XAmzContentSHA256Mismatch and not be stored.",
	Ref:   apiErrors,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := Request{Method: "PUT", Bucket: b, Key: "k", Body: s.Bytes(1 << 20)}
		r.EditBody = func(body []byte) []byte {
			changed := append([]byte(nil), body...)
			changed[len(changed)-1] ^= 1
			return changed
		}
		s.Expect(s.Send(ctx, r)).To(FailWithAny(shaMismatch))
		s.ExpectUnchanged(ctx, b, "k", "old")
	},
})

var _ = Add(Scenario{
	ID:    "auth.payload.mismatch.large-part",
	Rule:  "AN-10",
	Says:  "A part of many buffers whose last byte is not what was signed MUST be refused with 400 XAmzContentSHA256Mismatch and not be registered.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Auth, Multipart},
	Check: func(ctx context.Context, s *S) {
		slot := PartSlot(ctx, s)
		r := Request{Body: s.Bytes(1 << 20)}
		r.EditBody = func(body []byte) []byte {
			changed := append([]byte(nil), body...)
			changed[len(changed)-1] ^= 1
			return changed
		}
		s.Expect(slot.Send(ctx, r)).To(FailWithAny(shaMismatch))
		slot.ExpectEmpty(ctx)
	},
})

func init() {
	for _, c := range []struct{ id, text, level string }{
		{"absent", "A signed request without x-amz-content-sha256 MUST be refused, since every signed request has to have it.", "must"},
		{"absent-code", "A signed request without x-amz-content-sha256 SHOULD be refused with 400 InvalidRequest.", "should"},
	} {
		level, ref, want := Must, apiSingle, []Answer{bad, forbidden}
		if c.level == "should" {
			level, ref, want = Should, "https://github.com/aws/aws-cli/issues/2138", []Answer{{Status: 400, Codes: []string{"InvalidRequest"}}}
		}
		Add(Scenario{
			ID: "auth.payload." + c.id, Rule: "AN-10", Says: c.text, Ref: ref, Level: level, Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				for _, signed := range []string{"", string(sign.Unsigned)} { // what a server could take it for
					h := handmade{method: "PUT", bucket: b, key: "k", body: "new", payload: signed, unsent: []string{"x-amz-content-sha256"}}
					s.Expect(s.Send(ctx, h.request(s))).To(FailWithAny(want...), signed)
				}
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
	for id, value := range map[string]string{"word": "NONSENSE", "short": strings.Repeat("0", 63), "not-hex": strings.Repeat("g", 64), "streaming": "STREAMING-NONSENSE"} {
		Add(Scenario{
			ID:    "auth.payload.nonsense." + id,
			Rule:  "AN-10",
			Says:  "A signed request whose x-amz-content-sha256 is neither a hash nor one of the documented words MUST be refused with 400 InvalidArgument.",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				h := handmade{method: "PUT", bucket: b, key: "k", body: "new", payload: value}
				s.Expect(s.Send(ctx, h.request(s))).To(FailWith(400, "InvalidArgument"))
				s.ExpectAbsent(ctx, b, "k")
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.payload.empty-body",
	Rule:  "AN-10",
	Says:  "A request without a body whose x-amz-content-sha256 is the hash of another one MAY be refused.",
	Ref:   apiErrors,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		r := get(b)
		r.Header = [][2]string{{"X-Amz-Content-Sha256", sign.Hash(sign.Signed, []byte("something"))}}
		s.Observe("GET with the hash of something", Outcome(s.Send(ctx, r)))
		r = put(b, "")
		r.Header = [][2]string{{"X-Amz-Content-Sha256", sign.Hash(sign.Signed, []byte("something"))}}
		s.Observe("empty PUT with the hash of something", Outcome(s.Send(ctx, r)))
	},
})
