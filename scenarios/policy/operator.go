package policy

import . "bleepstore/scenarios"

// How conditions compare, and how several of them work together. Each operator
// judges the prefix or max-keys of a listing by nobody.

// An comparison is a condition on a listing, with queries that meet it and that
// do not.
type comparison struct {
	id, says, ref string
	condition     map[string]any
	yes, no       []string
}

func init() {
	both := func(a, b map[string]any) map[string]any {
		for op, keys := range b {
			a[op] = keys
		}
		return a
	}
	for _, c := range []comparison{
		{"string-equals", "StringEquals MUST compare exactly, case and wildcards included.", "#Conditions_String",
			when("StringEquals", "s3:prefix", "aB*"), []string{"prefix=aB*"}, []string{"prefix=ab*", "prefix=aBc", "prefix=aB", ""}},
		{"string-not-equals", "StringNotEquals MUST hold for any other value, and where there is none.", "#Conditions_String",
			when("StringNotEquals", "s3:prefix", "a", "b"), []string{"prefix=c", "prefix=A", ""}, []string{"prefix=a", "prefix=b"}},
		{"string-equals-ignore-case", "StringEqualsIgnoreCase MUST compare without regard to case.", "#Conditions_String",
			when("StringEqualsIgnoreCase", "s3:prefix", "aB"), []string{"prefix=aB", "prefix=Ab"}, []string{"prefix=abc", ""}},
		{"string-not-equals-ignore-case", "StringNotEqualsIgnoreCase MUST hold for what is another word in any case.", "#Conditions_String",
			when("StringNotEqualsIgnoreCase", "s3:prefix", "aB"), []string{"prefix=abc", ""}, []string{"prefix=aB", "prefix=Ab"}},
		{"string-like", "StringLike MUST take * for any characters and ? for one.", "#Conditions_String",
			when("StringLike", "s3:prefix", "a*z", "b?"), []string{"prefix=az", "prefix=a/b/z", "prefix=bc"}, []string{"prefix=a/b", "prefix=Az", "prefix=b", "prefix=bcd", ""}},
		{"string-not-like", "StringNotLike MUST hold for what a pattern does not match.", "#Conditions_String",
			when("StringNotLike", "s3:prefix", "a*"), []string{"prefix=b", ""}, []string{"prefix=a", "prefix=a/b"}},
		{"numeric-equals", "NumericEquals MUST compare numbers.", "#Conditions_Numeric",
			when("NumericEquals", "s3:max-keys", "10"), []string{"max-keys=10", "max-keys=010"}, []string{"max-keys=1", "max-keys=100"}},
		{"numeric-not-equals", "NumericNotEquals MUST hold for another number.", "#Conditions_Numeric",
			when("NumericNotEquals", "s3:max-keys", "10"), []string{"max-keys=1"}, []string{"max-keys=10"}},
		{"numeric-less-than", "NumericLessThan MUST compare by size, and not hold for the number itself.", "#Conditions_Numeric",
			when("NumericLessThan", "s3:max-keys", "10"), []string{"max-keys=9"}, []string{"max-keys=10", "max-keys=100"}},
		{"numeric-less-than-equals", "NumericLessThanEquals MUST hold for the number itself too.", "#Conditions_Numeric",
			when("NumericLessThanEquals", "s3:max-keys", "10"), []string{"max-keys=9", "max-keys=10"}, []string{"max-keys=11"}},
		{"numeric-greater-than", "NumericGreaterThan MUST compare by size, and not hold for the number itself.", "#Conditions_Numeric",
			when("NumericGreaterThan", "s3:max-keys", "10"), []string{"max-keys=11", "max-keys=100"}, []string{"max-keys=10", "max-keys=9"}},
		{"numeric-greater-than-equals", "NumericGreaterThanEquals MUST hold for the number itself too.", "#Conditions_Numeric",
			when("NumericGreaterThanEquals", "s3:max-keys", "10"), []string{"max-keys=10", "max-keys=100"}, []string{"max-keys=9"}},
		{"if-exists", "An operator with IfExists MUST hold where the request has no such key, and judge it where it has.", "#Conditions_IfExists",
			when("StringEqualsIfExists", "s3:prefix", "a"), []string{"prefix=a", ""}, []string{"prefix=b"}},
		{"numeric-if-exists", "A numeric operator with IfExists MUST hold where the request has no such key.", "#Conditions_IfExists",
			when("NumericLessThanIfExists", "s3:max-keys", "10"), []string{"max-keys=9", "prefix=a"}, []string{"max-keys=10"}},
		{"null-true", "Null with true MUST hold where the request has no such key.", "#Conditions_Null",
			when("Null", "s3:prefix", "true"), []string{"", "max-keys=1"}, []string{"prefix=a"}},
		{"null-false", "Null with false MUST hold where the request has such a key.", "#Conditions_Null",
			when("Null", "s3:prefix", "false"), []string{"prefix=a"}, []string{"", "max-keys=1"}},
		{"key-case", "The name of a condition key MUST be taken in any case.", "",
			when("StringEquals", "S3:Prefix", "a"), []string{"prefix=a"}, []string{"prefix=b"}},
		{"unknown-key", "A condition on what the request does not have MUST NOT hold.", "",
			when("StringEquals", "aws:SourceVpc", "vpc-91237329"), nil, []string{"", "prefix=a"}},
		{"all-operators", "A statement MUST apply only where all of its operators hold.", "",
			both(when("StringEquals", "s3:prefix", "a"), when("NumericLessThan", "s3:max-keys", "10")),
			[]string{"prefix=a&max-keys=9"}, []string{"prefix=a&max-keys=10", "prefix=b&max-keys=9", "prefix=a", "max-keys=9"}},
		{"all-keys", "A statement MUST apply only where all keys of an operator match.", "",
			map[string]any{"StringEquals": map[string]any{"s3:prefix": "a", "s3:delimiter": "/"}},
			[]string{"prefix=a&delimiter=/"}, []string{"prefix=a&delimiter=-", "prefix=b&delimiter=/", "prefix=a"}},
		{"any-value", "A key MUST match where one of its values does.", "",
			when("StringEquals", "s3:prefix", "a", "b"), []string{"prefix=a", "prefix=b"}, []string{"prefix=c"}},
	} {
		ref := iamOperators + c.ref
		if c.ref == "" {
			ref = iamConditions
		}
		g := gate{id: "operator." + c.id, rule: "P-11", says: c.says, ref: ref, needs: []Feature{Listing}, keys: []string{"k"},
			policy: []statement{{Action: "s3:ListBucket", Resource: "$B", Condition: c.condition}, {Resource: "$B/k"}}, opens: []Request{get("k")}}
		for _, q := range c.yes {
			g.opens = append(g.opens, list(q))
		}
		for _, q := range c.no {
			g.bars = append(g.bars, list(q))
		}
		g.add()
	}
	for _, g := range []gate{{
		id: "operator.any-value", says: "ForAnyValue MUST hold where one of the request's values matches.", policy: tagKeys("ForAnyValue:StringEquals", "a", "b"),
		bars: []Request{setTags("a", "1"), setTags("a", "1", "c", "1")}, opens: []Request{setTags("c", "1"), setTags()},
	}, {
		id: "operator.all-values", says: "ForAllValues MUST hold where each of the request's values matches.", policy: tagKeys("ForAllValues:StringEquals", "a", "b"),
		bars: []Request{setTags("a", "1"), setTags("a", "1", "b", "1")}, opens: []Request{setTags("a", "1", "c", "1"), setTags("c", "1")},
	}} {
		g.id += "-of-request"
		g.rule, g.ref, g.needs, g.keys = "P-11", iamSets, []Feature{Tagging}, []string{"k"}
		g.add()
	}
	for _, g := range []gate{{
		id: "variable.resource", says: "A variable in a Resource MUST stand for what the request says.", keys: []string{"me/k", "you/k"},
		policy: []statement{{Resource: "$B/${aws:UserAgent}/*"}},
		opens:  []Request{get("me/k", header("User-Agent", "me"))}, bars: []Request{get("you/k", header("User-Agent", "me"))},
	}, {
		id: "variable.condition", says: "A variable in a condition's value MUST stand for what the request says.", keys: []string{"k"},
		policy: []statement{{Action: "s3:ListBucket", Resource: "$B", Condition: when("StringLike", "s3:prefix", "${aws:UserAgent}/*")}},
		opens:  []Request{agent("me", list("prefix=me/"))}, bars: []Request{agent("me", list("prefix=you/"))},
	}, {
		id: "variable.wildcard", says: "The variables for *, ? and $ MUST stand for those characters themselves.", keys: []string{"a*b", "axb", "c?", "cd", "$"},
		policy: []statement{{Resource: []string{"$B/a${*}b", "$B/c${?}", "$B/${$}"}}},
		opens:  []Request{get("a*b"), get("c?"), get("$")}, bars: []Request{get("axb"), get("cd")},
	}} {
		g.rule, g.ref = "P-17", iamVariables
		g.add()
	}
}

// tagKeys denies to set tags whose keys meet the operator.
func tagKeys(op string, values ...any) []statement {
	return []statement{{Effect: "Deny", Action: "s3:PutObjectTagging", Condition: when(op, "s3:RequestObjectTagKeys", values...)}}
}

func agent(name string, r Request) Request {
	r.Header = append(r.Header, header("User-Agent", name))
	return r
}
