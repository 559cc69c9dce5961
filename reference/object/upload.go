package object

import (
	"context"

	"bleepstore/reference/checksum"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
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
	if _, err := s.bucket(ctx, in.Caller, in.Bucket); err != nil {
		return Upload{}, err
	}
	res, err := s.propose(ctx, meta.CreateUpload{
		Bucket: in.Bucket, Key: in.Key, Owner: in.Caller.Account, Attributes: in.Attributes,
		Algorithm: string(algorithm), ChecksumType: string(kind)})
	return res.Upload, err
}

// Abort ends an upload and lets its parts go: NoSuchUpload.
func (s *Service) Abort(ctx context.Context, c Caller, bucket, key, uploadID string) error {
	return s.configure(ctx, c, bucket, meta.AbortUpload{Bucket: bucket, Key: key, UploadID: uploadID})
}

// checksumOf returns the checksum that an upload's object will have. One that
// announced none gets the server's default, over the whole object.
func checksumOf(u Upload) (checksum.Algorithm, checksum.Type) {
	if u.Algorithm == "" {
		return checksum.Default, checksum.FullObject
	}
	return checksum.Algorithm(u.Algorithm), checksum.Type(u.ChecksumType)
}

// upload reads an upload that c may write to: NoSuchUpload.
func (s *Service) upload(ctx context.Context, c Caller, bucket, key, id string) (u Upload, err error) {
	err = s.view(ctx, func(tx *meta.Tx) error {
		if _, err := allowed(tx, c, bucket); err != nil {
			return err
		}
		u, err = tx.Upload(bucket, key, id)
		return err
	})
	return u, err
}
