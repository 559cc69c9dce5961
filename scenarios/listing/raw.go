package listing

import (
	"context"
	"encoding/xml"
	"fmt"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// A result is the body of a listing as it stands, names undecoded. A nil field
// is an element that is absent.
type result struct {
	XMLName  xml.Name `xml:"ListBucketResult"`
	Contents []struct{ Key string }
	MaxKeys  *int

	Name, Prefix, Delimiter string

	IsTruncated bool
}

// send asks for a listing with a raw query, which must succeed.
func send(ctx context.Context, s *S, bucket, query string) *result {
	r := s.Send(ctx, Request{Bucket: bucket, Query: query})
	s.Expect(r).To(OK(), "GET ?%s", query)
	got, err := parse(r.Body)
	s.Expect(err).To(Succeed(), "GET ?%s", query)
	return got
}

func parse(body []byte) (*result, error) {
	var out result
	if err := xml.Unmarshal(body, &out); err != nil {
		return nil, fmt.Errorf("body is not a ListBucketResult: %w", err)
	}
	return &out, nil
}

// keys returns the keys as they stand.
func (r *result) keys() []string {
	keys := []string{}
	for _, c := range r.Contents {
		keys = append(keys, c.Key)
	}
	return keys
}

// answer tells what a raw listing was answered with, for the record.
func answer(r *Response) string {
	if r.Err != nil || r.Status != 200 {
		return fmt.Sprint(r.Status, " ", r.Code)
	}
	got, err := parse(r.Body)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("200 with keys %q", got.keys())
}
