// Package sign is the harness's own way to sign requests: the AWS SDK's
// version 4 signer for the head, and a chunk encoder of its own for streaming
// payloads. It can do every step wrong on purpose, when asked. It shares
// nothing with the server's verifier.
package sign

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A Payload says how x-amz-content-sha256 covers the body.
type Payload string

// The payload modes of SigV4 in S3. Any other text is sent as it is, for
// rules about nonsense.
const (
	Signed          Payload = "" // the SHA-256 of the body
	Unsigned        Payload = "UNSIGNED-PAYLOAD"
	Chunked         Payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	ChunkedTrailer  Payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
	UnsignedTrailer Payload = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
)

// Streaming reports whether the body is framed in chunks.
func (p Payload) Streaming() bool { return strings.HasPrefix(string(p), "STREAMING-") }

// Scope is who signs, where and when.
type Scope struct {
	Access, Secret, Session string
	Region, Service         string
	Time                    time.Time
	Date                    string // of the scope, for rules about a wrong one; "" is Time's
}

// Hash returns the x-amz-content-sha256 of body under p.
func Hash(p Payload, body []byte) string {
	if p != Signed {
		return string(p)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func signer() *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
}

func (s Scope) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: s.Access, SecretAccessKey: s.Secret, SessionToken: s.Session}
}

// Header signs r in its Authorization header. The path is signed as r.URL
// gives it, already escaped. payloadHash also goes into x-amz-content-sha256
// unless r carries that header already.
func Header(r *http.Request, s Scope, payloadHash string) error {
	if r.Header.Get("X-Amz-Content-Sha256") == "" {
		r.Header.Set("X-Amz-Content-Sha256", payloadHash)
	}
	err := signer().SignHTTP(context.Background(), s.credentials(), r, payloadHash, s.Service, s.Region, s.Time)
	if err != nil {
		return fmt.Errorf("sign: %w", err)
	}
	return nil
}

// Presign returns the presigned address of r, valid for expires as text
// (any text, for rules about bad values), and the headers that its user must
// send.
func Presign(r *http.Request, s Scope, payloadHash, expires string) (string, http.Header, error) {
	q := r.URL.RawQuery
	if q != "" {
		q += "&"
	}
	if expires != "" {
		q += "X-Amz-Expires=" + expires
	}
	r.URL.RawQuery = strings.TrimSuffix(q, "&")
	url, h, err := signer().PresignHTTP(context.Background(), s.credentials(), r, payloadHash, s.Service, s.Region, s.Time)
	if err != nil {
		return "", nil, fmt.Errorf("presign: %w", err)
	}
	return url, h, nil
}

// Seed returns the signature in an Authorization header, where a chain of
// chunk signatures begins.
func Seed(authorization string) string {
	_, sig, _ := strings.Cut(authorization, "Signature=")
	return sig
}

// key derives the signing key of the scope.
func (s Scope) key() []byte {
	k := mac([]byte("AWS4"+s.Secret), s.date())
	k = mac(k, s.Region)
	k = mac(k, s.Service)
	return mac(k, "aws4_request")
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// Policy is the signature of an upload by form, over its policy as it is sent.
func (s Scope) Policy(policy string) string { return hex.EncodeToString(mac(s.key(), policy)) }

// Credential names the key and the scope of a signature.
func (s Scope) Credential() string { return s.Access + "/" + s.text() }
