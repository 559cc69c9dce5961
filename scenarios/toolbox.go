package scenarios

import (
	"context"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"bleepstore/scenarios/sign"
)

// S is the toolbox of one running scenario. Requests may be sent from several
// goroutines; Expect and everything that ends the scenario belong to the
// scenario's own.
type S struct {
	session  *Session
	sc       Scenario
	endpoint *url.URL // the first, for what names its host by hand
	turns    *turns
	main     *s3.Client
	rand     *mathrand.Rand
	drew     atomic.Bool // something that the seed decides was asked for
	deadline deadline

	mu       sync.Mutex
	out      *ending
	notes    []Observation
	log      []Exchange
	count    int
	shape    map[string]ShapeCount
	writes   *writeLog
	buckets  []string // created by this scenario, to be removed
	reserved []string
	shared   bool   // the user's own bucket was handed out
	serverEr string // the first 5xx or broken answer
	busy     bool   // a 503 was seen
}

func newS(ses *Session, sc Scenario) *S {
	s := &S{session: ses, sc: sc, endpoint: ses.Target.Endpoints[0], turns: &turns{endpoints: ses.Target.Endpoints}, shape: map[string]ShapeCount{}, writes: newWriteLog()}
	s.rand = mathrand.New(mathrand.NewChaCha8(seed32(ses.Target.Seed, sc.ID)))
	s.main = s.client(ses.Target.Main)
	return s
}

// Target tells what is under test. It must not be changed.
func (s *S) Target() *Target { return &s.session.Target }

// SDK is the AWS SDK's client for the main account: no retries, checksums only
// where an operation demands them.
func (s *S) SDK() *s3.Client { return s.main }

// Alt is the SDK's client for the second account; without one the scenario is
// skipped.
func (s *S) Alt() *s3.Client {
	if s.session.Target.Alt.Access == "" {
		s.Skip("no second account: give -alt-access-key and -alt-secret-key")
	}
	return s.client(s.session.Target.Alt)
}

// Rand is a source of randomness seeded by the run's seed and the scenario's
// id. It is not for concurrent use.
func (s *S) Rand() *mathrand.Rand {
	s.drew.Store(true)
	return s.rand
}

// Bytes returns n random bytes, the same at every call, shared by the run.
// Nobody may change them.
func (s *S) Bytes(n int) []byte {
	s.drew.Store(true)
	return s.session.sharedBytes(n)
}

// Seed is the seed of the run, for what draws by itself.
func (s *S) Seed() uint64 {
	s.drew.Store(true)
	return s.session.Target.Seed
}

// Bucket returns an empty bucket of the scenario's own. When it cannot be
// created the scenario is blocked.
func (s *S) Bucket(ctx context.Context, edits ...func(*s3.CreateBucketInput)) string {
	if b := s.session.Target.Bucket; b != "" {
		if len(edits) > 0 {
			s.Skip("needs a bucket configured at creation; -bucket allows none")
		}
		s.mu.Lock()
		again := s.shared
		s.shared = true
		s.mu.Unlock()
		if again {
			s.Skip("needs a second bucket; -bucket allows one")
		}
		return b
	}
	name := s.session.bucketName()
	in := &s3.CreateBucketInput{Bucket: &name}
	if r := s.session.Target.Region; r != "us-east-1" {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(r)}
	}
	for _, edit := range edits {
		edit(in)
	}
	s.own(name)
	_, err := s.main.CreateBucket(ctx, in)
	s.Must(err, "create a bucket")
	s.Settle(ctx, "the new bucket answers HeadBucket", func() error {
		_, err := s.main.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name})
		return err
	})
	return name
}

// VersionedBucket is Bucket with versioning enabled.
func (s *S) VersionedBucket(ctx context.Context) string {
	b := s.Bucket(ctx)
	s.SetVersioning(ctx, b, types.BucketVersioningStatusEnabled)
	return b
}

// SetVersioning sets the bucket's versioning and waits until it reads back.
func (s *S) SetVersioning(ctx context.Context, bucket string, to types.BucketVersioningStatus) {
	_, err := s.main.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: to}})
	s.Must(err, "set versioning to "+string(to))
	s.Settle(ctx, "versioning reads "+string(to), func() error {
		out, err := s.main.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
		if err == nil && out.Status != to {
			err = fmt.Errorf("versioning reads %q", out.Status)
		}
		return err
	})
}

// AbsentBucket returns the name of a bucket that does not exist and that
// requests may name. Should the server create it, it is removed.
func (s *S) AbsentBucket() string { return s.InvalidName(s.session.bucketName()) }

// InvalidName lets requests carry name, which the server must refuse. Should
// a lax server create it, it is removed; a bucket that has the name already is
// left alone, and the scenario is skipped.
func (s *S) InvalidName(name string) string {
	if !strings.HasPrefix(name, ownPrefix) && s.session.exists(name) {
		s.Skip(fmt.Sprintf("a bucket named %q exists already and is left alone", name))
	}
	if err := s.session.Ledger.Reserve(name); err != nil {
		s.broke(err)
	}
	s.mu.Lock()
	s.reserved = append(s.reserved, name)
	s.mu.Unlock()
	return name
}

// NewName returns a fresh name that the scenario is about to create a bucket
// under by itself; it is removed at the end.
func (s *S) NewName() string {
	if s.session.Target.Bucket != "" {
		s.Skip("needs to create a bucket; -bucket allows none")
	}
	name := s.session.bucketName()
	s.own(name)
	return name
}

func (s *S) own(name string) {
	if err := s.session.Ledger.Own(name); err != nil {
		s.broke(err)
	}
	s.mu.Lock()
	s.buckets = append(s.buckets, name)
	s.mu.Unlock()
}

// Put stores body under key.
func (s *S) Put(ctx context.Context, bucket, key, body string, opts ...Opt) (*s3.PutObjectOutput, error) {
	return s.main.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}, opts...)
}

// MustPut is Put as a precondition: the scenario is blocked when it fails.
func (s *S) MustPut(ctx context.Context, bucket, key, body string, opts ...Opt) *s3.PutObjectOutput {
	out, err := s.Put(ctx, bucket, key, body, opts...)
	s.Must(err, "put "+key)
	return out
}

// An Object is an answer to GetObject, its body read.
type Object struct {
	*s3.GetObjectOutput
	Bytes  []byte
	Header http.Header
	Status int
}

// Get reads an object whole.
func (s *S) Get(ctx context.Context, bucket, key string, opts ...Opt) (*Object, error) {
	out, err := s.main.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key}, opts...)
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	b, err := io.ReadAll(out.Body)
	return &Object{out, b, HeaderOf(out.ResultMetadata), StatusOf(out.ResultMetadata)}, err
}

// Head reads an object's headers.
func (s *S) Head(ctx context.Context, bucket, key string, opts ...Opt) (*s3.HeadObjectOutput, error) {
	return s.main.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key}, opts...)
}

// Delete deletes an object.
func (s *S) Delete(ctx context.Context, bucket, key string, opts ...Opt) (*s3.DeleteObjectOutput, error) {
	return s.main.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}, opts...)
}

// Settle polls until check returns nil: at once, then every 100 ms growing to
// 2 s, at most the target's settle time. Bucket creation, deletion and
// configuration are documented as eventually consistent, so a scenario waits
// for them before it judges. The time taken is observed when it is not nil at
// once; a check that never holds blocks the scenario.
func (s *S) Settle(ctx context.Context, what string, check func() error) {
	s.Must(Settled(ctx, s, what, check), "wait until "+what)
}

// Settled is Settle for scenarios whose rule it is that the change takes
// effect: it returns the check's last error instead of blocking.
func Settled(ctx context.Context, s *S, what string, check func() error) error {
	err := check()
	if err == nil {
		return nil
	}
	start, pause := time.Now(), 100*time.Millisecond
	for time.Since(start) < s.session.Target.Settle {
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			s.end(outError, "", "out of time while waiting until "+what)
		case <-timer.C:
		}
		if err = check(); err == nil {
			s.Observe(settledAfter, fmt.Sprintf("%s: %s", what, time.Since(start).Round(100*time.Millisecond)))
			return nil
		}
		pause = min(pause*3/2, 2*time.Second)
	}
	return err
}

// Later has the server do to a bucket what its lifecycle demands by the time at,
// and returns when it has. Without a hook the scenario is skipped.
func (s *S) Later(ctx context.Context, bucket string, at time.Time) {
	if s.session.Target.Clock == nil {
		s.Skip("no clock hook: give -clock-hook")
	}
	if err := s.session.Target.Clock(ctx, bucket, at.UTC()); err != nil {
		s.Must(err, "move the clock by the hook")
	}
	s.Observe("clock moved to", at.UTC().Format(time.RFC3339))
}

// Observe records a fact in the result, whatever the verdict.
func (s *S) Observe(name string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, Observation{name, fmt.Sprint(value)})
}

// Skip ends the scenario: it cannot be judged here.
func (s *S) Skip(reason string) { s.end(outSkipped, "", reason) }

// Must ends the scenario as blocked unless err is nil: what it needs in order
// to judge its rule did not work.
func (s *S) Must(err error, doing string) {
	if err == nil {
		return
	}
	if errors.Is(err, ErrGuard) {
		s.broke(err)
	}
	o := outcomeOf(err)
	kind := outBlocked
	if o.unsupported() {
		kind = outUnsupported
	}
	s.end(kind, s.where(), fmt.Sprintf("precondition: %s: got %s", doing, o))
}

// broke ends the scenario because the harness itself may not go on.
func (s *S) broke(err error) {
	s.note(err)
	panic(stop{})
}

// note concludes as broke does and lets the scenario run on: it may be called
// from any of its goroutines.
func (s *S) note(err error) {
	if errors.Is(err, ErrGuard) && s.session.Target.Bucket != "" {
		s.conclude(outSkipped, "", "needs to create or configure a bucket, or to touch what it did not write; -bucket allows neither")
		return
	}
	s.conclude(outError, s.where(), err.Error())
}

// Scope is who signs by hand: the main account, now.
func Scope(s *S) sign.Scope { return s.scope(MainAccount) }

// ScopeOf is Scope for one of the accounts.
func ScopeOf(s *S, who Who) sign.Scope { return s.scope(who) }

// scope is the signing scope of who.
func (s *S) scope(who Who) sign.Scope {
	t := &s.session.Target
	k := t.Main
	if who == AltAccount {
		if t.Alt.Access == "" {
			s.Skip("no second account: give -alt-access-key and -alt-secret-key")
		}
		k = t.Alt
	}
	return sign.Scope{Access: k.Access, Secret: k.Secret, Session: k.Session, Region: t.Region, Service: "s3", Time: time.Now().UTC()}
}

// client returns an SDK client of the scenario's own for the account.
func (s *S) client(k Keys) *s3.Client {
	t := &s.session.Target
	virtual := t.Addressing == VirtualStyle
	o := s3.Options{
		BaseEndpoint:               aws.String(sdkBase(s.endpoint, virtual)),
		Region:                     t.Region,
		UsePathStyle:               !virtual,
		HTTPClient:                 &http.Client{Transport: &recorder{s}, CheckRedirect: noRedirect},
		Retryer:                    aws.NopRetryer{},
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: k.Access, SecretAccessKey: k.Secret, SessionToken: k.Session}, nil
		}),
		DisableLogOutputChecksumValidationSkipped: true,
	}
	if len(t.Endpoints) > 1 {
		o.EndpointResolverV2 = &turnResolver{turns: s.turns, virtual: virtual, inner: s3.NewDefaultEndpointResolverV2()}
	}
	return s3.New(o)
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
