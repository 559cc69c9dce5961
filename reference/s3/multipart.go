package s3

import (
	"net/http"
	"strconv"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

// maxPart is the highest part number.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
const maxPart = 10_000

var (
	uploadACLLost = fault.NewBug("acl.upload-acl-lost",
		"CreateMultipartUpload ignores the ACL that it asks for", "AC-03", "AC-10")
	uploadKeyPlain = fault.NewBug("multipart.key-unescaped",
		"the key in the answer to CreateMultipartUpload is not escaped as XML", "O-13")
)

func (q *request) createUpload() error {
	spec, err := q.headerACL()
	if err != nil {
		return err
	}
	if uploadACLLost.On() {
		spec = nil
	}
	attributes, err := q.attributes()
	if err != nil {
		return err
	}
	if attributes.Lock != nil && uploadLockIgnored.On() {
		attributes.Lock = nil
	}
	algorithm, kind, err := q.uploadChecksum()
	if err != nil {
		return err
	}
	want, err := q.wanted()
	if err != nil {
		return err
	}
	up, err := q.h.cfg.Backend.CreateUpload(q.ctx, object.CreateUploadInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key, Attributes: attributes,
		Algorithm: string(algorithm), ChecksumType: string(kind), ACL: spec, Encryption: want,
	})
	if err != nil {
		return err
	}
	q.setSome("x-amz-checksum-algorithm", up.Algorithm)
	q.setSome("x-amz-checksum-type", up.ChecksumType)
	q.setEncryption(up.Seal)
	q.setAborts(&up)
	x := q.h.buffers.xml()
	x.root("InitiateMultipartUploadResult")
	x.text("Bucket", q.bucket)
	if strings.ContainsAny(q.key, "&<") && uploadKeyPlain.On() {
		x.b = append(x.b, "<Key>"+q.key+"</Key>"...)
	} else {
		x.text("Key", q.key)
	}
	x.text("UploadId", up.ID)
	x.end("InitiateMultipartUploadResult")
	return q.replyXML(http.StatusOK, x)
}

// uploadChecksum reads the algorithm and type that an upload announces.
func (q *request) uploadChecksum() (checksum.Algorithm, checksum.Type, error) {
	algorithm, err := q.announcedAlgorithm()
	if err != nil {
		return "", "", err
	}
	kind, err := q.announcedType()
	switch {
	case err != nil:
		return "", "", err
	case kind != "" && algorithm == "":
		return "", "", errcode.New(errcode.InvalidRequest, "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case kind != "" && !algorithm.AllowsMultipart(kind):
		return "", "", errcode.New(errcode.InvalidRequest, "The %s checksum type cannot be used with the %s checksum algorithm.", kind, strings.ToLower(string(algorithm)))
	}
	return algorithm, kind, nil
}

// uploadID returns the upload that the request is about.
func (q *request) uploadID() string { return q.query.value("uploadId") }

// partNumber returns the part that the request is about.
func (q *request) partNumber() (int, error) {
	text, ok := q.query.get("partNumber")
	if !ok {
		return 0, errcode.New(errcode.InvalidRequest, "This operation needs a part number beside the upload id.")
	}
	return parsePartNumber(text)
}

var numberClipped = fault.NewBug("multipart.number-clipped",
	"a part number above 10,000 counts as 10,000", "M-02")

func parsePartNumber(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err == nil && n > maxPart && numberClipped.On() {
		n = maxPart
	}
	if err != nil || n < 1 || n > maxPart {
		return 0, argument("Part number must be an integer between 1 and 10000, inclusive", "partNumber", text)
	}
	return n, nil
}

func (q *request) uploadPart() error {
	number, err := q.partNumber()
	if err != nil {
		return err
	}
	encryption, err := q.wanted()
	if err != nil {
		return err
	}
	body, err := q.putBody()
	if err != nil {
		return err
	}
	part, err := q.h.cfg.Backend.UploadPart(q.ctx, object.UploadPartInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key, UploadID: q.uploadID(),
		Number: number, Body: body, Encryption: encryption,
	})
	if err != nil {
		return err
	}
	q.setETag(part.ETag)
	q.setEncryption(part.Seal)
	if part.Checksum.Algorithm != "" && !checksumUnsaid.On() {
		q.setSome(checksumName(part.Checksum.Algorithm), part.Checksum.Value)
	}
	return q.reply(http.StatusOK)
}

var (
	partSourcePlain = fault.NewBug("multipart.copy-source-not-decoded",
		"UploadPartCopy leaves the percent-encoding of x-amz-copy-source as it is", "M-23")
	partSourceSlash = fault.NewBug("multipart.copy-source-slash",
		"UploadPartCopy refuses an x-amz-copy-source that begins with a slash", "M-23")
)

func (q *request) copyPart() error {
	number, err := q.partNumber()
	if err != nil {
		return err
	}
	src, err := q.copySource()
	if err != nil {
		return err
	}
	raw := q.header(hCopySource)
	if strings.HasPrefix(raw, "/") && partSourceSlash.On() {
		return badSource(raw)
	}
	if strings.Contains(raw, "%") && src.version == "" && partSourcePlain.On() {
		_, src.key, _ = strings.Cut(strings.TrimPrefix(raw, "/"), "/")
	}
	encryption, err := q.wanted()
	if err != nil {
		return err
	}
	ofSource, err := q.customer(hSource)
	if err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.CopyPart(q.ctx, object.CopyPartInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key, UploadID: q.uploadID(), Number: number,
		SourceBucket: src.bucket, SourceKey: src.key, SourceVersion: src.version,
		SourceConditions: q.conditions("X-Amz-Copy-Source-"),
		Range:            q.header("X-Amz-Copy-Source-Range"), Encryption: encryption, SourceCustomer: ofSource,
	})
	if err != nil {
		return err
	}
	q.setSome("x-amz-copy-source-version-id", res.SourceVersion)
	q.setEncryption(res.Part.Seal)
	x := q.h.buffers.xml()
	x.root("CopyPartResult")
	x.etag(res.Part.ETag)
	x.time("LastModified", res.Part.Modified)
	x.checksumValue(res.Part.Checksum)
	x.end("CopyPartResult")
	return q.replyXML(http.StatusOK, x)
}

func (q *request) abortUpload() error {
	if err := q.h.cfg.Backend.Abort(q.ctx, q.caller, q.bucket, q.key, q.uploadID()); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}

func (q *request) listParts() error {
	page, err := parsePartsPage(q.query.value("part-number-marker"), q.query.value("max-parts"))
	if err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.ListParts(q.ctx, object.ListPartsInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key, UploadID: q.uploadID(),
		After: page.after, Max: page.max,
	})
	if err != nil {
		return err
	}
	q.setAborts(&res.Upload)
	x := q.h.buffers.xml()
	x.root("ListPartsResult")
	x.text("Bucket", q.bucket)
	x.text("Key", q.key)
	x.text("UploadId", q.uploadID())
	q.appendPrincipals(x, &res.Upload)
	x.text("StorageClass", storageClassOf(res.Upload.Attributes))
	x.int("PartNumberMarker", int64(page.after))
	if res.Truncated {
		x.int("NextPartNumberMarker", int64(res.Next))
	}
	x.int("MaxParts", int64(page.max))
	x.bool("IsTruncated", res.Truncated)
	x.some("ChecksumAlgorithm", res.Upload.Algorithm)
	x.some("ChecksumType", res.Upload.ChecksumType)
	for i := range res.Parts {
		p := &res.Parts[i]
		x.open("Part")
		x.int("PartNumber", int64(p.Number))
		x.time("LastModified", p.Modified)
		x.etag(p.ETag)
		x.int("Size", p.Size)
		x.checksumValue(p.Checksum)
		x.end("Part")
	}
	x.end("ListPartsResult")
	return q.replyXML(http.StatusOK, x)
}

var principalsUnsaid = fault.NewBug("multipart.principals-unsaid",
	"ListParts and ListMultipartUploads do not tell initiator and owner", "M-19", "M-20")

// appendPrincipals appends who initiated an upload and who will own it.
func (q *request) appendPrincipals(x *xmlBuf, up *object.Upload) {
	if principalsUnsaid.On() {
		return
	}
	x.owner("Initiator", up.Initiator, q.nameOf(up.Initiator))
	x.owner("Owner", up.Owner, q.nameOf(up.Owner))
}

var (
	idMarkerRefused = fault.NewBug("multipart.id-marker-alone-refused",
		"ListMultipartUploads refuses upload-id-marker without key-marker", "M-20")
	uploadsUnfiltered = fault.NewBug("multipart.uploads-unfiltered",
		"ListMultipartUploads ignores prefix and delimiter", "M-20")
	uploadAlgorithmUnsaid = fault.NewBug("checksum.of-upload-unlisted",
		"ListMultipartUploads does not tell the algorithm of an upload's checksum", "K-13")
)

func (q *request) listUploads() error {
	l, err := q.listing("max-uploads")
	if err != nil {
		return err
	}
	key, upload := q.query.value("key-marker"), q.query.value("upload-id-marker")
	if upload != "" && key == "" && idMarkerRefused.On() {
		return argument("An upload id marker needs a key marker.", "upload-id-marker", upload)
	}
	if uploadsUnfiltered.On() {
		l.prefix, l.delimiter = "", ""
	}
	in := object.ListUploadsInput{
		Bucket: q.bucket, Prefix: l.prefix, Delimiter: l.delimiter, AfterKey: key, Max: l.max,
	}
	if key != "" {
		// S3 documents that the marker of an upload alone is ignored.
		in.AfterUpload = upload
	}
	res, err := q.h.cfg.Backend.ListUploads(q.ctx, q.caller, in)
	if err != nil {
		return err
	}
	x := q.h.buffers.xml()
	x.url = l.url
	x.root("ListMultipartUploadsResult")
	x.text("Bucket", q.bucket)
	x.key("KeyMarker", key)
	x.text("UploadIdMarker", upload)
	if res.Truncated {
		x.key("NextKeyMarker", res.NextKey)
		x.text("NextUploadIdMarker", res.NextUpload)
	}
	x.key("Prefix", l.prefix)
	x.int("MaxUploads", int64(l.max))
	x.listing(l, res.Truncated)
	for i := range res.Uploads {
		up := &res.Uploads[i]
		x.open("Upload")
		x.key("Key", up.Key)
		x.text("UploadId", up.ID)
		q.appendPrincipals(x, up)
		x.text("StorageClass", storageClassOf(up.Attributes))
		x.time("Initiated", up.Initiated)
		if uploadAlgorithmUnsaid.On() {
			up.Algorithm = ""
		}
		x.some("ChecksumAlgorithm", up.Algorithm)
		x.some("ChecksumType", up.ChecksumType)
		x.end("Upload")
	}
	x.commonPrefixes(res.CommonPrefixes)
	x.end("ListMultipartUploadsResult")
	return q.replyXML(http.StatusOK, x)
}
