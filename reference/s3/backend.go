package s3

import (
	"context"
	"time"

	"bleepstore/reference/cors"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/object"
	"bleepstore/reference/policy"
	"bleepstore/reference/sse"
	"bleepstore/reference/website"
)

// Buckets makes, finds and removes buckets.
type Buckets interface {
	CreateBucket(context.Context, object.CreateBucketInput) (object.Bucket, error)
	// HeadBucket returns a bucket that who may list.
	HeadBucket(ctx context.Context, who object.Caller, name string) (object.Bucket, error)
	// Bucket returns a bucket of who's own, or whose policy lets them do action.
	Bucket(ctx context.Context, who object.Caller, name, action string) (object.Bucket, error)
	DeleteBucket(ctx context.Context, who object.Caller, name string) error
	ListBuckets(context.Context, object.ListBucketsInput) (object.ListBucketsResult, error)
}

// Settings changes what a bucket remembers besides its objects. Reading is
// Buckets.Bucket.
type Settings interface {
	SetVersioning(ctx context.Context, who object.Caller, bucket string, s object.VersioningState) error
	// SetBucketTags replaces the tag set; nil removes it.
	SetBucketTags(ctx context.Context, who object.Caller, bucket string, tags []object.Tag) error
}

// Access is who else may use a bucket and what is in it.
type Access interface {
	// SetOwnership sets who owns what is written; "" removes the setting.
	SetOwnership(ctx context.Context, who object.Caller, bucket string, o object.Ownership) error
	// SetPublicAccess replaces the public access block; nil removes it.
	SetPublicAccess(ctx context.Context, who object.Caller, bucket string, p *object.PublicAccessBlock) error
	// Policy returns the policy of who's own bucket, nil where there is none;
	// action says what for.
	Policy(ctx context.Context, who object.Caller, bucket, action string) (*policy.Policy, error)
	// SetPolicy replaces the policy; nil removes it.
	SetPolicy(ctx context.Context, who object.Caller, bucket string, p *policy.Policy) error
	// Find returns a bucket whoever asks: for checks, never for an answer.
	Find(ctx context.Context, bucket string) (object.Bucket, error)
}

// Encryptions reads and replaces the default encryption of a bucket; nil resets it.
type Encryptions interface {
	Encryption(ctx context.Context, who object.Caller, bucket string) (sse.Config, error)
	SetEncryption(ctx context.Context, who object.Caller, bucket string, c *sse.Config) error
}

// Lifecycles is what becomes of objects in time.
type Lifecycles interface {
	// SetLifecycle replaces the configuration, which is checked; nil removes it.
	// Reading is Buckets.Bucket.
	SetLifecycle(ctx context.Context, who object.Caller, bucket string, c *lifecycle.Configuration) error
}

// Websites are buckets that say how they are one.
type Websites interface {
	// SetWebsite replaces the configuration, which is checked; nil removes it.
	// Reading is Buckets.Bucket.
	SetWebsite(ctx context.Context, who object.Caller, bucket string, c *website.Configuration) error
}

// Origins is what the pages of other origins may do.
type Origins interface {
	// SetCORS replaces the configuration; nil removes it. Reading is Buckets.Bucket.
	SetCORS(ctx context.Context, who object.Caller, bucket string, c *cors.Configuration) error
}

// ACLs reads and replaces access control lists.
type ACLs interface {
	BucketACL(ctx context.Context, who object.Caller, bucket string) (object.Bucket, error)
	SetBucketACL(ctx context.Context, who object.Caller, bucket string, a object.ACLSpec) error
	ObjectACL(context.Context, object.GetInput) (*object.GetResult, error)
	// SetObjectACL returns the version's id, "" when the bucket was never versioned.
	SetObjectACL(context.Context, object.GetInput, object.ACLSpec) (string, error)
}

// Locks is object lock. Reading a bucket's is Buckets.Bucket.
type Locks interface {
	// SetObjectLock turns it on and replaces the default retention.
	SetObjectLock(ctx context.Context, who object.Caller, bucket string, c object.LockConfig) error
	// Retention returns a lock that has a retention period, LegalHold one that
	// has a hold.
	Retention(context.Context, object.LockInput) (*object.Lock, error)
	LegalHold(context.Context, object.LockInput) (*object.Lock, error)
	// SetRetention replaces the period; mode "" removes it.
	SetRetention(ctx context.Context, in object.LockInput, mode object.LockMode, until time.Time) error
	SetLegalHold(ctx context.Context, in object.LockInput, h object.Hold) error
}

// Reader reads objects.
type Reader interface {
	// Get opens an object; the caller closes the result's Body.
	Get(context.Context, object.GetInput) (*object.GetResult, error)
	// Head is Get without a body.
	Head(context.Context, object.GetInput) (*object.GetResult, error)
}

// Writer changes objects.
type Writer interface {
	Put(context.Context, object.PutInput) (object.PutResult, error)
	Copy(context.Context, object.CopyInput) (object.CopyResult, error)
	Delete(context.Context, object.DeleteInput) (object.DeleteResult, error)
	// DeleteMany answers each item, in order.
	DeleteMany(ctx context.Context, who object.Caller, bucket string, items []object.DeleteItem) ([]object.DeleteOutcome, error)
	// SetTags replaces a version's tags and returns the version's id, "" when
	// the bucket was never versioned; nil removes the tags.
	SetTags(ctx context.Context, who object.Caller, bucket, key, versionID string, tags []object.Tag) (string, error)
}

// Listings pages through what there is.
type Listings interface {
	List(context.Context, object.Caller, object.ListInput) (object.ListResult, error)
	ListVersions(context.Context, object.Caller, object.ListVersionsInput) (object.ListVersionsResult, error)
	ListUploads(context.Context, object.Caller, object.ListUploadsInput) (object.ListUploadsResult, error)
	ListParts(context.Context, object.ListPartsInput) (object.ListPartsResult, error)
}

// Uploads is the life of a multipart upload.
type Uploads interface {
	CreateUpload(context.Context, object.CreateUploadInput) (object.Upload, error)
	UploadPart(context.Context, object.UploadPartInput) (object.Part, error)
	CopyPart(context.Context, object.CopyPartInput) (object.CopyPartResult, error)
	Complete(context.Context, object.CompleteInput) (object.PutResult, error)
	Abort(ctx context.Context, who object.Caller, bucket, key, uploadID string) error
}

// A Backend is the domain as the edge sees it; *object.Service is one. Its
// methods may be called concurrently. An error that a client may be told is
// an *errcode.Error; any other becomes InternalError.
type Backend interface {
	Buckets
	Settings
	Access
	Encryptions
	Lifecycles
	Websites
	Origins
	ACLs
	Locks
	Reader
	Writer
	Listings
	Uploads
}
