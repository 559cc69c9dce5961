//go:build cloud

package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestServe: the file tells where the emulator is, and it leaves when asked.
func TestServe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "addr")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, file) }()
	addr := ""
	for addr == "" {
		select {
		case err := <-ended:
			t.Fatal("it ended by itself:", err)
		default:
		}
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if strings.HasSuffix(string(text), "\n") {
			addr = strings.TrimSpace(string(text))
		}
	}
	r, err := http.Get("http://" + addr + "/storage/v1/b/blobs")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Errorf("the bucket: got %d", r.StatusCode)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
