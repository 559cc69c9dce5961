// Package lifecycle holds the rules of a bucket's lifecycle: what a
// configuration may be, what is told of it, and, where time can be moved, what
// becomes of objects.
package lifecycle

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"
	sdk   = "s3@v1.114.8 "

	apiPut     = api + "API_PutBucketLifecycleConfiguration.html"
	apiGet     = api + "API_GetBucketLifecycleConfiguration.html"
	apiDelete  = api + "API_DeleteBucketLifecycle.html"
	apiErrors  = api + "ErrorResponses.html#ErrorCodeList"
	apiExpires = api + "API_LifecycleExpiration.html"
	apiRule    = api + "API_LifecycleRule.html"

	guideElements = guide + "intro-lifecycle-rules.html"
	guideActions  = guideElements + "#intro-lifecycle-rules-actions"
	guideDays     = guideElements + "#intro-lifecycle-rules-number-of-days"
)

var needs = []Feature{Buckets, Lifecycle}

// An element is a piece of a document: text or children.
type element struct {
	XMLName xml.Name
	Text    string    `xml:",chardata"`
	Kids    []element `xml:",any"`
}

// rule is a Rule of the elements in inner, enabled and for all keys.
func rule(inner string) string { return ruleFor("<Filter></Filter>", inner) }

// ruleFor is rule for what filter says.
func ruleFor(filter, inner string) string {
	return "<Rule>" + filter + "<Status>Enabled</Status>" + inner + "</Rule>"
}

// days expires objects after n days.
func days(n int) string { return fmt.Sprintf("<Expiration><Days>%d</Days></Expiration>", n) }

func id(s string) string { return "<ID>" + s + "</ID>" }

// configuration is a document of rules.
func configuration(rules ...string) []byte {
	return []byte(`<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` + strings.Join(rules, "") + "</LifecycleConfiguration>")
}

// put replaces a bucket's lifecycle.
func put(bucket string, rules ...string) Request {
	body := configuration(rules...)
	return Request{Method: "PUT", Bucket: bucket, Query: "lifecycle=", Body: body, Header: [][2]string{ContentMD5(body)}}
}

func get(bucket string) Request { return Request{Bucket: bucket, Query: "lifecycle="} }

// read returns the rules that a bucket has, in their order.
func read(ctx context.Context, s *S, bucket string) ([]element, *Response, error) {
	r := s.Send(ctx, get(bucket))
	if ok, _ := OK().Match(r); !ok {
		return nil, r, errors.New(Outcome(r))
	}
	var doc element
	if err := xml.Unmarshal(r.Body, &doc); err != nil {
		return nil, r, err
	}
	if doc.XMLName.Local != "LifecycleConfiguration" {
		return nil, r, fmt.Errorf("the root is %s", doc.XMLName.Local)
	}
	return slices.DeleteFunc(doc.Kids, func(e element) bool { return e.XMLName.Local != "Rule" }), r, nil
}

// child returns the only child of that name, nil when there is none.
func (e *element) child(path ...string) *element {
	for _, name := range path {
		var found *element
		for i := range e.Kids {
			if e.Kids[i].XMLName.Local == name {
				found = &e.Kids[i]
			}
		}
		if found == nil {
			return nil
		}
		e = found
	}
	return e
}

// text of the child at path, "" when it is absent.
func (e *element) text(path ...string) string {
	if c := e.child(path...); c != nil {
		return c.Text
	}
	return ""
}

// flat writes an element without namespace and with its children by name, so
// that the order of unlike elements does not count. Dates lose their
// milliseconds; an element that is empty is one without text.
func (e *element) flat() string {
	if len(e.Kids) == 0 {
		return e.XMLName.Local + "=" + strings.Replace(strings.TrimSpace(e.Text), ".000Z", "Z", 1)
	}
	byName := map[string][]string{}
	for i := range e.Kids {
		k := &e.Kids[i]
		if !vocabulary[k.XMLName.Local] {
			continue
		}
		byName[k.XMLName.Local] = append(byName[k.XMLName.Local], k.flat())
	}
	return e.XMLName.Local + fmt.Sprint(byName) // a map prints in the order of its keys
}

// vocabulary are the elements of a rule. What a server adds of its own is for
// its own clients.
var vocabulary = func() map[string]bool {
	known := map[string]bool{}
	for _, name := range strings.Fields(`Prefix Status Filter And Tag Key Value ObjectSizeGreaterThan ObjectSizeLessThan
		Expiration Days Date ExpiredObjectDeleteMarker NoncurrentVersionExpiration NoncurrentDays NewerNoncurrentVersions
		Transition NoncurrentVersionTransition StorageClass AbortIncompleteMultipartUpload DaysAfterInitiation`) {
		known[name] = true
	}
	return known
}()

// shown are the rules of a document, each flat and without its ID.
func shown(rules []element) []string {
	var out []string
	for i := range rules {
		r := rules[i]
		var kids []element
		for _, k := range r.Kids {
			if k.XMLName.Local != "ID" {
				kids = append(kids, k)
			}
		}
		r.Kids = kids
		out = append(out, r.flat())
	}
	return out
}

// reads waits until the bucket has those rules, IDs aside.
func reads(ctx context.Context, s *S, bucket string, rules ...string) error {
	var want element
	if err := xml.Unmarshal(configuration(rules...), &want); err != nil {
		return err
	}
	return Settled(ctx, s, "the lifecycle reads back", func() error {
		got, _, err := read(ctx, s, bucket)
		if err != nil {
			return err
		}
		if d := cmp.Diff(shown(want.Kids), shown(got)); d != "" {
			return fmt.Errorf("the rules differ (-want +got): %s", d)
		}
		return nil
	})
}

// set puts rules as what a scenario rests on, and waits until they read back.
func set(ctx context.Context, s *S, bucket string, rules ...string) {
	must(s, s.Send(ctx, put(bucket, rules...)), "set the lifecycle")
	s.Must(reads(ctx, s, bucket, rules...), "read the lifecycle")
}

// must is S.Must for the answer to a raw request.
func must(s *S, r *Response, doing string) {
	if r.Status == 501 || r.Status == 405 {
		s.Expect(r).To(OK(), doing) // unsupported
	}
	if ok, _ := OK().Match(r); !ok {
		s.Must(errors.New(Outcome(r)), doing)
	}
}
