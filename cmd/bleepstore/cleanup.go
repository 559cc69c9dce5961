package main

import (
	"context"
	"fmt"
	"os"

	"bleepstore/conformance"
)

type cleanupCmd struct {
	Ledger    string   `name:"ledger" required:"" placeholder:"FILE" help:"The ledger of the run that was cut off."`
	Endpoint  []string `name:"endpoint" sep:"," placeholder:"URL" help:"The server, when it is not where the ledger says."`
	AccessKey string   `name:"access-key" help:"Access key; else AWS_ACCESS_KEY_ID, else AWS_PROFILE."`
	SecretKey string   `name:"secret-key" help:"Secret key; else AWS_SECRET_ACCESS_KEY."`
	Region    string   `name:"region" help:"Region to sign for, when it is not the ledger's."`
	Insecure  bool     `name:"k" short:"k" help:"Do not verify the server's TLS certificate."`
}

// Run removes what a run left behind. Its exit code is 7 when something could
// not be removed.
func (c *cleanupCmd) Run() error {
	o := conformance.DefaultOptions()
	o.Endpoint, o.AccessKey, o.SecretKey, o.Region, o.Insecure = c.Endpoint, c.AccessKey, c.SecretKey, c.Region, c.Insecure
	done, err := conformance.CleanUp(context.Background(), c.Ledger, o, os.Getenv)
	for _, name := range done.Removed {
		fmt.Println("removed", name)
	}
	if err != nil {
		return err
	}
	for _, name := range done.Left {
		fmt.Println("left", name)
	}
	if len(done.Left) > 0 {
		fmt.Fprintln(os.Stderr, done.Why)
		return exitWith(conformance.ExitLeftover)
	}
	fmt.Println("clean: the ledger is removed")
	return nil
}
