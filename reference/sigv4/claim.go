package sigv4

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
)

const (
	algorithm   = "AWS4-HMAC-SHA256"
	algorithm4a = "AWS4-ECDSA-P256-SHA256"
	terminal    = "aws4_request"
	stampLayout = "20060102T150405Z"
	maxExpires  = 7 * 24 * time.Hour
)

var (
	firstAuthorization = fault.NewBug("auth.first-authorization",
		"of several Authorization headers the first counts", "AN-06")
	malformedAnonymous = fault.NewBug("auth.malformed-is-anonymous",
		"a request with a malformed Authorization header is taken for one without credentials", "AN-06")
	spaceNeeded = fault.NewBug("auth.comma-needs-space",
		"the components of an Authorization header have to be parted by a comma and a space", "AN-12")
	dateUnread = fault.NewBug("auth.date-unread",
		"a Date does not stand in for x-amz-date", "AN-05")
	dateFirst = fault.NewBug("auth.date-before-amz-date",
		"a Date overrides x-amz-date", "AN-05")
	noPayloadUnsigned = fault.NewBug("auth.payload-hash-absent",
		"a signed request without x-amz-content-sha256 has an unsigned payload", "AN-10")
	scopeDateUnchecked = fault.NewBug("auth.scope-date-unchecked",
		"the date of a credential's scope may be another than that of the signature", "AN-09")
)

// A claim is what a request says of its signer, syntactically sound but not
// yet believed.
type claim struct {
	presigned bool
	accessKey string
	scope     string // date/region/service/aws4_request
	date      string // of the scope
	region    string
	service   string

	signedHeaders string // names joined by ';'
	signature     string

	time    time.Time
	stamp   string        // time as the string to sign has it
	expires time.Duration // of a presigned request

	payload     Payload
	payloadText string // as the canonical request has it
	sha256      [32]byte
	token       string
}

// authorization returns the Authorization header, "" when it is absent or
// blank, which both mean anonymous.
func authorization(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) > 1 && !firstAuthorization.On() {
		return "", errAuthorization(strings.Join(values, ","), "one and only one Authorization header is allowed")
	}
	if len(values) == 0 {
		return "", nil
	}
	return strings.Trim(values[0], " \t"), nil
}

// claimHeader reads the Authorization header and what goes with it.
func (v *Verifier) claimHeader(r *http.Request, auth string) (*claim, error) {
	c := &claim{}
	credential, err := c.parseAuthorization(auth)
	if err != nil && malformedAnonymous.On() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !c.parseDate(r.Header) {
		return nil, errDate()
	}
	if err := v.parseCredential(c, credential); err != nil {
		return nil, err
	}
	if c.payloadText = r.Header.Get(contentSHA256); c.payloadText == "" && noPayloadUnsigned.On() {
		c.payloadText = Unsigned.String()
	}
	if c.payloadText == "" {
		return nil, errNoPayload()
	}
	if c.payload, c.sha256, err = parsePayload(c.payloadText); err != nil {
		return nil, err
	}
	c.token = r.Header.Get("X-Amz-Security-Token")
	return c, nil
}

// parseAuthorization splits the header into its components, which may stand in
// any order, with or without spaces behind the commas.
func (c *claim) parseAuthorization(auth string) (credential string, err error) {
	scheme, rest, found := strings.Cut(auth, " ")
	switch {
	case scheme == "AWS":
		return "", errVersion2()
	case scheme == algorithm4a:
		return "", errVersion4a()
	case !found:
		return "", errAuthorization(auth, "one and only one ' ' (space) required")
	case scheme != algorithm:
		return "", errAuthorization(auth, "unsupported authorization type")
	}
	sep := ","
	if spaceNeeded.On() {
		sep = ", "
	}
	for part := range strings.SplitSeq(rest, sep) {
		name, value, _ := strings.Cut(strings.Trim(part, " \t"), "=")
		var field *string
		switch name {
		case "Credential":
			field = &credential
		case "SignedHeaders":
			field = &c.signedHeaders
		case "Signature":
			field = &c.signature
		default:
			continue
		}
		if *field != "" {
			return "", errMalformed(c, "the "+name+" component occurs twice.")
		}
		*field = value
	}
	switch "" {
	case credential:
		return "", errMalformed(c, "the Credential component is missing.")
	case c.signedHeaders:
		return "", errMalformed(c, "the SignedHeaders component is missing.")
	case c.signature:
		return "", errMalformed(c, "the Signature component is missing.")
	}
	return credential, nil
}

// parseDate takes the time of signing from x-amz-date, or from Date where that
// is absent.
func (c *claim) parseDate(h http.Header) bool {
	text := h.Get("Date")
	if stamp := h.Get("X-Amz-Date"); stamp != "" && !(text != "" && dateFirst.On()) {
		return c.parseStamp(stamp)
	}
	if dateUnread.On() {
		return false
	}
	if c.parseStamp(text) {
		return true
	}
	t, err := http.ParseTime(text)
	if err != nil {
		return false
	}
	c.time, c.stamp = t, t.UTC().Format(stampLayout)
	return true
}

func (c *claim) parseStamp(text string) bool {
	if len(text) != len(stampLayout) { // time.Parse would take fractions too
		return false
	}
	t, err := time.Parse(stampLayout, text)
	c.time, c.stamp = t, text
	return err == nil && t.Unix() >= 0 // as on AWS, where no clock shows less
}

// day is the date of the signing, as a scope has it.
func (c *claim) day() string { return c.stamp[:len("20060102")] }

// checkDay refuses a scope of another day than that of the signing.
func (c *claim) checkDay() error {
	if c.date != c.day() && !scopeDateUnchecked.On() {
		return errScopeDate(c)
	}
	return nil
}

func isDay(text string) bool {
	_, err := time.Parse("20060102", text)
	return err == nil
}

// parseCredential reads <access key>/<date>/<region>/<service>/aws4_request
// from its end, since some servers hand out access keys with slashes. It leaves
// the day of the scope to checkDay, which for a header comes after the key and the
// time.
func (v *Verifier) parseCredential(c *claim, credential string) error {
	var parts [4]string
	rest := credential
	for i := len(parts) - 1; i >= 0; i-- {
		cut := strings.LastIndexByte(rest, '/')
		if cut < 0 {
			return errCredential(c)
		}
		rest, parts[i] = rest[:cut], rest[cut+1:]
	}
	c.accessKey, c.scope, c.date = rest, credential[len(rest)+1:], parts[0]
	c.region, c.service = parts[1], parts[2]
	end := parts[3]
	switch {
	case c.accessKey == "":
		return errCredential(c)
	case !isDay(c.date) && !scopeDateUnchecked.On():
		return errScopeDate(c)
	case end != terminal:
		return errMalformed(c, "incorrect terminal "+strconv.Quote(end)+". This endpoint uses "+strconv.Quote(terminal)+".")
	case c.service != v.service && !scopeUnchecked.On():
		return errMalformed(c, "incorrect service "+strconv.Quote(c.service)+". This endpoint belongs to "+strconv.Quote(v.service)+".")
	case c.region != v.region && !scopeUnchecked.On():
		return errMalformed(c, "the region '"+c.region+"' is wrong; expecting '"+v.region+"'").With("Region", v.region)
	}
	return nil
}
