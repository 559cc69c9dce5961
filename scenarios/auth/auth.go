// Package auth holds the rules of requests whose signature is absent, wrong,
// partial, replayed or tampered with, and of what a right one may look like.
package auth

import (
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

const (
	api = "https://docs.aws.amazon.com/AmazonS3/latest/API/"

	apiHeader  = api + "sigv4-auth-using-authorization-header.html"
	apiSingle  = api + "sig-v4-header-based-auth.html"
	apiCommon  = api + "RESTCommonRequestHeaders.html"
	apiErrors  = api + "ErrorResponses.html#ErrorCodeList"
	apiTime    = api + "RESTAuthentication.html#RESTAuthenticationTimeStamp"
	guideBlock = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-management.html"

	threads = "https://github.com/versity/versitygw/issues/" // answers of S3, captured
)

var needs = []Feature{Auth, Objects}

// The refusals that the list of error codes documents.
var (
	mismatch  = Answer{Status: 403, Codes: []string{"SignatureDoesNotMatch"}}
	malformed = Answer{Status: 400, Codes: []string{"AuthorizationHeaderMalformed"}}
	denied    = Answer{Status: 403, Codes: []string{"AccessDenied"}}
	nobody    = Answer{Status: 403, Codes: []string{"InvalidAccessKeyId"}}
	skewed    = Answer{Status: 403, Codes: []string{"RequestTimeTooSkewed"}}
	forbidden = Answer{Status: 403}
	bad       = Answer{Status: 400}
	absent    = Answer{Status: 501}
)

// get, put and del are requests for the key k.
func get(b string) Request { return Request{Method: "GET", Bucket: b, Key: "k"} }
func put(b, body string) Request {
	return Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte(body)}
}
func del(b string) Request { return Request{Method: "DELETE", Bucket: b, Key: "k"} }

// refused matches one of the answers; the answer to a HEAD has no code.
func refused(method string, answers ...Answer) types.GomegaMatcher {
	if method != "HEAD" {
		return FailWithAny(answers...)
	}
	bare := make([]Answer, len(answers))
	for i, a := range answers {
		bare[i] = Answer{Status: a.Status}
	}
	return FailWithAny(bare...)
}

// onHeader returns the last hand on a head that edits the value of one header.
func onHeader(name string, edit func(value string) string) func(head string) string {
	return func(head string) string {
		lines := strings.Split(head, "\r\n")
		for i, l := range lines {
			if n, value, ok := strings.Cut(l, ": "); ok && strings.EqualFold(n, name) {
				lines[i] = n + ": " + edit(value)
			}
		}
		return strings.Join(lines, "\r\n")
	}
}

// onAuthorization edits the Authorization header behind the signing.
func onAuthorization(edit func(value string) string) func(head string) string {
	return onHeader("Authorization", edit)
}

// inAuthorization replaces text in the Authorization header.
func inAuthorization(from, to string) func(head string) string {
	return onAuthorization(func(v string) string { return strings.Replace(v, from, to, 1) })
}

// onSignature edits the signature in the Authorization header.
func onSignature(edit func(sig string) string) func(head string) string {
	return onAuthorization(func(v string) string {
		before, sig, _ := strings.Cut(v, "Signature=")
		return before + "Signature=" + edit(sig)
	})
}

// onTarget edits the request target behind the signing.
func onTarget(edit func(target string) string) func(head string) string {
	return func(head string) string {
		method, rest, _ := strings.Cut(head, " ")
		target, rest, _ := strings.Cut(rest, " ")
		return method + " " + edit(target) + " " + rest
	}
}

// A handmade request is signed step by step, path style, over exactly the
// headers that it says.
type handmade struct {
	method, bucket, key string
	body                string
	more                [][2]string // further headers: names in lower case
	unsigned            []string    // sent, and left out of the signature
	unsent              []string    // left out of both
	payload             string      // "": the hash of the body
	date                string      // of the scope, "": that of x-amz-date
}

// request signs and returns h.
func (h handmade) request(s *S) Request {
	sc := Scope(s)
	sc.Date = h.date
	payload := h.payload
	if payload == "" {
		payload = sign.Hash(sign.Signed, []byte(h.body))
	}
	host := s.Target().Endpoints[0].Host
	all := append([][2]string{{"host", host}, {"x-amz-content-sha256", payload}, {"x-amz-date", sc.Stamp()}}, h.more...)
	slices.SortFunc(all, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	r := Request{Method: h.method, Host: host, Path: "/" + h.bucket + "/" + h.key, As: Anonymous, Body: []byte(h.body)}
	m := sign.Manual{Method: h.method, Path: r.Path, Payload: payload}
	for _, header := range all {
		if slices.Contains(h.unsent, header[0]) {
			continue
		}
		if !slices.Contains(h.unsigned, header[0]) {
			m.Headers = append(m.Headers, header)
		}
		if header[0] != "host" {
			r.Header = append(r.Header, header)
		}
	}
	r.Header = append(r.Header, [2]string{"Authorization", m.Authorization(sc)})
	return r
}

// list names answers in a sentence.
func list(answers []Answer) string {
	var texts []string
	for _, a := range answers {
		texts = append(texts, a.String())
	}
	return strings.Join(texts, ", or ")
}
