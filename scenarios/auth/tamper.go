package auth

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/tamper"
)

// Requests that somebody changed on their way, at a place drawn from the run's
// seed. Every operation is tried with each kind of change.

// A tampering changes a finished, well-signed head so that the signature no
// longer covers it.
type tampering struct {
	tamper.Change
	want  []Answer
	keyed bool // applies to requests that name a key: another bucket's are not the run's
}

// What the refusal of a request that was changed is depends on what the change
// looks like. What asks for something else than was signed may be refused for
// that first.
var (
	tampered  = []Answer{{Status: 400}, {Status: 403}}
	elsewhere = append([]Answer{{Status: 404}, {Status: 405}, {Status: 412}, {Status: 501}}, tampered...)
)

func tamperings() []tampering {
	var all []tampering
	for _, c := range tamper.Signatures {
		all = append(all, tampering{Change: on(c, onSignature), want: tampered})
	}
	for _, c := range tamper.Headers(signedHeaders) {
		all = append(all, tampering{Change: c, want: tampered})
	}
	for _, c := range tamper.Paths {
		all = append(all, tampering{Change: on(c, onTarget), want: elsewhere, keyed: true})
	}
	query := tamper.Change{ID: "query", Text: "a parameter of its query changed, repeated or missing", Make: tamper.Query}
	names := tamper.Change{ID: "signed-headers", Text: "names missing from its SignedHeaders", Make: fewerNames}
	return append(all, tampering{Change: on(query, onTarget), want: elsewhere}, tampering{Change: on(names, onAuthorization), want: tampered})
}

// on makes the change in the part of a head that part edits.
func on(c tamper.Change, part func(edit func(string) string) func(head string) string) tamper.Change {
	text := c.Make
	c.Make = func(r *rand.Rand, head string) string {
		return part(func(v string) string { return text(r, v) })(head)
	}
	return c
}

// signedHeaders are the names in the Authorization of a head.
func signedHeaders(head string) string {
	_, list, _ := strings.Cut(head, "SignedHeaders=")
	list, _, _ = strings.Cut(list, ",")
	return list
}

// fewerNames leaves out the first of the SignedHeaders of an Authorization.
func fewerNames(r *rand.Rand, v string) string {
	before, rest, _ := strings.Cut(v, "SignedHeaders=")
	list, rest, _ := strings.Cut(rest, ",")
	names := strings.Split(list, ";")
	return before + "SignedHeaders=" + strings.Join(names[1+r.IntN(len(names)-1):], ";") + "," + rest
}

func init() {
	for _, t := range tamperings() {
		Add(Scenario{
			ID:    "auth.tampered." + t.ID,
			Rule:  "AN-03",
			Says:  "A request with " + t.Text + " MUST be refused for every operation, wherever the change is, and change nothing.",
			Ref:   apiHeader,
			Level: Must,
			Needs: []Feature{Auth, Objects, Multipart},
			Check: func(ctx context.Context, s *S) {
				st, sent := sample.Prepare(ctx, s), 0
				for _, op := range st.Operations() {
					for range 2 {
						if r := st.Request(op); r.Key != "" || !t.keyed {
							sendChanged(ctx, s, op.Name, r, t.Make, t.want)
							sent++
						}
					}
				}
				s.Observe("requests refused", sent)
				st.ExpectUnchanged(ctx)
			},
		})
	}
}

// sendChanged sends r changed, and demands its refusal. Where there is nothing
// of the kind to change, the signature is.
func sendChanged(ctx context.Context, s *S, name string, r Request, change func(*rand.Rand, string) string, want []Answer) {
	was, is := "", ""
	r.EditHead = func(head string) string {
		was, is = head, change(s.Rand(), head)
		if is == was {
			is = onSignature(func(sig string) string { return tamper.Digit(s.Rand(), sig) })(head)
		}
		return is
	}
	got := s.Send(ctx, r)
	s.Expect(got).To(FailWithAny(want...), "%s, %s", name, tamper.Difference(was, is))
}

var _ = Add(Scenario{
	ID:    "auth.tampered.replayed",
	Rule:  "AN-03",
	Says:  "A signature MUST be refused on every operation but the one that it was made for.",
	Ref:   apiHeader,
	Level: Must,
	Needs: []Feature{Auth, Objects, Multipart},
	Check: func(ctx context.Context, s *S) {
		st, conn := sample.Prepare(ctx, s), Dial(ctx, s)
		defer conn.Close()
		ops, sent := st.Operations(), 0
		for i, op := range ops {
			for range 4 {
				from := ops[(i+1+s.Rand().IntN(len(ops)-1))%len(ops)]
				signed, _ := conn.Render(st.Request(from))
				sendChanged(ctx, s, op.Name+" with the signature of "+from.Name, st.Request(op), func(_ *rand.Rand, head string) string {
					return wearing(head, string(signed))
				}, tampered)
				sent++
			}
		}
		s.Observe("requests refused", sent)
		st.ExpectUnchanged(ctx)
	},
})

// wearing gives head what signs another one.
func wearing(head, signed string) string {
	for line := range strings.SplitSeq(signed, "\r\n") {
		name, value, _ := strings.Cut(line, ": ")
		switch strings.ToLower(name) {
		case "authorization", "x-amz-date", "x-amz-content-sha256":
			head = onHeader(name, func(string) string { return value })(head)
		}
	}
	return head
}

var _ = Add(Scenario{
	ID:    "auth.tampered.body",
	Rule:  "AN-10",
	Says:  "A request whose body was changed behind its signature MUST be refused with 400 or 403 for every operation that has one, and change nothing.",
	Ref:   apiHeader,
	Level: Must,
	Needs: []Feature{Auth, Objects, Multipart},
	Check: func(ctx context.Context, s *S) {
		st, sent := sample.Prepare(ctx, s), 0
		for _, op := range st.Operations() {
			for range 4 {
				r := st.Request(op)
				if len(r.Body) == 0 {
					continue
				}
				r.EditBody = func(body []byte) []byte {
					out := slices.Clone(body)
					out[s.Rand().IntN(len(out))] ^= 1
					return out
				}
				s.Expect(s.Send(ctx, r)).To(FailWithAny(tampered...), op.Name)
				sent++
			}
		}
		s.Observe("requests refused", sent)
		st.ExpectUnchanged(ctx)
	},
})
