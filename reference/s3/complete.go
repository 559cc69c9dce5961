package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
)

var (
	completeSaysDone = fault.NewBug("multipart.refused-with-200",
		"a CompleteMultipartUpload that is refused answers 200 without a body", "M-07", "M-05")
	completeRoot = fault.NewBug("multipart.complete-other-document",
		"the answer to CompleteMultipartUpload is another document", "M-28")
	completeETagBare = fault.NewBug("multipart.complete-etag-bare",
		"the ETag in the answer to CompleteMultipartUpload has no quotes", "M-09")
)

func (q *request) completeUpload() error {
	in := object.CompleteInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key, UploadID: q.uploadID(),
		Condition: q.writeCondition(), Size: -1,
	}
	var err error
	if in.Checksum, err = q.expectedChecksum(); err != nil {
		return err
	}
	if text := q.header("X-Amz-Mp-Object-Size"); text != "" {
		n, err := strconv.ParseUint(text, 10, 63)
		if err != nil {
			return errcode.New(errcode.InvalidRequest, "Value for x-amz-mp-object-size header is invalid.")
		}
		in.Size = int64(n)
	}
	if in.Encryption, err = q.wanted(); err != nil {
		return err
	}
	if in.Parts, err = q.completeParts(); err != nil {
		return err
	}
	res, err := q.h.cfg.Backend.Complete(q.ctx, in)
	if err != nil && completeSaysDone.On() {
		return q.reply(http.StatusOK)
	}
	if err != nil {
		return err
	}
	v := &res.Version
	q.setVersion(res.ShowVersion, v.ID)
	q.setEncryption(v.Seal)
	q.setExpiry(res.Expiry)
	x := q.h.buffers.xml()
	if completeRoot.On() {
		x.root("CompleteMultipartUpload")
		x.end("CompleteMultipartUpload")
		return q.replyXML(http.StatusOK, x)
	}
	x.root("CompleteMultipartUploadResult")
	x.text("Location", q.location())
	x.text("Bucket", q.bucket)
	x.text("Key", q.key)
	if completeETagBare.On() {
		x.text("ETag", v.ETag)
	} else {
		x.etag(v.ETag)
	}
	x.checksum(v.Checksum)
	x.end("CompleteMultipartUploadResult")
	return q.replyXML(http.StatusOK, x)
}

// expectedChecksum reads what the client expects of the whole object.
func (q *request) expectedChecksum() (object.Checksum, error) {
	c, err := q.checksumHeader()
	if err != nil {
		return c, err
	}
	kind, err := q.announcedType()
	c.Type = string(kind)
	return c, err
}

// location is the address of the object made.
func (q *request) location() string {
	b := make([]byte, 0, len(q.r.Host)+len(q.bucket)+len(q.key)+16)
	if q.r.TLS != nil {
		b = append(b, "https://"...)
	} else {
		b = append(b, "http://"...)
	}
	b = append(b, q.r.Host...)
	if _, virtual := q.h.domains.bucketOf(q.r.Host); !virtual {
		b = append(append(b, '/'), q.bucket...)
	}
	return string(appendURL(append(b, '/'), q.key))
}

// partElements are the children of a Part in a CompleteMultipartUpload.
var partElements = func() []string {
	out := []string{"PartNumber", "ETag"}
	for _, a := range checksum.All() {
		out = append(out, a.Element())
	}
	return out
}()

var partsSorted = fault.NewBug("multipart.part-order-ignored",
	"CompleteMultipartUpload takes parts in any order, and puts them in theirs", "M-06")

// completeParts reads the body of CompleteMultipartUpload.
func (q *request) completeParts() ([]object.CompletePart, error) {
	e, err := q.readXML("CompleteMultipartUpload")
	if err != nil {
		return nil, err
	}
	if e == nil {
		return nil, malformed("empty body")
	}
	if err := e.only("Part"); err != nil {
		return nil, err
	}
	if len(e.kids) > maxPart || len(e.kids) == 0 && !object.EmptyCompleted.On() {
		return nil, malformed("a CompleteMultipartUpload has 1 to 10000 parts")
	}
	parts := make([]object.CompletePart, len(e.kids))
	for i := range e.kids {
		if parts[i], err = completePart(&e.kids[i]); err != nil {
			return nil, err
		}
	}
	if partsSorted.On() {
		slices.SortFunc(parts, func(a, b object.CompletePart) int { return a.Number - b.Number })
	}
	return parts, nil
}

func completePart(e *element) (object.CompletePart, error) {
	var p object.CompletePart
	number, tagged := false, false
	for i := range e.kids {
		kid := &e.kids[i]
		switch {
		case kid.name == "PartNumber" && !number:
			n, err := strconv.Atoi(strings.TrimSpace(kid.text))
			if err != nil {
				return p, malformed("PartNumber is not a number")
			}
			if n < 1 || n > maxPart {
				return p, argument("PartNumber must be >= 1 and <= 10000", "partNumber", kid.text)
			}
			p.Number, number = n, true
		case kid.name == "ETag" && !tagged:
			// Quotes are optional: some clients strip them.
			p.ETag, tagged = strings.Trim(strings.TrimSpace(kid.text), `"`), true
		case slices.Contains(partElements[2:], kid.name):
			c, err := partChecksum(kid)
			if err != nil {
				return p, err
			}
			p.Checksums = append(p.Checksums, c)
		case slices.Contains(partElements, kid.name):
			return p, malformed(kid.name + " occurs twice")
		case strings.HasPrefix(kid.name, "Checksum"):
			return p, (&errcode.Error{Code: errcode.NotImplemented}).With("Element", kid.name)
		default:
			return p, malformed("unknown element " + kid.name)
		}
	}
	if !number || !tagged {
		return p, malformed("a Part needs PartNumber and ETag")
	}
	return p, nil
}

func partChecksum(e *element) (object.Checksum, error) {
	for _, a := range checksum.All() {
		if a.Element() != e.name {
			continue
		}
		if _, err := a.Decode(e.text); err != nil {
			return object.Checksum{}, invalidChecksum(a, err)
		}
		return object.Checksum{Algorithm: string(a), Value: e.text}, nil
	}
	return object.Checksum{}, malformed("unknown element " + e.name)
}
