package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed script
var scripts embed.FS

// A bench is what all clients share: the server's program and the scripts.
type bench struct {
	dir, program, backend string
}

// newBench builds the server and lays the scripts out in dir.
func newBench(ctx context.Context, dir, backend string) (*bench, error) {
	sub, err := fs.Sub(scripts, "script")
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(dir, "script"), sub); err != nil {
		return nil, err
	}
	b := &bench{dir: dir, program: filepath.Join(dir, "bleepstore"), backend: backend}
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", b.program, "bleepstore/cmd/bleepstore").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the server: %w\n%s", err, out)
	}
	return b, nil
}

const (
	accessKey, secretKey = "clients", "clients-secret-key"

	startWithin = 20 * time.Second
	stopWithin  = 20 * time.Second
)

// A server is one run of `bleepstore serve`.
type server struct {
	cmd      *exec.Cmd
	url, tls string
	log      string // file
	ended    chan error
}

// serve starts a server that keeps its data in dir and gives new buckets the
// defaults named.
func (b *bench) serve(dir, defaults string) (*server, error) {
	s := &server{log: filepath.Join(dir, "log"), ended: make(chan error, 1)}
	log, err := os.Create(s.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	addr := filepath.Join(dir, "addr")
	s.cmd = exec.Command(b.program, "serve", "--addr", "127.0.0.1:0", "--tls", "self-signed", "--tls-addr", "127.0.0.1:0",
		"--addr-file", addr, "--ops-addr", "off", "--data", filepath.Join(dir, "data"), "--backend", b.backend, "--bucket-defaults", defaults,
		"--access-key", accessKey, "--secret-key", secretKey)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { s.ended <- s.cmd.Wait() }()
	for deadline := time.Now().Add(startWithin); time.Now().Before(deadline); {
		select {
		case err := <-s.ended:
			return nil, fmt.Errorf("the server ended before it was ready: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
		if text, err := os.ReadFile(addr); err == nil && strings.Count(string(text), "\n") == 2 {
			lines := strings.Fields(string(text))
			s.url, s.tls = lines[0], lines[1]
			return s, nil
		}
	}
	s.cmd.Process.Kill()
	<-s.ended
	return nil, fmt.Errorf("the server was not ready within %v", startWithin)
}

// stop ends the server and returns what it has to be blamed for: an exit code,
// or failures of its own in the log.
func (s *server) stop() error {
	s.cmd.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case err = <-s.ended:
	case <-time.After(stopWithin):
		s.cmd.Process.Kill()
		<-s.ended
		err = fmt.Errorf("not within %v of SIGTERM", stopWithin)
	}
	if err != nil {
		err = fmt.Errorf("stop the server: %w", err)
	}
	text, readErr := os.ReadFile(s.log)
	var blamed []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, "level=ERROR") || strings.Contains(line, "panic") {
			blamed = append(blamed, strings.TrimSpace(line))
		}
	}
	if len(blamed) > 0 {
		err = errors.Join(err, fmt.Errorf("the server logged %d errors, the first: %s", len(blamed), blamed[0]))
	}
	return errors.Join(err, readErr)
}
