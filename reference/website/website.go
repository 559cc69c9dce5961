// Package website is the configuration of a bucket as a website: what it may be,
// and where its rules send a request. It knows nothing of how pages are served.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html
package website

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	slashTaken = fault.NewBug("website.suffix-with-slash-taken",
		"the suffix of the index document may have a slash", "WS-02")
	bothTaken = fault.NewBug("website.redirect-all-beside-taken",
		"RedirectAllRequestsTo may stand beside an index document", "WS-02")
	replaceTwice = fault.NewBug("website.both-replacements-taken",
		"a redirect may have ReplaceKeyWith and ReplaceKeyPrefixWith", "WS-02")
	rulesUnbounded = fault.NewBug("website.rules-unbounded",
		"a website may have any number of routing rules", "WS-02")
)

// maxRules is the most routing rules of a website.
const maxRules = 50

// A Configuration redirects everything (All), or has an Index. It is never
// changed once it is checked.
type Configuration struct {
	Index string `json:",omitempty"` // suffix of the documents of directories
	Error string `json:",omitempty"` // key of the document for errors
	All   *All   `json:",omitempty"`
	Rules []Rule `json:",omitempty"` // in the order in which they are asked
}

// All is where every request is sent.
type All struct {
	Host     string
	Protocol string `json:",omitempty"` // "": the request's own
}

// A Rule redirects the requests for which its Condition holds; nil is all.
type Rule struct {
	Condition *Condition `json:",omitempty"`
	Redirect  Redirect
}

// A Condition holds when both of its parts do; "" is no part.
type Condition struct {
	Error  string `json:",omitempty"` // HTTP status
	Prefix string `json:",omitempty"` // of the key
}

// A Redirect has at least one of its fields.
type Redirect struct {
	Host          string  `json:",omitempty"`
	Code          string  `json:",omitempty"` // HTTP status
	Protocol      string  `json:",omitempty"`
	ReplacePrefix *string `json:",omitempty"`
	ReplaceKey    *string `json:",omitempty"`
}

// Encode is c as a bucket keeps it; nil stays nil.
func (c *Configuration) Encode() (json.RawMessage, error) {
	if c == nil {
		return nil, nil
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode website: %w", err)
	}
	return b, nil
}

// Decode is the reverse of Encode.
func Decode(b json.RawMessage) (*Configuration, error) {
	if b == nil {
		return nil, nil
	}
	c := &Configuration{}
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("decode website: %w", err)
	}
	return c, nil
}

// Check holds c to S3's rules: InvalidArgument, InvalidRequest.
func (c *Configuration) Check() error {
	if c.All != nil {
		if (c.Index != "" || c.Error != "" || len(c.Rules) > 0) && !bothTaken.On() {
			return request("RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.")
		}
		if c.All.Host == "" {
			return request("RedirectAllRequestsTo needs a HostName.")
		}
		return protocol(c.All.Protocol)
	}
	switch {
	case c.Index == "":
		return argument("A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty")
	case strings.Contains(c.Index, "/") && !slashTaken.On():
		return argument("The IndexDocument Suffix is not well formed")
	case len(c.Rules) > maxRules && !rulesUnbounded.On():
		return request("%d routing rules provided, the number of routing rules in a website configuration is limited to %d.", len(c.Rules), maxRules)
	}
	for i := range c.Rules {
		if err := c.Rules[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rule) check() error {
	if c := r.Condition; c != nil {
		if c.Error == "" && c.Prefix == "" {
			return request("Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.")
		}
		if n, err := strconv.Atoi(c.Error); c.Error != "" && (err != nil || n < 400 || n > 599) {
			return argument("The provided HTTP error code (%s) is not valid. Valid codes are 4XX or 5XX.", c.Error)
		}
	}
	d := &r.Redirect
	if *d == (Redirect{}) {
		return request("Redirect cannot be empty.")
	}
	if d.ReplaceKey != nil && d.ReplacePrefix != nil && !replaceTwice.On() {
		return request("You can only define ReplaceKeyPrefix or ReplaceKey but not both.")
	}
	if n, err := strconv.Atoi(d.Code); d.Code != "" && (err != nil || n < 301 || n > 308) {
		return argument("The provided HTTP redirect code (%s) is not valid. Valid codes are 3XX except 300.", d.Code)
	}
	return protocol(d.Protocol)
}

func protocol(p string) error {
	if p != "" && p != "http" && p != "https" {
		return request("Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.")
	}
	return nil
}

func argument(text string, args ...any) error {
	return errcode.New(errcode.InvalidArgument, text, args...)
}
func request(text string, args ...any) error {
	return errcode.New(errcode.InvalidRequest, text, args...)
}
