package sigv4

import (
	"net/http"
	"strconv"
	"time"

	"bleepstore/fault"
)

var (
	payloadEmpty = fault.NewBug("presign.payload-empty",
		"the payload of an address that does not speak of it is the empty one", "PS-01")
	expiresOptional = fault.NewBug("presign.expires-optional",
		"an address without X-Amz-Expires works for a week", "PS-03", "PS-05")
	expiresUnlimited = fault.NewBug("presign.expires-unlimited",
		"an address may be signed for more than a week", "PS-03")
	expiresNegative = fault.NewBug("presign.expires-negative",
		"an X-Amz-Expires below zero is an expiry like any other", "PS-03")
	expiresUnread = fault.NewBug("presign.expires-no-number",
		"an X-Amz-Expires that is no number counts as a week", "PS-03")
	weekRefused = fault.NewBug("presign.week-refused",
		"an address may not be signed for a whole week", "PS-02")
	malformedDenied = fault.NewBug("presign.incomplete-denied",
		"an address that lacks one of its parameters is answered 403", "PS-05")
)

// presigned says that the query claims a version 4 signature, whole or not.
func (s *scratch) presigned() bool {
	return s.has("X-Amz-Algorithm") || s.has("X-Amz-Credential") ||
		s.has("X-Amz-Signature") || s.has("X-Amz-SignedHeaders")
}

// claimQuery reads the six parameters of a presigned request.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
func (v *Verifier) claimQuery(r *http.Request, s *scratch) (*claim, error) {
	c := &claim{presigned: true}
	var alg, credential, stamp, expires string
	for _, p := range []struct {
		name string
		to   *string
	}{
		{"X-Amz-Algorithm", &alg},
		{"X-Amz-Credential", &credential},
		{"X-Amz-Date", &stamp},
		{"X-Amz-Expires", &expires},
		{"X-Amz-SignedHeaders", &c.signedHeaders},
		{"X-Amz-Signature", &c.signature},
	} {
		value, n := s.get(p.name)
		switch {
		case n > 1:
			return nil, errQuery(p.name + " must occur once")
		case value == "" && p.to == &expires && expiresOptional.On():
			value = "604800"
		case value == "" && malformedDenied.On():
			return nil, errDate()
		case value == "":
			return nil, errQuery("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, " +
				"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
		*p.to = value
	}
	switch {
	case alg == algorithm4a:
		return nil, errVersion4a()
	case alg != algorithm:
		return nil, errQuery("X-Amz-Algorithm only supports " + strconv.Quote(algorithm))
	case !c.parseStamp(stamp):
		return nil, errQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	if err := c.parseExpires(expires); err != nil {
		return nil, err
	}
	if err := v.parseCredential(c, credential); err != nil {
		return nil, err
	}
	if err := c.checkDay(); err != nil {
		return nil, err
	}
	return c, c.parseHoisted(r, s)
}

// parseExpires reads X-Amz-Expires. Zero is taken as a number like any other,
// and has expired at once.
func (c *claim) parseExpires(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && expiresUnread.On() {
		n, err = int64(maxExpires/time.Second), nil
	}
	switch {
	case err != nil:
		return errQuery("X-Amz-Expires should be a number")
	case n < 0 && !expiresNegative.On():
		return errQuery("X-Amz-Expires must be non-negative")
	case n == int64(maxExpires/time.Second) && weekRefused.On(), n > int64(maxExpires/time.Second) && !expiresUnlimited.On():
		return errQuery("X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds")
	}
	c.expires = time.Duration(n) * time.Second
	return nil
}

// parseHoisted reads what a client may move from header to query. Without
// either, the payload of a presigned request is unsigned.
func (c *claim) parseHoisted(r *http.Request, s *scratch) (err error) {
	c.payloadText, _ = s.get("X-Amz-Content-Sha256")
	if c.payloadText == "" {
		c.payloadText = r.Header.Get(contentSHA256)
	}
	if c.payloadText == "" && payloadEmpty.On() {
		c.payloadText = emptyHash
	}
	if c.payloadText == "" {
		c.payloadText = Unsigned.String()
	}
	if c.payload, c.sha256, err = parsePayload(c.payloadText); err != nil {
		return err
	}
	if c.token, _ = s.get("X-Amz-Security-Token"); c.token == "" {
		c.token = r.Header.Get("X-Amz-Security-Token")
	}
	return nil
}
