package object

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"testing"

	"bleepstore/reference/blob"
	"bleepstore/reference/crypt"
	"bleepstore/reference/errcode"
	"bleepstore/reference/kms"
	"bleepstore/reference/sse"
)

// testVault has the same keys every time.
func testVault(t testing.TB) *sse.Vault {
	t.Helper()
	master := crypt.Key([]byte("the master key of these tests..."))
	keys, err := kms.NewLocal("us-east-1", "123456789012", master, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	v, err := sse.NewVault([]crypt.Key{master}, keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var (
	keyA, keyB = crypt.Key{1}, crypt.Key{2}
	wants      = map[string]sse.Want{
		"the default": {}, "AES256": {Algorithm: sse.AES256}, "aws:kms": {Algorithm: sse.KMS}, "a client's key": {Customer: &keyA}, "another": {Customer: &keyB},
	}
)

// unblock lets objects of a bucket have keys of the client's.
func (b *bench) unblock(bucket string) {
	b.t.Helper()
	if err := b.SetEncryption(b.t.Context(), alice, bucket, &sse.Config{Algorithm: sse.AES256}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) wantBody(name, key string, customer *crypt.Key, want []byte) {
	b.t.Helper()
	got, _, err := b.tryGet(GetInput{Bucket: "bucket", Key: key, Customer: customer})
	if err != nil || !bytes.Equal(got, want) {
		b.t.Errorf("%s: read %d bytes, want %d: %v", name, len(got), len(want), err)
	}
}

// Whatever an object is sealed by, a copy is sealed as it asks for, and only those
// of the store's own key share bytes.
func TestCopiesAreSealedAnew(t *testing.T) {
	for _, size := range []int{0, 100, 100 << 10} {
		data := pattern(size)
		for from, source := range wants {
			for to, want := range wants {
				t.Run(fmt.Sprint(size, " ", from, " to ", to), func(t *testing.T) {
					b := newBench(t, "memory")
					b.unblock("bucket")
					b.put("bucket", "src", data, func(in *PutInput) { in.Encryption = source })
					blobs := len(b.blobIDs())
					_, err := b.Copy(t.Context(), CopyInput{Caller: alice, Bucket: "bucket", Key: "k", SourceBucket: "bucket", SourceKey: "src",
						Encryption: want, SourceCustomer: source.Customer})
					if err != nil {
						t.Fatal(err)
					}
					b.wantBody("the copy", "k", want.Customer, data)
					b.wantBody("the source", "src", source.Customer, data)
					own := func(w sse.Want) bool { return w.Customer == nil && w.Algorithm != sse.KMS }
					made := len(b.blobIDs()) - blobs
					if shares := own(source) && own(want); size > 16<<10 && shares != (made == 0) {
						t.Errorf("%d blobs were made", made)
					}
				})
			}
		}
	}
}

// Objects and uploads of a store that kept everything in the clear go on, and what
// is copied from them is sealed.
func TestClearStaysReadable(t *testing.T) {
	b := newBench(t, "memory", inClear)
	small, large := pattern(100), pattern(100<<10)
	b.put("bucket", "small", small)
	b.put("bucket", "large", large)
	u := b.upload("parts")
	first, err := b.tryPart(u, 1, large)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Config{Log: b.log, Meta: b.db, Blobs: b.blobs, Clock: b.clock, Vault: testVault(t), Limits: Limits{MinPart: kib5}})
	if err != nil {
		t.Fatal(err)
	}
	b.Service = s
	second, err := b.tryCopyPart(u, 2, "small")
	if err != nil {
		t.Fatal(err)
	}
	b.put("bucket", "sealed", large)
	third, err := b.tryCopyPart(u, 3, "sealed")
	if err != nil {
		t.Fatal(err)
	}
	parts := []CompletePart{{Number: 1, ETag: first.ETag}, {Number: 3, ETag: third.Part.ETag}}
	want := append(bytes.Clone(large), large...)
	if _, err := b.tryComplete(u, parts); err != nil {
		t.Fatal(err)
	}
	b.wantBody("the upload", "parts", nil, want)
	for key, data := range map[string][]byte{"small": small, "large": large} {
		b.wantBody(key, key, nil, data)
		if _, err := b.Copy(t.Context(), CopyInput{Caller: alice, Bucket: "bucket", Key: "copy", SourceBucket: "bucket", SourceKey: key}); err != nil {
			t.Fatal(err)
		}
		b.wantBody("a copy of "+key, "copy", nil, data)
		if r := b.head("bucket", "copy", ""); r.Version.Seal == nil {
			t.Errorf("a copy of %s is in the clear", key)
		}
	}
	if second.Part.Size != int64(len(small)) {
		t.Errorf("the part that was copied has %d bytes", second.Part.Size)
	}
}

// Blobs that take each other's place are found out.
func TestBlobsDoNotStandInForEachOther(t *testing.T) {
	b := newBench(t, "memory")
	u := b.upload("k")
	var parts []CompletePart
	for i := range 2 {
		p, err := b.tryPart(u, i+1, bytes.Repeat([]byte{byte(i)}, 100<<10))
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, CompletePart{Number: i + 1, ETag: p.ETag})
	}
	if _, err := b.tryComplete(u, parts); err != nil {
		t.Fatal(err)
	}
	ids := b.blobIDs()
	if len(ids) != 2 {
		t.Fatalf("blobs %v", ids)
	}
	var bodies [2][]byte
	for i, id := range ids {
		r, err := b.blobs.Open(t.Context(), blob.ID(id), 0, -1)
		if err != nil {
			t.Fatal(err)
		}
		if bodies[i], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		r.Close()
	}
	for i, id := range ids {
		if err := b.blobs.Delete(t.Context(), blob.ID(id)); err != nil {
			t.Fatal(err)
		}
		other := bodies[1-i]
		if _, err := b.blobs.Create(t.Context(), blob.ID(id), bytes.NewReader(other), int64(len(other))); err != nil {
			t.Fatal(err)
		}
	}
	if got, _, err := b.tryGet(GetInput{Bucket: "bucket", Key: "k"}); !errors.Is(err, crypt.ErrCorrupt) || len(got) > 0 {
		t.Errorf("got %d bytes, %v, want ErrCorrupt", len(got), err)
	}
}

// A key of the client's opens what it has sealed without any of the store's.
func TestCustomerKeyIsEnough(t *testing.T) {
	b := newBench(t, "memory")
	b.unblock("bucket")
	data := pattern(100 << 10)
	r := b.put("bucket", "k", data, func(in *PutInput) { in.Encryption.Customer = &keyA })
	seal := r.Version.Seal
	if bytes.Contains(seal.DataKey, keyA[:8]) || bytes.Contains(seal.Mark, keyA[:8]) || seal.By != "" {
		t.Errorf("the seal holds the key: %+v", seal)
	}
	other, err := sse.NewVault([]crypt.Key{{9}}, nil, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b.vault = other
	b.wantBody("by another store", "k", &keyA, data)
	_, _, err = b.tryGet(GetInput{Bucket: "bucket", Key: "k", Customer: &keyB})
	wantCode(t, "another key", err, errcode.AccessDenied)
	_, _, err = b.tryGet(GetInput{Bucket: "bucket", Key: "k"})
	wantCode(t, "no key", err, errcode.InvalidRequest)
	_, err = b.Head(t.Context(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
	wantCode(t, "HEAD without the key", err, errcode.InvalidRequest)
	if _, err := b.Head(t.Context(), GetInput{Caller: alice, Bucket: "bucket", Key: "k", ForTags: true}); err != nil {
		t.Errorf("tags without the key: %v", err)
	}
}

// A bucket that is set to a KMS key that is not there refuses what would need it.
func TestDefaultKeyMissing(t *testing.T) {
	b := newBench(t, "memory")
	if err := b.SetEncryption(t.Context(), alice, "bucket", &sse.Config{Algorithm: sse.KMS, KeyID: "none"}); err != nil {
		t.Fatal(err)
	}
	_, err := b.tryPut("bucket", "k", pattern(10))
	wantCode(t, "by the default", err, errcode.KMSNotFound)
	b.put("bucket", "k", pattern(10), func(in *PutInput) { in.Encryption.Algorithm = sse.AES256 })
}

// BenchmarkSealed compares a store that encrypts with one that does not.
func BenchmarkSealed(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20, 16 << 20} {
		for _, kept := range []string{"clear", "sealed"} {
			s, data := newSpeed(b), pattern(size)
			if kept == "sealed" {
				s.vault = testVault(b)
			}
			put := func(b *testing.B) {
				if _, err := s.Put(b.Context(), PutInput{Caller: alice, Bucket: "bucket", Key: "k", Body: bodyOf(data)}); err != nil {
					b.Fatal(err)
				}
			}
			put(b)
			b.Run(fmt.Sprint("put/", size, "/", kept), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					put(b)
				}
			})
			b.Run(fmt.Sprint("get/", size, "/", kept), func(b *testing.B) {
				b.SetBytes(int64(size))
				for b.Loop() {
					r, err := s.Get(b.Context(), GetInput{Caller: alice, Bucket: "bucket", Key: "k"})
					if err != nil {
						b.Fatal(err)
					}
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						b.Fatal(err)
					}
					r.Body.Close()
				}
			})
		}
	}
}

// What a part and a Complete say again is the upload's encryption, or they are
// refused.
func TestEncryptionSaidAgain(t *testing.T) {
	b := newBench(t, "memory")
	kms, none := sse.Want{Algorithm: sse.KMS}, sse.Want{}
	unknown := sse.Want{Algorithm: sse.KMS, KeyID: "nobody's"}
	for _, c := range []struct {
		name      string
		of, again sse.Want
		want      errcode.Code
	}{
		{"nothing", kms, none, ""}, {"the same", kms, kms, ""}, {"the default", none, sse.Want{Algorithm: sse.AES256}, ""},
		{"another", kms, sse.Want{Algorithm: sse.AES256}, errcode.InvalidRequest}, {"more than the default", none, kms, errcode.InvalidRequest},
		{"another key", kms, unknown, errcode.InvalidRequest}, {"a context", kms, sse.Want{Algorithm: sse.KMS, Context: "e30="}, errcode.InvalidRequest},
	} {
		u := b.upload(c.name, func(in *CreateUploadInput) { in.Encryption = c.of })
		parts := []CompletePart{b.part(u, 1, []byte("part"))}
		_, err := b.tryPart(u, 1, []byte("part"), func(in *UploadPartInput) { in.Encryption = c.again })
		if got := errcode.Of(err); got != c.want {
			t.Errorf("%s: part: got %q %v, want %q", c.name, got, err, c.want)
		}
		_, err = b.tryComplete(u, parts, func(in *CompleteInput) { in.Encryption = c.again })
		if got := errcode.Of(err); got != c.want {
			t.Errorf("%s: complete: got %q %v, want %q", c.name, got, err, c.want)
		}
	}
}

// A service that is told so makes buckets that take keys of the client's, and what
// is set there afterwards stays when the bucket is made again.
func TestTakesCustomerKeys(t *testing.T) {
	b := newBench(t, "memory", func(c *Config) { c.TakesCustomerKeys = true })
	mine := func(in *PutInput) { in.Encryption.Customer = &keyA }
	b.createBucket("open")
	if _, err := b.tryPut("open", "k", []byte("k"), mine); err != nil {
		t.Errorf("in a new bucket: %v", err)
	}
	if err := b.SetEncryption(t.Context(), alice, "open", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := b.CreateBucket(t.Context(), CreateBucketInput{Caller: alice, Name: "open"}); err != nil {
		t.Fatal(err)
	}
	_, err := b.tryPut("open", "k", []byte("k"), mine)
	wantCode(t, "in one that was reset and made again", err, errcode.AccessDenied)
}
