package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"bleepstore/fault"
)

// A Command is a cluster that runs elsewhere, and that a program can do things
// to: see NEMESIS.md for how it is called. Its methods may be called together;
// the program runs once at a time.
type Command struct {
	argv   []string
	within time.Duration
	nodes  []string // in the order of the endpoints
	able   []string

	turn chan struct{} // holds one while the program runs

	mu  sync.Mutex
	cut map[fault.Edge]bool // as the stage wants it
}

var _ fault.Target = (*Command)(nil)

// exitSkip is the exit status of a program that cannot do it now.
const exitSkip = 3

// words are what a program may print for what it can do.
var words = []string{"kill", "stop", "pause", "partition", "partition-both", "leader"}

// NewCommand asks a program, given with its first arguments, what it can do to
// the cluster of some endpoints. within bounds each of its runs; 0: 30 s.
func NewCommand(ctx context.Context, argv, endpoints []string, within time.Duration) (*Command, error) {
	if within == 0 {
		within = 30 * time.Second
	}
	c := &Command{argv: argv, within: within, turn: make(chan struct{}, 1), cut: map[fault.Edge]bool{}}
	var err error
	if c.nodes, err = hosts(endpoints); err != nil {
		return nil, err
	}
	out, err := c.run(ctx, "capabilities")
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(out) {
		if named, ok := strings.CutPrefix(line, "nodes:"); ok {
			c.nodes = strings.Fields(named)
			continue
		}
		c.able = append(c.able, strings.Fields(line)...)
	}
	for _, w := range c.able {
		if !slices.Contains(words, w) {
			return nil, fmt.Errorf("%s capabilities: %q: want %s, or nodes: and their names", argv[0], w, strings.Join(words, ", "))
		}
	}
	if len(c.nodes) != len(endpoints) {
		return nil, fmt.Errorf("%s capabilities: it names %d nodes, and there are %d endpoints", argv[0], len(c.nodes), len(endpoints))
	}
	return c, nil
}

// hosts names nodes by the hosts of their endpoints, with ports where hosts are
// the same.
func hosts(endpoints []string) ([]string, error) {
	var short, long []string
	for _, e := range endpoints {
		u, err := url.Parse(e)
		if err != nil {
			return nil, err
		}
		if u.Host == "" {
			return nil, fmt.Errorf("endpoint %q: want a URL", e)
		}
		short, long = append(short, u.Hostname()), append(long, u.Host)
	}
	for i, h := range short {
		if slices.Index(short, h) != i || net.ParseIP(h) != nil && strings.Contains(h, ":") {
			return long, nil
		}
	}
	return short, nil
}

// run runs the program once and returns what it printed. Exit status 3 is a
// *fault.SkipError.
func (c *Command) run(ctx context.Context, args ...string) (string, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.within, fmt.Errorf("it did not end within %s, and was killed", c.within))
	defer cancel()
	cmd := exec.CommandContext(ctx, c.argv[0], slices.Concat(c.argv[1:], args)...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &out, &said, 2*time.Second
	Group(cmd)
	cmd.Cancel = func() error {
		if err := signal(cmd, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return nil
	}
	err := cmd.Run()
	text := strings.TrimSpace(said.String())
	failed, _ := errors.AsType[*exec.ExitError](err)
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case failed != nil && failed.ExitCode() == exitSkip:
		return "", &fault.SkipError{Why: text}
	case err == nil:
		return out.String(), nil
	}
	if text != "" {
		err = fmt.Errorf("%w: %.500s", err, text)
	}
	return "", fmt.Errorf("%s %s: %w", c.argv[0], strings.Join(args, " "), err)
}

// Nodes implements fault.Target.
func (c *Command) Nodes() []string {
	nodes := slices.Clone(c.nodes)
	slices.Sort(nodes)
	return nodes
}

// Named are the nodes in the order of their endpoints.
func (c *Command) Named() []string { return slices.Clone(c.nodes) }

// Leader implements fault.Target.
func (c *Command) Leader(ctx context.Context) (string, error) {
	if !slices.Contains(c.able, "leader") {
		return "", fault.ErrNoLeader
	}
	out, err := c.run(ctx, "leader")
	if _, skipped := errors.AsType[*fault.SkipError](err); skipped {
		return "", fault.ErrNoLeader
	}
	if err != nil {
		return "", err
	}
	leader := strings.TrimSpace(out)
	if !slices.Contains(c.nodes, leader) {
		return "", fault.ErrNoLeader
	}
	return leader, nil
}

// Close has the program take everything back. It is to be called in the end,
// whatever has happened.
func (c *Command) Close(ctx context.Context) error {
	_, err := c.run(ctx, "heal")
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.cut)
	return err
}
