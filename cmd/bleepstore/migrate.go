package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"bleepstore/reference"
	"bleepstore/reference/config"
	"bleepstore/reference/migrate"
)

// migrateCmd brings a store to another backend.
type migrateCmd struct {
	From   string `required:"" placeholder:"CONFIG" help:"YAML file of the settings of the server as it is."`
	To     string `required:"" placeholder:"CONFIG" help:"YAML file of the settings of the server as it is to be: another backend in the same data directory, or a data directory of its own, new or empty."`
	Copies int    `short:"j" default:"8" help:"Bodies that are copied at a time."`
}

// Help implements kong's.
func (*migrateCmd) Help() string {
	return `Both servers must be stopped. Bodies are copied and compared, by size and checksum, and then the data directory
is the other backend's; a data directory of its own gets the metadata too, and master.key. Until then the server as it
was can go on, whatever happens to this command: called again, it goes on where it was. Nothing is removed from the
server as it was. Settings are those of the two files: no variable of the environment changes them. A node of a cluster
is not migrated.`
}

// Run implements the command.
func (c *migrateCmd) Run() error {
	if c.Copies < 1 {
		return usage("-j %d: want 1 at least", c.Copies)
	}
	from, err := settled(c.From)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	to, err := settled(c.To)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once: that is always safe
	var p migrate.Progress
	told := tell(os.Stdout, &p)
	began := time.Now()
	err = reference.Migrate(ctx, from, to, reference.MigrateOptions{Copies: c.Copies, Progress: &p})
	told()
	switch {
	case errors.Is(err, reference.ErrMigrated):
		fmt.Printf("nothing to do: %v\n", err)
		return nil
	case err != nil:
		return ended(ctx, fmt.Errorf("migrate: %w", err))
	}
	fmt.Printf("migrated %d blobs of %d bytes, %d of which were there already, and found them equal, in %s\n",
		p.OfBlobs.Load(), p.OfBytes.Load(), p.There.Load(), time.Since(began).Round(time.Millisecond))
	fmt.Printf("serve it by the settings of %s; what the backend %s holds was left there\n", c.To, from.Backend)
	return nil
}

// settled is where a file of settings says that a server keeps what it has. The
// environment has no part in it: it would speak of both servers.
func settled(file string) (reference.Config, error) {
	v, err := config.Resolve(nil, func(string) string { return "" }, file)
	if err != nil {
		return reference.Config{}, err
	}
	return site(v)
}

// How often it is told how far a migration is: to somebody who looks at it, and to
// a log.
const (
	tellScreen = 200 * time.Millisecond
	tellLog    = 10 * time.Second
)

// tell tells how far p is until stop is called: on a terminal in one line that
// changes.
func tell(out *os.File, p *migrate.Progress) (stop func()) {
	every, begin, end := tellLog, "", "\n"
	if screen(out) {
		every, begin, end = tellScreen, "\r", "\x1b[K"
	}
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				_, _ = io.WriteString(out, begin+far(p)+end) // who does not see it misses nothing
			case <-over:
				if begin != "" {
					_, _ = io.WriteString(out, begin+end)
				}
				return
			}
		}
	}()
	return func() {
		close(over)
		<-done
	}
}

func screen(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0
}

// far is a line that says how far p is.
func far(p *migrate.Progress) string {
	blobs, of, bytes, ofBytes := p.Blobs.Load(), p.OfBlobs.Load(), p.Bytes.Load(), p.OfBytes.Load()
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d blobs, %.1f of %.1f MiB", blobs, of, mib(bytes), mib(ofBytes))
	if of > 0 && blobs == of {
		b.WriteString("; comparing")
	}
	return b.String()
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
