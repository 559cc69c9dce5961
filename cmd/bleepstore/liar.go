package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"bleepstore/conformance"
	"bleepstore/fault/liar"
	"bleepstore/scenarios"
)

type liarCmd struct {
	Endpoint     string `placeholder:"URL" help:"The server that it stands before."`
	Listen       string `default:"127.0.0.1:0" placeholder:"ADDR" help:"Address to listen on; port 0 picks a free one. Clients speak plain HTTP there."`
	AddrFile     string `placeholder:"FILE" help:"File that gets the liar's URL once it listens."`
	Lie          string `placeholder:"NAME" help:"What it does wrong; none: it hands on what it hears."`
	List         bool   `help:"The lies instead: name, what each breaks, sentence."`
	JSON         bool   `name:"json" help:"With --list: one JSON array instead of lines."`
	AccessKey    string `help:"Access key that requests are signed with; else AWS_ACCESS_KEY_ID, else AWS_PROFILE. A changed request is signed anew."`
	SecretKey    string `secret:"" help:"Secret key; else AWS_SECRET_ACCESS_KEY."`
	AltAccessKey string `help:"Access key of a second account."`
	AltSecretKey string `secret:"" help:"Secret key of a second account."`
	Region       string `help:"Region to sign for; else AWS_REGION, else us-east-1."`
	Seed         uint64 `default:"1" help:"Seed of lies that are told now and then."`
	Insecure     bool   `name:"k" short:"k" help:"Do not verify the server's TLS certificate."`
}

// Help is what --help says besides the flags.
func (*liarCmd) Help() string {
	return `It prints its URL: point a test suite of S3 there, as at the server itself, with the same keys. Without --lie the suite
has to find what it finds without a liar; with one it has to fail, or it is blind to that.

Besides those of --list there are families, named after operations of S3 and what their requests and answers have:
` + liar.Families()
}

// Run stands before a server until it is interrupted.
func (c *liarCmd) Run() error {
	if c.List {
		return c.list(os.Stdout)
	}
	if c.Endpoint == "" {
		return usage("liar: --endpoint URL says before which server")
	}
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Region, o.Insecure = []string{c.Endpoint}, c.AccessKey, c.SecretKey, c.Region, c.Insecure
	o.AltAccessKey, o.AltSecretKey = c.AltAccessKey, c.AltSecretKey
	l, err := newLiar(o, c.Listen, c.Seed, os.Getenv)
	if err != nil {
		return err
	}
	return errors.Join(c.stand(l), l.Close())
}

// newLiar opens a liar before the first endpoint of o, with the keys of o.
func newLiar(o conformance.Options, listen string, seed uint64, getenv func(string) string) (*liar.Liar, error) {
	t, err := conformance.TargetOf(o, getenv)
	if err != nil {
		return nil, err
	}
	var keys []liar.Keys
	for _, k := range []scenarios.Keys{t.Main, t.Alt} {
		if k.Access != "" {
			keys = append(keys, liar.Keys{Access: k.Access, Secret: k.Secret})
		}
	}
	l, err := liar.New(liar.Options{Target: t.Endpoints[0], TLS: t.TLS, Listen: listen, Keys: keys, Region: t.Region, Seed: seed})
	if err != nil {
		return nil, usage("%w", err)
	}
	return l, nil
}

// stand lies until it is interrupted, and says then how often.
func (c *liarCmd) stand(l *liar.Liar) error {
	if err := l.Tell(c.Lie); err != nil {
		return usage("--lie: %w: see --list, and --help for families", err)
	}
	ctx, stop := interruptible()
	defer stop.release()
	fmt.Println(l.URL())
	if err := announce(c.AddrFile, l.URL().String()); err != nil {
		return err
	}
	<-ctx.Done()
	fmt.Printf("told %d times\n", l.Told())
	return nil
}

func (c *liarCmd) list(w io.Writer) error {
	lies := liar.Lies()
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(lies)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range lies {
		fmt.Fprintf(tw, "%s\t%s\n    %s\n", m.Name, strings.Join(m.Breaks, " "), m.Says)
	}
	return tw.Flush()
}
