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

// TestServe: the file tells where the server is, and it leaves when asked.
func TestServe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, "127.0.0.1:0", file) }()
	url := ""
	for url == "" {
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
			url = strings.TrimSpace(string(text))
		}
	}
	r, err := http.Get(url + "/absent-bucket")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if r.StatusCode != 404 || r.Header.Get("Server") != "AmazonS3" {
		t.Errorf("got %d from %q, want 404 from gofakes3's name, AmazonS3", r.StatusCode, r.Header.Get("Server"))
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
