// Package errcode holds the closed set of S3 error codes and the one error
// type that carries them through the server. It knows nothing of HTTP: the
// table from code to status lives in reference/s3.
package errcode

import (
	"errors"
	"fmt"
)

// A Code is an S3 error code as clients see it in the <Code> element.
type Code string

// The codes that the server answers with.
const (
	AccessControlListNotSupported     Code = "AccessControlListNotSupported"
	AccessDenied                      Code = "AccessDenied"
	AccessForbidden                   Code = "AccessForbidden"
	AuthorizationHeaderMalformed      Code = "AuthorizationHeaderMalformed"
	AuthorizationQueryParametersError Code = "AuthorizationQueryParametersError"
	BadDigest                         Code = "BadDigest"
	BadRequest                        Code = "BadRequest"
	BucketAlreadyExists               Code = "BucketAlreadyExists"
	BucketAlreadyOwnedByYou           Code = "BucketAlreadyOwnedByYou"
	BucketNotEmpty                    Code = "BucketNotEmpty"
	ConditionalRequestConflict        Code = "ConditionalRequestConflict"
	InvalidBucketACLWithBlock         Code = "InvalidBucketAclWithBlockPublicAccessError"
	MalformedACL                      Code = "MalformedACLError"
	MalformedPolicy                   Code = "MalformedPolicy"
	NoSuchPublicAccessBlock           Code = "NoSuchPublicAccessBlockConfiguration"
	OwnershipControlsNotFound         Code = "OwnershipControlsNotFoundError"
	EncryptionConfigurationNotFound   Code = "ServerSideEncryptionConfigurationNotFoundError"
	EntityTooLarge                    Code = "EntityTooLarge"
	EntityTooSmall                    Code = "EntityTooSmall"
	IllegalLocationConstraint         Code = "IllegalLocationConstraintException"
	IllegalVersioningConfiguration    Code = "IllegalVersioningConfigurationException"
	IncompleteBody                    Code = "IncompleteBody"
	InternalError                     Code = "InternalError"
	InvalidAccessKeyID                Code = "InvalidAccessKeyId"
	InvalidArgument                   Code = "InvalidArgument"
	InvalidBucketACLWithOwnership     Code = "InvalidBucketAclWithObjectOwnership"
	InvalidBucketName                 Code = "InvalidBucketName"
	InvalidBucketOwnerAWSAccountID    Code = "InvalidBucketOwnerAWSAccountID"
	InvalidBucketState                Code = "InvalidBucketState"
	InvalidChunkSize                  Code = "InvalidChunkSizeError"
	InvalidDigest                     Code = "InvalidDigest"
	InvalidLocationConstraint         Code = "InvalidLocationConstraint"
	InvalidPart                       Code = "InvalidPart"
	InvalidPartNumber                 Code = "InvalidPartNumber"
	InvalidPartOrder                  Code = "InvalidPartOrder"
	InvalidPolicyDocument             Code = "InvalidPolicyDocument"
	InvalidRange                      Code = "InvalidRange"
	InvalidRedirectLocation           Code = "InvalidRedirectLocation"
	InvalidRequest                    Code = "InvalidRequest"
	InvalidStorageClass               Code = "InvalidStorageClass"
	InvalidTag                        Code = "InvalidTag"
	InvalidToken                      Code = "InvalidToken"
	InvalidURI                        Code = "InvalidURI"
	InvalidEncryptionAlgorithm        Code = "InvalidEncryptionAlgorithmError"
	KMSDisabled                       Code = "KMS.DisabledException"
	KMSNotFound                       Code = "KMS.NotFoundException"
	KeyTooLong                        Code = "KeyTooLongError"
	MalformedPOSTRequest              Code = "MalformedPOSTRequest"
	MalformedTrailer                  Code = "MalformedTrailerError"
	MalformedXML                      Code = "MalformedXML"
	MaxMessageLengthExceeded          Code = "MaxMessageLengthExceeded"
	MaxPostPreDataLengthExceeded      Code = "MaxPostPreDataLengthExceededError"
	MetadataTooLarge                  Code = "MetadataTooLarge"
	MethodNotAllowed                  Code = "MethodNotAllowed"
	MissingContentLength              Code = "MissingContentLength"
	MissingRequestBody                Code = "MissingRequestBodyError"
	MissingSecurityHeader             Code = "MissingSecurityHeader"
	NoSuchBucket                      Code = "NoSuchBucket"
	NoSuchBucketPolicy                Code = "NoSuchBucketPolicy"
	NoSuchCORSConfiguration           Code = "NoSuchCORSConfiguration"
	NoSuchConfiguration               Code = "NoSuchConfiguration"
	NoSuchKey                         Code = "NoSuchKey"
	NoSuchLifecycleConfiguration      Code = "NoSuchLifecycleConfiguration"
	NoSuchObjectLockConfiguration     Code = "NoSuchObjectLockConfiguration"
	NoSuchTagSet                      Code = "NoSuchTagSet"
	NoSuchUpload                      Code = "NoSuchUpload"
	NoSuchVersion                     Code = "NoSuchVersion"
	NoSuchWebsiteConfiguration        Code = "NoSuchWebsiteConfiguration"
	NotImplemented                    Code = "NotImplemented"
	NotModified                       Code = "NotModified"
	ObjectLockConfigurationNotFound   Code = "ObjectLockConfigurationNotFoundError"
	PreconditionFailed                Code = "PreconditionFailed"
	ReplicationConfigurationNotFound  Code = "ReplicationConfigurationNotFoundError"
	RequestHeaderSectionTooLarge      Code = "RequestHeaderSectionTooLarge"
	RequestTimeTooSkewed              Code = "RequestTimeTooSkewed"
	RequestTimeout                    Code = "RequestTimeout"
	ServiceUnavailable                Code = "ServiceUnavailable"
	SignatureDoesNotMatch             Code = "SignatureDoesNotMatch"
	SlowDown                          Code = "SlowDown"
	TooManyBuckets                    Code = "TooManyBuckets"
	UnexpectedContent                 Code = "UnexpectedContent"
	UnresolvableGrantByEmail          Code = "UnresolvableGrantByEmailAddress"
	XAmzContentSHA256Mismatch         Code = "XAmzContentSHA256Mismatch"
)

// An Error is a failure that a client is told about. The zero Message means
// the default sentence of the code's row in reference/s3.
type Error struct {
	Code    Code
	Message string
	// Fields are the extra elements of the error body, in order: for example
	// {"Key", k}, {"ActualObjectSize", "5"}. Values are raw; the writer escapes.
	Fields []Field
	// Header are response headers that belong to this failure, such as
	// x-amz-delete-marker on a 404.
	Header []Field
	// Err is what caused it, for the log only; it never reaches a client.
	Err error
}

// A Field is one named value of an Error.
type Field struct{ Name, Value string }

func (e *Error) Error() string {
	s := string(e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// New returns an Error of code with a message for the client.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap returns an Error of code that keeps err for the log.
func Wrap(code Code, err error) *Error { return &Error{Code: code, Err: err} }

// With returns a copy of e that has one more body field.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{name, value})
	return &c
}

// WithHeader returns a copy of e that has one more response header.
func (e *Error) WithHeader(name, value string) *Error {
	c := *e
	c.Header = append(append([]Field(nil), e.Header...), Field{name, value})
	return &c
}

// Of returns the code of err, or "" when no Error is in its chain.
func Of(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
