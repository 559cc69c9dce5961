package s3

import (
	"net/http"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
	"bleepstore/reference/sse"
)

var (
	removedIsNone = fault.NewBug("encryption.removed-is-404",
		"a bucket whose default encryption was removed has none", "E-14")
	defaultUnchecked = fault.NewBug("encryption.default-unchecked",
		"a bucket may be set to an algorithm that does not exist", "encryption.bucket.malformed")
)

// getEncryption always has something to say: a bucket where nothing was set
// encrypts by AES256.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketEncryption.html
func (q *request) getEncryption() error {
	c, err := q.h.cfg.Backend.Encryption(q.ctx, q.caller, q.bucket)
	if err != nil {
		return err
	}
	if c.Algorithm == sse.AES256 && c.Blocks(sse.Customer) && removedIsNone.On() {
		return &errcode.Error{Code: errcode.EncryptionConfigurationNotFound}
	}
	x := q.h.buffers.xml()
	x.root("ServerSideEncryptionConfiguration")
	x.open("Rule")
	x.open("ApplyServerSideEncryptionByDefault")
	x.text("SSEAlgorithm", c.Algorithm)
	x.some("KMSMasterKeyID", c.KeyID)
	x.end("ApplyServerSideEncryptionByDefault")
	x.bool("BucketKeyEnabled", c.BucketKey)
	x.open("BlockedEncryptionTypes")
	blocked := "NONE"
	if c.Blocks(sse.Customer) {
		blocked = sse.Customer
	}
	x.text("EncryptionType", blocked)
	x.end("BlockedEncryptionTypes")
	x.end("Rule")
	x.end("ServerSideEncryptionConfiguration")
	return q.replyXML(http.StatusOK, x)
}

// putEncryption does not look whether the KMS key exists, as S3 does not.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html
func (q *request) putEncryption() error {
	rule, err := q.readRule("ServerSideEncryptionConfiguration")
	if err != nil {
		return err
	}
	c, err := encryptionRule(rule)
	if err != nil {
		return err
	}
	if err := q.h.cfg.Backend.SetEncryption(q.ctx, q.caller, q.bucket, &c); err != nil {
		return err
	}
	return q.reply(http.StatusOK)
}

// encryptionRule reads the Rule. What it says nothing about is as in a new bucket.
func encryptionRule(e *element) (sse.Config, error) {
	c := sse.Default()
	if err := e.only("ApplyServerSideEncryptionByDefault", "BucketKeyEnabled", "BlockedEncryptionTypes"); err != nil {
		return c, err
	}
	switch v, found, err := e.child("BucketKeyEnabled"); {
	case err != nil:
		return c, err
	case found && v != "true" && v != "false":
		return c, malformed("BucketKeyEnabled is not a boolean")
	default:
		c.BucketKey = v == "true"
	}
	for i := range e.kids {
		var err error
		switch kid := &e.kids[i]; kid.name {
		case "ApplyServerSideEncryptionByDefault":
			err = byDefault(kid, &c)
		case "BlockedEncryptionTypes":
			c.Blocked, err = blockedTypes(kid)
		}
		if err != nil {
			return c, err
		}
	}
	return c, nil
}

func byDefault(e *element, c *sse.Config) (err error) {
	if err := e.only("SSEAlgorithm", "KMSMasterKeyID"); err != nil {
		return err
	}
	if c.Algorithm, _, err = e.child("SSEAlgorithm"); err != nil {
		return err
	}
	if c.KeyID, _, err = e.child("KMSMasterKeyID"); err != nil {
		return err
	}
	switch {
	case c.Algorithm == "aws:kms:dsse":
		return (&errcode.Error{Code: errcode.NotImplemented}).With("SSEAlgorithm", c.Algorithm)
	case c.Algorithm != sse.AES256 && c.Algorithm != sse.KMS && defaultUnchecked.On():
		c.Algorithm = sse.AES256
	case c.Algorithm != sse.AES256 && c.Algorithm != sse.KMS:
		return malformed("unknown SSEAlgorithm")
	case c.KeyID != "" && c.Algorithm != sse.KMS:
		return argument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "ApplyServerSideEncryptionByDefault", c.Algorithm)
	}
	return nil
}

func blockedTypes(e *element) (blocked []string, err error) {
	if err := e.only("EncryptionType"); err != nil {
		return nil, err
	}
	for i := range e.kids {
		switch v := e.kids[i].text; {
		case v == sse.Customer && len(e.kids) == 1:
			blocked = append(blocked, v)
		case v == "NONE" && len(e.kids) == 1:
		default:
			return nil, malformed("EncryptionType is SSE-C or NONE")
		}
	}
	if len(e.kids) == 0 {
		return nil, malformed("BlockedEncryptionTypes is empty")
	}
	return blocked, nil
}

func (q *request) deleteEncryption() error {
	if err := q.h.cfg.Backend.SetEncryption(q.ctx, q.caller, q.bucket, nil); err != nil {
		return err
	}
	return q.reply(http.StatusNoContent)
}
