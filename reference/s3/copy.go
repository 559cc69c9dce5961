package s3

import (
	"net/http"
	"net/url"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/object"
	"bleepstore/reference/sse"
)

// A source is a parsed x-amz-copy-source.
type source struct{ bucket, key, version string }

var (
	sourcePlain = fault.NewBug("copy.source-not-decoded",
		"the percent-encoding of x-amz-copy-source is left as it is", "CP-06", "O-13")
	sourceSlash = fault.NewBug("copy.source-slash",
		"x-amz-copy-source must not begin with a slash", "CP-06")
	sourceTwice = fault.NewBug("copy.source-decoded-twice",
		"the percent-encoding of x-amz-copy-source is undone twice", "CP-06")
	sourceVersionIgnored = fault.NewBug("copy.source-version-ignored",
		"the versionId of x-amz-copy-source is ignored", "CP-06", "CP-03", "V-20", "M-23")
)

// parseSource reads x-amz-copy-source: bucket/key, URL-encoded once, with or
// without a leading slash, and ?versionId= outside of the encoding. As in a
// query, '+' is a space: S3 was seen to look for the key with a space when a
// client leaves a '+' unencoded (https://github.com/aws/aws-cli/issues/614).
func parseSource(text string) (source, error) {
	var s source
	path := text
	if i := strings.LastIndex(text, "?versionId="); i >= 0 {
		path = text[:i]
		version, err := url.QueryUnescape(text[i+len("?versionId="):])
		if err != nil || !validText(version) {
			return s, badSource(text)
		}
		if version == "" {
			return s, argument("Version id cannot be the empty string", "versionId", "")
		}
		s.version = version
		if sourceVersionIgnored.On() {
			s.version = ""
		}
	}
	plain := path
	path, err := url.QueryUnescape(path)
	if plain != path && sourcePlain.On() {
		path = plain
	}
	if strings.HasPrefix(path, "/") && sourceSlash.On() {
		return s, badSource(text)
	}
	if sourceTwice.On() && err == nil {
		path, err = url.QueryUnescape(path)
	}
	if err != nil || !validText(path) {
		return s, badSource(text)
	}
	if strings.HasPrefix(path, "arn:") {
		// Access points and Outposts are addressed like this; there are none.
		return s, (&errcode.Error{Code: errcode.NotImplemented}).With("Header", "x-amz-copy-source")
	}
	s.bucket, s.key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if s.bucket == "" || s.key == "" {
		return s, badSource(text)
	}
	if len(s.key) > maxKey {
		return s, &errcode.Error{Code: errcode.KeyTooLong}
	}
	return s, nil
}

func badSource(text string) error {
	return argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey", "x-amz-copy-source", text)
}

var sourceOwnerIgnored = fault.NewBug("copy.source-owner-ignored",
	"x-amz-source-expected-bucket-owner is ignored", "CP-14")

// copySource reads the header, and checks the source's owner where the client
// names one.
func (q *request) copySource() (source, error) {
	s, err := parseSource(q.header(hCopySource))
	if err != nil {
		return s, err
	}
	if want := q.header(hSourceOwner); want != "" && !sourceOwnerIgnored.On() {
		return s, q.checkOwner(s.bucket, want)
	}
	return s, nil
}

var (
	copyAlgorithmIgnored = fault.NewBug("checksum.copy-algorithm-ignored",
		"CopyObject ignores x-amz-checksum-algorithm", "K-12")
	newCopyIgnored = fault.NewBug("checksum.new-copy-algorithm-ignored",
		"CopyObject ignores an x-amz-checksum-algorithm of MD5, SHA512 or xxHash", "checksum.copy.recomputes.*")
	copyACLLost = fault.NewBug("acl.copy-acl-lost",
		"CopyObject ignores the ACL that it asks for", "AC-03", "AC-10")
)

func (q *request) copyObject() error {
	spec, err := q.headerACL()
	if err != nil {
		return err
	}
	if copyACLLost.On() {
		spec = nil
	}
	src, err := q.copySource()
	if err != nil {
		return err
	}
	in := object.CopyInput{
		Caller: q.caller, Bucket: q.bucket, Key: q.key,
		SourceBucket: src.bucket, SourceKey: src.key, SourceVersion: src.version,
		SourceConditions: q.conditions("X-Amz-Copy-Source-"),
		Condition:        q.writeCondition(), ACL: spec,
	}
	if in.ReplaceMetadata, err = q.directive("X-Amz-Metadata-Directive"); err != nil {
		return err
	}
	if in.ReplaceTags, err = q.directive("X-Amz-Tagging-Directive"); err != nil {
		return err
	}
	if in.Encryption, err = q.wanted(); err != nil {
		return err
	}
	if in.SourceCustomer, err = q.customer(hSource); err != nil {
		return err
	}
	if in.Attributes, err = q.attributes(); err != nil {
		return err
	}
	algorithm, err := q.announcedAlgorithm()
	if err != nil {
		return err
	}
	if algorithm != "" && copyAlgorithmIgnored.On() || algorithm.Of2026() && newCopyIgnored.On() {
		algorithm = ""
	}
	in.Algorithm = string(algorithm)
	if q.copiesOntoItself(&in) {
		return errcode.New(errcode.InvalidRequest, "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
	}
	res, err := q.h.cfg.Backend.Copy(q.ctx, in)
	if err != nil {
		return err
	}
	return q.replyCopy(&res)
}

// copiesOntoItself says whether a copy would change nothing. Copying an old
// version onto its key does change something.
func (q *request) copiesOntoItself(in *object.CopyInput) bool {
	return in.SourceBucket == in.Bucket && in.SourceKey == in.Key && in.SourceVersion == "" &&
		!in.ReplaceMetadata && !in.ReplaceTags && in.Algorithm == "" &&
		in.Attributes.StorageClass == "" && in.Attributes.Redirect == "" && in.Encryption == (sse.Want{}) && in.SourceCustomer == nil
}

var copyAnswerEmpty = fault.NewBug("copy.answer-empty",
	"the answer to CopyObject has no body", "CP-13", "CP-01")

func (q *request) replyCopy(res *object.CopyResult) error {
	v := &res.Version
	q.setVersion(res.ShowVersion, v.ID)
	q.setExpiry(res.Expiry)
	q.setSome("x-amz-copy-source-version-id", res.SourceVersion)
	q.setEncryption(v.Seal)
	if copyAnswerEmpty.On() {
		return q.reply(http.StatusOK)
	}
	x := q.h.buffers.xml()
	x.root("CopyObjectResult")
	x.etag(v.ETag)
	x.time("LastModified", v.Modified)
	x.checksum(v.Checksum)
	x.end("CopyObjectResult")
	return q.replyXML(http.StatusOK, x)
}

var directiveIgnored = fault.NewBug("copy.unknown-directive-copies",
	"a directive that does not exist is taken for COPY", "CP-04")

// directive reads COPY (the default, false) or REPLACE (true).
func (q *request) directive(canonical string) (bool, error) {
	switch v := q.header(canonical); v {
	case "", "COPY":
		return false, nil
	case "REPLACE":
		return true, nil
	default:
		if directiveIgnored.On() {
			return false, nil
		}
		name := strings.ToLower(canonical)
		return false, argument("Unknown "+strings.TrimPrefix(name, "x-amz-")+".", name, v)
	}
}
