package policy

import (
	"strings"

	"bleepstore/fault"
)

var (
	versionAny = fault.NewBug("policy.any-version",
		"a policy of a version that there is not is taken", "P-02")
	effectAny = fault.NewBug("policy.any-effect-allows",
		"every Effect but Deny allows", "P-02")
	elementsAny = fault.NewBug("policy.unknown-element-taken",
		"a statement with an element that there is not is taken", "P-02")
	bothTaken = fault.NewBug("policy.not-beside-its-opposite",
		"a statement with an element and its opposite is taken", "P-02")
	bucketsAny = fault.NewBug("policy.resource-of-another-bucket",
		"a policy may be about other buckets", "P-03")
	principalsAny = fault.NewBug("policy.unknown-principal-taken",
		"a policy may name principals that there are not", "P-04")
)

// Parse reads a policy. Every error is MalformedPolicy.
func Parse(text string) (*Policy, error) {
	doc, err := document(text)
	if err != nil {
		return nil, err
	}
	if err := doc.only("Version", "Id", "Statement"); err != nil {
		return nil, err
	}
	vars := false
	if v, ok := doc.get("Version"); ok {
		// Variables came with the second version of the language.
		vars = v.text == "2012-10-17"
		if v.kind != 's' || !vars && v.text != "2008-10-17" && !versionAny.On() {
			return nil, malformed("The policy must contain a valid version string")
		}
	}
	if id, ok := doc.get("Id"); ok && id.kind != 's' {
		return nil, malformed("Id must be a string")
	}
	list, ok := doc.get("Statement")
	if !ok {
		return nil, malformed("Missing required field Statement")
	}
	all := []value{list}
	if list.kind == '[' {
		all = list.members
	}
	if len(all) == 0 {
		return nil, malformed("Could not parse the policy: Statement is empty!")
	}
	p := &Policy{text: text, statements: make([]statement, len(all))}
	for i := range all {
		if p.statements[i], err = parseStatement(&all[i]); err != nil {
			return nil, err
		}
		p.statements[i].vars = vars
		p.public = p.public || p.statements[i].public() && (i == 0 || !firstIsPublic.On())
	}
	return p, nil
}

func parseStatement(v *value) (s statement, err error) {
	if v.kind != '{' {
		return s, malformed("Statement must be an object or a list of objects")
	}
	if err := v.only("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"); err != nil && !elementsAny.On() {
		return s, err
	}
	if sid, ok := v.get("Sid"); ok && sid.kind != 's' {
		return s, malformed("Sid must be a string")
	}
	effect, _ := v.get("Effect")
	if effect.kind != 's' || effect.text != "Allow" && effect.text != "Deny" && !effectAny.On() {
		return s, malformed("Invalid effect: %s", effect.text)
	}
	s.deny = effect.text == "Deny"
	if s.principals, err = parsePrincipals(v); err != nil {
		return s, err
	}
	if s.principals.not && !s.deny {
		return s, malformed("NotPrincipal must be used with Effect Deny")
	}
	if s.actions, s.notAction, err = either(v, "Action"); err != nil {
		return s, err
	}
	for _, a := range s.actions {
		if !knownAction(a) {
			return s, malformed("Policy has invalid action")
		}
	}
	if s.resources, s.notRes, err = either(v, "Resource"); err != nil {
		return s, err
	}
	if c, ok := v.get("Condition"); ok {
		s.conditions, err = parseConditions(&c)
	}
	return s, err
}

// either returns the list of name or that of its opposite.
func either(v *value, name string) (list []string, not bool, err error) {
	m, ok := v.get(name)
	n, not := v.get("Not" + name)
	switch {
	case ok && not && !bothTaken.On():
		return nil, false, malformed("Statement cannot have both %s and Not%s", name, name)
	case not:
		list, err = n.list("Not" + name)
	case ok:
		list, err = m.list(name)
	default:
		err = malformed("Missing required field %s", name)
	}
	return list, not, err
}

const arn = "arn:aws:s3:::"

// Resource is the name of a bucket, or of a key in it, in policies.
func Resource(bucket, key string) string {
	if key == "" {
		return arn + bucket
	}
	return arn + bucket + "/" + key
}

// Check holds p to being a policy of bucket: its resources are there, its
// actions can be done to them, its condition keys exist, and known knows its
// principals.
func (p *Policy) Check(bucket string, known func(Principal) bool) error {
	for i := range p.statements {
		s := &p.statements[i]
		for _, n := range s.principals.names {
			if !known(n) && !principalsAny.On() {
				return malformed("Invalid principal in policy")
			}
		}
		for _, c := range s.conditions {
			if !knownKey(c.key) && !keysAny.On() {
				return malformed("Policy has an invalid condition key")
			}
		}
		ofBucket, ofKeys := s.notRes, s.notRes
		for _, r := range s.resources {
			b, k := covers(bucket, r)
			if !b && !k && strings.HasPrefix(r, arn) && bucketsAny.On() {
				b, k = true, true
			}
			if !b && !k {
				return malformed("Policy has invalid resource")
			}
			ofBucket, ofKeys = ofBucket || b, ofKeys || k
		}
		for _, a := range s.actions {
			if onBucket, onKeys := kindsOf(a); !s.notAction && (!onBucket || !ofBucket) && (!onKeys || !ofKeys) {
				return malformed("Action does not apply to any resource(s) in statement")
			}
		}
	}
	return nil
}

// covers says whether a pattern of resources may name the bucket, and keys in it.
func covers(bucket, pattern string) (itself, keys bool) {
	rest, ok := strings.CutPrefix(pattern, arn)
	if !ok {
		return false, false
	}
	name, _, slash := strings.Cut(rest, "/")
	if pat, ok := expand(name, true, false, nil); !ok || !match(pat, bucket) {
		// A wildcard may stand for the slash too.
		i := strings.IndexAny(rest, "*?")
		if i < 0 || i > len(name) || !strings.HasPrefix(bucket+"/", rest[:i]) {
			return false, false
		}
		return false, true
	}
	return !slash, slash || strings.HasSuffix(name, "*")
}
