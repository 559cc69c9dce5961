package auth

import (
	"context"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Session tokens.

func init() {
	for _, c := range []struct {
		id, text string
		change   func(*Request)
		want     []Answer
	}{
		{"header", "in the header", func(*Request) {}, []Answer{{Status: 400, Codes: []string{"InvalidToken"}}}},
		{"query", "in the query of a presigned address", func(r *Request) { r.Presign = "300" }, []Answer{{Status: 400, Codes: []string{"InvalidToken"}}}},
	} {
		Add(Scenario{
			ID:    "auth.token.made-up." + c.id,
			Rule:  "AN-14",
			Says:  "A signed session token that nobody issued MUST be refused with 400 InvalidToken " + c.text + ".",
			Ref:   apiErrors,
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				tryAll(ctx, s, func(r *Request) {
					r.Scope = func(sc *sign.Scope) { sc.Session = "FwoGZXIvYXdzE" + strings.Repeat("nobodyIssuedThis", 8) }
					c.change(r)
				}, c.want...)
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "auth.token.unsigned",
	Rule:  "AN-14",
	Says:  "A session token added behind the signing MUST be refused.",
	Ref:   apiSingle,
	Level: Must,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		tryAll(ctx, s, func(r *Request) { r.Late = [][2]string{{"x-amz-security-token", "FwoGZXIvYXdzE"}} }, bad, forbidden)
	},
})

var _ = Add(Scenario{
	ID:    "auth.token.expired",
	Rule:  "AN-18",
	Says:  "A request signed with session credentials that have expired MUST be refused with 400 ExpiredToken.",
	Ref:   apiErrors,
	Level: Must,
	Needs: []Feature{Auth, Objects, STS},
	Check: func(ctx context.Context, s *S) {
		old := s.Target().Expired
		tryAll(ctx, s, func(r *Request) {
			r.Scope = func(sc *sign.Scope) { sc.Access, sc.Secret, sc.Session = old.Access, old.Secret, old.Session }
		}, Answer{Status: 400, Codes: []string{"ExpiredToken"}})
	},
})
