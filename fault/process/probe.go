package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// patience is how long one answer of a node may take.
const patience = 3 * time.Second

// fetch sends a request and returns the answer.
func (c *Cluster) fetch(ctx context.Context, method, url string, header map[string]string, body string) (status int, text []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return send(ctx, c.web, method, url, header, body)
}

func send(ctx context.Context, web *http.Client, method, url string, header map[string]string, body string) (status int, text []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	resp, err := web.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	text, err = io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	return resp.StatusCode, text, err
}

// ask asks a node what a probe asks, and returns the whole answer.
func (c *Cluster) ask(ctx context.Context, n *node, p *Probe) ([]byte, error) {
	if len(p.Command) > 0 {
		argv, err := n.scope.all(p.Command)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
		cmd.Dir, cmd.WaitDelay = c.o.Dir, time.Second
		out, err := cmd.Output()
		if failed, ok := errors.AsType[*exec.ExitError](err); ok {
			err = fmt.Errorf("%s: %w: %.200s", argv[0], err, failed.Stderr)
		}
		return out, err
	}
	url, err := n.scope.expand(p.URL)
	if err != nil {
		return nil, err
	}
	header, err := n.scope.values(p.Header)
	if err != nil {
		return nil, err
	}
	status, text, err := c.fetch(ctx, http.MethodGet, url, header, "")
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s got %d: %.200s", url, status, text)
	}
	return text, err
}

// field finds a field of an answer and returns it as text. A path is names with
// dots between them; [name=value] chooses the object of a list that has it. The
// whole answer, trimmed, is the field "".
func (n *node) field(answer []byte, path string) (string, error) {
	if path == "" {
		return strings.TrimSpace(string(answer)), nil
	}
	path, err := n.scope.expand(path)
	if err != nil {
		return "", err
	}
	var at any
	dec := json.NewDecoder(bytes.NewReader(answer))
	dec.UseNumber()
	if err := dec.Decode(&at); err != nil {
		return "", fmt.Errorf("the answer is no JSON: %w", err)
	}
	for _, step := range strings.Split(path, ".") {
		next, ok := down(at, step)
		if !ok {
			return "", fmt.Errorf("the answer has no field %s: there is no %s", path, step)
		}
		at = next
	}
	switch v := at.(type) {
	case string:
		return v, nil
	case nil:
		return "", nil
	}
	text, err := json.Marshal(at)
	return string(text), err
}

// down goes one step of a path.
func down(at any, step string) (any, bool) {
	switch v := at.(type) {
	case map[string]any:
		next, ok := v[step]
		return next, ok
	case []any:
		name, value, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(step, "["), "]"), "=")
		for _, one := range v {
			if has, is := one.(map[string]any); ok && is && fmt.Sprint(has[name]) == value {
				return one, true
			}
		}
	}
	return nil, false
}
