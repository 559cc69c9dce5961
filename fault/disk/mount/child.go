package mount

import (
	"context"
	"fmt"
	"io"
)

// Child is the process that Start starts: it serves until in ends, as it does
// with the process that holds its other end, and writes a ReadyLine to out.
func Child(c Config, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	return Serve(ctx, c, func(addr string) { fmt.Fprintln(out, ReadyLine+addr) })
}
