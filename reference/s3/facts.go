package s3

import (
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
)

var (
	conditionsUnseen = fault.NewBug("conditional.policy-unseen",
		"policies do not see the conditions of a write", "W-21", "W-23")
	forwardedBelieved = fault.NewBug("policy.forwarded-address-believed",
		"aws:SourceIp is what X-Forwarded-For says", "P-11")
	alwaysSecure = fault.NewBug("policy.always-secure",
		"aws:SecureTransport is true without TLS too", "P-11")
	ageInSeconds = fault.NewBug("policy.signature-age-in-seconds",
		"s3:signatureAge counts seconds", "P-11")
	presignedUnseen = fault.NewBug("policy.presigned-is-header",
		"s3:authType is REST-HEADER for presigned requests too", "P-11")
	absentIsEmpty = fault.NewBug("policy.absent-prefix-is-empty",
		"a listing without a prefix has an empty one for policies", "P-11")
	partsCreate = fault.NewBug("policy.parts-create-objects",
		"s3:ObjectCreationOperation is true of parts too", "W-21")
	headersUnseen = fault.NewBug("policy.headers-unseen",
		"conditions do not see the headers of S3's own", "P-11")
	sourceAsSent = fault.NewBug("policy.copy-source-as-sent",
		"s3:x-amz-copy-source is the header as it is sent", "P-11")
)

// Fact implements object.Facts: the values of the condition keys that policies
// may ask of a request.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/bucket-policy-s3-sigv4-conditions.html
func (q *request) Fact(key string) []string {
	if fact, ok := facts[key]; ok {
		if v := fact(q); v != "" {
			return []string{v}
		}
		return nil
	}
	name, ok := strings.CutPrefix(key, "s3:")
	switch {
	case !ok:
	case name == "prefix", name == "delimiter", name == "max-keys": // "" is a value too
		if v, ok := q.query.get(name); ok || name == "prefix" && absentIsEmpty.On() {
			return []string{v}
		}
	case (name == "if-match" || name == "if-none-match") && conditionsUnseen.On():
	case strings.HasPrefix(name, "x-amz-") && headersUnseen.On():
	case name == "if-match", name == "if-none-match", strings.HasPrefix(name, "x-amz-"):
		return q.r.Header[textproto.CanonicalMIMEHeaderKey(name)]
	}
	return nil
}

// facts are those keys that have one value or none.
var facts = map[string]func(*request) string{
	"aws:currenttime":      func(q *request) string { return q.start.UTC().Format(time.RFC3339) },
	"aws:epochtime":        func(q *request) string { return strconv.FormatInt(q.start.Unix(), 10) },
	"aws:sourceip":         (*request).sourceIP,
	"aws:securetransport":  func(q *request) string { return strconv.FormatBool(q.r.TLS != nil || alwaysSecure.On()) },
	"aws:useragent":        func(q *request) string { return q.header("User-Agent") },
	"aws:referer":          func(q *request) string { return q.header("Referer") },
	"aws:username":         func(q *request) string { return q.caller.Name },
	"aws:principaltype":    func(q *request) string { return q.named("Account", "Anonymous") },
	"aws:userid":           func(q *request) string { return q.named(q.account(), "anonymous") },
	"aws:principalaccount": (*request).account,
	"aws:principalarn":     func(q *request) string { return q.named("arn:aws:iam::"+q.account()+":root", "") },
	"s3:authtype":          (*request).authType,
	"s3:signatureversion":  func(q *request) string { return q.named("AWS4-HMAC-SHA256", "") },
	"s3:signatureage":      (*request).signatureAge,
	"s3:tlsversion":        (*request).tlsVersion,
	"s3:x-amz-copy-source": (*request).sourceName,

	"s3:objectcreationoperation": (*request).creation,
}

// creates says of the operations that ask for s3:PutObject whether they make an
// object, or only get ready to.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
var creates = map[string]string{
	"PutObject": "true", "CopyObject": "true", "PostObject": "true", "CompleteMultipartUpload": "true",
	"CreateMultipartUpload": "false", "UploadPart": "false", "UploadPartCopy": "false",
}

func (q *request) creation() string {
	if creates[q.op.name] == "false" && partsCreate.On() {
		return "true"
	}
	return creates[q.op.name]
}

// named is known of who has an account, and nobody of who has none.
func (q *request) named(known, nobody string) string {
	if q.caller.Account == "" {
		return nobody
	}
	return known
}

// account is the caller's account of 12 digits.
func (q *request) account() string {
	if q.caller.Account == "" {
		return ""
	}
	return q.h.cfg.AccountID(q.caller.Account)
}

// sourceIP is the address of the connection: no header can forge it.
func (q *request) sourceIP() string {
	if by := q.header("X-Forwarded-For"); by != "" && forwardedBelieved.On() {
		return by
	}
	host, _, err := net.SplitHostPort(q.r.RemoteAddr)
	if err != nil {
		return ""
	}
	return host
}

func (q *request) authType() string {
	switch {
	case q.identity == nil || q.identity.Anonymous():
		return ""
	case q.identity.Presigned && !presignedUnseen.On():
		return "REST-QUERY-STRING"
	case q.op.name == "PostObject":
		return "POST"
	}
	return "REST-HEADER"
}

// signatureAge is how long ago a presigned request was signed, in milliseconds.
func (q *request) signatureAge() string {
	t, err := time.Parse("20060102T150405Z", q.query.value("X-Amz-Date"))
	if err != nil || q.authType() != "REST-QUERY-STRING" {
		return ""
	}
	if ageInSeconds.On() {
		return strconv.FormatInt(int64(q.start.Sub(t).Seconds()), 10)
	}
	return strconv.FormatInt(q.start.Sub(t).Milliseconds(), 10)
}

// sourceName is the source of a copy, however it is spelt.
func (q *request) sourceName() string {
	text := q.header(hCopySource)
	if sourceAsSent.On() {
		return text
	}
	if s, err := parseSource(text); err == nil {
		return s.bucket + "/" + s.key
	}
	return text
}

// tlsVersion is that of the connection: 0x0303 is 1.2.
func (q *request) tlsVersion() string {
	if q.r.TLS == nil {
		return ""
	}
	return "1." + strconv.Itoa(int(q.r.TLS.Version)-0x0301)
}
