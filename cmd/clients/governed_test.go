package main_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	tm "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	tmtypes "github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/encrypt"
	"github.com/minio/minio-go/v7/pkg/tags"

	"bleepstore/reference"
)

// Objects that are versioned, locked, tagged and encrypted, all at once.

// lacks skips the test when err says that the server has no such part of S3.
func lacks(t *testing.T, err error, what string) {
	t.Helper()
	var re *smithyhttp.ResponseError
	if errors.As(err, &re) && re.HTTPStatusCode() == http.StatusNotImplemented || minio.ToErrorResponse(err).StatusCode == http.StatusNotImplemented {
		t.Skipf("the server has no %s", what)
	}
	check(t, err, what)
}

func want[T comparable](t *testing.T, got, want T, what string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestTransferGoverned(t *testing.T) {
	srv := reference.Start(t)
	c := s3.NewFromConfig(srv.AWS, func(o *s3.Options) {
		o.UsePathStyle, o.RetryMaxAttempts = true, 1
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported // as a configuration that is loaded has it
	})
	b, k, ctx := aws.String("governed"), aws.String("k"), t.Context()
	_, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: b, ObjectLockEnabledForBucket: aws.Bool(true)})
	lacks(t, err, "object lock")
	until := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Second)
	write := func(body, tagging string) string {
		t.Helper()
		out, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: b, Key: k, Body: strings.NewReader(body), Tagging: &tagging, ServerSideEncryption: types.ServerSideEncryptionAes256,
			ObjectLockMode: types.ObjectLockModeGovernance, ObjectLockRetainUntilDate: &until})
		lacks(t, err, "encryption")
		want(t, out.ServerSideEncryption, types.ServerSideEncryptionAes256, "encryption of the answer to PUT")
		return *out.VersionId
	}
	read := func(key, version *string) (string, *s3.GetObjectOutput) {
		t.Helper()
		out, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: b, Key: key, VersionId: version})
		check(t, err, "get "+*key)
		body, err := io.ReadAll(out.Body)
		check(t, errors.Join(err, out.Body.Close()), "read "+*key)
		return string(body), out
	}
	v1, v2 := write("one", "team=a&stage=live"), write("two", "team=b")
	for version, body := range map[string]string{v1: "one", v2: "two"} {
		got, out := read(k, &version)
		want(t, got, body, "body")
		want(t, out.ServerSideEncryption, types.ServerSideEncryptionAes256, "encryption")
		want(t, out.ObjectLockMode, types.ObjectLockModeGovernance, "lock mode")
		want(t, out.ObjectLockRetainUntilDate.Unix(), until.Unix(), "retained until")
	}
	got, err := c.GetObjectTagging(ctx, &s3.GetObjectTaggingInput{Bucket: b, Key: k, VersionId: &v1})
	check(t, err, "GetObjectTagging")
	want(t, len(got.TagSet), 2, "tags of the first version")
	remove := func(version string, bypass bool) error {
		in := &s3.DeleteObjectInput{Bucket: b, Key: k, VersionId: &version}
		if bypass {
			in.BypassGovernanceRetention = &bypass
		}
		_, err := c.DeleteObject(ctx, in)
		return err
	}
	var re *smithyhttp.ResponseError
	if err := remove(v1, false); !errors.As(err, &re) || re.HTTPStatusCode() != http.StatusForbidden {
		t.Errorf("delete of a locked version: %v", err)
	}
	hold := func(status types.ObjectLockLegalHoldStatus) {
		t.Helper()
		_, err := c.PutObjectLegalHold(ctx, &s3.PutObjectLegalHoldInput{Bucket: b, Key: k, VersionId: &v2, LegalHold: &types.ObjectLockLegalHold{Status: status}})
		check(t, err, "PutObjectLegalHold")
	}
	hold(types.ObjectLockLegalHoldStatusOn)
	if err := remove(v2, true); !errors.As(err, &re) || re.HTTPStatusCode() != http.StatusForbidden {
		t.Errorf("delete of a version under legal hold: %v", err)
	}
	hold(types.ObjectLockLegalHoldStatusOff)
	check(t, remove(v1, true), "delete past governance")
	data := random(6*mib + 1)
	parts := "parts"
	_, err = tm.New(c, func(o *tm.Options) { o.PartSizeBytes, o.MultipartUploadThreshold = 5*mib, 5*mib }).UploadObject(ctx, &tm.UploadObjectInput{Bucket: b, Key: &parts, Body: bytes.NewReader(data),
		ServerSideEncryption: tmtypes.ServerSideEncryptionAes256, ObjectLockMode: tmtypes.ObjectLockModeGovernance, ObjectLockRetainUntilDate: &until})
	check(t, err, "upload in parts")
	body, out := read(&parts, nil)
	same(t, []byte(body), data, "parts")
	want(t, out.ObjectLockMode, types.ObjectLockModeGovernance, "lock mode of an upload")
	want(t, out.ServerSideEncryption, types.ServerSideEncryptionAes256, "encryption of an upload")
}

func TestMinioGoverned(t *testing.T) {
	c := dial(t, reference.Start(t), true)
	b, ctx := "governed", t.Context()
	lacks(t, c.MakeBucket(ctx, b, minio.MakeBucketOptions{ObjectLocking: true}), "object lock")
	until := time.Now().UTC().Add(24 * time.Hour).Truncate(time.Second)
	write := func(key string, data []byte, userTags map[string]string, sse encrypt.ServerSide) string {
		t.Helper()
		info, err := c.PutObject(ctx, b, key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{PartSize: 5 * mib, UserTags: userTags, SendContentMd5: true, // a lock demands a digest
			ServerSideEncryption: sse, Mode: minio.Governance, RetainUntilDate: until})
		lacks(t, err, "encryption")
		return info.VersionID
	}
	sse := encrypt.NewSSE()
	v1, v2 := write("k", []byte("one"), map[string]string{"team": "a", "stage": "live"}, sse), write("k", []byte("two"), map[string]string{"team": "b"}, sse)
	for version, body := range map[string]string{v1: "one", v2: "two"} {
		o, err := c.GetObject(ctx, b, "k", minio.GetObjectOptions{VersionID: version})
		check(t, err, "GetObject")
		got, err := io.ReadAll(o)
		check(t, errors.Join(err, o.Close()), "read")
		want(t, string(got), body, "body")
	}
	st, err := c.StatObject(ctx, b, "k", minio.StatObjectOptions{VersionID: v1})
	check(t, err, "StatObject")
	want(t, st.Metadata.Get("X-Amz-Server-Side-Encryption"), "AES256", "encryption")
	want(t, st.UserTagCount, 2, "number of tags")
	mode, date, err := c.GetObjectRetention(ctx, b, "k", v1)
	check(t, err, "GetObjectRetention")
	want(t, *mode, minio.Governance, "lock mode")
	want(t, date.Unix(), until.Unix(), "retained until")
	other, err := tags.NewTags(map[string]string{"team": "c"}, true)
	check(t, err, "NewTags")
	check(t, c.PutObjectTagging(ctx, b, "k", other, minio.PutObjectTaggingOptions{VersionID: v1}), "PutObjectTagging")
	set, err := c.GetObjectTagging(ctx, b, "k", minio.GetObjectTaggingOptions{VersionID: v2})
	check(t, err, "GetObjectTagging")
	want(t, set.ToMap()["team"], "b", "tag of the other version")
	wantCode(t, c.RemoveObject(ctx, b, "k", minio.RemoveObjectOptions{VersionID: v1}), 403, "AccessDenied")
	on, off := minio.LegalHoldEnabled, minio.LegalHoldDisabled
	check(t, c.PutObjectLegalHold(ctx, b, "k", minio.PutObjectLegalHoldOptions{Status: &on, VersionID: v2}), "PutObjectLegalHold")
	wantCode(t, c.RemoveObject(ctx, b, "k", minio.RemoveObjectOptions{VersionID: v2, GovernanceBypass: true}), 403, "AccessDenied")
	check(t, c.PutObjectLegalHold(ctx, b, "k", minio.PutObjectLegalHoldOptions{Status: &off, VersionID: v2}), "PutObjectLegalHold")
	check(t, c.RemoveObject(ctx, b, "k", minio.RemoveObjectOptions{VersionID: v1, GovernanceBypass: true}), "remove past governance")
	data := random(6*mib + 1)
	// An upload is encrypted by the bucket's default: asked for it, minio-go repeats
	// the header on CompleteMultipartUpload, which S3 refuses, unless the endpoint is
	// Amazon's.
	write("parts", data, nil, nil)
	same(t, read(t, c, b, "parts"), data, "parts")
	st, err = c.StatObject(ctx, b, "parts", minio.StatObjectOptions{})
	check(t, err, "StatObject of the upload")
	want(t, st.Metadata.Get("X-Amz-Server-Side-Encryption"), "AES256", "encryption of the upload")
	same(t, read(t, c, b, "k"), []byte("two"), "what is left")
}
