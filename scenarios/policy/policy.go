// Package policy holds the rules of bucket policies: which documents are taken,
// what they open and close and to whom, and whether they are public.
package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
	iam   = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

	apiPut    = api + "API_PutBucketPolicy.html"
	apiGet    = api + "API_GetBucketPolicy.html"
	apiDelete = api + "API_DeleteBucketPolicy.html"
	apiErrors = api + "ErrorResponses.html#ErrorCodeList"
	apiSigned = api + "bucket-policy-s3-sigv4-conditions.html"

	guideKeys       = guide + "amazon-s3-policy-keys.html"
	guideTags       = guide + "tagging-and-policies.html"
	guideWrites     = guide + "conditional-writes-enforce.html"
	guideDeletes    = guide + "conditional-delete-enforce.html"
	guidePublic     = guide + "access-control-block-public-access.html#access-control-block-public-access-policy-status"
	guideActions    = guide + "using-with-s3-policy-actions.html"
	guideWorkflow   = guide + "access-control-auth-workflow-object-operation.html"
	guideAuthorizes = guide + "how-s3-evaluates-access-control.html"

	iamChecks     = iam + "access-analyzer-reference-policy-checks.html"
	iamPrincipal  = iam + "reference_policies_elements_principal.html"
	iamOthers     = iam + "reference_policies_elements_notprincipal.html"
	iamAction     = iam + "reference_policies_elements_action.html"
	iamNotAction  = iam + "reference_policies_elements_notaction.html"
	iamResource   = iam + "reference_policies_elements_resource.html"
	iamNotRes     = iam + "reference_policies_elements_notresource.html"
	iamVariables  = iam + "reference_policies_variables.html"
	iamOperators  = iam + "reference_policies_elements_condition_operators.html"
	iamConditions = iam + "reference_policies_condition-logic-multiple-context-keys-or-values.html"
	iamSets       = iam + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
	iamKeys       = iam + "reference_policies_condition-keys.html"
	iamLogic      = iam + "reference_policies_evaluation-logic.html"
)

var needs = []Feature{Policy}

// with is needs and more.
func with(more ...Feature) []Feature { return append([]Feature{Policy}, more...) }

// A statement is one of a policy. In its strings $B stands for the ARN of the
// bucket, $ME and $THEM for the canonical ids of the two accounts. Principal,
// action and resource are lists or strings, nil for what most statements have:
// everybody may read any key.
type statement struct {
	Effect       string         `json:",omitempty"`
	Principal    any            `json:",omitempty"`
	NotPrincipal any            `json:",omitempty"`
	Action       any            `json:",omitempty"`
	NotAction    any            `json:",omitempty"`
	Resource     any            `json:",omitempty"`
	NotResource  any            `json:",omitempty"`
	Condition    map[string]any `json:",omitempty"`
}

// filled is st with what most statements have in place of what it leaves out.
func (st statement) filled() statement {
	if st.Effect == "" {
		st.Effect = "Allow"
	}
	if st.Principal == nil && st.NotPrincipal == nil {
		st.Principal = "*"
	}
	if st.Action == nil && st.NotAction == nil {
		st.Action = "s3:GetObject"
	}
	if st.Resource == nil && st.NotResource == nil {
		st.Resource = "$B/*"
	}
	return st
}

// when is the condition that key compares with the values by op.
func when(op, key string, values ...any) map[string]any {
	return map[string]any{op: map[string]any{key: values}}
}

// them and me are the two accounts as principals.
var (
	them = map[string]any{"CanonicalUser": "$THEM"}
	me   = map[string]any{"CanonicalUser": "$ME"}
)

// document is the text of a policy, with what stands for something still in it.
func document(all ...statement) string {
	for i := range all {
		all[i] = all[i].filled()
	}
	b, err := json.Marshal(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", all})
	if err != nil {
		panic(err) // a mistake in a scenario
	}
	return string(b)
}

// A place is a bucket that takes policies, public ones too.
type place struct {
	s      *S
	bucket string
	names  map[string]string // what $NAMES stand for
}

// open returns a place with a new bucket.
func open(ctx context.Context, s *S, edits ...func(*s3.CreateBucketInput)) *place {
	p := &place{s: s, bucket: s.Bucket(ctx, edits...)}
	p.names = map[string]string{"$B": "arn:aws:s3:::" + p.bucket}
	// A server that knows no such setting blocks nothing; it may take a DELETE of
	// it for that of the bucket, so it is put.
	_, err := s.SDK().PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{Bucket: &p.bucket,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{}})
	lacks, _ := FailWithAny(Answer{Status: 400}, Answer{Status: 404}, Answer{Status: 405}, Answer{Status: 409}, Answer{Status: 501}).Match(err)
	if !lacks {
		s.Must(err, "allow public policies")
	}
	return p
}

// text is t with what its $NAMES stand for. The canonical ids are learnt when
// they are first needed.
func (p *place) text(ctx context.Context, t string) string {
	for name, client := range map[string]func() *s3.Client{"$ME": p.s.SDK, "$THEM": p.s.Alt} {
		if !strings.Contains(t, name) || p.names[name] != "" {
			continue
		}
		out, err := client().ListBuckets(ctx, &s3.ListBucketsInput{})
		p.s.Must(err, "list buckets, for a canonical id")
		if out.Owner == nil || aws.ToString(out.Owner.ID) == "" {
			p.s.Must(errors.New("no Owner"), "learn a canonical id from ListBuckets")
		}
		p.names[name] = *out.Owner.ID
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(p.names))) { // $B1 before $B
		t = strings.ReplaceAll(t, name, p.names[name])
	}
	return t
}

// put is the request that sets the policy to text.
func (p *place) put(ctx context.Context, text string) Request {
	body := []byte(p.text(ctx, text))
	return Request{Method: "PUT", Bucket: p.bucket, Query: "policy=", Body: body, Header: [][2]string{ContentMD5(body)}}
}

// set makes statements the bucket's policy, as a precondition. That public
// policies are allowed may take its time.
func (p *place) set(ctx context.Context, all ...statement) {
	r := p.until(ctx, p.put(ctx, document(all...)), func(status int) bool { return status != 403 })
	p.must(r, "set a policy")
}

// must is S.Must for the answer to a raw request.
func (p *place) must(r *Response, doing string) {
	if ok, _ := OK().Match(r); ok {
		return
	}
	if r.Status == 501 || r.Status == 405 {
		p.s.Expect(r).To(OK(), doing)
	}
	p.s.Must(errors.New(Outcome(r)), doing)
}

// until sends r until its status will do, or the settle time is over, and
// returns the last answer: no page says how soon a policy is felt.
func (p *place) until(ctx context.Context, r Request, does func(status int) bool) *Response {
	r.Bucket, r.Query = p.bucket, p.text(ctx, r.Query)
	header := slices.Clone(r.Header)
	for i := range header {
		header[i][1] = p.text(ctx, header[i][1])
	}
	r.Header = header
	var last *Response
	_ = Settled(ctx, p.s, told(r)+" is answered as the policy has it", func() error { // the caller judges the answer
		if last = p.s.Send(ctx, r); !does(last.Status) {
			return errors.New(Outcome(last))
		}
		return nil
	})
	return last
}

// told names a request in a few words.
func told(r Request) string {
	name := r.Method + " /" + r.Key
	if r.Query != "" {
		name += "?" + r.Query
	}
	for _, h := range r.Header {
		name += fmt.Sprintf(" %s: %s", h[0], h[1])
	}
	return name + " by " + [...]string{"the owner", "the second account", "nobody"}[r.As]
}

// opens demands that the policy lets each request through, and returns the
// answer to the last.
func (p *place) opens(ctx context.Context, all ...Request) (r *Response) {
	for _, q := range all {
		r = p.until(ctx, q, func(status int) bool { return status/100 == 2 })
		p.s.Expect(r).To(OK(), "%s", told(q))
	}
	return r
}

// bars demands that each request is refused for want of permission.
func (p *place) bars(ctx context.Context, all ...Request) {
	for _, q := range all {
		r := p.until(ctx, q, func(status int) bool { return status == 403 })
		if q.Method == "HEAD" {
			p.s.Expect(r).To(FailWith(403), "%s", told(q))
			continue
		}
		p.s.Expect(r).To(FailWith(403, "AccessDenied"), "%s", told(q))
	}
}

// fill puts objects whose bodies are their keys.
func (p *place) fill(ctx context.Context, keys ...string) {
	for _, k := range keys {
		p.s.MustPut(ctx, p.bucket, k, k)
	}
}

// get, write and list are requests of nobody, who has what the policy gives and
// no more.
func get(key string, header ...[2]string) Request {
	return Request{Method: "GET", Key: key, Header: header, As: Anonymous}
}

func write(key string, header ...[2]string) Request {
	return Request{Method: "PUT", Key: key, Body: []byte("v"), Header: header, As: Anonymous}
}

func list(query string) Request {
	return Request{Method: "GET", Query: strings.TrimSuffix("list-type=2&"+query, "&"), As: Anonymous}
}

// by is r as it is sent by who.
func by(who Who, r Request) Request {
	r.As = who
	return r
}

// A gate is a policy with what it lets through and what it does not.
type gate struct {
	id, rule, says, ref string
	needs               []Feature // besides policies
	keys                []string  // that there are
	ready               func(ctx context.Context, p *place)
	policy              []statement
	opens, bars         []Request
}

// add makes a scenario of the gate, which is a must.
func (g gate) add() {
	Add(Scenario{
		ID: "policy." + g.id, Rule: g.rule, Says: g.says, Ref: g.ref, Level: Must,
		Needs: append([]Feature{Policy}, g.needs...),
		Check: func(ctx context.Context, s *S) {
			p := open(ctx, s)
			p.fill(ctx, g.keys...)
			if g.ready != nil {
				g.ready(ctx, p)
			}
			p.set(ctx, g.policy...)
			p.opens(ctx, g.opens...)
			p.bars(ctx, g.bars...)
		},
	})
}
