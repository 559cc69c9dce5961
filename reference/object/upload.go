package object

import (
	"context"

	"bleepstore/fault"
	"bleepstore/reference/acl"
	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/policy"
	"bleepstore/reference/sse"
)

// CreateUpload starts a multipart upload. An algorithm without a type gets the
// algorithm's own default; a type that it does not have is InvalidRequest.
func (s *Service) CreateUpload(ctx context.Context, in CreateUploadInput) (Upload, error) {
	algorithm, err := algorithmOr(in.Algorithm, "")
	if err != nil {
		return Upload{}, err
	}
	kind := checksum.Type(in.ChecksumType)
	switch {
	case algorithm == "" && kind != "":
		return Upload{}, errcode.New(errcode.InvalidRequest,
			"The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case algorithm != "" && kind == "":
		kind = algorithm.DefaultMultipart()
	case algorithm != "" && !algorithm.AllowsMultipart(kind):
		return Upload{}, errcode.New(errcode.InvalidRequest,
			"The %s checksum type cannot be used with the %s checksum algorithm.", kind, algorithm)
	}
	if in.Attributes.Tags == nil && uploadReplacedTags.On() {
		in.Attributes.Tags = s.replaced(ctx, in.Bucket, in.Key).Tags
	}
	in.Caller = in.Caller.locking(in.Attributes.Lock, s.clock.Now())
	b, err := s.writable(ctx, in.Caller, making{in.Bucket, in.Key, in.ACL, in.Attributes.Tags, in.Attributes.Lock})
	if errcode.Of(err) == errcode.AccessDenied && b.Owner == in.Caller.id() && uploadUndenied.On() {
		err = nil
	}
	if err != nil {
		return Upload{}, err
	}
	if err := s.space.check(); err != nil {
		return Upload{}, err
	}
	if in.Encryption == (sse.Want{}) && uploadDefault.On() || in.Encryption.Customer != nil && copyNotBlocked.On() {
		b.Settings = meta.Settings{meta.Encryption: []byte(`{"Algorithm":"AES256"}`)}
	}
	g, err := s.sealing(ctx, &b, in.Encryption)
	if err != nil {
		return Upload{}, err
	}
	in.Attributes.Seal = g.of()
	res, err := s.propose(ctx, meta.CreateUpload{
		Bucket: in.Bucket, Key: in.Key, Owner: in.Caller.id(), Attributes: in.Attributes,
		Algorithm: string(algorithm), ChecksumType: string(kind), Spec: in.ACL})
	return s.aborts(&res.Bucket, res.Upload), err
}

var (
	uploadReplacedTags = fault.NewBug("multipart.keeps-replaced-tags",
		"an object made of parts without tags has those of the object that it replaces", "M-18")
	abortUnknown = fault.NewBug("multipart.abort-unknown-204",
		"AbortMultipartUpload of an upload that does not exist answers 204", "M-14", "M-03")
	uploadUndenied = fault.NewBug("policy.uploads-undenied",
		"CreateMultipartUpload of the bucket's owner heeds no denial", "P-14")
	putEnds = fault.NewBug("multipart.put-ends",
		"PutObject ends the uploads of its key", "M-15")
	deleteEnds = fault.NewBug("multipart.delete-ends",
		"DeleteObject ends the uploads of its key", "M-15")
)

// endUploads is either of the last two.
func (s *Service) endUploads(ctx context.Context, c Caller, bucket, key string) {
	all, _ := s.ListUploads(ctx, c, ListUploadsInput{Bucket: bucket, Prefix: key, Max: 10})
	for _, u := range all.Uploads {
		if u.Key == key {
			_ = s.Abort(ctx, c, bucket, key, u.ID)
		}
	}
}

// Abort ends an upload and lets its parts go: NoSuchUpload.
func (s *Service) Abort(ctx context.Context, c Caller, bucket, key, uploadID string) error {
	err := s.view(ctx, func(tx *meta.Tx) error {
		u, err := tx.Upload(bucket, key, uploadID)
		return handles(tx, err, c, bucket, act{action: "s3:AbortMultipartUpload", key: key}, &u)
	})
	if errcode.Of(err) == errcode.NoSuchUpload && abortUnknown.On() {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = s.propose(ctx, meta.AbortUpload{Bucket: bucket, Key: key, UploadID: uploadID})
	return err
}

// handles lets who began the upload u, and the bucket's owner, do a with it, which
// no ACL gives; err is from reading it.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
func handles(tx *meta.Tx, err error, c Caller, bucket string, a act, u *Upload) error {
	b, missing := tx.Bucket(bucket)
	if missing != nil {
		return missing
	}
	switch effect := c.policy(&b, a); {
	case effect == policy.Deny:
		return denied()
	case c.owns(&b), effect == policy.Allow:
		return err
	case err != nil: // whether it exists is not told to those who may not write
		if hidden := require(&b, c, putPart(a.key), acl.Write); hidden != nil {
			return hidden
		}
		return err
	case c.id() != u.Initiator:
		return denied()
	}
	return nil
}

// checksumOf returns the checksum that an upload's object will have. One that
// announced none gets the server's default, over the whole object.
func checksumOf(u Upload) (checksum.Algorithm, checksum.Type) {
	if u.Algorithm == "" {
		return checksum.Default, checksum.FullObject
	}
	return checksum.Algorithm(u.Algorithm), checksum.Type(u.ChecksumType)
}

// putPart is the action of all that writes to an upload.
func putPart(key string) act { return act{action: "s3:PutObject", key: key} }

// upload reads an upload that c may write to: NoSuchUpload.
func (s *Service) upload(ctx context.Context, c Caller, bucket, key, id string) (u Upload, err error) {
	err = s.view(ctx, func(tx *meta.Tx) error {
		if _, err := usable(tx, c, bucket, putPart(key), acl.Write); err != nil {
			return err
		}
		u, err = tx.Upload(bucket, key, id)
		return err
	})
	return u, err
}
