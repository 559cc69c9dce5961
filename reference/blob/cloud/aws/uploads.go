package aws

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"bleepstore/reference/blob/cloud"
)

// uploads are the multipart uploads of a bucket. Their parts are paid for, and
// kept until somebody ends them.
type uploads struct {
	client *s3.Client
	bucket string
}

// abort implements cloud.Provider.Abort.
func (u *uploads) abort(ctx context.Context, which cloud.Uploads) error {
	prefix := which.Prefix
	if which.Name != "" {
		prefix = which.Name
	}
	pages := s3.NewListMultipartUploadsPaginator(u.client, &s3.ListMultipartUploadsInput{Bucket: &u.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("list uploads: %w", err)
		}
		for _, up := range page.Uploads {
			if !matches(which, up) {
				continue
			}
			if err := u.end(ctx, up); err != nil {
				return err
			}
		}
	}
	return nil
}

func matches(which cloud.Uploads, up types.MultipartUpload) bool {
	key := aws.ToString(up.Key)
	if which.Name != "" {
		return key == which.Name
	}
	return strings.HasPrefix(key, which.Prefix) && up.Initiated != nil && up.Initiated.Before(which.Before)
}

// end aborts an upload; one that has ended meanwhile is no error.
func (u *uploads) end(ctx context.Context, up types.MultipartUpload) error {
	_, err := u.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &u.bucket, Key: up.Key, UploadId: up.UploadId})
	if api, ok := errors.AsType[smithy.APIError](err); ok && api.ErrorCode() == "NoSuchUpload" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("abort upload of %s: %w", aws.ToString(up.Key), err)
	}
	return nil
}
