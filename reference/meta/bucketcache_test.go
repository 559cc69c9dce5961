package meta

import (
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"bleepstore/reference/errcode"
)

// A bucket that changes between the cache and the rest of a View makes the
// View begin anew: what it returns is of one moment.
func TestViewBeginsAnew(t *testing.T) {
	s := openFile(t)
	s.must(CreateBucket{Name: "b", Owner: "o"})
	if _, err := s.db.Bucket(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	calls := 0
	var b Bucket
	var o Object
	err := s.db.View(t.Context(), func(tx *Tx) (err error) {
		if b, err = tx.Bucket("b"); err != nil {
			return err
		}
		if calls++; calls == 1 {
			s.must(SetVersioning{Bucket: "b", State: VersioningEnabled}, PutObject{Write: Write{Bucket: "b", Key: "k", Owner: "o"}})
		}
		o, err = tx.Object("b", "k", "")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls != 2 || b.Versioning != VersioningEnabled || o.ID == NullVersion {
		t.Errorf("got %d calls, bucket %q, version %q; want the second call's state", calls, b.Versioning, o.ID)
	}
}

// Whoever asks for a bucket gets a state that was current while he asked.
func TestBucketIsCurrent(t *testing.T) {
	s := openFile(t)
	s.must(CreateBucket{Name: "b", Owner: "o"}, SetBucketTags{Bucket: "b", Tags: []Tag{{"n", "0"}}})
	var begun, done atomic.Int64
	over := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for n := 0; ; n++ {
				least := done.Load()
				b, err := s.db.Bucket(t.Context(), "b")
				if n%8 == 0 && err == nil {
					err = s.db.View(t.Context(), func(tx *Tx) error {
						b, err = tx.Bucket("b")
						return err
					})
				}
				if err != nil {
					t.Error(err)
					return
				}
				if got, _ := strconv.ParseInt(b.Tags[0].Value, 10, 64); got < least || got > begun.Load() {
					t.Errorf("got state %d, want %d to %d", got, least, begun.Load())
					return
				}
				select {
				case <-over:
					return
				default:
				}
			}
		})
	}
	for i := range int64(100) {
		begun.Add(1)
		s.must(SetBucketTags{Bucket: "b", Tags: []Tag{{"n", strconv.FormatInt(i+1, 10)}}})
		done.Add(1)
	}
	close(over)
	readers.Wait()
	s.must(DeleteBucket{Name: "b"})
	if _, err := s.db.Bucket(t.Context(), "b"); errcode.Of(err) != errcode.NoSuchBucket {
		t.Errorf("after its end: got %v, want NoSuchBucket", err)
	}
}
