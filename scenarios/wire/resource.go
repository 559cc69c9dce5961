package wire

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
)

// Sub-resources and headers that a server may lack: it must say so, since what
// remains of the request without them is another one.

// A lacking sub-resource is asked for in a documented way. What it does there
// is not judged, only that it does nothing else.
type lacking struct {
	id, op       string // the operation, also the name of its page
	method, path string // BUCKET or BUCKET/k
	query, body  string
	header       [2]string
}

var sources = []lacking{
	{"annotation.put", "PutObjectAnnotation", "PUT", "BUCKET/k", "annotation=&annotationName=n", "note", [2]string{}},
	{"annotation.delete", "DeleteObjectAnnotation", "DELETE", "BUCKET/k", "annotation=&annotationName=n", "", [2]string{}},
	{"annotation.get", "GetObjectAnnotation", "GET", "BUCKET/k", "annotation=&annotationName=n", "", [2]string{}},
	{"rename", "RenameObject", "PUT", "BUCKET/new", "renameObject=", "", [2]string{"x-amz-rename-source", "/k"}},
	{"encryption.object", "UpdateObjectEncryption", "PUT", "BUCKET/k", "encryption=", "<ObjectEncryption/>", [2]string{}},
	{"restore", "RestoreObject", "POST", "BUCKET/k", "restore=", "<RestoreRequest><Days>1</Days></RestoreRequest>", [2]string{}},
	{"torrent", "GetObjectTorrent", "GET", "BUCKET/k", "torrent=", "", [2]string{}},
	{"retention", "PutObjectRetention", "PUT", "BUCKET/k", "retention=", "<Retention/>", [2]string{}},
	{"legal-hold", "PutObjectLegalHold", "PUT", "BUCKET/k", "legal-hold=", "<LegalHold/>", [2]string{}},
	{"object-tagging", "DeleteObjectTagging", "DELETE", "BUCKET/k", "tagging=", "", [2]string{}},
	{"select", "SelectObjectContent", "POST", "BUCKET/k", "select=&select-type=2", "<SelectObjectContentRequest/>", [2]string{}},
	{"abac.put", "PutBucketAbac", "PUT", "BUCKET", "abac=", "<AbacStatus/>", [2]string{}},
	{"abac.get", "GetBucketAbac", "GET", "BUCKET", "abac=", "", [2]string{}},
	{"metadata.create", "CreateBucketMetadataConfiguration", "POST", "BUCKET", "metadataConfiguration=", "<MetadataConfiguration/>", [2]string{}},
	{"metadata.get", "GetBucketMetadataConfiguration", "GET", "BUCKET", "metadataConfiguration=", "", [2]string{}},
	{"metadata.inventory", "UpdateBucketMetadataInventoryTableConfiguration", "PUT", "BUCKET", "metadataInventoryTable=", "<InventoryTableConfiguration/>", [2]string{}},
}

func init() {
	for _, c := range sources {
		Add(Scenario{
			ID:    "wire.resource.object." + c.id,
			Rule:  "X-25",
			Says:  c.op + " MUST be done or refused, and MUST NOT read, write or delete the object or list the bucket instead.",
			Ref:   api + "API_" + c.op + ".html",
			Level: Must,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "the object itself")
				r := s.Send(ctx, c.request(b))
				s.Observe(c.op, Outcome(r))
				if strings.Contains(string(r.Body), "the object itself") || strings.Contains(string(r.Body), "ListBucketResult") {
					s.Silently("got %s with what a request without the sub-resource returns", Outcome(r))
				}
				c.expectWhole(ctx, s, b, Outcome(r))
			},
		})
	}
}

// expectWhole demands that the object is what it was, under its key or, once
// it is renamed, under the new one.
func (c lacking) expectWhole(ctx context.Context, s *S, bucket, answer string) {
	keys := keysOf(ctx, s, bucket)
	if len(keys) != 1 || keys[0] != "k" && keys[0] != "new" {
		s.Silently("%s got %s, and the bucket holds %q, want [k]", c.op, answer, keys)
	}
	got, err := s.Get(ctx, bucket, keys[0])
	s.Expect(err).To(OK(), "read %s", keys[0])
	if string(got.Bytes) != "the object itself" {
		s.Silently("%s got %s, and the object reads %q", c.op, answer, got.Bytes)
	}
}

func (c lacking) request(bucket string) Request {
	r := Request{Method: c.method, Path: "/" + strings.ReplaceAll(c.path, "BUCKET", bucket), Query: c.query}
	if c.body != "" {
		r.Body = []byte(c.body)
		r.Header = append(r.Header, ContentMD5(r.Body))
	}
	if c.header[0] != "" {
		r.Header = append(r.Header, c.header)
	}
	return r
}

func init() {
	for _, c := range []struct{ id, op, query string }{
		{"analytics", "DeleteBucketAnalyticsConfiguration", "analytics=&id=none"}, {"cors", "DeleteBucketCors", "cors="},
		{"encryption", "DeleteBucketEncryption", "encryption="}, {"intelligent-tiering", "DeleteBucketIntelligentTieringConfiguration", "intelligent-tiering=&id=none"},
		{"inventory", "DeleteBucketInventoryConfiguration", "inventory=&id=none"}, {"lifecycle", "DeleteBucketLifecycle", "lifecycle="},
		{"metadata", "DeleteBucketMetadataConfiguration", "metadataConfiguration="}, {"metadata-table", "DeleteBucketMetadataTableConfiguration", "metadataTable="},
		{"metrics", "DeleteBucketMetricsConfiguration", "metrics=&id=none"}, {"ownership", "DeleteBucketOwnershipControls", "ownershipControls="},
		{"policy", "DeleteBucketPolicy", "policy="}, {"replication", "DeleteBucketReplication", "replication="},
		{"tagging", "DeleteBucketTagging", "tagging="}, {"website", "DeleteBucketWebsite", "website="},
	} {
		Add(Scenario{
			ID:    "wire.resource.bucket." + c.id,
			Rule:  "X-25",
			Says:  c.op + " MUST be done or refused, and MUST NOT delete an empty bucket instead.",
			Ref:   api + "API_" + c.op + ".html",
			Level: Must,
			Needs: []Feature{Wire, Buckets},
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				r := s.Send(ctx, Request{Method: "DELETE", Bucket: b, Query: c.query})
				s.Observe(c.op, Outcome(r))
				if _, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b}); err != nil {
					s.Silently("%s got %s, and the bucket is gone: HEAD got %s", c.op, Outcome(r), Outcome(err))
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.resource.unknown",
	Rule:  "X-17",
	Says:  "A request with a sub-resource that S3 does not have MAY be refused with 501 NotImplemented.",
	Ref:   apiErrors,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b, empty := s.Bucket(ctx), s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "old")
		for _, r := range []Request{
			{Method: "GET", Bucket: b, Key: "k", Query: "probe="}, {Method: "GET", Bucket: b, Query: "probe="},
			{Method: "PUT", Bucket: b, Key: "k", Query: "probe=", Body: []byte("new")}, {Method: "DELETE", Bucket: b, Key: "k", Query: "probe="},
			{Method: "DELETE", Bucket: empty, Query: "probe="},
		} {
			where := r.Method + " bucket"
			if r.Key != "" {
				where += "/key"
			}
			s.Observe(where+"?probe", Outcome(s.Send(ctx, r)))
		}
		_, err := s.Head(ctx, b, "k")
		s.Observe("the key behind it", Outcome(err))
		_, err = s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &empty})
		s.Observe("the empty bucket behind it", Outcome(err))
	},
})

var _ = Add(Scenario{
	ID:    "wire.resource.cache-buster",
	Rule:  "X-17",
	Says:  "GetObject and HeadObject SHOULD take no notice of a parameter that S3 does not know, as callers add against caches.",
	Ref:   "https://github.com/gaul/s3proxy/issues/189",
	Level: Should,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "v")
		for _, query := range []string{"v=1.2.3", "_=1700000000", "nocache"} {
			r := s.Send(ctx, Request{Method: "GET", Bucket: b, Key: "k", Query: query})
			s.Expect(r).To(OK(), "GET ?%s", query)
			s.Expect(string(r.Body)).To(Equal("v"), "GET ?%s", query)
			s.Expect(s.Send(ctx, Request{Method: "HEAD", Bucket: b, Key: "k", Query: query})).To(OK(), "HEAD ?%s", query)
		}
	},
})

func init() {
	for _, sub := range []string{"uploads", "versions"} {
		Add(Scenario{
			ID:    "wire.resource.of-bucket." + sub,
			Rule:  "X-18",
			Says:  "A GET of an object with ?" + sub + ", which is a bucket's, SHOULD be refused with 400 InvalidRequest.",
			Ref:   "https://github.com/versity/versitygw/issues/1597",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "the object itself")
				s.Expect(s.Send(ctx, Request{Method: "GET", Bucket: b, Key: "k", Query: sub})).To(FailWith(400, "InvalidRequest"))
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.resource.of-bucket.others",
	Rule:  "X-18",
	Says:  "A GET of an object with another sub-resource of a bucket MAY be refused.",
	Ref:   apiErrors,
	Level: Info,
	Needs: needs,
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "the object itself")
		for _, sub := range []string{"list-type=2", "location", "versioning"} {
			s.Observe("GET key?"+sub, Outcome(s.Send(ctx, Request{Method: "GET", Bucket: b, Key: "k", Query: sub})))
		}
	},
})

func init() {
	for _, c := range []struct{ id, text, name, value string }{
		{"write-offset", "x-amz-write-offset-bytes, which appends to an object", "x-amz-write-offset-bytes", "3"},
		{"event-hold", "x-amz-object-lock-event-hold, which protects an object", "x-amz-object-lock-event-hold", "ON"},
	} {
		Add(Scenario{
			ID:    "wire.header." + c.id,
			Rule:  "X-26",
			Says:  "A PUT with " + c.text + ", SHOULD be done as it says or refused, and not overwrite the object as if the header were not there.",
			Ref:   api + "API_PutObject.html",
			SDK:   "s3@v1.114.8 PutObjectInput",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) {
				b := s.Bucket(ctx)
				s.MustPut(ctx, b, "k", "old")
				r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Key: "k", Body: []byte("new"), Header: [][2]string{{c.name, c.value}}})
				s.Observe(c.name, Outcome(r))
				got, err := s.Get(ctx, b, "k")
				s.Expect(err).To(OK(), "read k")
				if r.Status/100 == 2 && c.id == "write-offset" {
					s.Expect(string(got.Bytes)).To(Equal("oldnew"), "k")
				} else if r.Status/100 == 2 {
					s.Expect(got.Header).To(HaveHeader(c.name, c.value))
				} else {
					s.Expect(string(got.Bytes)).To(Equal("old"), "k")
				}
			},
		})
	}
}

var _ = Add(Scenario{
	ID:    "wire.header.bucket-namespace",
	Rule:  "X-26",
	Says:  "CreateBucket with x-amz-bucket-namespace: account-regional SHOULD be refused for a name that is not of that namespace, and not create a bucket in the global one.",
	Ref:   api + "API_CreateBucket.html",
	SDK:   "s3@v1.114.8 CreateBucketInput.BucketNamespace",
	Level: Should,
	Needs: []Feature{Wire, Buckets},
	Check: func(ctx context.Context, s *S) {
		b := s.AbsentBucket()
		r := s.Send(ctx, Request{Method: "PUT", Bucket: b, Header: [][2]string{{"x-amz-bucket-namespace", "account-regional"}}})
		s.Expect(r).To(FailWithAny(bad, unsupported))
		_, err := s.SDK().HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &b})
		s.Expect(err).To(FailWith(404), "HEAD of the bucket")
	},
})
