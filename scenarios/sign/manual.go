package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Manual is a canonical request put together by hand, for signatures that
// the SDK's signer does not make: without Host, over Date alone, with names
// in another order. Nothing in it is changed before it is signed.
type Manual struct {
	Method string
	Path   string // canonical: escaped
	Query  string // canonical: escaped and sorted
	// Headers are the canonical headers in the order in which they are signed:
	// names in lower case, values trimmed.
	Headers [][2]string
	// Payload is the text that stands for the body: a hash, UNSIGNED-PAYLOAD...
	Payload string
}

// SignedHeaders returns the names of the headers, joined as they are signed.
func (m Manual) SignedHeaders() string {
	names := make([]string, len(m.Headers))
	for i, h := range m.Headers {
		names[i] = h[0]
	}
	return strings.Join(names, ";")
}

// Authorization returns the value of the Authorization header under s.
func (m Manual) Authorization(s Scope) string {
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		s.Access, s.text(), m.SignedHeaders(), m.Signature(s))
}

// Signature returns the signature under s.
func (m Manual) Signature(s Scope) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n", m.Method, m.Path, m.Query)
	for _, h := range m.Headers {
		b.WriteString(h[0] + ":" + h[1] + "\n")
	}
	b.WriteString("\n" + m.SignedHeaders() + "\n" + m.Payload)
	sum := sha256.Sum256([]byte(b.String()))
	text := strings.Join([]string{"AWS4-HMAC-SHA256", s.Stamp(), s.text(), hex.EncodeToString(sum[:])}, "\n")
	return hex.EncodeToString(mac(s.key(), text))
}

// Stamp is the time of signing as x-amz-date has it.
func (s Scope) Stamp() string { return s.Time.UTC().Format("20060102T150405Z") }

// text is the credential scope: date/region/service/aws4_request.
func (s Scope) text() string {
	return s.date() + "/" + s.Region + "/" + s.Service + "/aws4_request"
}

func (s Scope) date() string {
	if s.Date != "" {
		return s.Date
	}
	return s.Time.UTC().Format("20060102")
}
