// Package form holds the rules of uploads by HTML form: what a browser sends,
// the policy that says what it may send, and who signed that.
package form

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	apiPost       = api + "RESTObjectPOST.html"
	apiPolicy     = api + "sigv4-HTTPPOSTConstructPolicy.html"
	apiExpiration = apiPolicy + "#sigv4-HTTPPOSTExpiration"
	apiMatching   = apiPolicy + "#sigv4-ConditionMatching"
	apiConditions = apiPolicy + "#sigv4-PolicyConditions"
	apiSigning    = api + "sigv4-authentication-HTTPPOST.html"
	apiErrors     = api + "ErrorResponses.html#ErrorCodeList"
	guideForms    = guide + "HTTPPOSTForms.html"
	guideFields   = guideForms + "#HTTPPOSTFormFields"
	guideDeclare  = guideForms + "#HTTPPOSTFormDeclaration"
	guideRedirect = guideForms + "#HTTPPOSTConstructingPolicyRedirection"

	rfc2046 = "https://www.rfc-editor.org/rfc/rfc2046#section-5.1.1"
	rfc7578 = "https://www.rfc-editor.org/rfc/rfc7578#section-4.2"
)

var needs = []Feature{Form}

// The answers to what a policy does not allow: AWS gives the first, and its list
// of codes describes the second so.
var byPolicy = FailWithAny(Answer{Status: 403, Codes: []string{"AccessDenied"}}, Answer{Status: 400, Codes: []string{"InvalidPolicyDocument"}})

const boundary = "----WebKitFormBoundary7MA4YWxkTrZu0gW"

// A draft is a form before it is sent. The zero value of each field is what a
// page would send that means well: a policy that allows every field, signed by
// the main account.
type draft struct {
	fields     [][2]string
	conditions []string // JSON, instead of those that cover the bucket and fields
	document   string   // the policy, as it stands
	policy     string   // its base64, as it stands
	unsigned   bool     // no policy and no signature
	as         Who
	scope      func(*sign.Scope)
	omit       []string // fields of the signature that are left out
	replace    [][2]string

	file    string // the head of its part; "": a file called file.txt
	content string
	behind  string                   // parts behind the file
	body    func(text string) string // last hand on the body
	header  [][2]string
	kind    string // Content-Type
}

// of is a draft for a key.
func of(key, content string, fields ...[2]string) draft {
	return draft{fields: append([][2]string{{"key", key}}, fields...), content: content}
}

// with returns d with further conditions beside those that cover everything.
func (d draft) with(bucket string, conditions ...string) draft {
	d.conditions = append(d.covering(bucket), conditions...)
	return d
}

// covering are conditions that allow each field whatever its value.
func (d draft) covering(bucket string) []string {
	out := []string{list("eq", "$bucket", bucket)}
	for _, f := range d.fields {
		if !strings.HasPrefix(strings.ToLower(f[0]), "x-ignore-") {
			out = append(out, list("starts-with", "$"+f[0], ""))
		}
	}
	return out
}

// list is a JSON list.
func list(members ...any) string {
	text, err := json.Marshal(members)
	if err != nil {
		panic(err) // texts and numbers have a form in JSON
	}
	return string(text)
}

// part is one part of a form.
func part(head, value string) string {
	return "--" + boundary + "\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
}

func field(name, value string) string { return part(`name="`+name+`"`, value) }

// signature are the fields of the policy and its signature.
func (d draft) signature(s *S, bucket string) [][2]string {
	if d.unsigned {
		return nil
	}
	sc := ScopeOf(s, d.as)
	if d.scope != nil {
		d.scope(&sc)
	}
	fields := [][2]string{{"x-amz-algorithm", "AWS4-HMAC-SHA256"}, {"x-amz-credential", sc.Credential()}, {"x-amz-date", sc.Stamp()}}
	if sc.Session != "" {
		fields = append(fields, [2]string{"x-amz-security-token", sc.Session})
	}
	conditions := d.conditions
	if conditions == nil {
		conditions = d.covering(bucket)
	}
	for _, f := range fields {
		conditions = append(conditions, list("eq", "$"+f[0], f[1]))
	}
	document := d.document
	if document == "" {
		document = until(time.Hour, conditions)
	}
	policy := d.policy
	if policy == "" {
		policy = base64.StdEncoding.EncodeToString([]byte(document))
	}
	fields = append(fields, [2]string{"policy", policy}, [2]string{"x-amz-signature", sc.Policy(policy)})
	return d.left(fields)
}

// left are the fields but for those that d omits, and with those it replaces.
func (d draft) left(fields [][2]string) [][2]string {
	var out [][2]string
next:
	for _, f := range fields {
		for _, name := range d.omit {
			if f[0] == name {
				continue next
			}
		}
		for _, r := range d.replace {
			if f[0] == r[0] {
				f[1] = r[1]
			}
		}
		out = append(out, f)
	}
	return out
}

// request is the form as it goes to bucket.
func (d draft) request(s *S, bucket string) Request {
	var b strings.Builder
	for _, f := range append(d.fields[:len(d.fields):len(d.fields)], d.signature(s, bucket)...) {
		b.WriteString(field(f[0], f[1]))
	}
	head := d.file
	if head == "" {
		head = "name=\"file\"; filename=\"file.txt\"\r\nContent-Type: text/html"
	}
	if head != "-" {
		b.WriteString(part(head, d.content))
	}
	b.WriteString(d.behind + "--" + boundary + "--\r\n")
	text := b.String()
	if d.body != nil {
		text = d.body(text)
	}
	kind := d.kind
	if kind == "" {
		kind = "multipart/form-data; boundary=" + boundary
	}
	return Request{Method: "POST", Bucket: bucket, As: Anonymous, Body: []byte(text), Header: append([][2]string{{"Content-Type", kind}}, d.header...)}
}

func (d draft) send(ctx context.Context, s *S, bucket string) *Response {
	return s.Send(ctx, d.request(s, bucket))
}

// expectStored sends d, which must be stored under key.
func (d draft) expectStored(ctx context.Context, s *S, bucket, key string) *Response {
	r := d.send(ctx, s, bucket)
	if r.Status != 303 {
		s.Expect(r).To(OK(), "upload %s", key)
	}
	s.ExpectBody(ctx, bucket, key, d.content)
	return r
}

// head returns the headers of an object.
func head(ctx context.Context, s *S, bucket, key string) http.Header {
	r := s.Send(ctx, Request{Method: "HEAD", Bucket: bucket, Key: key})
	s.Expect(r).To(HaveStatus(200), "HEAD of %s", key)
	return r.Header
}

// public returns a bucket where anybody may write.
func public(ctx context.Context, s *S) string {
	b := s.Bucket(ctx, func(in *s3.CreateBucketInput) { in.ObjectOwnership = types.ObjectOwnershipObjectWriter })
	_, err := s.SDK().DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &b})
	s.Must(err, "lift the public access block")
	s.Settle(ctx, "the bucket takes a public ACL", func() error {
		_, err := s.SDK().PutBucketAcl(ctx, &s3.PutBucketAclInput{Bucket: &b, ACL: types.BucketCannedACLPublicReadWrite})
		return err
	})
	s.Settle(ctx, "anybody may write", func() error {
		if r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "probe", As: Anonymous}); r.Status != 200 {
			return errors.New(Outcome(r))
		}
		return nil
	})
	return b
}

// until is a policy that ends after d and has the conditions.
func until(d time.Duration, conditions []string) string {
	return fmt.Sprintf(`{"expiration": "%s", "conditions": [%s]}`,
		time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z"), strings.Join(conditions, ", "))
}
