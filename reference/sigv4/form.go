package sigv4

import (
	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	formUnverified = fault.NewBug("form.signature-unverified",
		"the signature of a form's policy is not compared with what it should be", "PO-12")
	formUnknownKey = fault.NewBug("form.unknown-key-anonymous",
		"a form of an access key that nobody has is taken for one without credentials", "PO-12")
	formPartial = fault.NewBug("form.partial-credentials-anonymous",
		"a form that lacks one of the fields of its signature is taken for one without", "PO-12")
)

// A Form is what an upload by form says of its signer: its fields, "" where they
// are absent.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
type Form struct {
	Policy     string // base64, as it was sent
	Algorithm  string // x-amz-algorithm, and so on
	Credential string
	Date       string
	Token      string // x-amz-security-token
	Signature  string
}

// signs says whether f claims to be signed at all.
func (f *Form) signs() bool {
	return f.Algorithm != "" || f.Credential != "" || f.Date != "" || f.Signature != ""
}

// VerifyForm returns who signed the policy of a form, or an anonymous Identity
// when none of the fields of a signature is there. When it was signed does not
// matter: the policy says until when it holds. An error is an *errcode.Error.
func (v *Verifier) VerifyForm(f Form) (*Identity, error) {
	if !f.signs() {
		return &Identity{}, nil
	}
	for _, field := range []struct{ name, value string }{
		{"policy", f.Policy}, {"x-amz-algorithm", f.Algorithm}, {"x-amz-credential", f.Credential},
		{"x-amz-date", f.Date}, {"x-amz-signature", f.Signature},
	} {
		if field.value == "" && formPartial.On() {
			return &Identity{}, nil
		}
		if field.value == "" {
			return nil, errField(field.name, "", "Bucket POST must contain a field named '"+field.name+"'.  If it is specified, please check the order of the fields.")
		}
	}
	if f.Algorithm != algorithm {
		return nil, errField("x-amz-algorithm", f.Algorithm, "x-amz-algorithm only supports "+algorithm+".")
	}
	c := &claim{signature: f.Signature}
	if !c.parseStamp(f.Date) {
		return nil, errField("x-amz-date", f.Date, "x-amz-date must be in the form YYYYMMDDTHHMMSSZ.")
	}
	if v.parseCredential(c, f.Credential) != nil || c.checkDay() != nil {
		return nil, errField("x-amz-credential", f.Credential, "The credential is malformed, or of another date, region or service than this request and this endpoint.")
	}
	if f.Token != "" && !tokenIgnored.On() {
		return nil, errToken(f.Token)
	}
	secret, principal, ok := v.credentials.Lookup(c.accessKey)
	if !ok && formUnknownKey.On() {
		return &Identity{}, nil
	}
	if !ok {
		return nil, errAccessKey(c.accessKey)
	}
	key := v.keys.get(keyID{c.accessKey, c.date}, secret, v.region, v.service)
	if !key.verify([]byte(f.Policy), f.Signature) && !formUnverified.On() {
		return nil, errSignature(c.accessKey, []byte(f.Policy), f.Signature, nil)
	}
	return &Identity{Principal: principal, AccessKey: c.accessKey}, nil
}

func errField(name, value, why string) error {
	return errcode.New(errcode.InvalidArgument, "%s", why).With("ArgumentName", name).With("ArgumentValue", value)
}
