package conformance

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"
)

// A clock hook is how anybody's server lets time be moved for a test. It names
// {bucket} and {at}, and returns, or answers with a status of 2xx, once the server
// has done to that bucket what its lifecycle demands by then. Nothing else need
// change: a server whose clock goes forward for all does well too, if the rest of
// the suite is not run with it.

// clockHook compiles the flag: a URL or the words of a command, which no shell
// reads.
func clockHook(hook, token string) (func(context.Context, string, time.Time) error, error) {
	if !strings.Contains(hook, "{bucket}") || !strings.Contains(hook, "{at}") {
		return nil, usage("-clock-hook %q: want {bucket} and {at} in it", hook)
	}
	if strings.HasPrefix(hook, "http://") || strings.HasPrefix(hook, "https://") {
		if _, err := url.Parse(filled(hook, "b", time.Time{})); err != nil {
			return nil, usage("-clock-hook %q: %w", hook, err)
		}
		return func(ctx context.Context, bucket string, at time.Time) error {
			return post(ctx, filled(hook, url.QueryEscape(bucket), at), token)
		}, nil
	}
	words := strings.Fields(hook)
	return func(ctx context.Context, bucket string, at time.Time) error {
		args := make([]string, len(words))
		for i, w := range words {
			args[i] = filled(w, bucket, at)
		}
		out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("clock hook: %w: %.200s", err, out)
		}
		return nil
	}, nil
}

func filled(text, bucket string, at time.Time) string {
	return strings.NewReplacer("{bucket}", bucket, "{at}", at.UTC().Format(time.RFC3339)).Replace(text)
}

func post(ctx context.Context, to, token string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, nil)
	if err != nil {
		return fmt.Errorf("clock hook: %w", err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("clock hook: %w", err)
	}
	defer a.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(a.Body, 200)) // for the message alone
	if a.StatusCode/100 != 2 {
		return fmt.Errorf("clock hook: %s: %s", a.Status, body)
	}
	return nil
}
