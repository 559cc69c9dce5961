package s3

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"bleepstore/reference/blob/memory"
	"bleepstore/reference/cluster"
	"bleepstore/reference/errcode"
	"bleepstore/reference/meta"
	"bleepstore/reference/object"
)

// A stuckLog takes its time for each call and, after some, never answers.
type stuckLog struct {
	cluster.Log
	slow  time.Duration
	calls int // that are answered
	stuck atomic.Bool
}

func (l *stuckLog) enter(ctx context.Context) error {
	var answer <-chan time.Time
	if l.calls--; l.calls >= 0 {
		answer = time.After(l.slow)
	} else {
		l.stuck.Store(true)
	}
	select {
	case <-answer:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *stuckLog) ReadIndex(ctx context.Context) (uint64, error) {
	if err := l.enter(ctx); err != nil {
		return 0, &cluster.RefusedError{Err: err}
	}
	return l.Log.ReadIndex(ctx)
}

func (l *stuckLog) Wait(ctx context.Context, index uint64) error {
	if err := l.enter(ctx); err != nil {
		return &cluster.RefusedError{Err: err}
	}
	return l.Log.Wait(ctx, index)
}

func (l *stuckLog) Propose(ctx context.Context, cmd meta.Command) (meta.Result, error) {
	if err := l.enter(ctx); err != nil {
		return meta.Result{}, &cluster.UnknownOutcomeError{Err: err}
	}
	return l.Log.Propose(ctx, cmd)
}

// xmlBodies are what the operations need that do not go without a body.
var xmlBodies = map[string]string{
	"DeleteObjects":              "<Delete><Object><Key>k</Key></Object></Delete>",
	"PutBucketVersioning":        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
	"PutBucketTagging":           "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
	"PutObjectTagging":           "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
	"PutBucketOwnershipControls": "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>",
	"PutPublicAccessBlock":       "<PublicAccessBlockConfiguration><BlockPublicAcls>false</BlockPublicAcls></PublicAccessBlockConfiguration>",
	"PutBucketPolicy":            `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + owner + `"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::bkt/*"}]}`,
	"PutObject":                  strings.Repeat("x", 40<<10),
	"UploadPart":                 strings.Repeat("x", 40<<10),
	"CompleteMultipartUpload":    "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
}

// requestFor is a request of op on bucket b, key k and an upload.
func requestFor(op *operation, upload string) *http.Request {
	target := "/"
	if op.level != service {
		target = "/bkt"
	}
	if op.level == keyLevel {
		target = "/bkt/k"
	}
	switch op.sub {
	case "":
	case "uploadId":
		target += "?uploadId=" + upload
		if op.method == "PUT" {
			target += "&partNumber=1"
		}
	case "list-type":
		target += "?list-type=2"
	default:
		target += "?" + op.sub
	}
	body := xmlBodies[op.name]
	r := httptest.NewRequest(op.method, target, strings.NewReader(body))
	r.Header.Set("User", owner)
	r.Header.Set(hExpectedOwner, AccountID(owner)) // one more look at the bucket
	if body != "" {
		r.Header.Set("Content-Length", itoa(len(body)))
		name, value, _ := strings.Cut(crcHeader(body), ": ")
		r.Header.Set(name, value)
	}
	switch op.name {
	case "CopyObject", "UploadPartCopy":
		r.Header.Set(hCopySource, "/bkt/k")
		r.Header.Set("X-Amz-Metadata-Directive", "REPLACE")
	case "PutBucketAcl", "PutObjectAcl":
		r.Header.Set("X-Amz-Acl", "private")
	case "PutObject":
		r.Header.Set("If-Match", "*") // looked at before the body is read
	case "GetObjectAttributes":
		r.Header.Set("X-Amz-Object-Attributes", "ETag")
	}
	return r
}

// stand is a handler over a real domain whose log is l, and an upload. renew
// writes the object that may be gone.
func stand(t *testing.T, l *stuckLog) (h *Handler, upload string, renew func()) {
	t.Helper()
	db, err := meta.Open(t.Context(), meta.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	l.Log = cluster.NewLocal(db, cluster.LocalOptions{})
	l.calls = 1 << 20
	backend, err := object.New(t.Context(), object.Config{Log: l, Meta: db, Blobs: memory.New(0)})
	if err != nil {
		t.Fatal(err)
	}
	who := object.Caller{Account: owner}
	if _, err = backend.CreateBucket(t.Context(), object.CreateBucketInput{Caller: who, Name: "bkt"}); err != nil {
		t.Fatal(err)
	}
	renew = func() {
		t.Helper()
		l.calls = 1 << 20
		body := object.Body{Reader: strings.NewReader("old"), Size: 3}
		if _, err := backend.Put(t.Context(), object.PutInput{Caller: who, Bucket: "bkt", Key: "k", Body: body}); err != nil {
			t.Fatal(err)
		}
	}
	u, err := backend.CreateUpload(t.Context(), object.CreateUploadInput{Caller: who, Bucket: "bkt", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	h, err = New(Config{Backend: backend, Auth: auth{}, Now: time.Now, Rand: rand.Reader, Log: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	return h, u.ID, renew
}

// Whatever is asked, and wherever the log stops answering, the client has its
// answer within Limits.Log, and it is one that says to come again.
func TestStuckLogIsAnsweredInTime(t *testing.T) {
	for _, slow := range []time.Duration{0, 900 * time.Millisecond, 1900 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			l := &stuckLog{slow: slow}
			h, upload, renew := stand(t, l)
			tried := 0
			for _, op := range newTable() {
				if op.serve == nil {
					continue
				}
				tried++
				for n := 0; ; n++ {
					renew()
					l.calls = n
					l.stuck.Store(false)
					w, began := httptest.NewRecorder(), time.Now()
					h.ServeHTTP(w, requestFor(op, upload))
					if d := time.Since(began); d > 5*time.Second {
						t.Errorf("%s, %v a call, stuck at call %d: answered after %v", op.name, slow, n, d)
					}
					failed := w.Code == 500 || w.Code == 503 && w.Header().Get("Retry-After") != ""
					if l.stuck.Load() && !failed {
						t.Errorf("%s, %v a call, stuck at call %d: %d %s", op.name, slow, n, w.Code, w.Body)
					}
					if n == 0 && !l.stuck.Load() {
						t.Errorf("%s was answered without the log: %d %s", op.name, w.Code, w.Body)
					}
					if !l.stuck.Load() {
						break
					}
				}
			}
			if tried < 60 {
				t.Errorf("only %d operations were tried", tried)
			}
		})
	}
}

// The time in which a client sends its body is not what it waits for the log.
func TestSlowBodyLeavesTimeToCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &stuckLog{slow: time.Second}
		h, _, _ := stand(t, l)
		body := strings.Repeat("x", 100<<10)
		r := httptest.NewRequest("PUT", "/bkt/slow", &slowly{strings.NewReader(body)})
		r.ContentLength = int64(len(body))
		r.Header.Set("Content-Length", itoa(len(body)))
		r.Header.Set("User", owner)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
	})
}

// slowly waits before each read.
type slowly struct{ io.Reader }

func (s *slowly) Read(p []byte) (int, error) {
	time.Sleep(10 * time.Second)
	return s.Reader.Read(p)
}

// Whether a bucket lets anybody in is not known while the log does not say so.
func TestAnonymousIsNotDeniedByAStuckLog(t *testing.T) {
	srv := newTest(t, &fake{err: &errcode.Error{Code: errcode.SlowDown}})
	send(t, srv, "GET", "/bkt?policy", "").wantError(t, 503, errcode.SlowDown)
	send(t, srv, "GET", "/bkt/k", "").wantError(t, 503, errcode.SlowDown)
	if got := send(t, srv, "GET", "/bkt/k", ""); got.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After %q, want 1", got.header.Get("Retry-After"))
	}
}
