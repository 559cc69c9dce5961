package policy

import (
	"net/netip"
	"slices"
	"strings"

	"bleepstore/fault"
)

var (
	wildIsFixed = fault.NewBug("policy.public-wildcard-is-fixed",
		"a value with a wildcard limits whom a policy lets in", "P-10")
	anyKeyLimits = fault.NewBug("policy.public-any-key-limits",
		"every condition key limits whom a policy lets in", "P-10")
	anyRangeLimits = fault.NewBug("policy.public-any-range-limits",
		"every range of addresses is narrow", "P-10")
	conditionsPublic = fault.NewBug("policy.public-whatever-the-condition",
		"a policy for everybody is public whatever its conditions", "P-10")
	firstIsPublic = fault.NewBug("policy.public-by-first-statement",
		"a policy is public if its first statement is", "P-10")
	denyIsPublic = fault.NewBug("policy.public-by-denial",
		"a statement that denies everybody makes a policy public", "P-10")
)

// limiting are the condition keys whose fixed values keep the public out.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html#access-control-block-public-access-policy-status
var limiting = []string{
	"aws:principalaccount", "aws:principalarn", "aws:principalorgid", "aws:principalorgpaths",
	"aws:sourcearn", "aws:sourceaccount", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpce", "aws:userid",
	"s3:dataaccesspointaccount", "s3:dataaccesspointarn", "s3:x-amz-server-side-encryption-aws-kms-key-id",
}

// public reports whether s lets in the public: everybody, without a condition
// that limits them to something fixed.
func (s *statement) public() bool {
	if !s.principals.anyone || s.deny && !denyIsPublic.On() {
		return false
	}
	return !slices.ContainsFunc(s.conditions, condition.limits) || conditionsPublic.On()
}

// limits reports whether c lets through only what has one of some fixed values.
func (c condition) limits() bool {
	if c.op.not || c.op.null || c.ifHas || c.set == forAll {
		return false
	}
	if c.key == "aws:sourceip" {
		return !slices.ContainsFunc(c.values, func(v string) bool { return !isNarrow(v) }) || anyRangeLimits.On()
	}
	return (slices.Contains(limiting, c.key) || anyKeyLimits.On()) && !slices.ContainsFunc(c.values, func(v string) bool { return !isFixed(c.key, v) })
}

// isFixed reports whether a value has no wildcard or variable. The name of an
// access point may have one, in an account that is fixed.
func isFixed(key, v string) bool {
	if key == "s3:dataaccesspointarn" {
		parts := strings.SplitN(v, ":", 6)
		if len(parts) == 6 && strings.HasPrefix(parts[5], "accesspoint/") {
			v = parts[4]
			return v != "" && !strings.ContainsAny(v, "*?$")
		}
	}
	return v != "" && (!strings.ContainsAny(v, "*?") || wildIsFixed.On()) && !strings.Contains(v, "${")
}

// private are the ranges that are nobody's on the Internet (RFC 1918).
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
}

// isNarrow reports whether a range of addresses is narrow enough to be fixed: at
// least /8, or /32 of the longer addresses, unless it is private.
func isNarrow(v string) bool {
	p, ok := parseRange(v)
	if !ok {
		return false
	}
	for _, q := range private {
		if q.Contains(p.Addr()) && p.Bits() >= q.Bits() {
			return true
		}
	}
	if p.Addr().Is4() {
		return p.Bits() >= 8
	}
	return p.Bits() >= 32
}
