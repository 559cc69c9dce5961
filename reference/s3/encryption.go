package s3

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sse"
)

// The headers of server-side encryption, which begin alike.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-s3-c-encryption.html
const (
	hSSE        = "X-Amz-Server-Side-Encryption"
	hKMSKey     = hSSE + "-Aws-Kms-Key-Id"
	hSSEContext = hSSE + "-Context"
	hBucketKey  = hSSE + "-Bucket-Key-Enabled"
	hCustomer   = hSSE + "-Customer-"
	hSource     = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"

	customerAlgorithm = "Algorithm"
	customerKey       = "Key"
	customerMD5       = "Key-Md5"
)

// The operations that take them: those that choose an encryption, those that may
// say again what their upload has, those that need the client's key besides, and
// those that read a source.
var (
	choosing = []string{"PutObject", "PostObject", "CopyObject", "CreateMultipartUpload"}
	saying   = append([]string{"UploadPart", "UploadPartCopy", "CompleteMultipartUpload"}, choosing...)
	keyed    = append([]string{"GetObject", "HeadObject", "GetObjectAttributes", "UploadPart", "UploadPartCopy",
		"CompleteMultipartUpload", "ListParts"}, choosing...)
	copying = []string{"CopyObject", "UploadPartCopy"}
)

var onGet = fault.NewBug("encryption.asked-of-reads",
	"x-amz-server-side-encryption is ignored where an object is read", "encryption.read.asked")

// checkEncryption refuses headers of encryption that the operation does not take,
// since to skip one would be to do something else than the client thinks.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
func (q *request) checkEncryption(name string) error {
	takes := choosing
	switch {
	case strings.HasPrefix(name, hSource):
		takes = copying
	case strings.HasPrefix(name, hCustomer):
		takes = keyed
	case !strings.HasPrefix(name, hSSE):
		return nil
	}
	suffix := strings.TrimPrefix(strings.TrimPrefix(name, hCustomer), hSource)
	switch {
	case name == hSSE, name == hKMSKey, name == hSSEContext:
		takes = saying
	case name == hBucketKey:
	case suffix == customerAlgorithm, suffix == customerKey, suffix == customerMD5:
	default:
		return (&errcode.Error{Code: errcode.NotImplemented}).With("Header", strings.ToLower(name))
	}
	if slices.Contains(takes, q.op.name) || slices.Contains(keyed, q.op.name) && name == hSSE && onGet.On() {
		return nil
	}
	return argument(strings.ToLower(name)+" header is not supported for this operation.", strings.ToLower(name), q.header(name))
}

var (
	anyAlgorithm = fault.NewBug("encryption.unknown-algorithm",
		"an encryption that does not exist is taken for AES256", "E-02")
	bothTaken = fault.NewBug("encryption.two-kinds",
		"a key of the client's is taken where another encryption is asked for too", "E-11")
	keyAlone = fault.NewBug("encryption.kms-key-alone",
		"a KMS key is ignored where aws:kms is not asked for", "E-11")
)

// wanted reads which encryption a write asks for.
func (q *request) wanted() (w sse.Want, err error) {
	if w.Customer, err = q.customer(hCustomer); err != nil {
		return w, err
	}
	w.Algorithm, w.KeyID, w.Context = q.header(hSSE), q.header(hKMSKey), q.header(hSSEContext)
	if w.Algorithm != "" && w.Algorithm != sse.AES256 && w.Algorithm != sse.KMS && w.Algorithm != "aws:kms:dsse" && anyAlgorithm.On() {
		w.Algorithm = sse.AES256
	}
	switch {
	case w.Customer != nil && w.Algorithm != "" && !bothTaken.On():
		return w, argument("Server Side Encryption with Customer provided key is incompatible with the encryption method specified", "x-amz-server-side-encryption", w.Algorithm)
	case w.Algorithm == "aws:kms:dsse":
		return w, (&errcode.Error{Code: errcode.NotImplemented}).With("Header", "x-amz-server-side-encryption")
	case w.Algorithm != "" && w.Algorithm != sse.AES256 && w.Algorithm != sse.KMS:
		return w, argument("The encryption method specified is not supported", "x-amz-server-side-encryption", w.Algorithm)
	case w.Algorithm != sse.KMS && w.KeyID != "" && !keyAlone.On():
		return w, argument("Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms", "x-amz-server-side-encryption", w.Algorithm)
	case w.Algorithm != sse.KMS && w.Context != "":
		return w, argument("An encryption context requires HTTP header x-amz-server-side-encryption : aws:kms", "x-amz-server-side-encryption", w.Algorithm)
	case w.Algorithm != sse.KMS:
		w.KeyID = ""
	}
	if w.Context != "" && !isContext(w.Context) {
		return w, argument("The header x-amz-server-side-encryption-context shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map", "x-amz-server-side-encryption-context", w.Context)
	}
	switch v := q.header(hBucketKey); {
	case v == "":
	case strings.EqualFold(v, "true"), strings.EqualFold(v, "false"):
		on := strings.EqualFold(v, "true")
		w.BucketKey = &on
	default:
		return w, argument("x-amz-server-side-encryption-bucket-key-enabled must be true or false", "x-amz-server-side-encryption-bucket-key-enabled", v)
	}
	return w, nil
}

// isContext says whether text is a map from strings to strings, in JSON and base64.
func isContext(text string) bool {
	doc, err := base64.StdEncoding.DecodeString(text)
	var pairs map[string]string
	return err == nil && json.Unmarshal(doc, &pairs) == nil && pairs != nil
}

var (
	overHTTP = fault.NewBug("ssec.over-http",
		"a key of the client's is taken over a connection that anybody can read", "E-04")
	headerMissing = fault.NewBug("ssec.header-missing",
		"of the three headers of a client's key that of its MD5 may be missing", "E-05")
	md5Unchecked = fault.NewBug("ssec.key-md5-unchecked",
		"the MD5 of a client's key is not compared with the key", "E-05")
	lengthUnchecked = fault.NewBug("ssec.key-length-unchecked",
		"a client's key may be of any length", "E-05")
	customerUnknown = fault.NewBug("ssec.algorithm-unchecked",
		"a client's key may be for any algorithm", "E-05")
)

// customer reads the client's key from the three headers that begin with prefix;
// nil where there are none.
func (q *request) customer(prefix string) (*crypt.Key, error) {
	algorithm, text, sum := q.header(prefix+customerAlgorithm), q.header(prefix+customerKey), q.header(prefix+customerMD5)
	name := strings.ToLower(prefix)
	if algorithm == "" && text == "" && sum == "" {
		return nil, nil
	}
	if q.r.TLS == nil && !q.h.cfg.KeysOverHTTP && !overHTTP.On() {
		return nil, errcode.New(errcode.InvalidRequest, "Requests specifying Server Side Encryption with Customer provided keys must be made over a secure connection.")
	}
	switch {
	case algorithm == "":
		return nil, argument("Requests specifying Server Side Encryption with Customer provided keys must provide a valid encryption algorithm.", name+"algorithm", "")
	case algorithm != sse.AES256 && !customerUnknown.On():
		return nil, (&errcode.Error{Code: errcode.InvalidEncryptionAlgorithm}).With("ArgumentName", name+"algorithm").With("ArgumentValue", algorithm)
	case text == "":
		return nil, argument("Requests specifying Server Side Encryption with Customer provided keys must provide an appropriate secret key.", name+"key", "")
	case sum == "" && !headerMissing.On():
		return nil, argument("Requests specifying Server Side Encryption with Customer provided keys must provide the client calculated MD5 of the secret key.", name+"key-md5", "")
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(raw) != crypt.KeySize && lengthUnchecked.On() {
		raw = append(raw, make([]byte, crypt.KeySize)...)[:crypt.KeySize]
	}
	key, kerr := crypt.KeyOf(raw)
	if err != nil || kerr != nil { // the key is not repeated
		return nil, argument("The secret key was invalid for the specified algorithm.", name+"key", "")
	}
	want := md5.Sum(raw)
	if sum != base64.StdEncoding.EncodeToString(want[:]) && sum != "" && !lengthUnchecked.On() && !md5Unchecked.On() {
		return nil, argument("The calculated MD5 hash of the key did not match the hash that was provided.", name+"key-md5", sum)
	}
	return &key, nil
}

var (
	unsaid = fault.NewBug("encryption.unsaid",
		"no answer says how an object is encrypted", "E-01", "E-02")
	headUnsaid = fault.NewBug("encryption.head-unsaid",
		"HEAD does not say how an object is encrypted", "E-01")
	uploadUnsaid = fault.NewBug("encryption.upload-unsaid",
		"the answers to CreateMultipartUpload and CompleteMultipartUpload do not say how the object is encrypted", "encryption.multipart.said")
	kmsKeyAsGiven = fault.NewBug("encryption.kms-key-unsaid",
		"the ARN of the KMS key of an object is not returned", "E-12")
	customerUnsaid = fault.NewBug("ssec.unsaid",
		"the answer to a write with a key of the client's does not repeat its algorithm and MD5", "E-03")
	keyEchoed = fault.NewBug("ssec.key-echoed",
		"the answer to a write with a key of the client's repeats the key", "E-03")
)

// setEncryption says how what the answer is about is encrypted. The client's key is
// only ever spoken of by its MD5, as the client told it.
func (q *request) setEncryption(s *object.Seal) {
	switch {
	case s == nil:
	case s.Algorithm == "" && !customerUnsaid.On():
		if q.header(hCustomer+customerKey) == "" {
			return // it need not be sent to complete an upload
		}
		q.set("x-amz-server-side-encryption-customer-algorithm", sse.AES256)
		q.set("x-amz-server-side-encryption-customer-key-MD5", q.header(hCustomer+customerMD5))
		if keyEchoed.On() {
			q.set("x-amz-server-side-encryption-customer-key", q.header(hCustomer+customerKey))
		}
	case s.Algorithm != "" && !(q.r.Method == http.MethodHead && headUnsaid.On()) &&
		!(q.r.Method == http.MethodPost && uploadUnsaid.On()) && !unsaid.On():
		q.set("x-amz-server-side-encryption", s.Algorithm)
		if s.Algorithm != sse.KMS {
			return
		}
		if !kmsKeyAsGiven.On() {
			q.set("x-amz-server-side-encryption-aws-kms-key-id", s.By)
		}
		if s.BucketKey {
			q.set("x-amz-server-side-encryption-bucket-key-enabled", "true")
		}
	}
}
