package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"bleepstore/conformance"
	"bleepstore/conformance/mutation"
)

// command returns what runs the command lines that find bugs. One that finds a lie
// is pointed at a liar that tells it; one that finds another bug gets that in its
// environment.
func command(o conformance.Options) mutation.Command {
	return func(ctx context.Context, ground, line, mutant string) (code int, said string, err error) {
		args := strings.Fields(line)
		if ground != groundLiar {
			return runSelf(ctx, args, mutantVar+"="+mutant)
		}
		site, err := grounds(o)[ground](ctx)
		if err != nil {
			return 0, "", err
		}
		defer func() { err = errors.Join(err, site.Close(context.WithoutCancel(ctx))) }()
		if mutant != "" {
			if err := site.Subject.Plant(mutant); err != nil {
				return 0, "", err
			}
		}
		var env []string
		if k := site.Options.AccessKey; k != "" {
			env = append(env, "AWS_ACCESS_KEY_ID="+k, "AWS_SECRET_ACCESS_KEY="+site.Options.SecretKey)
		}
		if r := site.Options.Region; r != "" {
			env = append(env, "AWS_REGION="+r)
		}
		return runSelf(ctx, append(args, "--endpoint", site.Options.Endpoint[0]), env...)
	}
}

// runSelf runs this program, with variables besides those of the environment that
// are no bugs.
func runSelf(ctx context.Context, args []string, env ...string) (int, string, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, "", err
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Args[0] = "bleepstore"
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, mutantVar+"=") })
	cmd.Env = append(cmd.Env, env...)
	said := &lastWords{}
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	err = cmd.Run()
	if ee, ok := errors.AsType[*exec.ExitError](err); ok && ee.Exited() {
		return ee.ExitCode(), said.String(), nil
	}
	return 0, said.String(), err
}
