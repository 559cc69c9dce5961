package policy

import (
	"slices"
	"strings"

	"bleepstore/fault"
)

var (
	absentMatches = fault.NewBug("policy.absent-matches",
		"a condition on what a request does not have holds", "P-11")
	absentDiffers = fault.NewBug("policy.absent-is-no-other",
		"a negated operator does not hold where the request has no such key", "P-11")
	ifExistsUnread = fault.NewBug("policy.if-exists-unread",
		"IfExists makes no difference", "P-11")
	nullUnread = fault.NewBug("policy.null-always-holds",
		"Null holds whether there is such a key or not", "P-11", "W-21", "W-23")
	firstValue = fault.NewBug("policy.first-value-alone",
		"of several values of a condition only the first counts", "P-11")
	allIsAny = fault.NewBug("policy.for-all-is-for-any",
		"ForAllValues holds where one of the values matches", "P-11")
)

// A condition is one key under one operator. Every condition of a statement
// must hold.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
type condition struct {
	op     operator
	set    quantifier
	ifHas  bool // ...IfExists: holds where there is no such key
	key    string
	values []string
}

// A quantifier says how many of several values of a request must do.
type quantifier byte

const (
	plain quantifier = iota
	forAny
	forAll
)

var quantifiers = map[string]quantifier{"ForAnyValue": forAny, "ForAllValues": forAll}

func parseConditions(v *value) ([]condition, error) {
	if v.kind != '{' {
		return nil, malformed("Condition must be an object")
	}
	var out []condition
	for i, name := range v.names {
		keys := v.members[i]
		c, ok := parseOperator(name)
		if !ok {
			return nil, malformed("Invalid Condition type : %s", name)
		}
		if keys.kind != '{' || len(keys.names) == 0 {
			return nil, malformed("Condition %s must be an object", name)
		}
		for j, key := range keys.names {
			c.key = foldKey(key)
			if !strings.Contains(key, ":") {
				return nil, malformed("Policy has an invalid condition key")
			}
			var err error
			if c.values, err = c.op.valuesOf(&keys.members[j], key); err != nil {
				return nil, err
			}
			out = append(out, c)
		}
	}
	return out, nil
}

// parseOperator reads ForAnyValue:StringEqualsIfExists and the like.
func parseOperator(name string) (c condition, ok bool) {
	if set, rest, has := strings.Cut(name, ":"); has {
		if c.set, ok = quantifiers[set]; !ok {
			return c, false
		}
		name = rest
	}
	if c.op, ok = operators[name]; ok {
		return c, c.set == plain || !c.op.null
	}
	name, c.ifHas = strings.CutSuffix(name, "IfExists")
	c.op, ok = operators[name]
	return c, ok && c.ifHas && !c.op.null
}

// valuesOf reads the values that a policy compares with.
func (op operator) valuesOf(v *value, key string) ([]string, error) {
	all := []value{*v}
	if v.kind == '[' {
		all = v.members
	}
	var out []string
	for _, m := range all {
		if m.kind != 's' && m.kind != 'n' && m.kind != 'b' || op.valid != nil && !op.valid(m.text) {
			return nil, malformed("Invalid value for the condition key %s", key)
		}
		out = append(out, m.text)
	}
	if len(out) == 0 {
		return nil, malformed("The condition key %s has no value", key)
	}
	return out, nil
}

// holds evaluates c. A key that is not there does not match, so that negated
// operators hold.
func (c *condition) holds(vars bool, fact func(string) []string) bool {
	got := fact(c.key)
	if c.op.null {
		want := "false"
		if len(got) == 0 {
			want = "true"
		}
		holds := slices.ContainsFunc(c.values, func(v string) bool { return strings.EqualFold(v, want) })
		return holds || nullUnread.On()
	}
	if len(got) == 0 {
		switch {
		case c.ifHas && !ifExistsUnread.On(), c.set == forAll:
			return true
		case c.set == forAny:
			return false
		}
		return c.op.not && !absentDiffers.On() || !c.op.not && absentMatches.On()
	}
	one := func(v string) bool {
		values := c.values
		if len(values) > 1 && firstValue.On() {
			values = values[:1]
		}
		in := slices.ContainsFunc(values, func(want string) bool {
			if !vars || !strings.Contains(want, "${") {
				return c.op.match(want, v, false, fact)
			}
			return c.op.match(want, v, true, fact)
		})
		return in != c.op.not
	}
	if c.set == forAll && (len(got) < 2 || !allIsAny.On()) || c.set == plain && c.op.not {
		return !slices.ContainsFunc(got, func(v string) bool { return !one(v) })
	}
	return slices.ContainsFunc(got, one)
}
