package mount

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"time"

	"bleepstore/fault"
)

// Options say what Start starts.
type Options struct {
	Self  string // a program that has the command "faultdisk", as bleepstore does
	Dir   string // an empty directory
	Seed  uint64 // decides what a crash leaves and which operations fail
	Limit int64  // bytes that the files may hold; 0: DefaultLimit
	Deaf  bool   // syncs do nothing: for a test of a test
}

// A Mount is a disk that is mounted on a directory by a process of its own. Its
// methods may be called together.
type Mount struct {
	dir    string
	url    string
	client *http.Client
	cmd    *exec.Cmd
	stdin  io.Closer // the process ends with it
	said   said
	ended  chan struct{}
	err    error // of the process; read once ended is closed
}

// said keeps the end of what the process writes to its standard error.
type said struct {
	mu   sync.Mutex
	text []byte
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = append(s.text, b...)
	s.text = s.text[max(0, len(s.text)-4096):]
	return len(b), nil
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.TrimSpace(string(s.text))
}

// Start mounts a disk and returns when it can be used. ctx is that of starting;
// the caller calls Close. When the calling process ends, however it does, the
// disk is unmounted, too.
func Start(ctx context.Context, o Options) (*Mount, error) {
	m := &Mount{dir: o.Dir, client: &http.Client{Transport: &http.Transport{}}, ended: make(chan struct{})}
	m.cmd = exec.Command(o.Self, "faultdisk", "--mount", o.Dir, "--seed", fmt.Sprint(o.Seed), "--limit", fmt.Sprint(cmp.Or(o.Limit, DefaultLimit)))
	if o.Deaf {
		m.cmd.Args = append(m.cmd.Args, "--deaf")
	}
	m.cmd.Stderr = &m.said
	apart(m.cmd)
	stdin, err := m.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a disk: %w", err)
	}
	m.stdin = stdin
	told := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if addr, ok := strings.CutPrefix(lines.Text(), ReadyLine); ok {
				told <- addr
				break
			}
		}
		_, _ = io.Copy(io.Discard, stdout)
		m.err = m.cmd.Wait()
		close(m.ended)
	}()
	select {
	case addr := <-told:
		m.url = "http://" + addr
		return m, nil
	case <-m.ended:
		return nil, fmt.Errorf("start a disk: %w: %s", cmp.Or(m.err, errEnded), &m.said)
	case <-ctx.Done():
		return nil, errors.Join(fmt.Errorf("start a disk: %w", context.Cause(ctx)), m.Close())
	}
}

var errEnded = errors.New("the process of the disk has ended")

// ReadyLine begins the line by which the process says that the disk is mounted;
// the address of its control follows.
const ReadyLine = "disk mounted, control "

// Dir is where it is mounted.
func (m *Mount) Dir() string { return m.dir }

// Trouble sets what ails the disk from now on; a zero value is health.
func (m *Mount) Trouble(ctx context.Context, t fault.DiskTrouble) error {
	text, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return m.ask(ctx, http.MethodPost, "/trouble", text, nil)
}

// Crash takes the power away, and gives it back: what was not synced is
// forgotten but for a part of it. Whoever had files open has been killed before.
func (m *Mount) Crash(ctx context.Context) error {
	return m.ask(ctx, http.MethodPost, "/crash", nil, nil)
}

// Stat tells what the disk is used for.
func (m *Mount) Stat(ctx context.Context) (s Stat, err error) {
	err = m.ask(ctx, http.MethodGet, "/stat", nil, &s)
	return s, err
}

func (m *Mount) ask(ctx context.Context, method, path string, body []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the disk: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return fmt.Errorf("ask the disk: %w", err)
	case resp.StatusCode >= 300:
		return fmt.Errorf("ask the disk: %s %s: %s: %s", method, path, resp.Status, bytes.TrimSpace(text))
	case into != nil:
		return json.Unmarshal(text, into)
	}
	return nil
}

// patience is how long a disk may take to unmount before it is killed.
const patience = 10 * time.Second

// Close unmounts the disk and ends its process; all that was on it is gone.
func (m *Mount) Close() error {
	_ = m.stdin.Close() // closed twice at most
	m.client.CloseIdleConnections()
	select {
	case <-m.ended:
	case <-time.After(patience):
		_ = m.cmd.Process.Kill()
		<-m.ended
		return errors.Join(errors.New("the disk did not end, and was killed"), detach(m.dir))
	}
	if m.err != nil {
		return fmt.Errorf("%w: %w: %s", errEnded, m.err, &m.said)
	}
	return nil
}
