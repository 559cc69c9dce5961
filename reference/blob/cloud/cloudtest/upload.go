package cloudtest

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"bleepstore/reference/blob"
)

// FailedUpload tries that a body which fails far into an upload leaves nothing behind
// in a store that is empty.
func FailedUpload(t *testing.T, s blob.Store) {
	t.Helper()
	const size = 40 << 20
	broken := errors.New("body breaks")
	body := io.MultiReader(io.LimitReader(zeros{}, size-1), iotest.ErrReader(broken))
	if _, err := s.Create(t.Context(), "a", body, size); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if err := s.List(t.Context(), "", func(i blob.Info) error { return fmt.Errorf("there is %+v", i) }); err != nil {
		t.Error(err)
	}
	if info, err := s.Create(t.Context(), "a", io.LimitReader(zeros{}, size), size); err != nil || info.Size != size {
		t.Errorf("created then: %+v, %v", info, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
