package sigv4

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var toSignUnsaid = fault.NewBug("auth.string-to-sign-unsaid",
	"SignatureDoesNotMatch does not show what the server made of the request", "AN-03")

// The refusals, each with the code and the fields of AWS's answer:
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList

func errURI() error {
	return errcode.New(errcode.InvalidURI, "Couldn't parse the specified URI.")
}

func errTwoMechanisms(auth string) error {
	return errcode.New(errcode.InvalidArgument, "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, "+
		"Signature query string parameter or the Authorization header should be specified").
		With("ArgumentName", "Authorization").With("ArgumentValue", auth)
}

func errAuthorization(auth, why string) error {
	return errcode.New(errcode.InvalidArgument, "Authorization header is invalid -- %s", why).
		With("ArgumentName", "Authorization").With("ArgumentValue", auth)
}

func errVersion2() error {
	return errcode.New(errcode.InvalidRequest, "The authorization mechanism you have provided is not supported. Please use %s.", algorithm)
}

func errVersion4a() error {
	return errcode.New(errcode.NotImplemented, "Signature Version 4A (%s) is not implemented. Please use %s.", algorithm4a, algorithm)
}

// errMalformed says what is wrong with the credentials, under the code of the
// place where they stand.
func errMalformed(c *claim, why string) *errcode.Error {
	if c.presigned {
		return errcode.New(errcode.AuthorizationQueryParametersError, "Error parsing the X-Amz-Credential parameter; %s", why)
	}
	return errcode.New(errcode.AuthorizationHeaderMalformed, "The authorization header is malformed; %s", why)
}

func errCredential(c *claim) error {
	return errMalformed(c, `the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".`)
}

func errScopeDate(c *claim) error {
	return errMalformed(c, "invalid credential date "+strconv.Quote(c.date)+
		". This date is not the same as X-Amz-Date: "+strconv.Quote(c.day())+".")
}

func errUnsorted(c *claim) error {
	const why = "SignedHeaders must be distinct names in alphabetical order"
	if c.presigned {
		return errQuery("X-Amz-" + why)
	}
	return errMalformed(c, why+".")
}

func errQuery(why string) error {
	return errcode.New(errcode.AuthorizationQueryParametersError, "%s", why)
}

func errDate() error {
	return errcode.New(errcode.AccessDenied, "AWS authentication requires a valid Date or x-amz-date header")
}

func errNoPayload() error {
	return errcode.New(errcode.InvalidRequest, "Missing required header for this request: x-amz-content-sha256")
}

func errPayload(text string) error {
	return errcode.New(errcode.InvalidArgument, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "+
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.").
		With("ArgumentName", "x-amz-content-sha256").With("ArgumentValue", text)
}

func errAnonymousChunks(text string) error {
	return errcode.New(errcode.InvalidRequest, "x-amz-content-sha256 %s needs a signed request.", text)
}

func errToken(token string) error {
	return errcode.New(errcode.InvalidToken, "The provided token is malformed or otherwise invalid.").With("Token-0", token)
}

func errAccessKey(accessKey string) error {
	return errcode.New(errcode.InvalidAccessKeyID, "The AWS Access Key Id you provided does not exist in our records.").
		With("AWSAccessKeyId", accessKey)
}

func errSkew(stamp string, now time.Time, max time.Duration) error {
	return errcode.New(errcode.RequestTimeTooSkewed, "The difference between the request time and the current time is too large.").
		With("RequestTime", stamp).
		With("ServerTime", now.UTC().Format(time.RFC3339)).
		With("MaxAllowedSkewMilliseconds", strconv.FormatInt(max.Milliseconds(), 10))
}

func errNotYet(c *claim, now time.Time) error { return errLifetime(c, now, "Request is not valid yet") }

func errExpired(c *claim, now time.Time) error { return errLifetime(c, now, "Request has expired") }

func errLifetime(c *claim, now time.Time, why string) error {
	return errcode.New(errcode.AccessDenied, "%s", why).
		With("X-Amz-Expires", strconv.FormatInt(int64(c.expires/time.Second), 10)).
		With("Expires", c.time.Add(c.expires).UTC().Format(time.RFC3339)).
		With("ServerTime", now.UTC().Format(time.RFC3339))
}

func errUnsigned(names string) error {
	return errcode.New(errcode.AccessDenied, "There were headers present in the request which were not signed").
		With("HeadersNotSigned", names)
}

// errSignature shows what the server computed, so that the author of a client
// can compare. request is nil for the signature of a chunk.
func errSignature(accessKey string, toSign []byte, provided string, request []byte) error {
	if toSignUnsaid.On() {
		toSign = nil
	}
	e := errcode.New(errcode.SignatureDoesNotMatch, "The request signature we calculated does not match the signature you provided. "+
		"Check your key and signing method.").
		With("AWSAccessKeyId", accessKey).
		With("StringToSign", strings.ToValidUTF8(string(toSign), "\uFFFD")).
		With("SignatureProvided", provided).
		With("StringToSignBytes", fmt.Sprintf("% x", toSign))
	if request == nil {
		return e
	}
	return e.With("CanonicalRequest", strings.ToValidUTF8(string(request), "\uFFFD")).
		With("CanonicalRequestBytes", fmt.Sprintf("% x", request))
}

// errIncomplete is AWS's answer to any aws-chunked body that is cut off or not
// well-formed; why is for the log.
func errIncomplete(why error) error {
	return &errcode.Error{Code: errcode.IncompleteBody, Message: "The request body terminated unexpectedly", Err: why}
}

func errChunkSize(index int, size int64) error {
	return errcode.New(errcode.InvalidChunkSize, "Only the last chunk is allowed to have a size less than %d bytes", minChunk).
		With("Chunk", strconv.Itoa(index)).With("BadChunkSize", strconv.FormatInt(size, 10))
}

func errTrailer(why error) error {
	return &errcode.Error{
		Code:    errcode.MalformedTrailer,
		Message: "The request contained trailing data that was not well-formed or did not conform to our published schema.",
		Err:     why,
	}
}
