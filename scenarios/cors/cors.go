// Package cors holds the rules of cross-origin resource sharing: the
// configuration of a bucket, and what browsers are told by it.
package cors

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	apiPut     = api + "API_PutBucketCors.html"
	apiGet     = api + "API_GetBucketCors.html"
	apiDelete  = api + "API_DeleteBucketCors.html"
	apiOptions = api + "RESTOPTIONSobject.html"

	guideMatch    = guide + "cors.html#cors-eval-criteria"
	guideElements = guide + "ManageCorsUsing.html"
	guideOrigin   = guideElements + "#cors-allowed-origin"
	guideHeader   = guideElements + "#cors-allowed-headers"
	guideExpose   = guideElements + "#cors-expose-headers"
	guideTrouble  = guide + "cors-troubleshooting.html"

	// w3c is where browsers are told what to make of the headers.
	w3c = "https://www.w3.org/TR/2020/SPSD-cors-20200602/#resource-implementation"
)

var needs = []Feature{CORS}

// The origins of the scenarios.
const (
	home   = "http://www.example.com"
	abroad = "http://www.example.org"
)

// rule allows origin the methods, and every header.
func rule(origin string, methods ...string) types.CORSRule {
	return types.CORSRule{AllowedOrigins: []string{origin}, AllowedMethods: methods, AllowedHeaders: []string{"*"}}
}

// configured returns a bucket with the object k and the rules, once they read
// back.
func configured(ctx context.Context, s *S, rules ...types.CORSRule) string {
	b := s.Bucket(ctx)
	s.MustPut(ctx, b, "k", "hello")
	set(ctx, s, b, rules...)
	return b
}

// set replaces the rules, and waits until they read back.
func set(ctx context.Context, s *S, bucket string, rules ...types.CORSRule) {
	_, err := put(ctx, s, bucket, rules...)
	s.Must(err, "set the CORS configuration")
	s.Settle(ctx, "the CORS configuration reads back", func() error { return reads(ctx, s, bucket, rules) })
}

func put(ctx context.Context, s *S, bucket string, rules ...types.CORSRule) (*s3.PutBucketCorsOutput, error) {
	return s.SDK().PutBucketCors(ctx, &s3.PutBucketCorsInput{Bucket: &bucket, CORSConfiguration: &types.CORSConfiguration{CORSRules: rules}})
}

// reads is nil when the bucket's rules are those, in their order.
func reads(ctx context.Context, s *S, bucket string, rules []types.CORSRule) error {
	out, err := s.SDK().GetBucketCors(ctx, &s3.GetBucketCorsInput{Bucket: &bucket})
	if err != nil {
		return err
	}
	if got, want := shown(out.CORSRules), shown(rules); !slices.Equal(got, want) {
		return fmt.Errorf("rules: got %q, want %q", got, want)
	}
	return nil
}

// shown renders rules; the order inside a list says nothing.
func shown(rules []types.CORSRule) []string {
	out := make([]string, len(rules))
	for i, r := range rules {
		age := "none"
		if r.MaxAgeSeconds != nil {
			age = fmt.Sprint(*r.MaxAgeSeconds)
		}
		for _, list := range []*[]string{&r.AllowedMethods, &r.AllowedOrigins, &r.AllowedHeaders, &r.ExposeHeaders} {
			*list = slices.Sorted(slices.Values(*list))
		}
		out[i] = fmt.Sprintf("%s %q %q %q %q %s", aws.ToString(r.ID), r.AllowedMethods, r.AllowedOrigins, r.AllowedHeaders, r.ExposeHeaders, age)
	}
	return out
}

// ask is a preflight, which no browser signs.
func ask(bucket, origin, method string, headers ...string) Request {
	r := Request{Method: "OPTIONS", Bucket: bucket, Key: "k", As: Anonymous,
		Header: [][2]string{{"Origin", origin}, {"Access-Control-Request-Method", method}}}
	if len(headers) > 0 {
		r.Header = append(r.Header, [2]string{"Access-Control-Request-Headers", strings.Join(headers, ",")})
	}
	return r
}

// from is a GET of k by a page of origin.
func from(origin, bucket string) Request {
	return Request{Bucket: bucket, Key: "k", Header: [][2]string{{"Origin", origin}}}
}

// until sends until what settles holds of the answer, or the settle time is
// over, and returns the last answer: a configuration takes effect eventually,
// and the scenario judges what comes then.
func until(ctx context.Context, s *S, r Request, settles func(*Response) bool) *Response {
	var last *Response
	_ = Settled(ctx, s, "the rules are in effect", func() error {
		if last = s.Send(ctx, r); !settles(last) {
			return errors.New(Outcome(last))
		}
		return nil
	})
	return last
}

func allowed(r *Response) bool { return r.Status == 200 && origin(r) != "" }
func refused(r *Response) bool { return r.Status == 403 }
func granted(r *Response) bool { return origin(r) != "" }
func origin(r *Response) string {
	return r.Header.Get("Access-Control-Allow-Origin")
}

// listed are the members of a header that is a list, in lower case.
func listed(h http.Header, name string) []string {
	var out []string
	for _, line := range h.Values(name) {
		for member := range strings.SplitSeq(line, ",") {
			if member = strings.ToLower(strings.TrimSpace(member)); member != "" {
				out = append(out, member)
			}
		}
	}
	return out
}

// leaves are the headers of r that allow a page something.
func leaves(r *Response) []string {
	var out []string
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			out = append(out, name)
		}
	}
	return out
}
