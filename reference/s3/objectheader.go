package s3

import (
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	dateUTC = fault.NewBug("wire.date-utc",
		"the Last-Modified of a range ends in UTC in the place of GMT", "I1", "multipart.read.*")
	headPadded = fault.NewBug("wire.head-counts-checksum",
		"the Content-Length of a HEAD counts the checksum of 4 bytes that is stored with a block of 4096", "X-22")
)

// An override is a response-* parameter and the header it replaces.
type override struct{ param, header string }

// overrides let a signed GET or HEAD choose response headers.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
var overrides = []override{
	{"response-cache-control", "Cache-Control"},
	{"response-content-disposition", "Content-Disposition"},
	{"response-content-encoding", "Content-Encoding"},
	{"response-content-language", "Content-Language"},
	{"response-content-type", "Content-Type"},
	{"response-expires", "Expires"},
}

var overrideParams = func() []string {
	var out []string
	for _, o := range overrides {
		out = append(out, o.param)
	}
	return out
}()

func (q *request) hasOverrides() bool {
	for i := range q.query {
		if strings.HasPrefix(q.query[i].name, "response-") {
			return true
		}
	}
	return false
}

// checkOverrides refuses response-* values that no header can carry.
func (q *request) checkOverrides() error {
	for i := range q.query {
		name, v := q.query[i].name, q.query[i].value
		if !strings.HasPrefix(name, "response-") {
			continue
		}
		for j := range len(v) {
			if v[j] < ' ' && v[j] != '\t' || v[j] == 0x7f {
				return argument("Header value cannot be represented.", name, v)
			}
		}
	}
	return nil
}

var (
	headNotOverridden = fault.NewBug("object.head-not-overridden",
		"HEAD ignores response-* parameters", "O-11")
	typeOverridden = fault.NewBug("object.override-type-only",
		"of the response-* parameters only response-content-type is honoured", "O-11")
)

// override sets the headers that response-* parameters ask for.
func (q *request) override() {
	if len(q.query) == 0 || q.r.Method == http.MethodHead && headNotOverridden.On() {
		return
	}
	for _, o := range overrides {
		if o.header != "Content-Type" && typeOverridden.On() {
			continue
		}
		if v, ok := q.query.get(o.param); ok {
			q.set(o.header, v)
		}
	}
}

var (
	modifiedNow = fault.NewBug("object.last-modified-now",
		"Last-Modified is the time of the answer", "O-25")
	rangeBare = fault.NewBug("object.range-without-metadata",
		"the answer to a range lacks user metadata", "O-10")
	encodingHidden = fault.NewBug("object.encoding-by-accept",
		"Content-Encoding is left out where Accept-Encoding does not name it", "C-21")
	tagCountUnsaid = fault.NewBug("object.tagging-count-unsaid",
		"x-amz-tagging-count is never sent", "T-06")
	acceptRangesUnsaid = fault.NewBug("object.accept-ranges-unsaid",
		"Accept-Ranges is never sent", "C-10")
	metadataDashes = fault.NewBug("object.metadata-dashes",
		"a dash in the name of user metadata comes back as an underscore", "O-06", "O-07")
	metadataUnderscores = fault.NewBug("object.metadata-underscores",
		"user metadata whose name has an underscore is not returned", "O-06")
	classUnsaid = fault.NewBug("object.storage-class-unsaid",
		"GET and HEAD never return x-amz-storage-class", "O-24")
	standardSaid = fault.NewBug("object.standard-class-said",
		"GET and HEAD return the storage class STANDARD", "O-24")
	classOfRange = fault.NewBug("object.range-length-of-object",
		"Content-Range says that the object is as long as the range", "C-10", "C-11", "C-12")
	countUnasked = fault.NewBug("multipart.parts-count-unasked",
		"x-amz-mp-parts-count is sent without partNumber", "M-21")
	rangesMultipart = fault.NewBug("object.ranges-multipart",
		"the answer to several ranges says that it is multipart/byteranges", "C-16")
	idUnsaid = fault.NewBug("version.id-unsaid",
		"GET and HEAD do not return x-amz-version-id", "V-04")
	checksumUnasked = fault.NewBug("checksum.unasked",
		"checksums are sent without x-amz-checksum-mode", "K-05")
)

// misdescribe has those bugs that make res another version than it is.
func (q *request) misdescribe(res *object.GetResult) {
	v := &res.Version
	if modifiedNow.On() {
		v.Modified = q.start
	}
	if encodingHidden.On() && !strings.Contains(q.header("Accept-Encoding"), v.ContentEncoding) {
		v.ContentEncoding = ""
	}
	if rangesMultipart.On() && strings.Contains(q.header("Range"), ",") {
		v.ContentType = "multipart/byteranges; boundary=part"
	}
	if res.Partial && rangeBare.On() {
		v.Metadata = nil
	}
	if len(v.Metadata) > 0 && metadataDashes.On() {
		plain := v.Metadata
		v.Metadata = map[string]string{}
		for name, value := range plain {
			v.Metadata[strings.ReplaceAll(name, "-", "_")] = value
		}
	}
	for name := range v.Metadata {
		if strings.Contains(name, "_") && metadataUnderscores.On() {
			v.Metadata = maps.Clone(v.Metadata)
			delete(v.Metadata, name)
		}
	}
	if len(v.Tags) > 0 && tagCountUnsaid.On() {
		v.Tags = nil
	}
	if v.StorageClass != "" && classUnsaid.On() {
		v.StorageClass = ""
	}
	if v.StorageClass == "" && standardSaid.On() {
		v.StorageClass = standard
	}
	if v.PartCount > 0 && countUnasked.On() {
		res.PartsCount = v.PartCount
	}
	if res.ShowVersion && idUnsaid.On() {
		res.ShowVersion = false
	}
}

// setObject sets the headers that describe a version to GET and HEAD, as
// response-* overrides them.
func (q *request) setObject(res *object.GetResult) {
	v := &res.Version
	q.misdescribe(res)
	q.set("Last-Modified", httpDate(v.Modified))
	if res.Partial && dateUTC.On() {
		q.set("Last-Modified", v.Modified.UTC().Format(time.RFC1123))
	}
	q.setETag(v.ETag)
	if !acceptRangesUnsaid.On() {
		q.set("Accept-Ranges", "bytes")
	}
	q.setVersion(res.ShowVersion, v.ID)
	q.setExpiry(res.Expiry)
	contentType := v.ContentType
	if contentType == "" {
		contentType = defaultType
	}
	q.set("Content-Type", contentType)
	q.setSome("Cache-Control", v.CacheControl)
	q.setSome("Content-Disposition", v.ContentDisposition)
	q.setSome("Content-Encoding", v.ContentEncoding)
	q.setSome("Content-Language", v.ContentLanguage)
	q.setSome("Expires", v.Expires)
	for name, value := range v.Metadata {
		q.set("x-amz-meta-"+name, encodeWords(value))
	}
	if v.StorageClass != standard || standardSaid.On() {
		q.setSome("x-amz-storage-class", v.StorageClass)
	}
	q.setSome("x-amz-website-redirect-location", v.Redirect)
	q.setLock(v.Lock)
	q.setEncryption(v.Seal)
	if n := len(v.Tags); n > 0 {
		q.set("x-amz-tagging-count", itoa(n))
	}
	if res.PartsCount > 0 {
		q.set("x-amz-mp-parts-count", itoa(res.PartsCount))
	}
	q.set("Content-Length", strconv.FormatInt(res.Length, 10))
	if q.r.Method == http.MethodHead && res.Length == 4096 && headPadded.On() {
		q.set("Content-Length", strconv.FormatInt(res.Length+4, 10))
	}
	if res.Partial {
		q.set("Content-Range", contentRange(res.Offset, res.Length, q.sizeOf(res)))
	}
	if q.wantsChecksum() || checksumUnasked.On() {
		q.setRangeChecksum(res)
	}
	q.override()
}

// sizeOf is the length that Content-Range gives the object.
func (q *request) sizeOf(res *object.GetResult) int64 {
	if res.Length < res.Version.Size && classOfRange.On() {
		return res.Length
	}
	return res.Version.Size
}

// setRangeChecksum sends the checksum that covers the bytes of the answer. For
// a range there is none, and the whole object's would make SDKs refuse it.
func (q *request) setRangeChecksum(res *object.GetResult) {
	switch {
	case res.RangeChecksum.Algorithm != "":
		q.setChecksum(res.RangeChecksum)
	case res.Length == res.Version.Size:
		q.setChecksum(res.Version.Checksum)
	}
}

func (q *request) wantsChecksum() bool {
	return strings.EqualFold(q.header(hChecksumMode), "ENABLED")
}

// checkChecksumMode refuses what x-amz-checksum-mode cannot mean.
func (q *request) checkChecksumMode() error {
	if v := q.header(hChecksumMode); v != "" && !strings.EqualFold(v, "ENABLED") {
		return errcode.New(errcode.InvalidRequest, "Value for x-amz-checksum-mode header is invalid.")
	}
	return nil
}

var (
	checksumUnsaid = fault.NewBug("checksum.unsaid",
		"no answer to PutObject, UploadPart, GET or HEAD has a checksum", "K-01", "K-04", "K-05")
	newUnsaid = fault.NewBug("checksum.new-unsaid",
		"no answer to PutObject, GET or HEAD has a checksum of MD5, SHA512 or xxHash", "checksum.read.enabled.*", "checksum.new.right.*")
	otherName = fault.NewBug("checksum.xxhash3-by-another-name",
		"the XXHASH3 of an object is answered as its XXHASH64", "checksum.read.enabled.xxhash3", "checksum.new.right.xxhash3")
)

// setChecksum sends one checksum and its type.
func (q *request) setChecksum(c object.Checksum) {
	if c.Algorithm == "" || c.Value == "" || checksumUnsaid.On() || checksum.Algorithm(c.Algorithm).Of2026() && newUnsaid.On() {
		return
	}
	name := checksumName(c.Algorithm)
	if c.Algorithm == string(checksum.XXHASH3) && otherName.On() {
		name = checksumName(string(checksum.XXHASH64))
	}
	q.set(name, c.Value)
	q.setSome("x-amz-checksum-type", c.Type)
}

func contentRange(offset, length, size int64) string {
	b := make([]byte, 0, 64)
	b = append(b, "bytes "...)
	b = strconv.AppendInt(b, offset, 10)
	b = append(b, '-')
	b = strconv.AppendInt(b, offset+length-1, 10)
	b = append(b, '/')
	b = strconv.AppendInt(b, size, 10)
	return string(b)
}

func httpDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// getInput reads the parameters and headers of GET and HEAD.
func (q *request) getInput() (object.GetInput, error) {
	in := q.headInput()
	var err error
	if in.Customer, err = q.customer(hCustomer); err != nil {
		return in, err
	}
	in.Range = q.header("Range")
	in.IfRange = q.header("If-Range")
	in.Conditions = q.conditions("")
	if err := q.checkOverrides(); err != nil {
		return in, err
	}
	if text, ok := q.query.get("partNumber"); ok {
		n, err := parsePartNumber(text)
		if err != nil {
			return in, err
		}
		if in.Range != "" {
			return in, errcode.New(errcode.InvalidRequest, "Cannot specify both Range header and partNumber query parameter")
		}
		in.PartNumber = n
	}
	return in, q.checkChecksumMode()
}

// conditions reads the preconditions of a read, or, with the prefix of
// x-amz-copy-source-if-*, those of a copy. A date that does not parse is as if
// it were not there (RFC 9110 section 13.1.3).
func (q *request) conditions(prefix string) object.Conditions {
	return object.Conditions{
		IfMatch:           q.header(prefix + "If-Match"),
		IfNoneMatch:       q.header(prefix + "If-None-Match"),
		IfModifiedSince:   parseDate(q.header(prefix + "If-Modified-Since")),
		IfUnmodifiedSince: parseDate(q.header(prefix + "If-Unmodified-Since")),
	}
}

var (
	badDateNow = fault.NewBug("object.bad-date-is-now",
		"the date of a condition that cannot be parsed is taken for now", "C-07")
	badDateEpoch = fault.NewBug("object.bad-date-is-1970",
		"the date of a condition that cannot be parsed, or is to come, is taken for 1970", "C-07")
)

func parseDate(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := http.ParseTime(s)
	if (err != nil || t.After(time.Now())) && badDateEpoch.On() {
		return time.Unix(0, 0)
	}
	if err != nil && badDateNow.On() {
		return time.Now()
	}
	if err != nil {
		return time.Time{}
	}
	return t
}

// writeCondition reads If-Match and If-None-Match of a write; repeated headers
// are one list.
func (q *request) writeCondition() object.WriteCondition {
	return object.WriteCondition{
		IfMatch:     strings.Join(q.r.Header["If-Match"], ","),
		IfNoneMatch: strings.Join(q.r.Header["If-None-Match"], ","),
	}
}
