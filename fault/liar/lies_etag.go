package liar

import (
	"strconv"
	"strings"
)

// ETags that are none of the object's.

// otherTag is an ETag with its first hexadecimal digit turned into another.
func otherTag(tag string) string {
	i := strings.IndexFunc(tag, func(c rune) bool { return strings.ContainsRune("0123456789abcdefABCDEF", c) })
	if i < 0 {
		return tag
	}
	digit := "0"
	if tag[i] == '0' {
		digit = "f"
	}
	return tag[:i] + digit + tag[i+1:]
}

// mistag gives an answer another ETag.
func mistag(_ *request, a *answer) bool {
	if !a.ok() || !a.fields.has("ETag") {
		return false
	}
	a.set("ETag", otherTag(a.get("ETag")))
	return true
}

// mistagText gives the ETags of a document other values.
func mistagText(_ *request, a *answer) bool {
	if !a.ok() || textOf(a.body, "ETag") == "" {
		return false
	}
	a.body = each(a.body, "ETag", func(_ int, e string) string {
		return "<ETag>" + otherTag(strings.ReplaceAll(textOf([]byte(e), "ETag"), "&quot;", "\"")) + "</ETag>"
	})
	return true
}

var (
	_ = alter("lie.etag.put", "PutObject answers with another ETag than the object has, of a mebibyte or more",
		breaks("object.put.etag-md5"), ops("PutObject"), func(q *request, a *answer) bool { return len(q.body) >= 1<<20 && mistag(q, a) })
	_ = alter("lie.etag.get", "GetObject under If-Unmodified-Since answers with another ETag than the object has",
		breaks("object.get.if-unmodified-since.unparsable", "object.get.if-unmodified-since.future", "object.get.if-unmodified-since.unmodified"), ops("GetObject"),
		func(q *request, a *answer) bool { return q.get("If-Unmodified-Since") != "" && mistag(q, a) })
	_ = alter("lie.etag.head", "HeadObject answers with another ETag than the object has, of a mebibyte or more",
		breaks("object.put.etag-md5"), ops("HeadObject"), func(q *request, a *answer) bool {
			n, err := strconv.Atoi(a.get("Content-Length"))
			return err == nil && n >= 1<<20 && mistag(q, a)
		})
	_ = alter("lie.etag.part", "UploadPart answers with another ETag than the part has, unless that is the first",
		breaks("multipart.parts.order"), ops("UploadPart"), func(q *request, a *answer) bool {
			return q.params().Get("partNumber") != "1" && mistag(q, a)
		})
	_ = alter("lie.etag.list", "listings of objects give keys another ETag than they have",
		breaks("L-17", "listing.content.*"), ops("ListObjects", "ListObjectsV2", "ListObjectVersions"), mistagText)
	_ = alter("lie.etag.copy", "CopyObject answers with another ETag than the copy has",
		breaks("copy.self.metadata", "copy.answer"), ops("CopyObject"), mistagText)
	_ = alter("lie.etag.complete", "CompleteMultipartUpload answers with another ETag than the object has",
		breaks("multipart.complete.answer"), ops("CompleteMultipartUpload"), mistagText)
	_ = alter("lie.etag.unquoted", "GetObject and HeadObject answer with an ETag without its quotes",
		breaks("shape.etag-quoted", "object.put.etag-md5"), ops("GetObject", "HeadObject"), func(_ *request, a *answer) bool {
			tag := a.get("ETag")
			a.set("ETag", strings.Trim(tag, `"`))
			return a.ok() && strings.HasPrefix(tag, `"`)
		})
	_ = alter("lie.etag.list-unquoted", "listings give ETags without their quotes",
		breaks("L-17", "listing.content.fields"), ops("ListObjects", "ListObjectsV2"), func(_ *request, a *answer) bool {
			had := strings.Contains(textOf(a.body, "ETag"), "quot;") || strings.Contains(textOf(a.body, "ETag"), `"`)
			a.body = each(a.body, "ETag", func(_ int, e string) string {
				return strings.NewReplacer("&quot;", "", "&#34;", "", `"`, "").Replace(e)
			})
			return had
		})
)
