package form

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	expiryIgnored = fault.NewBug("form.expiration-ignored",
		"a policy holds for ever", "PO-07")
	conditionsIgnored = fault.NewBug("form.conditions-ignored",
		"the conditions of a policy are not looked at", "PO-07", "PO-10", "PO-17")
	extraAccepted = fault.NewBug("form.uncovered-fields",
		"a form may have fields that its policy does not name", "PO-07")
	eqPrefix = fault.NewBug("form.eq-is-prefix",
		"eq is true of a value that begins with the one of the policy", "PO-10", "PO-07")
	prefixEq = fault.NewBug("form.starts-with-is-eq",
		"starts-with is true of the whole value alone", "PO-10")
	valuesFolded = fault.NewBug("form.values-folded",
		"the case of values does not matter to a policy", "PO-10")
	namesExact = fault.NewBug("form.names-case-sensitive",
		"the names of fields in a policy count in lower case alone", "PO-10")
	bucketIgnored = fault.NewBug("form.bucket-ignored",
		"the bucket that a policy names is not looked at", "PO-17", "PO-07")
	rangeIgnored = fault.NewBug("form.length-range-ignored",
		"content-length-range is not looked at", "PO-09")
	rangeOpen = fault.NewBug("form.length-range-open",
		"a file may not have exactly the least or most bytes of content-length-range", "PO-09")
	rangeLax = fault.NewBug("form.length-range-lax",
		"a content-length-range that is malformed means nothing", "PO-09")
	ignoreCounts = fault.NewBug("form.x-ignore-counts",
		"fields x-ignore-* have to be in the policy as others", "PO-11")
	expirationOptional = fault.NewBug("form.expiration-optional",
		"a policy without an expiration never ends", "PO-08")
	conditionsOptional = fault.NewBug("form.conditions-optional",
		"a policy without conditions allows everything", "PO-08")
	typesWhole = fault.NewBug("form.content-types-whole",
		"of several content types in a list the first alone is held to starts-with", "PO-10")
)

// A Policy says what a form may hold.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
type Policy struct {
	expires    time.Time // zero: of the bug form.expiration-optional
	conditions []condition
	any        bool // of the bug form.conditions-optional
	min, max   int64
}

// A condition is one on a field, named in lower case.
type condition struct {
	prefix bool // starts-with
	field  string
	value  string
}

// ParsePolicy reads the base64 text of a policy: InvalidPolicyDocument.
func ParsePolicy(text string) (*Policy, error) {
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, invalidPolicy(err)
	}
	var doc map[string]json.RawMessage // whose keys have a case, as those of a struct have not
	if err := json.Unmarshal(unescape(raw), &doc); err != nil {
		return nil, invalidPolicy(err)
	}
	for name := range doc {
		if name != "expiration" && name != "conditions" {
			return nil, invalidPolicy(fmt.Errorf("unexpected %q", name))
		}
	}
	p := &Policy{min: 0, max: -1}
	if err := p.readExpiration(doc["expiration"]); err != nil {
		return nil, invalidPolicy(err)
	}
	if doc["conditions"] == nil && conditionsOptional.On() {
		p.any = true
		return p, nil
	}
	var list []json.RawMessage
	if err := json.Unmarshal(doc["conditions"], &list); err != nil || list == nil {
		return nil, invalidPolicy(errors.New("conditions is no list"))
	}
	for _, c := range list {
		if err := p.readCondition(c); err != nil {
			return nil, invalidPolicy(err)
		}
	}
	return p, nil
}

func invalidPolicy(err error) error {
	return &errcode.Error{Code: errcode.InvalidPolicyDocument, Err: err, Message: "Invalid Policy: " + err.Error()}
}

// unescape puts into JSON the two escapes that policies have besides: \$ and \v.
func unescape(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		switch text[i] {
		case '$':
			out = append(out, '$')
		case 'v':
			out = append(out, `\u000b`...)
		default:
			out = append(out, '\\', text[i])
		}
	}
	return out
}

func (p *Policy) readExpiration(raw json.RawMessage) error {
	if raw == nil && expirationOptional.On() {
		return nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return errors.New("expiration is no text")
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errors.New("expiration is not a date of ISO 8601")
	}
	p.expires = t
	return nil
}

// readCondition reads {"field": "value"} or ["operator", ...].
func (p *Policy) readCondition(raw json.RawMessage) error {
	var simple map[string]any
	if json.Unmarshal(raw, &simple) == nil {
		if len(simple) != 1 {
			return errors.New("a condition that is an object has one property")
		}
		for name, value := range simple {
			text, ok := value.(string)
			if !ok {
				return fmt.Errorf("the value of %q is no text", name)
			}
			p.add(false, name, text)
		}
		return nil
	}
	var list []any
	if json.Unmarshal(raw, &list) != nil || len(list) != 3 {
		return p.lax(list, "a condition is an object or a list of three")
	}
	operator, _ := list[0].(string)
	switch strings.ToLower(operator) {
	case "eq", "starts-with":
		field, ok := list[1].(string)
		value, text := list[2].(string)
		if !ok || !text || !strings.HasPrefix(field, "$") {
			return fmt.Errorf("%s needs a field, with $ before its name, and a text", operator)
		}
		p.add(strings.EqualFold(operator, "starts-with"), field[1:], value)
		return nil
	case "content-length-range":
		least, ok := size(list[1])
		most, too := size(list[2])
		if !ok || !too || least > most {
			return p.lax(list, "content-length-range needs two numbers, the smaller one first")
		}
		if !rangeIgnored.On() {
			p.min, p.max = max(p.min, least), lesser(p.max, most)
		}
		return nil
	}
	return fmt.Errorf("unknown operator %q", operator)
}

// lax is the bug form.length-range-lax; else the error why.
func (p *Policy) lax(list []any, why string) error {
	if len(list) > 0 && list[0] == "content-length-range" && rangeLax.On() {
		return nil
	}
	return errors.New(why)
}

// lesser is the smaller of two bounds, of which the first may not be set yet.
func lesser(set, n int64) int64 {
	if set < 0 {
		return n
	}
	return min(set, n)
}

// size reads a number of bytes, which may stand in quotes.
func size(v any) (int64, bool) {
	switch n := v.(type) {
	case float64:
		return int64(n), n >= 0 && n == math.Trunc(n) && n < 1<<53
	case string:
		i, err := strconv.ParseInt(n, 10, 64)
		return i, err == nil && i >= 0
	}
	return 0, false
}

func (p *Policy) add(prefix bool, field, value string) {
	if !namesExact.On() {
		field = strings.ToLower(field)
	}
	p.conditions = append(p.conditions, condition{prefix, field, value})
}

// Check holds the fields of a form for bucket against the policy, and the size
// of its file from then on: AccessDenied.
func (p *Policy) Check(f *Form, bucket string, now time.Time) error {
	if !now.Before(p.expires) && !p.expires.IsZero() && !expiryIgnored.On() {
		return denied("Policy expired.")
	}
	if rangeOpen.On() && p.max >= 0 {
		p.min, p.max = p.min+1, p.max-1
	}
	f.File.Bound(p.min, p.max)
	if p.any {
		return nil
	}
	covered := map[string]bool{}
	for _, c := range p.conditions {
		covered[c.field] = true
		value, ok := f.Get(c.field)
		if c.field == "bucket" {
			value, ok = bucket, true
			if bucketIgnored.On() {
				continue
			}
		}
		if (!ok || !c.holds(value)) && !conditionsIgnored.On() {
			return denied(fmt.Sprintf("Policy Condition failed: %s", c))
		}
	}
	for _, name := range append([]string{"bucket"}, f.Names()...) {
		if !covered[name] && !exempt(name) && !extraAccepted.On() {
			return denied("Extra input fields: " + name)
		}
	}
	return nil
}

func denied(why string) error {
	return errcode.New(errcode.AccessDenied, "Invalid according to Policy: %s", why)
}

// exempt says whether a field need not be in the policy. The bucket is a field
// of every form (https://github.com/aws/aws-sdk-php/issues/3292).
func exempt(name string) bool {
	switch name {
	case "policy", "x-amz-signature", "file":
		return true
	}
	return strings.HasPrefix(name, "x-ignore-") && !ignoreCounts.On()
}

func (c condition) String() string {
	operator := "eq"
	if c.prefix {
		operator = "starts-with"
	}
	text, err := json.Marshal([]string{operator, "$" + c.field, c.value})
	if err != nil {
		return operator
	}
	return string(text)
}

// holds says whether the condition is true of a value. Content types in a list
// are each held to a starts-with.
func (c condition) holds(value string) bool {
	if valuesFolded.On() {
		c.value, value = strings.ToLower(c.value), strings.ToLower(value)
	}
	switch {
	case c.prefix && prefixEq.On():
		return value == c.value || c.value == ""
	case !c.prefix && eqPrefix.On():
		return strings.HasPrefix(value, c.value)
	case !c.prefix:
		return value == c.value
	case c.field != "content-type" || typesWhole.On():
		return strings.HasPrefix(value, c.value)
	}
	for one := range strings.SplitSeq(value, ",") {
		if !strings.HasPrefix(strings.TrimLeft(one, " "), c.value) {
			return false
		}
	}
	return true
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
