// Package cors holds the cross-origin configuration of a bucket, and says what
// it allows a web page. It knows neither HTTP messages nor XML.
package cors

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

// The limits of a configuration.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html
const (
	MaxRules = 100
	MaxBytes = 64 << 10 // of its document
	maxID    = 255      // characters of the id of a rule
)

// Methods are those that a rule may allow.
var Methods = []string{"GET", "PUT", "HEAD", "POST", "DELETE"}

var (
	rulesUnbounded = fault.NewBug("cors.rules-unlimited",
		"a configuration may have more than 100 rules", "CO-02")
	methodUnchecked = fault.NewBug("cors.any-method",
		"a rule may allow a method that S3 does not know", "CO-02")
	wildcardsUnchecked = fault.NewBug("cors.two-wildcards",
		"an origin or a header of a rule may have two wildcards", "CO-02")
)

// A Configuration is the rules of a bucket, in the order in which they are
// tried. It is not changed once it is made.
type Configuration struct {
	Rules []Rule
}

// A Rule allows origins some methods and headers. Origins and Headers may hold
// one "*" each, which stands for any characters.
type Rule struct {
	ID      string   `json:",omitempty"`
	Methods []string // at least one of Methods
	Origins []string // at least one
	Headers []string `json:",omitempty"` // that a request may have
	Expose  []string `json:",omitempty"` // of the answer, that the page may read
	MaxAge  *int32   `json:",omitempty"` // seconds for which a preflight holds; nil: not said
}

// Decode reads what Encode wrote; no bytes are no configuration, nil.
func Decode(text json.RawMessage) (*Configuration, error) {
	if len(text) == 0 {
		return nil, nil
	}
	var c Configuration
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, fmt.Errorf("decode CORS configuration: %w", err)
	}
	return &c, nil
}

// Encode returns c as JSON; nil is nil.
func (c *Configuration) Encode() (json.RawMessage, error) {
	if c == nil {
		return nil, nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode CORS configuration: %w", err)
	}
	return text, nil
}

// Check fails unless c may be set: MalformedXML for what its schema forbids,
// InvalidRequest for a method or a wildcard that cannot be.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html
func (c *Configuration) Check() error {
	if len(c.Rules) == 0 || len(c.Rules) > MaxRules && !rulesUnbounded.On() {
		return errcode.New(errcode.MalformedXML, "A CORS configuration has 1 to %d rules.", MaxRules)
	}
	for i := range c.Rules {
		if err := c.Rules[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) check() error {
	switch {
	case len(r.Methods) == 0, len(r.Origins) == 0:
		return errcode.New(errcode.MalformedXML, "A CORS rule needs an AllowedMethod and an AllowedOrigin.")
	case utf8.RuneCountInString(r.ID) > maxID:
		return errcode.New(errcode.InvalidRequest, "The ID of a CORS rule has at most %d characters.", maxID)
	}
	for _, m := range r.Methods {
		if !contains(Methods, m) && !methodUnchecked.On() {
			return errcode.New(errcode.InvalidRequest, "Found unsupported HTTP method in CORS config. Unsupported method is %s", m)
		}
	}
	for _, list := range []struct {
		element string
		values  []string
	}{{"AllowedOrigin", r.Origins}, {"AllowedHeader", r.Headers}} {
		for _, v := range list.values {
			if strings.Count(v, "*") > 1 && !wildcardsUnchecked.On() {
				return errcode.New(errcode.InvalidRequest, "%s %q can not have more than one wildcard.", list.element, v)
			}
		}
	}
	for _, v := range r.Headers {
		if !isName(strings.Replace(v, "*", "x", 1)) {
			return errcode.New(errcode.InvalidRequest, "AllowedHeader %q is not the name of a header.", v)
		}
	}
	for _, v := range r.Expose {
		if strings.Contains(v, "*") {
			return errcode.New(errcode.InvalidRequest, "ExposeHeader %q contains a wildcard, which it cannot.", v)
		}
		if !isName(v) {
			return errcode.New(errcode.InvalidRequest, "ExposeHeader %q is not the name of a header.", v)
		}
	}
	return nil
}

// isName reports whether a header may be called s (RFC 9110 section 5.6.2).
func isName(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
