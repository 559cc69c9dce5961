package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bleepstore/conformance/bench"
	"bleepstore/fault/process"
)

// A launched server runs as a process of its own, and writes where it
// listens to a file.
type launched struct {
	*process.Child
	name  string
	url   *url.URL
	tls   string        // a second URL that it told, for TLS; "": none
	grace time.Duration // how long it takes to leave at most
}

// startProcess runs `bleepstore args...` on a free port of the loopback and
// returns once it listens. Its files go to dir.
func startProcess(dir string, args ...string) (*launched, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	addrFile := filepath.Join(dir, args[0]+".addr")
	cmd := exec.CommandContext(context.Background(), self, append(args, "--addr", "127.0.0.1:0", "--addr-file", addrFile, "--with-parent")...)
	cmd.Args[0] = "bleepstore"
	return launch(cmd, args[0], dir, addrFile)
}

// launch runs a command that is to write the URL where it listens to addrFile,
// with a line break behind it, and returns once it has. What it prints goes to
// dir.
func launch(cmd *exec.Cmd, name, dir, addrFile string) (*launched, error) {
	if err := os.Remove(addrFile); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	p, err := spawn(cmd, name, filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	if err = p.listens(addrFile); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// spawn runs a command whose output is appended to a file. Its standard input
// ends with this process, however that ends.
func spawn(cmd *exec.Cmd, name, log string) (*launched, error) {
	c, err := process.Spawn(cmd, log)
	if err != nil {
		return nil, err
	}
	return &launched{Child: c, name: name, grace: 10 * time.Second}, nil
}

// listens waits for the file that says where the process is.
func (p *launched) listens(addrFile string) error {
	const most = 10 * time.Second
	for began := time.Now(); time.Since(began) < most; {
		if text, err := os.ReadFile(addrFile); err == nil && bytes.HasSuffix(text, []byte("\n")) {
			first, second, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
			p.tls = second
			p.url, err = url.Parse(first)
			return err
		}
		select {
		case <-p.Ended():
			return fmt.Errorf("%s ended before it listened: %s\n%s", p.name, p.How(), p.Said())
		case <-time.After(500 * time.Microsecond):
		}
	}
	return fmt.Errorf("%s did not listen within %s\n%s", p.name, most, p.Said())
}

// stop asks the process to leave and waits for it.
func (p *launched) stop() error { return p.Leave(syscall.SIGTERM, p.grace) }

// memory returns the resident bytes of the process, 0 where the system does not
// tell.
func (p *launched) memory() int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmRSS:")); ok {
			kib, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(rest)), "kB")), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// server is how the process is measured.
func (p *launched) server(access, secret, region string) bench.Server {
	return bench.Server{Endpoint: p.url, Access: access, Secret: secret, Region: region}
}

// leaveWithParent ends this process, as SIGTERM does, once its standard input
// ends: a parent that is killed leaves no child behind.
func leaveWithParent() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // whatever ends it, the parent is gone
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(syscall.SIGTERM)
		}
	}()
}
