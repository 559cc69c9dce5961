package conformance

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// killHook compiles the flag: the words of a command, which no shell reads.
func killHook(hook string) func(context.Context) error {
	words := strings.Fields(hook)
	return func(ctx context.Context) error {
		if len(words) == 0 {
			return usage("-kill-hook %q: want a command", hook)
		}
		out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("kill hook: %w: %.200s", err, out)
		}
		return nil
	}
}
