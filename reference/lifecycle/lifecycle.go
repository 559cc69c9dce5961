// Package lifecycle is the rules of a bucket's S3 Lifecycle: what they may be,
// and what they make of the versions of a key and of an upload as of a time. It
// is pure: it knows no clock, no store and no wire. The state machine applies
// what it says, so that a change of meaning is a change of the state's version.
package lifecycle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The values of a rule's Status.
const (
	Enabled  = "Enabled"
	Disabled = "Disabled"
)

// The default minimum sizes of objects that a transition takes.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html
const (
	All128K = "all_storage_classes_128K"
	Varies  = "varies_by_storage_class" // archives take smaller ones too
)

// A Configuration is what a bucket has; its rules keep their order. It is never
// changed once it is checked.
type Configuration struct {
	Rules []Rule
	// MinimumSize is All128K or Varies.
	MinimumSize string
}

// A Rule is one rule. It has a Filter or, in the older form, a Prefix.
type Rule struct {
	ID          string
	Status      string
	Prefix      *string               `json:",omitempty"`
	Filter      *Filter               `json:",omitempty"`
	Expiration  *Expiration           `json:",omitempty"`
	Noncurrent  *NoncurrentExpiration `json:",omitempty"`
	Transitions []Transition          `json:",omitempty"`
	// NoncurrentTransitions have no Date.
	NoncurrentTransitions []Transition `json:",omitempty"`
	// AbortDays are the days after which an upload is aborted; 0: never.
	AbortDays int `json:",omitempty"`
}

// A Filter says which objects a rule is for: all, when nothing is set.
type Filter struct {
	And     bool    `json:",omitempty"` // the predicates stand in an And
	Prefix  *string `json:",omitempty"`
	Tags    []Tag   `json:",omitempty"`
	Greater *int64  `json:",omitempty"` // bytes; the object is larger
	Less    *int64  `json:",omitempty"` // bytes; the object is smaller
}

// A Tag is one that an object must have.
type Tag struct{ Key, Value string }

// An Expiration has exactly one of its fields.
type Expiration struct {
	Days   int       `json:",omitempty"`
	Date   time.Time `json:",omitzero"` // a midnight in UTC
	Marker *bool     `json:",omitempty"`
}

// A NoncurrentExpiration is of versions that are noncurrent for Days and have
// Newer noncurrent versions above them; delete markers do not count as such.
type NoncurrentExpiration struct {
	Days  int
	Newer int `json:",omitempty"`
}

// A Transition to another storage class has Days, of which there may be 0, or a
// Date.
type Transition struct {
	Class string
	Days  int
	Date  time.Time `json:",omitzero"`
	Newer int       `json:",omitempty"` // of noncurrent versions
}

// Encode is c as a bucket keeps it; nil stays nil.
func (c *Configuration) Encode() (json.RawMessage, error) {
	if c == nil {
		return nil, nil
	}
	b, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode lifecycle: %w", err)
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
		return nil, fmt.Errorf("decode lifecycle: %w", err)
	}
	return c, nil
}

// Tagged reports whether any rule asks for tags.
func (c *Configuration) Tagged() bool {
	return slices.ContainsFunc(c.Rules, func(r Rule) bool { return r.Filter != nil && len(r.Filter.Tags) > 0 })
}

// prefix is what a key must begin with.
func (r *Rule) prefix() string {
	switch {
	case r.Prefix != nil:
		return *r.Prefix
	case r.Filter != nil && r.Filter.Prefix != nil:
		return *r.Filter.Prefix
	}
	return ""
}

// matches reports whether an enabled rule is for that object.
func (r *Rule) matches(key string, size int64, has func(Tag) bool) bool {
	if r.Status != Enabled && !disabledActs.On() {
		return false
	}
	if !strings.HasPrefix(key, r.prefix()) && !prefixIgnored.On() {
		return false
	}
	f := r.Filter
	if f == nil {
		return true
	}
	if f.Greater != nil && size <= *f.Greater && !sizeIgnored.On() || f.Less != nil && size >= *f.Less && !sizeIgnored.On() {
		return false
	}
	all := !slices.ContainsFunc(f.Tags, func(t Tag) bool { return !has(t) })
	if !all && len(f.Tags) > 1 && anyTag.On() {
		return slices.ContainsFunc(f.Tags, has)
	}
	return all || tagIgnored.On()
}
