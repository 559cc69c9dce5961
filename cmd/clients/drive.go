package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// clientWithin is how long one client may take for its whole script.
const clientWithin = 15 * time.Minute

// drive runs one client's script against a server of its own. It prints the
// steps that failed or were skipped as they come.
func (b *bench) drive(ctx context.Context, c client, f installed, w io.Writer) row {
	fmt.Fprintf(w, "%s (%s)\n", c.name, f.version)
	r := row{client: c.name, version: f.version}
	start := time.Now()
	err := b.driveWith(ctx, c, f, &r, w)
	if r.cut = ctx.Err() != nil; r.cut {
		fmt.Fprintln(w, "  cut off")
	} else if err != nil {
		r.failed++
		fmt.Fprintf(w, "  FAIL  %v\n", err)
	}
	r.took = time.Since(start)
	fmt.Fprintf(w, "  %d ok, %d failed, %d skipped\n", r.ok, r.failed, r.skipped)
	return r
}

func (b *bench) driveWith(ctx context.Context, c client, f installed, r *row, w io.Writer) error {
	dir, err := os.MkdirTemp(b.dir, c.name+"-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		return err
	}
	defaults := "aws"
	if c.legacy {
		defaults = "legacy"
	}
	s, err := b.serve(dir, defaults)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, clientWithin)
	defer cancel()
	script := filepath.Join(b.dir, "script", c.script)
	program := f.path
	if c.with != "" {
		program = c.with
	}
	cmd := exec.CommandContext(ctx, program, script)
	cmd.Env = append(environ(),
		"ENDPOINT="+s.url, "TLS_ENDPOINT="+s.tls, "WORK="+work, "LIB="+filepath.Join(b.dir, "script"), "CLIENT="+f.path, "MODULES="+f.modules,
		"AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_DEFAULT_REGION=us-east-1",
		"AWS_CONFIG_FILE="+filepath.Join(work, ".config"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(work, ".credentials"),
		"AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "NODE_TLS_REJECT_UNAUTHORIZED=0", "NODE_NO_WARNINGS=1")
	return errors.Join(r.run(cmd, w), s.stop())
}

// environ is the environment without what would lead a client elsewhere.
func environ() []string {
	var out []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		upper := strings.ToUpper(name)
		if !strings.HasPrefix(upper, "AWS_") && !strings.HasPrefix(upper, "RCLONE_") && !strings.HasPrefix(upper, "RESTIC_") &&
			upper != "HTTP_PROXY" && upper != "HTTPS_PROXY" && upper != "ALL_PROXY" {
			out = append(out, kv)
		}
	}
	return out
}

// run starts cmd, which has a context, and counts the steps that it prints.
// When the context ends its whole process group does, where there are such.
func (r *row) run(cmd *exec.Cmd, w io.Writer) error {
	apart(cmd)
	cmd.WaitDelay = time.Second
	var noise tail
	cmd.Stderr = &noise
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := r.count(out, w); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the script ended early: %w: %s", err, noise.b)
	}
	if r.ok+r.failed+r.skipped == 0 {
		return fmt.Errorf("the script took no step: %s", noise.b)
	}
	return nil
}

// count reads the lines of a script: a verdict, a tab and the step's name,
// each FAIL followed by indented details; anything else is a fault of the
// script.
func (r *row) count(out io.Reader, w io.Writer) error {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		verdict, rest, _ := strings.Cut(lines.Text(), "\t")
		switch {
		case verdict == "ok":
			r.ok++
			continue
		case verdict == "FAIL":
			r.failed++
		case verdict == "skip":
			r.skipped++
		case verdict == "note", strings.HasPrefix(verdict, "    "):
		default:
			r.failed++
			rest = "the script printed: " + lines.Text()
			verdict = "FAIL"
		}
		fmt.Fprintf(w, "  %s  %s\n", verdict, strings.ReplaceAll(rest, "\t", ": "))
	}
	return lines.Err()
}

// A tail keeps the last bytes written to it.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	const most = 2000
	t.b = append(t.b, p...)
	if len(t.b) > most {
		t.b = append([]byte(nil), t.b[len(t.b)-most:]...)
	}
	return len(p), nil
}
