package presign

import (
	"context"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sample"
	"bleepstore/scenarios/tamper"
)

// Addresses that somebody changed, at a place drawn from the run's seed. Every
// operation is tried with each kind of change.

// A tampering changes a finished head so that the signature in its target no
// longer covers it.
type tampering struct {
	tamper.Change
	want  []Answer
	keyed bool // applies to requests that name a key: another bucket's are not the run's
}

// What the refusal of an address that was changed is depends on what the
// change looks like. What asks for something else than was signed may be
// refused for that first.
var (
	tampered  = []Answer{{Status: 400}, {Status: 403}}
	elsewhere = append([]Answer{{Status: 404}, {Status: 405}, {Status: 412}, {Status: 501}}, tampered...)
)

func tamperings() []tampering {
	var all []tampering
	for _, c := range tamper.Signatures {
		all = append(all, tampering{Change: inSignature(c), want: tampered})
	}
	for _, c := range tamper.Headers(signedHeaders) {
		all = append(all, tampering{Change: c, want: tampered})
	}
	for _, c := range tamper.Paths {
		all = append(all, tampering{Change: inTarget(c), want: elsewhere, keyed: true})
	}
	query := tamper.Change{ID: "query", Text: "a parameter of its query changed, repeated or missing", Make: tamper.Query}
	param := tamper.Change{ID: "parameter", Text: "a letter changed in a parameter of its signature", Make: otherParam}
	return append(all, tampering{Change: inTarget(query), want: elsewhere}, tampering{Change: inTarget(param), want: tampered})
}

// inSignature makes the change in X-Amz-Signature.
func inSignature(c tamper.Change) tamper.Change {
	text := c.Make
	c.Make = func(r *rand.Rand, head string) string {
		return onParam("X-Amz-Signature", func(v string) (string, bool) { return text(r, v), true })(head)
	}
	return c
}

// inTarget makes the change in the request target.
func inTarget(c tamper.Change) tamper.Change {
	text := c.Make
	c.Make = func(r *rand.Rand, head string) string {
		return onTarget(func(v string) string { return text(r, v) })(head)
	}
	return c
}

// signedHeaders are the names in the target of a head.
func signedHeaders(head string) string {
	_, list, _ := strings.Cut(head, "X-Amz-SignedHeaders=")
	if i := strings.IndexAny(list, "& "); i >= 0 {
		list = list[:i]
	}
	names, err := url.QueryUnescape(list)
	if err != nil {
		return ""
	}
	return names
}

// otherParam changes one of the parameters that say who signed what, when and
// for how long. Their names stand as they are.
func otherParam(r *rand.Rand, target string) string {
	path, query, _ := strings.Cut(target, "?")
	pairs := strings.Split(query, "&")
	var at []int
	for i, p := range pairs {
		if strings.HasPrefix(p, "X-Amz-") && !strings.HasPrefix(p, "X-Amz-Signature=") {
			at = append(at, i)
		}
	}
	i := at[r.IntN(len(at))]
	name, value, _ := strings.Cut(pairs[i], "=")
	if plain, err := url.QueryUnescape(value); err == nil {
		value = plain
	}
	pairs[i] = name + "=" + url.QueryEscape(tamper.Letter(r, value))
	return path + "?" + strings.Join(pairs, "&")
}

func init() {
	for _, t := range tamperings() {
		Add(Scenario{
			ID:    "presign.tampered." + t.ID,
			Rule:  "PS-04",
			Says:  "An address with " + t.Text + " MUST be refused for every operation, wherever the change is, and change nothing.",
			Ref:   apiQuery,
			Level: Must,
			Needs: []Feature{Presigned, Objects, Multipart},
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
	r.Presign = lifetime
	r.EditHead = func(head string) string {
		was, is = head, change(s.Rand(), head)
		if is == was {
			is = onParam("X-Amz-Signature", func(v string) (string, bool) { return tamper.Digit(s.Rand(), v), true })(head)
		}
		return is
	}
	got := s.Send(ctx, r)
	s.Expect(got).To(FailWithAny(want...), "%s, %s", name, tamper.Difference(was, is))
}

var _ = Add(Scenario{
	ID:    "presign.tampered.replayed",
	Rule:  "PS-04",
	Says:  "The signature in an address MUST be refused on every operation but the one that it was made for.",
	Ref:   apiQuery,
	Level: Must,
	Needs: []Feature{Presigned, Objects, Multipart},
	Check: func(ctx context.Context, s *S) {
		st, conn := sample.Prepare(ctx, s), Dial(ctx, s)
		defer conn.Close()
		ops, sent := st.Operations(), 0
		for i, op := range ops {
			for range 4 {
				from := ops[(i+1+s.Rand().IntN(len(ops)-1))%len(ops)]
				r := st.Request(from)
				r.Presign = lifetime
				signed, _ := conn.Render(r)
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

// wearing gives the target of head the parameters that sign another one.
func wearing(head, signed string) string {
	line, _, _ := strings.Cut(signed, " HTTP/")
	_, query, _ := strings.Cut(line, "?")
	return onTarget(func(target string) string {
		path, own, _ := strings.Cut(target, "?")
		pairs := slices.DeleteFunc(strings.Split(own, "&"), ofSignature)
		for pair := range strings.SplitSeq(query, "&") {
			if ofSignature(pair) {
				pairs = append(pairs, pair)
			}
		}
		return path + "?" + strings.Join(pairs, "&")
	})(head)
}

func ofSignature(pair string) bool { return strings.HasPrefix(pair, "X-Amz-") }
