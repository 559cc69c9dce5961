package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"bleepstore/reference/checksum"
	"bleepstore/reference/cors"
	"bleepstore/reference/errcode"
	"bleepstore/reference/lifecycle"
	"bleepstore/reference/object"
	"bleepstore/reference/policy"
	"bleepstore/reference/sigv4"
	"bleepstore/reference/sse"
	"bleepstore/reference/website"
)

var noon = time.Date(2026, 3, 4, 12, 30, 45, 678e6, time.UTC)

// owner is the account that signs requests in these tests.
const owner = "111122223333"

// factless leaves out of a comparison the request that stands behind a caller.
var factless = cmpopts.IgnoreFields(object.Caller{}, "Facts")

// A fake is a Backend that records what it was asked and answers what it was
// told to. Bodies are read, as the domain would.
type fake struct {
	mu    sync.Mutex
	calls []call
	err   error

	bucket   object.Bucket
	buckets  object.ListBucketsResult
	put      object.PutResult
	get      object.GetResult
	body     string
	reader   io.ReadCloser // instead of body
	copied   object.CopyResult
	deleted  object.DeleteResult
	outcomes []object.DeleteOutcome
	list     object.ListResult
	versions object.ListVersionsResult
	uploads  object.ListUploadsResult
	parts    object.ListPartsResult
	upload   object.Upload
	part     object.Part
	copyPart object.CopyPartResult
	tagged   string

	encryption sse.Config

	hook  func(ctx context.Context) // called by every method
	after func(ctx context.Context) // called by Put behind the body
}

// A call is one call of the fake: the method and its input.
type call struct {
	method string
	in     any
	body   string
}

func (f *fake) note(ctx context.Context, method string, in any) {
	f.mu.Lock()
	f.calls = append(f.calls, call{method: method, in: in})
	f.mu.Unlock()
	if f.hook != nil {
		f.hook(ctx)
	}
}

// read consumes a body as the domain does: to the end, trailer included.
func (f *fake) read(b *object.Body) error {
	data, err := io.ReadAll(b.Reader)
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	if b.Trailer != nil {
		if b.Checksum.Value, err = b.Trailer(); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[len(f.calls)-1].body = string(data)
	return nil
}

func (f *fake) CreateBucket(ctx context.Context, in object.CreateBucketInput) (object.Bucket, error) {
	f.note(ctx, "CreateBucket", in)
	return f.bucket, f.err
}
func (f *fake) HeadBucket(ctx context.Context, who object.Caller, name string) (object.Bucket, error) {
	f.note(ctx, "HeadBucket", name)
	return f.bucket, f.err
}
func (f *fake) Policy(ctx context.Context, who object.Caller, name, action string) (*policy.Policy, error) {
	f.note(ctx, "Policy", action)
	return f.bucket.Access.Policy, f.err
}
func (f *fake) SetPolicy(ctx context.Context, who object.Caller, name string, p *policy.Policy) error {
	f.note(ctx, "SetPolicy", p)
	return f.err
}
func (f *fake) Encryption(ctx context.Context, who object.Caller, name string) (sse.Config, error) {
	f.note(ctx, "Encryption", name)
	return f.encryption, f.err
}
func (f *fake) SetEncryption(ctx context.Context, who object.Caller, name string, c *sse.Config) error {
	f.note(ctx, "SetEncryption", c)
	return f.err
}
func (f *fake) Bucket(ctx context.Context, who object.Caller, name, action string) (object.Bucket, error) {
	f.note(ctx, "Bucket", action)
	return f.bucket, f.err
}

// Find is not noted: it changes nothing, and any refusal may come by it.
func (f *fake) Find(context.Context, string) (object.Bucket, error) {
	return f.bucket, f.err
}
func (f *fake) SetOwnership(ctx context.Context, who object.Caller, name string, o object.Ownership) error {
	f.note(ctx, "SetOwnership", o)
	return f.err
}
func (f *fake) SetPublicAccess(ctx context.Context, who object.Caller, name string, p *object.PublicAccessBlock) error {
	f.note(ctx, "SetPublicAccess", p)
	return f.err
}
func (f *fake) SetLifecycle(ctx context.Context, who object.Caller, name string, c *lifecycle.Configuration) error {
	f.note(ctx, "SetLifecycle", c)
	return f.err
}
func (f *fake) SetWebsite(ctx context.Context, who object.Caller, name string, c *website.Configuration) error {
	f.note(ctx, "SetWebsite", c)
	return f.err
}
func (f *fake) SetCORS(ctx context.Context, who object.Caller, name string, c *cors.Configuration) error {
	f.note(ctx, "SetCORS", c)
	return f.err
}
func (f *fake) BucketACL(ctx context.Context, who object.Caller, name string) (object.Bucket, error) {
	f.note(ctx, "BucketACL", name)
	return f.bucket, f.err
}
func (f *fake) SetBucketACL(ctx context.Context, who object.Caller, name string, a object.ACLSpec) error {
	f.note(ctx, "SetACL", a)
	return f.err
}
func (f *fake) ObjectACL(ctx context.Context, in object.GetInput) (*object.GetResult, error) {
	f.note(ctx, "ObjectACL", in)
	res := f.get
	return &res, f.err
}
func (f *fake) SetObjectACL(ctx context.Context, in object.GetInput, a object.ACLSpec) (string, error) {
	f.note(ctx, "SetACL", a)
	return f.get.Version.ID, f.err
}
func (f *fake) DeleteBucket(ctx context.Context, who object.Caller, name string) error {
	f.note(ctx, "DeleteBucket", name)
	return f.err
}
func (f *fake) ListBuckets(ctx context.Context, in object.ListBucketsInput) (object.ListBucketsResult, error) {
	f.note(ctx, "ListBuckets", in)
	return f.buckets, f.err
}
func (f *fake) SetVersioning(ctx context.Context, who object.Caller, bucket string, s object.VersioningState) error {
	f.note(ctx, "SetVersioning", s)
	return f.err
}
func (f *fake) SetBucketTags(ctx context.Context, who object.Caller, bucket string, tags []object.Tag) error {
	f.note(ctx, "SetBucketTags", tags)
	return f.err
}
func (f *fake) Get(ctx context.Context, in object.GetInput) (*object.GetResult, error) {
	f.note(ctx, "Get", in)
	if f.err != nil {
		return nil, f.err
	}
	res := f.get
	if res.Body = f.reader; res.Body == nil {
		res.Body = io.NopCloser(strings.NewReader(f.body))
	}
	return &res, nil
}
func (f *fake) Head(ctx context.Context, in object.GetInput) (*object.GetResult, error) {
	f.note(ctx, "Head", in)
	if f.err != nil {
		return nil, f.err
	}
	res := f.get
	return &res, nil
}
func (f *fake) Put(ctx context.Context, in object.PutInput) (object.PutResult, error) {
	f.note(ctx, "Put", in)
	if err := f.read(&in.Body); err != nil {
		return object.PutResult{}, err
	}
	if f.after != nil {
		f.after(ctx)
	}
	return f.put, f.err
}
func (f *fake) Copy(ctx context.Context, in object.CopyInput) (object.CopyResult, error) {
	f.note(ctx, "Copy", in)
	return f.copied, f.err
}
func (f *fake) Delete(ctx context.Context, in object.DeleteInput) (object.DeleteResult, error) {
	f.note(ctx, "Delete", in)
	return f.deleted, f.err
}
func (f *fake) DeleteMany(ctx context.Context, who object.Caller, bucket string, items []object.DeleteItem) ([]object.DeleteOutcome, error) {
	f.note(ctx, "DeleteMany", items)
	if f.err != nil || f.outcomes != nil {
		return f.outcomes, f.err
	}
	out := make([]object.DeleteOutcome, len(items))
	for i := range items {
		out[i].Item = items[i]
	}
	return out, nil
}
func (f *fake) SetTags(ctx context.Context, who object.Caller, bucket, key, versionID string, tags []object.Tag) (string, error) {
	f.note(ctx, "SetTags", tags)
	return f.tagged, f.err
}
func (f *fake) List(ctx context.Context, who object.Caller, in object.ListInput) (object.ListResult, error) {
	f.note(ctx, "List", in)
	return f.list, f.err
}
func (f *fake) ListVersions(ctx context.Context, who object.Caller, in object.ListVersionsInput) (object.ListVersionsResult, error) {
	f.note(ctx, "ListVersions", in)
	return f.versions, f.err
}
func (f *fake) ListUploads(ctx context.Context, who object.Caller, in object.ListUploadsInput) (object.ListUploadsResult, error) {
	f.note(ctx, "ListUploads", in)
	return f.uploads, f.err
}
func (f *fake) ListParts(ctx context.Context, in object.ListPartsInput) (object.ListPartsResult, error) {
	f.note(ctx, "ListParts", in)
	return f.parts, f.err
}
func (f *fake) CreateUpload(ctx context.Context, in object.CreateUploadInput) (object.Upload, error) {
	f.note(ctx, "CreateUpload", in)
	return f.upload, f.err
}
func (f *fake) UploadPart(ctx context.Context, in object.UploadPartInput) (object.Part, error) {
	f.note(ctx, "UploadPart", in)
	if err := f.read(&in.Body); err != nil {
		return object.Part{}, err
	}
	return f.part, f.err
}
func (f *fake) CopyPart(ctx context.Context, in object.CopyPartInput) (object.CopyPartResult, error) {
	f.note(ctx, "CopyPart", in)
	return f.copyPart, f.err
}
func (f *fake) Complete(ctx context.Context, in object.CompleteInput) (object.PutResult, error) {
	f.note(ctx, "Complete", in)
	return f.put, f.err
}
func (f *fake) Abort(ctx context.Context, who object.Caller, bucket, key, uploadID string) error {
	f.note(ctx, "Abort", uploadID)
	return f.err
}

// last returns the only call, and fails when there was another or none.
func (f *fake) only(t *testing.T, method string) call {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.calls) != 1 || f.calls[0].method != method {
		t.Fatalf("got calls %+v, want one of %s", f.calls, method)
	}
	return f.calls[0]
}

// auth believes the header User; User: - is a refusal.
type auth struct{}

func (auth) Verify(r *http.Request) (*sigv4.Identity, error) {
	switch user := r.Header.Get("User"); user {
	case "":
		return &sigv4.Identity{}, nil
	case "-":
		return nil, &errcode.Error{Code: errcode.SignatureDoesNotMatch}
	default:
		id := &sigv4.Identity{Principal: sigv4.Principal{ID: user, Name: "Ada"}, AccessKey: "AK"}
		id.Presigned = r.URL.Query().Has("X-Amz-Signature")
		if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-UNSIGNED") {
			id.Payload = sigv4.ChunksUnsignedTrailer
		}
		return id, nil
	}
}

func testConfig(f *fake) Config {
	return Config{Backend: f, Auth: auth{}, Now: time.Now, Rand: bytes.NewReader(make([]byte, 64))}
}

// newTest serves f over HTTP.
func newTest(t *testing.T, f *fake, edit ...func(*Config)) *httptest.Server {
	t.Helper()
	cfg := testConfig(f)
	for _, e := range edit {
		e(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(nil)
	srv.Listener = h.Listener(srv.Listener)
	srv.Config = h.NewServer()
	srv.Start()
	t.Cleanup(srv.Close)
	return srv
}

// VerifyForm takes the credential for the account.
func (auth) VerifyForm(f sigv4.Form) (*sigv4.Identity, error) {
	if f.Credential == "" {
		return &sigv4.Identity{}, nil
	}
	return &sigv4.Identity{Principal: sigv4.Principal{ID: f.Credential}, AccessKey: "AK"}, nil
}

// A reply is a response, read whole.
type reply struct {
	status int
	header http.Header
	body   string
	close  bool // the server will close the connection
}

// do sends a signed request; headers are "Name: value". The target is written
// as it is.
func do(t *testing.T, srv *httptest.Server, method, target, body string, headers ...string) reply {
	t.Helper()
	return send(t, srv, method, target, body, append([]string{"User: " + owner}, headers...)...)
}

// send is do without a signature.
func send(t *testing.T, srv *httptest.Server, method, target, body string, headers ...string) reply {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", method, target)
	host, length := "Host: 127.0.0.1", fmt.Sprintf("Content-Length: %d", len(body))
	for _, line := range headers {
		name, _, _ := strings.Cut(line, ":")
		switch {
		case strings.EqualFold(name, "Host"):
			host = line
		case strings.EqualFold(name, "Content-Length"), strings.EqualFold(name, "Transfer-Encoding"):
			length = line
		default:
			b.WriteString(line + "\r\n")
		}
	}
	b.WriteString(host + "\r\n" + length + "\r\nConnection: close\r\n\r\n" + body)
	return wire(t, srv, method, b.String())
}

// wire sends raw bytes on a connection of their own and reads one response.
func wire(t *testing.T, srv *httptest.Server, method, raw string) reply {
	t.Helper()
	c := dial(t, srv)
	if _, err := io.WriteString(c, raw); err != nil {
		t.Logf("write: %v", err) // the server may refuse before it has read all
	}
	return readReply(t, c.r, method)
}

// code returns the Code of an error document.
func (r reply) code() string { return between(r.body, "<Code>", "</Code>") }

func between(s, from, to string) string {
	_, rest, ok := strings.Cut(s, from)
	if !ok {
		return ""
	}
	v, _, ok := strings.Cut(rest, to)
	if !ok {
		return ""
	}
	return v
}

// wantError checks status and code of an error, and the shape of its document.
func (r reply) wantError(t *testing.T, status int, code errcode.Code) {
	t.Helper()
	if r.status != status || r.code() != string(code) {
		t.Fatalf("got %d %s, want %d %s\n%s", r.status, r.code(), status, code, r.body)
	}
	id := r.header.Get("x-amz-request-id")
	if id == "" || between(r.body, "<RequestId>", "</RequestId>") != id {
		t.Errorf("RequestId is not the header's %q in %s", id, r.body)
	}
	if between(r.body, "<Message>", "</Message>") == "" || between(r.body, "<HostId>", "</HostId>") != r.header.Get("x-amz-id-2") {
		t.Errorf("Message or HostId is wrong in %s", r.body)
	}
}

// crcHeader is the checksum header of a body.
func crcHeader(body string) string {
	h := checksum.CRC64NVME.New()
	io.WriteString(h, body)
	return "x-amz-checksum-crc64nvme: " + checksum.Encode(h.Sum(nil))
}
