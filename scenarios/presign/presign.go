// Package presign holds the rules of presigned addresses: requests that carry
// their signature in the query.
package presign

import (
	"net/url"
	"slices"
	"strings"

	"github.com/onsi/gomega/types"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

const (
	api    = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide  = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html"
	expiry = guide + "#PresignedUrl-Expiration"

	apiQuery  = api + "sigv4-query-string-auth.html"
	apiHeader = api + "sig-v4-header-based-auth.html"
	apiErrors = api + "ErrorResponses.html#ErrorCodeList"
)

// lifetime is the X-Amz-Expires of addresses whose lifetime is no matter.
const lifetime = "300"

var needs = []Feature{Presigned, Objects}

// get, put and del are presigned requests for the key k.
func get(b string) Request { return Request{Method: "GET", Bucket: b, Key: "k", Presign: lifetime} }
func put(b, body string) Request {
	return Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte(body), Presign: lifetime}
}
func del(b string) Request { return Request{Method: "DELETE", Bucket: b, Key: "k", Presign: lifetime} }

// onTarget returns the last hand on a head that edits the request target.
func onTarget(edit func(target string) string) func(head string) string {
	return func(head string) string {
		method, rest, _ := strings.Cut(head, " ")
		target, rest, _ := strings.Cut(rest, " ")
		return method + " " + edit(target) + " " + rest
	}
}

// onParam edits the escaped value of one parameter behind the signing; edit
// returns false to leave the parameter out.
func onParam(name string, edit func(value string) (string, bool)) func(head string) string {
	return onTarget(func(target string) string {
		path, query, _ := strings.Cut(target, "?")
		pairs := strings.Split(query, "&")
		for i, pair := range pairs {
			n, value, _ := strings.Cut(pair, "=")
			if n != name {
				continue
			}
			if to, keep := edit(value); keep {
				pairs[i] = n + "=" + to
			} else {
				pairs = slices.Delete(pairs, i, i+1)
			}
			break
		}
		return path + "?" + strings.Join(pairs, "&")
	})
}

// setParam gives a parameter another value behind the signing.
func setParam(name, value string) func(head string) string {
	return onParam(name, func(string) (string, bool) { return url.QueryEscape(value), true })
}

// replaceIn replaces text in the value of a parameter behind the signing.
func replaceIn(name, from, to string) func(head string) string {
	return onParam(name, func(v string) (string, bool) { return strings.Replace(v, from, to, 1), true })
}

// dropParam leaves a parameter out behind the signing.
func dropParam(name string) func(head string) string {
	return onParam(name, func(string) (string, bool) { return "", false })
}

// addParam adds to the query behind the signing.
func addParam(pair string) func(head string) string {
	return onTarget(func(target string) string { return target + "&" + pair })
}

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

// The refusals that the list of error codes documents.
var (
	mismatch  = Answer{Status: 403, Codes: []string{"SignatureDoesNotMatch"}}
	malformed = Answer{Status: 400, Codes: []string{"AuthorizationQueryParametersError"}}
	denied    = Answer{Status: 403, Codes: []string{"AccessDenied"}}
	forbidden = Answer{Status: 403}
)

// by changes the scope of the signature.
func by(r Request, edit func(*sign.Scope)) Request {
	r.Scope = edit
	return r
}
