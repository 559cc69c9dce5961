//go:build cloud

// Command fakegcs serves fake-gcs-server, an emulator of Google Cloud Storage,
// with one empty bucket called blobs, so that the suite can be run over the gcp
// backend. It is for tests alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

func main() {
	file := flag.String("addr-file", "", "file that gets host:port once it listens")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, *file); err != nil {
		fmt.Fprintln(os.Stderr, "fakegcs:", err)
		os.Exit(1)
	}
}

// serve listens on a free loopback port until ctx ends.
func serve(ctx context.Context, file string) error {
	srv, err := fakestorage.NewServerWithOptions(fakestorage.Options{Scheme: "http", Host: "127.0.0.1", Port: 0, Writer: io.Discard})
	if err != nil {
		return err
	}
	defer srv.Stop()
	srv.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "blobs"})
	addr := strings.TrimPrefix(srv.URL(), "http://")
	fmt.Println(addr)
	if file != "" {
		if err := os.WriteFile(file, []byte(addr+"\n"), 0o644); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}
