// Command gofakes3 serves gofakes3, an S3 server that nobody here wrote, so
// that the suite and its report can be tried on one. It is for tests alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"bleepstore/conformance/foreign"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on; port 0 picks a free one")
	file := flag.String("addr-file", "", "file that gets the server's URL once it listens")
	withParent := flag.Bool("with-parent", false, "leave when standard input ends, as it does with whoever holds it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *withParent {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // whatever ends it, the parent is gone
			stop()
		}()
	}
	if err := serve(ctx, *addr, *file); err != nil {
		fmt.Fprintln(os.Stderr, "gofakes3:", err)
		os.Exit(1)
	}
}

// serve listens until ctx ends.
func serve(ctx context.Context, addr, file string) error {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	url := "http://" + l.Addr().String()
	fmt.Println(url)
	if file != "" {
		if err := os.WriteFile(file, []byte(url+"\n"), 0o644); err != nil {
			return err
		}
	}
	srv := &http.Server{Handler: foreign.Handler(), ErrorLog: log.New(io.Discard, "", 0)} // it panics here and there: its client sees that
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		return srv.Close()
	}
}
