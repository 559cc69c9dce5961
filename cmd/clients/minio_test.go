package main_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/tags"

	"bleepstore/reference"
)

// dial returns a minio-go client, in its plain mode or with trailers.
func dial(t *testing.T, srv *reference.Instance, trailers bool) *minio.Client {
	t.Helper()
	endpoint, err := url.Parse(srv.URL)
	check(t, err, "URL")
	tr := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(tr.CloseIdleConnections)
	c, err := minio.New(endpoint.Host, &minio.Options{
		Creds:  credentials.NewStaticV4(srv.AccessKey, srv.SecretKey, ""),
		Region: srv.Region, TrailingHeaders: trailers, Transport: tr, MaxRetries: 1,
	})
	check(t, err, "minio.New")
	return c
}

func makeBucket(t *testing.T, c *minio.Client, name string) string {
	t.Helper()
	check(t, c.MakeBucket(t.Context(), name, minio.MakeBucketOptions{}), "MakeBucket")
	return name
}

func read(t *testing.T, c *minio.Client, bucket, key string) []byte {
	t.Helper()
	o, err := c.GetObject(t.Context(), bucket, key, minio.GetObjectOptions{})
	check(t, err, "GetObject")
	defer o.Close()
	b, err := io.ReadAll(o)
	check(t, err, "read "+key)
	return b
}

func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	if e := minio.ToErrorResponse(err); e.Code != code || e.StatusCode != status {
		t.Errorf("got %d %s (%v), want %d %s", e.StatusCode, e.Code, err, status, code)
	}
}

func TestMinioObjects(t *testing.T) {
	srv := reference.Start(t)
	for _, trailers := range []bool{false, true} {
		c := dial(t, srv, trailers)
		b := makeBucket(t, c, "objects-"+strconv.FormatBool(trailers))
		data := random(11*mib + 1)
		for name, opts := range map[string]minio.PutObjectOptions{
			"plain": {}, "md5": {SendContentMd5: true}, "unsigned": {DisableContentSha256: true},
			"streams": {ConcurrentStreamParts: true, NumThreads: 3},
		} {
			opts.PartSize = 5 * mib
			opts.UserMetadata = map[string]string{"Color": "blue", "umlaut": "übermäßig"}
			opts.UserTags = map[string]string{"k": "v w"}
			opts.ContentType = "text/x-test"
			for _, size := range []int{0, 5, len(data)} {
				info, err := c.PutObject(t.Context(), b, name, bytes.NewReader(data[:size]), int64(size), opts)
				check(t, err, "put "+name)
				if info.Size != int64(size) {
					t.Errorf("%s: got size %d, want %d", name, info.Size, size)
				}
				same(t, read(t, c, b, name), data[:size], name)
			}
			st, err := c.StatObject(t.Context(), b, name, minio.StatObjectOptions{})
			check(t, err, "stat "+name)
			if st.UserMetadata["Color"] != "blue" || st.ContentType != "text/x-test" || st.UserTagCount != 1 {
				t.Errorf("%s: got %+v", name, st)
			}
		}
		// A stream of unknown length is a multipart upload.
		_, err := c.PutObject(t.Context(), b, "unknown", io.MultiReader(bytes.NewReader(data)), -1, minio.PutObjectOptions{PartSize: 5 * mib})
		check(t, err, "put of unknown length")
		same(t, read(t, c, b, "unknown"), data, "unknown length")

		o, err := c.GetObject(t.Context(), b, "plain", minio.GetObjectOptions{})
		check(t, err, "GetObject")
		part := make([]byte, 1000)
		_, err = o.ReadAt(part, 6*mib)
		check(t, err, "ReadAt")
		same(t, part, data[6*mib:6*mib+1000], "ReadAt")
		o.Close()
		_, err = c.StatObject(t.Context(), b, "none", minio.StatObjectOptions{})
		wantCode(t, err, 404, "NoSuchKey")
		_, err = c.PutObject(t.Context(), "no-such-bucket", "none", strings.NewReader(""), 0, minio.PutObjectOptions{})
		wantCode(t, err, 404, "NoSuchBucket")
	}
}

func TestMinioChecksums(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, true)
	b := makeBucket(t, c, "sums")
	data := random(11 * mib)
	for _, sum := range []minio.ChecksumType{minio.ChecksumCRC32, minio.ChecksumCRC32C, minio.ChecksumSHA1, minio.ChecksumSHA256,
		minio.ChecksumCRC64NVME, minio.ChecksumFullObjectCRC32, minio.ChecksumFullObjectCRC32C,
		minio.ChecksumMD5, minio.ChecksumSHA512, minio.ChecksumXXHash64, minio.ChecksumXXHash3, minio.ChecksumXXHash128} {
		for _, size := range []int{10, len(data)} {
			what := sum.String() + " of " + strconv.Itoa(size)
			_, err := c.PutObject(t.Context(), b, "k", bytes.NewReader(data[:size]), int64(size), minio.PutObjectOptions{Checksum: sum, PartSize: 5 * mib})
			check(t, err, what)
			same(t, read(t, c, b, "k"), data[:size], what)
			st, err := c.StatObject(t.Context(), b, "k", minio.StatObjectOptions{Checksum: true})
			check(t, err, what)
			if st.ChecksumCRC32+st.ChecksumCRC32C+st.ChecksumSHA1+st.ChecksumSHA256+st.ChecksumCRC64NVME+
				st.ChecksumMD5+st.ChecksumSHA512+st.ChecksumXXHash64+st.ChecksumXXHash3+st.ChecksumXXHash128 == "" {
				t.Errorf("%s: no checksum is shown", what)
			}
			a, err := c.GetObjectAttributes(t.Context(), b, "k", minio.ObjectAttributesOptions{})
			check(t, err, "attributes of "+what)
			if a.ObjectSize != size {
				t.Errorf("%s: got size %d", what, a.ObjectSize)
			}
		}
	}
}

func TestMinioKeysAndListings(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, false)
	b := makeBucket(t, c, "keys")
	for _, k := range keys {
		_, err := c.PutObject(t.Context(), b, k, strings.NewReader(k), int64(len(k)), minio.PutObjectOptions{})
		check(t, err, k)
		same(t, read(t, c, b, k), []byte(k), k)
		_, err = c.CopyObject(t.Context(), minio.CopyDestOptions{Bucket: b, Object: "copy/" + k}, minio.CopySrcOptions{Bucket: b, Object: k})
		check(t, err, "copy "+k)
		same(t, read(t, c, b, "copy/"+k), []byte(k), "copy "+k)
	}
	for _, opts := range []minio.ListObjectsOptions{
		{Recursive: true}, {Recursive: true, MaxKeys: 3}, {Recursive: true, UseV1: true}, {Recursive: true, UseV1: true, MaxKeys: 7},
	} {
		var got []string
		for o := range c.ListObjects(t.Context(), b, opts) {
			check(t, o.Err, "list")
			got = append(got, strings.TrimPrefix(o.Key, "copy/"))
		}
		slices.Sort(got)
		want := slices.Sorted(slices.Values(append(slices.Clone(keys), keys...)))
		if !slices.Equal(got, want) {
			t.Errorf("%+v: got %q, want %q", opts, got, want)
		}
	}
	n := 0
	for o := range c.ListObjects(t.Context(), b, minio.ListObjectsOptions{Prefix: "copy/a", MaxKeys: 1}) {
		check(t, o.Err, "list with delimiter")
		n++
	}
	if n != 4 { // "a b", "a%2Fb", "a+b" and the prefix "a/"
		t.Errorf("got %d entries below copy/a, want 4", n)
	}
	remove(t, c, b)
	check(t, c.RemoveBucket(t.Context(), b), "RemoveBucket")
	_, err := c.GetBucketLocation(t.Context(), "no-such-bucket")
	if err != nil { // the client knows its region, and may not ask
		wantCode(t, err, 404, "NoSuchBucket")
	}
}

// remove empties a bucket by DeleteObjects.
func remove(t *testing.T, c *minio.Client, bucket string) {
	t.Helper()
	all := c.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true, WithVersions: true})
	for e := range c.RemoveObjects(t.Context(), bucket, all, minio.RemoveObjectsOptions{}) {
		check(t, e.Err, "remove "+e.ObjectName)
	}
}

func TestMinioCompose(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, false)
	b := makeBucket(t, c, "compose")
	data := random(6 * mib)
	_, err := c.PutObject(t.Context(), b, "src", bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{UserMetadata: map[string]string{"a": "1"}})
	check(t, err, "put")
	_, err = c.ComposeObject(t.Context(), minio.CopyDestOptions{Bucket: b, Object: "twice", UserMetadata: map[string]string{"b": "2"}, ReplaceMetadata: true},
		minio.CopySrcOptions{Bucket: b, Object: "src"},
		minio.CopySrcOptions{Bucket: b, Object: "src", MatchRange: true, Start: 1, End: 6*mib - 1})
	check(t, err, "compose")
	same(t, read(t, c, b, "twice"), append(slices.Clone(data), data[1:]...), "composed")

	core := minio.Core{Client: c}
	id, err := core.NewMultipartUpload(t.Context(), b, "left", minio.PutObjectOptions{})
	check(t, err, "NewMultipartUpload")
	_, err = core.PutObjectPart(t.Context(), b, "left", id, 1, strings.NewReader("x"), 1, minio.PutObjectPartOptions{})
	check(t, err, "PutObjectPart")
	n := 0
	for u := range c.ListIncompleteUploads(t.Context(), b, "", true) {
		check(t, u.Err, "ListIncompleteUploads")
		if n++; u.Key != "left" || u.UploadID != id {
			t.Errorf("got upload %+v", u)
		}
	}
	if n != 1 {
		t.Errorf("got %d uploads, want 1", n)
	}
	check(t, c.RemoveIncompleteUpload(t.Context(), b, "left"), "RemoveIncompleteUpload")
	_, err = core.CompleteMultipartUpload(t.Context(), b, "left", id, []minio.CompletePart{{PartNumber: 1, ETag: "x"}}, minio.PutObjectOptions{})
	wantCode(t, err, 404, "NoSuchUpload")
}

func TestMinioVersionsTagsAndConditions(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, false)
	b := makeBucket(t, c, "versions")
	check(t, c.EnableVersioning(t.Context(), b), "EnableVersioning")
	put := func(body string, set ...func(*minio.PutObjectOptions)) (minio.UploadInfo, error) {
		var opts minio.PutObjectOptions
		for _, f := range set {
			f(&opts)
		}
		return c.PutObject(t.Context(), b, "k", strings.NewReader(body), int64(len(body)), opts)
	}
	first, err := put("1", func(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") })
	check(t, err, "create")
	_, err = put("2", func(o *minio.PutObjectOptions) { o.SetMatchETagExcept("*") })
	wantCode(t, err, 412, "PreconditionFailed")
	_, err = put("2", func(o *minio.PutObjectOptions) { o.SetMatchETag(first.ETag) })
	check(t, err, "replace")
	_, err = put("3", func(o *minio.PutObjectOptions) { o.SetMatchETag(first.ETag) })
	wantCode(t, err, 412, "PreconditionFailed")

	set, err := tags.MapToObjectTags(map[string]string{"a": "1", "b": "zwei drei"})
	check(t, err, "tags")
	check(t, c.PutObjectTagging(t.Context(), b, "k", set, minio.PutObjectTaggingOptions{VersionID: first.VersionID}), "PutObjectTagging")
	got, err := c.GetObjectTagging(t.Context(), b, "k", minio.GetObjectTaggingOptions{VersionID: first.VersionID})
	check(t, err, "GetObjectTagging")
	if got.String() != set.String() {
		t.Errorf("got tags %v, want %v", got, set)
	}
	_, err = c.GetBucketTagging(t.Context(), b)
	wantCode(t, err, 404, "NoSuchTagSet")
	check(t, c.RemoveObject(t.Context(), b, "k", minio.RemoveObjectOptions{}), "RemoveObject")
	_, err = c.StatObject(t.Context(), b, "k", minio.StatObjectOptions{})
	wantCode(t, err, 404, "NoSuchKey")
	n := 0
	for o := range c.ListObjects(t.Context(), b, minio.ListObjectsOptions{WithVersions: true, MaxKeys: 1}) {
		check(t, o.Err, "list versions")
		n++
	}
	if n != 3 {
		t.Errorf("got %d versions, want 3", n)
	}
	remove(t, c, b)
	check(t, c.RemoveBucket(t.Context(), b), "RemoveBucket")
}

func TestMinioUnsetConfigurations(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, false)
	b := makeBucket(t, c, "unset")
	if p, err := c.GetBucketPolicy(t.Context(), b); err != nil || p != "" {
		t.Errorf("policy: got %q, %v", p, err)
	}
	_, err := c.GetBucketLifecycle(t.Context(), b)
	wantCode(t, err, 404, "NoSuchLifecycleConfiguration")
	if e, err := c.GetBucketEncryption(t.Context(), b); err != nil || len(e.Rules) != 1 || e.Rules[0].Apply.SSEAlgorithm != "AES256" {
		t.Errorf("encryption: got %+v, %v, want that of every new bucket", e, err)
	}
	if r, err := c.GetBucketReplication(t.Context(), b); err != nil || !r.Empty() {
		t.Errorf("replication: got %+v, %v", r, err)
	}
	_, _, _, _, err = c.GetObjectLockConfig(t.Context(), b)
	wantCode(t, err, 404, "ObjectLockConfigurationNotFoundError")
	if n, err := c.GetBucketNotification(t.Context(), b); err != nil || len(n.QueueConfigs) != 0 {
		t.Errorf("notification: got %+v, %v", n, err)
	}
	if cors, err := c.GetBucketCors(t.Context(), b); err != nil || cors != nil {
		t.Errorf("cors: got %+v, %v", cors, err)
	}
}

func TestMinioBucketPolicy(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, false)
	b := makeBucket(t, c, "policy")
	wantCode(t, c.SetBucketPolicy(t.Context(), b, `{"Version":"2012-10-17"}`), 400, "MalformedPolicy")
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + b + `/x/*"}]}`
	check(t, c.SetBucketPolicy(t.Context(), b, policy), "SetBucketPolicy")
	if got, err := c.GetBucketPolicy(t.Context(), b); err != nil || got != policy {
		t.Errorf("policy: got %q, %v", got, err)
	}
	check(t, c.SetBucketPolicy(t.Context(), b, ""), "remove the policy")
	if got, err := c.GetBucketPolicy(t.Context(), b); err != nil || got != "" {
		t.Errorf("policy: got %q, %v, want none", got, err)
	}
}

func TestMinioPresigned(t *testing.T) {
	srv := reference.Start(t)
	c := dial(t, srv, false)
	b := makeBucket(t, c, "presigned")
	put, err := c.PresignedPutObject(t.Context(), b, "a b/ü+c", time.Minute)
	check(t, err, "presign PUT")
	if status, _ := exchange(t, "PUT", put, "presigned"); status != 200 {
		t.Errorf("PUT: got %d", status)
	}
	get, err := c.PresignedGetObject(t.Context(), b, "a b/ü+c", time.Minute, url.Values{"response-content-type": {"a/b"}})
	check(t, err, "presign GET")
	if status, body := exchange(t, "GET", get, ""); status != 200 || body != "presigned" {
		t.Errorf("GET: got %d %q", status, body)
	}
	get.RawQuery += "0"
	if status, _ := exchange(t, "GET", get, ""); status != 403 {
		t.Errorf("GET with a wrong signature: got %d", status)
	}
}

func exchange(t *testing.T, method string, u *url.URL, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), method, u.String(), strings.NewReader(body))
	check(t, err, "request")
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	check(t, err, method)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	check(t, err, "read")
	return resp.StatusCode, string(b)
}
