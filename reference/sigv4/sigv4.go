// Package sigv4 verifies AWS Signature Version 4 as S3 speaks it: the
// Authorization header, presigned query strings and aws-chunked bodies. It
// says who signed a request and what was promised about its body; it knows
// nothing of S3's operations, of buckets, or of what anybody may do.
//
// Every refusal is an *errcode.Error with the code and the fields that AWS
// documents or was seen to answer.
package sigv4

import (
	"net/http"
	"strings"
	"time"

	"bleepstore/fault"
)

var (
	version4aBelieved = fault.NewBug("auth.version4a-believed",
		"a signature of version 4A is not verified", "AN-17")
	version2Believed = fault.NewBug("auth.version2-believed",
		"a signature of version 2 is not verified", "AN-03")
	signatureUnverified = fault.NewBug("auth.signature-unverified",
		"the signature of a request is not compared with what it should be", "AN-03", "PS-04", "PS-08", "PS-10")
	tokenIgnored = fault.NewBug("auth.token-ignored",
		"a session token that nobody issued is not looked at", "AN-14")
	scopeUnchecked = fault.NewBug("auth.scope-unchecked",
		"a signature holds for whatever region and service its scope names", "AN-08", "AN-09", "PS-06")
	unknownKeyAnonymous = fault.NewBug("auth.unknown-key-anonymous",
		"a request of an access key that nobody has is taken for one without credentials", "AN-02")
	skewIgnored = fault.NewBug("auth.skew-ignored",
		"a request that was signed long ago is accepted", "AN-04")
	futureAccepted = fault.NewBug("auth.future-accepted",
		"a request may be signed for any time to come", "AN-04")
	skewTooSmall = fault.NewBug("auth.skew-of-five-minutes",
		"clocks may differ by 5 minutes in the place of 15", "AN-04")
	headersUnsigned = fault.NewBug("auth.unsigned-headers",
		"headers x-amz-* need not be signed", "AN-11")
	presignedHeadersUnsigned = fault.NewBug("presign.unsigned-headers",
		"a presigned address may be used with headers x-amz-* that it does not cover", "PS-09")
	absentTrusted = fault.NewBug("auth.absent-header-trusted",
		"a signature over a Content-Type is not checked where none comes", "PS-08", "AN-03")
	expiryIgnored = fault.NewBug("presign.expiry-ignored",
		"a presigned address works for ever", "PS-02")
	notYetIgnored = fault.NewBug("presign.not-yet-ignored",
		"a presigned address works before the time of its signature", "PS-11")
	skewApplies = fault.NewBug("presign.dies-in-15-minutes",
		"the time of signing of an address may be no further away than that of a signed header", "PS-02")
	expiryOneDay = fault.NewBug("presign.expires-after-a-day",
		"a presigned address works for a day at most", "PS-02")
)

// Credentials knows the secrets. Lookup is called once a signed request, from
// many goroutines at once, and must not block for long.
type Credentials interface {
	Lookup(accessKey string) (secret string, principal Principal, ok bool)
}

// A Principal is who an access key belongs to. The zero Principal is anonymous.
type Principal struct {
	ID   string // canonical user id
	Name string // display name
}

// Config is what a Verifier needs. Credentials and Region are required.
type Config struct {
	Credentials Credentials
	Region      string           // that every credential scope must name
	Service     string           // "" is s3
	Now         func() time.Time // nil is time.Now
	MaxSkew     time.Duration    // 0 is 15 minutes, S3's
}

// A Verifier checks requests. Its methods may run concurrently.
type Verifier struct {
	credentials Credentials
	region      string
	service     string
	now         func() time.Time
	maxSkew     time.Duration
	keys        keyCache
}

// New returns a Verifier.
func New(c Config) *Verifier {
	v := &Verifier{credentials: c.Credentials, region: c.Region, service: c.Service, now: c.Now, maxSkew: c.MaxSkew}
	if v.service == "" {
		v.service = "s3"
	}
	if v.now == nil {
		v.now = time.Now
	}
	if v.maxSkew == 0 {
		v.maxSkew = 15 * time.Minute
	}
	return v
}

// An Identity is what a request proved.
type Identity struct {
	Principal
	AccessKey string // "" when anonymous
	Presigned bool
	// Payload says what is promised about the body, which Verify does not
	// read: SHA256 is its expected hash when Payload is Signed, and a body
	// whose Payload is Chunked must be read through NewChunkReader.
	Payload Payload
	SHA256  [32]byte

	// What the signatures of chunks continue from.
	key   *signingKey
	stamp string
	scope string
	seed  string
}

// Anonymous says that the request carried no credentials at all.
func (id *Identity) Anonymous() bool { return id.AccessKey == "" }

// Verify returns who signed r, or an anonymous Identity when r carries no
// credentials; whether that suffices is the caller's business. It reads
// nothing of the body, and takes target and query from r.RequestURI as they
// were sent, so r.URL may have been rewritten. An error is an *errcode.Error.
func (v *Verifier) Verify(r *http.Request) (*Identity, error) {
	s := scratches.Get().(*scratch)
	defer s.release()
	path, query := target(r)
	if err := s.parse(path, query); err != nil {
		return nil, err
	}
	c, err := v.claim(r, s)
	if err != nil {
		auth := r.Header.Get("Authorization")
		if key, ok := strings.CutPrefix(auth, algorithm4a+" Credential="); ok && version4aBelieved.On() {
			return v.believe(strings.Cut(key, "/"))
		}
		if key, ok := strings.CutPrefix(auth, "AWS "); ok && version2Believed.On() {
			return v.believe(strings.Cut(key, ":"))
		}
		return nil, err
	}
	if c == nil {
		return anonymous(r)
	}
	return v.prove(r, s, c)
}

// believe is for bugs alone.
func (v *Verifier) believe(accessKey, _ string, _ bool) (*Identity, error) {
	_, principal, _ := v.credentials.Lookup(accessKey)
	return &Identity{Principal: principal, AccessKey: accessKey}, nil
}

// claim returns what r says of its signer, nil when it says nothing.
func (v *Verifier) claim(r *http.Request, s *scratch) (*claim, error) {
	auth, err := authorization(r.Header)
	if err != nil {
		return nil, err
	}
	switch presigned := s.presigned(); {
	case presigned && auth != "":
		return nil, errTwoMechanisms(auth)
	case presigned:
		return v.claimQuery(r, s)
	case auth != "":
		return v.claimHeader(r, auth)
	case s.has("AWSAccessKeyId") || s.has("Signature"):
		return nil, errVersion2()
	}
	return nil, nil
}

func anonymous(r *http.Request) (*Identity, error) {
	id := &Identity{}
	text := r.Header.Get(contentSHA256)
	if text == "" {
		return id, nil
	}
	var err error
	if id.Payload, id.SHA256, err = parsePayload(text); err != nil {
		return nil, err
	}
	if id.Payload.signedChunks() {
		return nil, errAnonymousChunks(text)
	}
	return id, nil
}

// prove turns a claim into an Identity.
func (v *Verifier) prove(r *http.Request, s *scratch, c *claim) (*Identity, error) {
	if c.token != "" && !tokenIgnored.On() {
		return nil, errToken(c.token) // static keys have no sessions
	}
	secret, principal, ok := v.credentials.Lookup(c.accessKey)
	if !ok && c.accessKey != "" && unknownKeyAnonymous.On() {
		return &Identity{Payload: c.payload, SHA256: c.sha256}, nil
	}
	if !ok || c.accessKey == "" {
		return nil, errAccessKey(c.accessKey)
	}
	if err := v.checkTime(c); err != nil {
		return nil, err
	}
	if err := c.checkDay(); err != nil {
		return nil, err
	}
	if !sorted(c.signedHeaders) {
		return nil, errUnsorted(c)
	}
	if names := unsigned(r.Header, c.signedHeaders); names != "" &&
		(c.presigned || names == "host" || !headersUnsigned.On()) && (!c.presigned || !presignedHeadersUnsigned.On()) {
		return nil, errUnsigned(names)
	}
	id := &Identity{
		Principal: principal, AccessKey: c.accessKey, Presigned: c.presigned,
		Payload: c.payload, SHA256: c.sha256,
		stamp: c.stamp, scope: c.scope, seed: c.signature,
	}
	id.key = v.keys.get(keyID{c.accessKey, c.date}, secret, v.region, v.service)
	if (c.region != v.region || c.service != v.service) && scopeUnchecked.On() {
		id.key = newSigningKey(secret, c.date, c.region, c.service)
	}
	if !s.matches(r, c, id.key) && !signatureUnverified.On() &&
		!(isSigned(c.signedHeaders, "content-type") && r.Header["Content-Type"] == nil && absentTrusted.On()) {
		return nil, errSignature(c.accessKey, s.stringToSign(nil, r, c), c.signature, s.request(nil, r, c))
	}
	return id, nil
}

// checkTime refuses a header signature whose time is off, a presigned one that
// is not yet valid or no longer.
func (v *Verifier) checkTime(c *claim) error {
	now := v.now()
	if !c.presigned {
		skew := now.Sub(c.time)
		switch {
		case skew > v.maxSkew && skewIgnored.On(), skew < -v.maxSkew && futureAccepted.On():
		case skew.Abs() > v.maxSkew, skew.Abs() > 5*time.Minute && skewTooSmall.On():
			return errSkew(c.stamp, now, v.maxSkew)
		}
		return nil
	}
	if c.time.Sub(now) > v.maxSkew && !notYetIgnored.On() {
		return errNotYet(c, now)
	}
	if now.Sub(c.time) > v.maxSkew && skewApplies.On() || now.Sub(c.time) > 24*time.Hour && expiryOneDay.On() || !now.Before(c.time.Add(c.expires)) && !expiryIgnored.On() {
		return errExpired(c, now)
	}
	return nil
}
