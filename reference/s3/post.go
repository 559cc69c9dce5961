package s3

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/form"
	"bleepstore/reference/object"
	"bleepstore/reference/sigv4"
	"bleepstore/reference/sse"
)

var (
	postOK = fault.NewBug("form.success-200",
		"a form upload is answered 200 where it does not say how", "PO-01")
	statusIgnored = fault.NewBug("form.success-status-ignored",
		"success_action_status is not looked at", "PO-01")
	statusAny = fault.NewBug("form.success-status-any",
		"success_action_status may be any status", "PO-01")
	postXMLBare = fault.NewBug("form.answer-201-empty",
		"the answer 201 has no document", "PO-01")
	redirectIgnored = fault.NewBug("form.redirect-ignored",
		"success_action_redirect is not looked at", "PO-02")
	redirectBare = fault.NewBug("form.redirect-without-query",
		"the address that a form upload is sent on to says nothing of the object", "PO-02")
	redirectCuts = fault.NewBug("form.redirect-cuts-query",
		"the address that a form upload is sent on to loses the query that it has", "PO-02")
	anyType = fault.NewBug("form.any-content-type",
		"a POST of another type than multipart/form-data is a form that lacks its key", "PO-05")
	keyOptional = fault.NewBug("form.key-optional",
		"a form without a key is stored under the name of its file", "PO-04")
	anonymousPosts = fault.NewBug("form.anonymous-is-owner",
		"a form without a signature is its bucket's owner's", "PO-13")
	metaDropped = fault.NewBug("form.metadata-dropped",
		"user metadata in a form is not stored", "PO-14")
	contentDropped = fault.NewBug("form.content-headers-dropped",
		"Content-Type and its like in a form are not stored", "PO-14")
	typeOfFile = fault.NewBug("form.type-of-file",
		"the Content-Type of the form itself is stored", "PO-14")
	taggingDropped = fault.NewBug("form.tagging-dropped",
		"the tags in a form are not stored", "PO-14")
	aclDropped = fault.NewBug("form.acl-dropped",
		"the ACL in a form is not stored", "PO-14")
	md5Dropped = fault.NewBug("form.digests-dropped",
		"the Content-MD5 and the checksum in a form are not looked at", "PO-14")
	newSumDropped = fault.NewBug("form.new-checksum-dropped",
		"an MD5, SHA512 or xxHash checksum in a form is not looked at", "form.field.new-checksum")
	locksDropped = fault.NewBug("form.lock-fields-dropped",
		"the object lock in a form is not looked at", "PO-19")
	formPlain = fault.NewBug("form.default-encryption-ignored",
		"a form's object gets AES256 whatever its bucket is set to", "E-13")
	requestHeadersCount = fault.NewBug("form.request-headers-count",
		"headers x-amz-* of the request count beside the fields of the form", "PO-14")
)

// postObject stores the file of an HTML form. Its fields take the place of the
// headers of a PutObject, and go the way of those.
// https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
func (q *request) postObject() error {
	f, err := q.readForm()
	if err != nil {
		return err
	}
	if err := q.authenticateForm(f); err != nil {
		return err
	}
	if q.key, err = formKey(f); err != nil {
		return err
	}
	if err := q.checkForm(f); err != nil {
		return err
	}
	if err := q.admit(); err != nil {
		return err
	}
	tags, err := q.adopt(f)
	if err != nil {
		return err
	}
	if err := q.validate(); err != nil {
		return err
	}
	in, err := q.putInput()
	if err != nil {
		return err
	}
	if tags != nil {
		in.Attributes.Tags = tags
	}
	if in.Body, err = q.formBody(f); err != nil {
		return err
	}
	if in.Encryption == (sse.Want{}) && formPlain.On() {
		in.Encryption.Algorithm = "AES256"
	}
	res, err := q.store(in)
	if err != nil {
		return err
	}
	return q.replyForm(f, res.Version.ETag)
}

// readForm reads the form as far as its file.
func (q *request) readForm() (*form.Form, error) {
	boundary, ok, err := form.Boundary(q.header("Content-Type"))
	if !ok && !anyType.On() {
		return nil, errcode.New(errcode.PreconditionFailed, "At least one of the pre-conditions you specified did not hold").
			With("Condition", "Bucket POST must be of the enclosure-type multipart/form-data")
	}
	if !ok {
		return nil, argument("There is no key.", "key", "")
	}
	if err != nil {
		return nil, err
	}
	size := q.r.ContentLength
	if size < 0 {
		return nil, &errcode.Error{Code: errcode.MissingContentLength}
	}
	if size > maxPut+2*form.MaxFields {
		return nil, (&errcode.Error{Code: errcode.EntityTooLarge}).
			With("ProposedSize", strconv.FormatInt(size, 10)).With("MaxSizeAllowed", strconv.FormatInt(maxPut, 10))
	}
	return form.Read(&bodyReader{q: q}, size, boundary)
}

// authenticateForm finds out who signed the policy of the form.
func (q *request) authenticateForm(f *form.Form) error {
	if _, ok := f.Get("awsaccesskeyid"); ok {
		return errcode.New(errcode.InvalidRequest, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.")
	}
	id, err := q.h.cfg.Auth.VerifyForm(sigv4.Form{
		Policy: f.Value("policy"), Algorithm: f.Value("x-amz-algorithm"), Credential: f.Value("x-amz-credential"),
		Date: f.Value("x-amz-date"), Token: f.Value("x-amz-security-token"), Signature: f.Value("x-amz-signature"),
	})
	if err != nil {
		return err
	}
	q.identity = id
	q.caller = object.Caller{Account: id.ID, Name: id.Name, Facts: q}
	return nil
}

// formKey returns the key that a form names.
func formKey(f *form.Form) (string, error) {
	key, ok := f.Get("key")
	switch {
	case !ok && keyOptional.On() && f.File.Name != "":
		return f.File.Name, nil
	case !ok:
		return "", argument("Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.", "key", "")
	case key == "":
		return "", argument("User key must have a length greater than 0.", "key", "")
	case !validText(key):
		return "", argument("A key is UTF-8 without NUL.", "key", "")
	}
	return key, nil
}

// checkForm holds the form to its policy, if it has one.
func (q *request) checkForm(f *form.Form) error {
	f.File.Bound(0, maxPut)
	text, ok := f.Get("policy")
	if !ok {
		return nil
	}
	p, err := form.ParsePolicy(text)
	if err != nil {
		return err
	}
	return p.Check(f, q.bucket, q.h.cfg.Now())
}

// contentFields are the fields besides x-amz-* that stand for headers.
var contentFields = []string{"cache-control", "content-type", "content-disposition", "content-encoding", "content-language", "expires", "content-md5"}

// signatureFields are those that are the signature itself.
var signatureFields = []string{"x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-security-token", "x-amz-signature"}

// newSum says whether a field is a checksum of the algorithms of 2026.
func newSum(field string) bool {
	a, _ := checksum.FromHeader(field)
	return a.Of2026()
}

// headerOf returns the canonical name of the header that a field stands for, ""
// for none.
func headerOf(field string) string {
	switch {
	case field == "acl" && !aclDropped.On():
		return "X-Amz-Acl"
	case field == "tagging" && !taggingDropped.On():
		return "X-Amz-Tagging"
	case field == "x-amz-checksum-algorithm": // it promises the checksum that it names
		return hSDKChecksum
	case slices.Contains(signatureFields, field), strings.HasPrefix(field, "x-amz-meta-") && metaDropped.On(),
		strings.HasPrefix(field, "x-amz-object-lock-") && locksDropped.On(),
		(strings.HasPrefix(field, "x-amz-checksum-") || field == "content-md5") && md5Dropped.On(),
		newSum(field) && newSumDropped.On():
		return ""
	case strings.HasPrefix(field, "x-amz-"), slices.Contains(contentFields, field) && !contentDropped.On():
		return textproto.CanonicalMIMEHeaderKey(field)
	}
	return ""
}

// adopt puts the fields of the form in the place of the request's headers: none
// that a policy would have to cover may come beside it. It returns the tags, nil
// when there are none.
func (q *request) adopt(f *form.Form) ([]object.Tag, error) {
	h := http.Header{}
	for name, values := range q.r.Header {
		field := strings.ToLower(name)
		covered := strings.HasPrefix(field, "x-amz-") && !requestHeadersCount.On() || slices.Contains(contentFields, field)
		if !covered || name == hExpectedOwner || name == "Content-Type" && typeOfFile.On() {
			h[name] = values
		}
	}
	var tags []object.Tag
	taken := map[string]bool{}
	for _, field := range f.Names() {
		value := f.Value(field)
		if field == "tagging" && !taggingDropped.On() {
			var err error
			if tags, err = formTags(value); err != nil {
				return nil, err
			}
			value = "" // what x-amz-tagging would say
		}
		name := headerOf(field)
		if name == "" || name == "Content-Type" && typeOfFile.On() {
			continue
		}
		if !isToken(field) || strings.ContainsFunc(value, isControl) || taken[name] {
			return nil, argument("A field that stands for a header has its form, and comes once.", "name", field)
		}
		taken[name] = true
		h[name] = []string{value}
	}
	q.r.Header = h
	return tags, nil
}

func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken says whether s can be the name of a header (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}

// formTags reads the tags of a form, which are XML there.
func formTags(text string) ([]object.Tag, error) {
	e, err := parseXML([]byte(text), "Tagging")
	if err != nil {
		return nil, err
	}
	return tagSet(e, maxObjectTags)
}

// formBody describes the file. How long it is shows at its end, but can be guessed.
func (q *request) formBody(f *form.Form) (object.Body, error) {
	c, err := q.claims()
	if err != nil {
		return object.Body{}, err
	}
	size := min(f.File.Likely, maxPut)
	if err := q.reserve(min(size, bodyMemory)); err != nil {
		return object.Body{}, err
	}
	return object.Body{Reader: f.File, Size: size, Most: f.File.Most, MD5: c.md5, Checksum: c.sum}, nil
}

// replyForm answers as the form says: with a redirection, or with a status.
func (q *request) replyForm(f *form.Form, etag string) error {
	q.set("Location", q.location())
	to, ok := f.Get("success_action_redirect")
	if !ok {
		to = f.Value("redirect")
	}
	if u := q.redirection(to, etag); u != "" && !redirectIgnored.On() {
		q.set("Location", u)
		return q.reply(http.StatusSeeOther)
	}
	status := f.Value("success_action_status")
	if statusIgnored.On() {
		status = ""
	}
	switch {
	case status == "200", status == "" && postOK.On():
		return q.reply(http.StatusOK)
	case status == "201":
		if postXMLBare.On() {
			return q.reply(http.StatusCreated)
		}
		x := q.h.buffers.xml()
		x.b = append(x.b, declaration...)
		x.open("PostResponse")
		x.text("Location", q.location())
		x.text("Bucket", q.bucket)
		x.key("Key", q.key)
		x.etag(etag)
		x.end("PostResponse")
		return q.replyXML(http.StatusCreated, x)
	}
	if n, err := strconv.Atoi(status); err == nil && n >= 200 && n < 600 && statusAny.On() {
		return q.reply(n)
	}
	return q.reply(http.StatusNoContent)
}

// redirection is the address that a client is sent on to, with what was stored;
// "" where text is none.
func (q *request) redirection(text, etag string) string {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.ContainsFunc(text, isControl) {
		return ""
	}
	if redirectBare.On() {
		return u.String()
	}
	if u.RawQuery != "" && redirectCuts.On() {
		u.RawQuery = ""
	}
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "bucket=" + url.QueryEscape(q.bucket) + "&key=" + url.QueryEscape(q.key) + "&etag=" + url.QueryEscape(`"`+etag+`"`)
	return u.String()
}
