package conditional

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"

	. "bleepstore/scenarios"
)

// together runs n calls that start at the same moment and returns their errors
// in order. A call that panics, over an answer that lacks what it must hold,
// has failed; it must not end the run.
func together(n int, call func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					errs[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// lostCreate matches the answers that a lost race of If-None-Match: * may get,
// lostMatch those of If-Match, which a delete may also have left without a key.
var (
	lost412    = Answer{Status: 412, Codes: []string{"PreconditionFailed"}}
	lost409    = Answer{Status: 409, Codes: []string{"ConditionalRequestConflict", "OperationAborted"}}
	lostCreate = FailWithAny(lost412, lost409)
	lostMatch  = FailWithAny(lost412, lost409, Answer{Status: 404, Codes: []string{"NoSuchKey"}})
)

var _ = Add(Scenario{
	ID:    "conditional.race.create-once",
	Rule:  "W-18",
	Says:  "Of concurrent PutObjects with If-None-Match: * on one key exactly one MUST succeed; the others fail with 412 or 409.",
	Ref:   guideWrites,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 5 {
			key := fmt.Sprintf("k%d", round)
			errs := together(8, func(i int) error { return put(ctx, s, b, key, strconv.Itoa(i), IfNoneMatch("*")) })
			winner := theWinner(s, key, errs, lostCreate)
			s.Expect(winner).NotTo(Equal(none), "%s: no conditional create succeeded", key)
			s.ExpectBody(ctx, b, key, strconv.Itoa(winner))
		}
	},
})

var _ = Add(Scenario{
	ID:    "conditional.race.create-once-large",
	Rule:  "W-18",
	Says:  "Of concurrent PutObjects of large bodies with If-None-Match: * on one key exactly one MUST succeed; the others fail with 412 or 409.",
	Ref:   guideWrites,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 3 {
			key := fmt.Sprintf("k%d", round)
			body := func(i int) string { return string(s.Bytes(300_000 + i)) }
			errs := together(6, func(i int) error { return put(ctx, s, b, key, body(i), IfNoneMatch("*")) })
			winner := theWinner(s, key, errs, lostCreate)
			s.Expect(winner).NotTo(Equal(none), "%s: no conditional create succeeded", key)
			s.ExpectBody(ctx, b, key, body(winner))
		}
	},
})

var _ = Add(Scenario{
	ID:    "conditional.race.complete-once",
	Rule:  "W-18",
	Says:  "Of concurrent CompleteMultipartUploads with If-None-Match: * on one key exactly one MUST succeed; the others fail with 412 or 409.",
	Ref:   guideWrites,
	Level: Must,
	Needs: []Feature{ConditionalWrite, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 5 {
			key := fmt.Sprintf("k%d", round)
			ready := make([]upload, 6)
			for i := range ready {
				ready[i] = begin(ctx, s, b, key, strconv.Itoa(i))
			}
			errs := together(len(ready), func(i int) error { return ready[i].complete(ctx, s, IfNoneMatch("*")) })
			winner := theWinner(s, key, errs, lostCreate)
			s.Expect(winner).NotTo(Equal(none), "%s: no request succeeded", key)
			s.ExpectBody(ctx, b, key, strconv.Itoa(winner))
		}
	},
})

var _ = Add(Scenario{
	ID:    "conditional.race.copy-once",
	Rule:  "W-18",
	Says:  "Of concurrent CopyObjects with If-None-Match: * to one key exactly one MUST succeed; the others fail with 412 or 409.",
	Ref:   guideWrites,
	Level: Must,
	Needs: []Feature{ConditionalWrite, Copy},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for i := range 8 {
			s.MustPut(ctx, b, fmt.Sprintf("source%d", i), strconv.Itoa(i))
		}
		for round := range 4 {
			key := fmt.Sprintf("k%d", round)
			errs := together(8, func(i int) error {
				_, err := s.SDK().CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b, Key: &key, CopySource: aws.String(fmt.Sprintf("%s/source%d", b, i))}, IfNoneMatch("*"))
				return err
			})
			winner := theWinner(s, key, errs, lostCreate)
			s.Expect(winner).NotTo(Equal(none), "%s: no request succeeded", key)
			s.ExpectBody(ctx, b, key, strconv.Itoa(winner))
		}
	},
})

// none says that every call was refused.
const none = -1

// theWinner demands that at most one call succeeded and that each other was
// refused as a lost race; it returns the winner's number, or none.
func theWinner(s *S, key string, errs []error, refused types.GomegaMatcher) int {
	winner, won := none, 0
	for i, err := range errs {
		if err == nil {
			winner, won = i, won+1
			continue
		}
		s.Expect(err).To(refused, "%s: writer %d", key, i)
	}
	if won > 1 {
		s.Silently("%s: %d of %d concurrent conditional requests succeeded, want one", key, won, len(errs))
	}
	return winner
}

var _ = Add(Scenario{
	ID:    "conditional.race.compare-and-swap",
	Rule:  "W-19",
	Says:  "Concurrent read-modify-write cycles guarded by If-Match MUST NOT lose an update: the final value is the number of successes.",
	Ref:   guideWrites,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "counter", "0")
		counts := make([]int, 4)
		errs := together(len(counts), func(i int) (err error) { counts[i], err = increments(ctx, s, b, 5); return err })
		total := 0
		for i, err := range errs {
			s.Expect(err).To(OK(), "client %d", i)
			total += counts[i]
		}
		if total == 0 {
			s.Must(errors.New("each was refused"), "increment the counter at least once")
		}
		got, err := s.Get(ctx, b, "counter")
		s.Expect(err).To(OK(), "read the counter")
		if string(got.Bytes) != strconv.Itoa(total) {
			s.Silently("%d increments were acknowledged, the counter reads %q", total, got.Bytes)
		}
	},
})

// increments tries to add one to the counter n times and returns how many
// tries were acknowledged. A lost race is not an error.
func increments(ctx context.Context, s *S, bucket string, n int) (done int, err error) {
	for range n {
		got, err := s.Get(ctx, bucket, "counter")
		if err != nil {
			return done, err
		}
		value, err := strconv.Atoi(string(got.Bytes))
		if err != nil {
			return done, err
		}
		switch err = put(ctx, s, bucket, "counter", strconv.Itoa(value+1), IfMatch(aws.ToString(got.ETag))); {
		case err == nil:
			done++
		default:
			if lost, _ := lostMatch.Match(err); !lost {
				return done, err
			}
		}
	}
	return done, nil
}

var _ = Add(Scenario{
	ID:    "conditional.race.put-against-complete",
	Rule:  "W-20",
	Says:  "Of a PutObject and a CompleteMultipartUpload that race with If-None-Match: * on one key exactly one MUST succeed.",
	Ref:   guideWrites,
	Level: Must,
	Needs: []Feature{ConditionalWrite, Multipart},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 4 {
			key := fmt.Sprintf("k%d", round)
			u := begin(ctx, s, b, key, "1")
			errs := together(2, func(i int) error {
				if i == 1 {
					return u.complete(ctx, s, IfNoneMatch("*"))
				}
				return put(ctx, s, b, key, "0", IfNoneMatch("*"))
			})
			winner := theWinner(s, key, errs, lostCreate)
			s.Expect(winner).NotTo(Equal(none), "%s: no request succeeded", key)
			s.ExpectBody(ctx, b, key, strconv.Itoa(winner))
		}
	},
})

var _ = Add(Scenario{
	ID:    "conditional.race.put-against-delete",
	Rule:  "W-20",
	Says:  "Of a PutObject and a DeleteObject that race with If-Match on one ETag at most one MUST succeed.",
	Ref:   guideDeletes,
	Level: Must,
	Needs: []Feature{ConditionalWrite},
	Check: func(ctx context.Context, s *S) {
		b := s.Bucket(ctx)
		for round := range 4 {
			key := fmt.Sprintf("k%d", round)
			s.MustPut(ctx, b, key, "old")
			tag := etag(ctx, s, b, key)
			errs := together(2, func(i int) error {
				if i == 1 {
					_, err := s.Delete(ctx, b, key, IfMatch(tag))
					return err
				}
				return put(ctx, s, b, key, "new", IfMatch(tag))
			})
			switch theWinner(s, key, errs, lostMatch) {
			case none: // 409 to both: nowhere are clients promised that one goes through
				s.ExpectUnchanged(ctx, b, key, "old")
			case 0:
				s.ExpectBody(ctx, b, key, "new")
			case 1:
				_, err := s.Head(ctx, b, key)
				s.Expect(err).To(FailWith(404), "HEAD after the delete won")
			}
		}
	},
})
