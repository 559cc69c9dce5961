package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"bleepstore/reference"
)

// restoreCmd makes a data directory of a backup.
type restoreCmd struct {
	From    string `required:"" placeholder:"FILE" help:"The backup; - is standard input."`
	Data    string `placeholder:"DIR" help:"Data directory to make (./data); one that is there must be empty."`
	Config  string `placeholder:"FILE" help:"YAML file of the settings of the server to be."`
	Backend string `enum:",local,sqlite" default:"" help:"Where bodies are to be kept: local or sqlite (local)."`
}

// Run implements the command.
func (c *restoreCmd) Run() error {
	ctx, in := interruptible()
	defer in.release()
	rc, err := stored(c.Data, c.Backend, c.Config)
	if err != nil {
		return err
	}
	from := io.Reader(os.Stdin)
	if c.From == "-" {
		from = abandonable(ctx, from)
	} else {
		f, err := os.Open(c.From)
		if err != nil {
			return ended(ctx, err)
		}
		defer f.Close()
		from = f
	}
	m, err := reference.Restore(ctx, rc, from)
	if err != nil {
		return ended(ctx, fmt.Errorf("restore: %w", err))
	}
	fmt.Printf("restored %s, taken %s\n", counted(m), m.Made.Format("2006-01-02 15:04:05 MST"))
	if m.Master != "" {
		fmt.Printf("its objects are encrypted by the master key %s, which a backup does not hold: put it into master.key there, or into encryption.master_key_file\n", m.Master)
	}
	fmt.Printf("it is a store of its own now, one node: bleepstore serve --data %s --backend %s\n", rc.Dir, rc.Backend)
	return nil
}

// abandonable reads r, which may block for ever, until ctx ends.
func abandonable(ctx context.Context, r io.Reader) io.Reader {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(in, r)
		_ = in.CloseWithError(err) // it has no error
	}()
	context.AfterFunc(ctx, func() { _ = in.CloseWithError(context.Cause(ctx)) })
	return out
}
