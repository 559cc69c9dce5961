// Package policy reads, checks and evaluates the policies of buckets. It knows
// nothing of HTTP or of how a policy is kept.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-policy-language-overview.html
package policy

import (
	"encoding/json"
	"fmt"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	allowWins = fault.NewBug("policy.allow-before-deny",
		"what a statement allows is not denied by one behind it", "P-06")
	notActionMeans = fault.NewBug("policy.not-action-is-action",
		"NotAction is read as Action", "P-08")
	notResourceMeans = fault.NewBug("policy.not-resource-is-resource",
		"NotResource is read as Resource", "P-08")
	foldedKeys = fault.NewBug("policy.resource-any-case",
		"the case of keys does not matter to a statement's resources", "P-07")
	oneCondition = fault.NewBug("policy.any-condition",
		"a statement applies where one of its conditions holds", "P-11")
	firstResource = fault.NewBug("policy.first-resource-alone",
		"of a statement's several resources only the first counts", "P-07")
	lastLost = fault.NewBug("policy.thirty-two-statements",
		"what stands behind 32 statements is forgotten", "P-07")
)

// MaxSize is the size of the largest policy, in bytes.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const MaxSize = 20 << 10

// A Policy is a policy as it was set and what it means. It never changes, so
// everybody may share it.
type Policy struct {
	text       string
	statements []statement
	public     bool
}

// A statement is one element of a policy. Its lists are never empty.
type statement struct {
	deny       bool
	principals principals
	actions    []string // patterns
	notAction  bool
	resources  []string // patterns
	notRes     bool
	conditions []condition
	vars       bool // ${...} stands for something
}

// An Effect is what a policy says of a request.
type Effect int

// The effects, from weak to strong.
const (
	None Effect = iota
	Allow
	Deny
)

// A Principal is who asks, or whom a policy names; the zero Principal is
// anonymous. A caller has all three, a name in a policy only what it says.
type Principal struct {
	ID      string // canonical id
	Account string // of 12 digits
	Name    string // of the user in its account
}

// A Request is what a policy is asked about.
type Request struct {
	Caller   Principal
	Action   string // s3:GetObject
	Resource string // arn:aws:s3:::bucket/key
	// Fact returns the values of a condition key, none where the request has no
	// such thing. Keys are in lower case but for what follows a slash.
	Fact func(key string) []string
}

// Decide says whether p denies or allows r, or says nothing of it.
func (p *Policy) Decide(r *Request) Effect {
	effect := None
	for i := range p.statements {
		s := &p.statements[i]
		if !s.applies(r) {
			continue
		}
		if i >= 32 && lastLost.On() {
			break
		}
		if s.deny {
			if effect == Allow && allowWins.On() {
				continue
			}
			return Deny
		}
		effect = Allow
	}
	return effect
}

func (s *statement) applies(r *Request) bool {
	notAction, notRes := s.notAction, s.notRes
	if notAction && notActionMeans.On() {
		notAction = false
	}
	if notRes && notResourceMeans.On() {
		notRes = false
	}
	if !s.principals.include(r.Caller) || matchesAction(s.actions, r.Action) == notAction || s.names(r) == notRes {
		return false
	}
	failed := 0
	for i := range s.conditions {
		if !s.conditions[i].holds(s.vars, r.Fact) {
			failed++
		}
	}
	return failed == 0 || failed < len(s.conditions) && oneCondition.On()
}

// names reports whether the list of resources has that of r.
func (s *statement) names(r *Request) bool {
	for i, text := range s.resources {
		pat, ok := expand(text, true, s.vars, r.Fact)
		if !ok {
			continue
		}
		if match(pat, r.Resource) && (i == 0 || !firstResource.On()) {
			return true
		}
		if match(lower(pat), strings.ToLower(r.Resource)) && foldedKeys.On() {
			return true
		}
	}
	return false
}

// Public reports whether p lets in the public, as S3 means that word.
func (p *Policy) Public() bool { return p != nil && p.public }

// Admits reports whether p might allow somebody anonymous something.
func (p *Policy) Admits() bool {
	if p == nil {
		return false
	}
	for i := range p.statements {
		if s := &p.statements[i]; !s.deny && s.principals.include(Principal{}) {
			return true
		}
	}
	return false
}

// String is the policy as it was set, "" where there is none.
func (p *Policy) String() string {
	if p == nil {
		return ""
	}
	return p.text
}

// Equal reports whether p and q are the same text, or both none.
func (p *Policy) Equal(q *Policy) bool {
	if p == nil || q == nil {
		return p == q
	}
	return p.text == q.text
}

// MarshalJSON implements json.Marshaler: a policy is kept as its text.
func (p *Policy) MarshalJSON() ([]byte, error) { return json.Marshal(p.text) }

// UnmarshalJSON implements json.Unmarshaler.
func (p *Policy) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	q, err := Parse(text)
	if err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	*p = *q
	return nil
}

func malformed(format string, args ...any) error {
	return errcode.New(errcode.MalformedPolicy, format, args...)
}
