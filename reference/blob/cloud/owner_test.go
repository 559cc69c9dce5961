package cloud_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"

	"bleepstore/reference/blob"
	"bleepstore/reference/blob/cloud"
)

func TestOwner(t *testing.T) {
	for name, b := range map[string]*faulty{"conditional": {}, "careless": {careless: true}, "without conditions": {simple: true}} {
		t.Run(name, func(t *testing.T) {
			b.objects = map[string][]byte{}
			log := &bytes.Buffer{}
			o := cloud.Options{Bucket: b.bucket(), Owner: "me", Prefix: "p", Logger: slog.New(slog.NewTextHandler(log, nil))}
			s := open(t, o)
			if warned := strings.Contains(log.String(), "on condition"); warned == (name == "conditional") {
				t.Errorf("a new prefix: warned: %t", warned)
			}
			create(t, s, "a", content(1, 100))
			o.Bucket = b.bucket()
			again := open(t, o)
			if got, err := read(t.Context(), again, "a"); err != nil || !bytes.Equal(got, content(1, 100)) {
				t.Errorf("opened again: %d bytes, %v", len(got), err)
			}
			o.Bucket, o.Owner = b.bucket(), "you"
			if _, err := cloud.Open(t.Context(), o); !errors.Is(err, cloud.ErrOwned) || !strings.Contains(err.Error(), "prefix of its own") {
				t.Errorf("another owner: got %v", err)
			}
			o.Bucket, o.Prefix = b.bucket(), "q"
			open(t, o)
			b.objects["p/owner"] = b.objects["q/owner"]
			if err := s.List(t.Context(), "", func(blob.Info) error { return nil }); !errors.Is(err, cloud.ErrOwned) {
				t.Errorf("list of what another has taken: got %v", err)
			}
			delete(b.objects, "p/owner")
			o.Bucket, o.Prefix = b.bucket(), "p"
			if _, err := cloud.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), `{"format":1,"owner":"you"}`) {
				t.Errorf("blobs of nobody: got %v", err)
			}
			b.objects["p/owner"] = []byte(`{"format":2,"owner":"you"}`)
			o.Bucket = b.bucket()
			if _, err := cloud.Open(t.Context(), o); err == nil || !strings.Contains(err.Error(), "knows 1") {
				t.Errorf("another layout: got %v", err)
			}
		})
	}
}

// Of owners that begin together under one prefix one is let in, where the endpoint
// makes objects on condition.
func TestOwnersTogether(t *testing.T) {
	for range 50 {
		b := newFaulty()
		in := make(chan error, 5)
		for i := range 5 {
			go func() {
				_, err := cloud.Open(t.Context(), cloud.Options{Bucket: b.bucket(), Owner: fmt.Sprint("owner ", i)})
				in <- err
			}()
		}
		won := 0
		for range 5 {
			err := <-in
			if err == nil {
				won++
			} else if !errors.Is(err, cloud.ErrOwned) {
				t.Error(err)
			}
		}
		if won != 1 {
			t.Fatalf("%d were let in", won)
		}
	}
}

func TestOpenRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			op   string
			err  error
			says string
		}{
			"no bucket":  {"list", errNoObject, "no such bucket"},
			"no right":   {"read", errDenied, "refused"},
			"no writing": {"write", errDenied, "write its owner"},
		} {
			b := newFaulty()
			b.fate = failing(tc.op, fate{refuse: tc.err})
			if _, err := cloud.Open(t.Context(), cloud.Options{Bucket: b.bucket(), Owner: "me"}); err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("%s: got %v, want %q", name, err, tc.says)
			}
		}
	})
}
