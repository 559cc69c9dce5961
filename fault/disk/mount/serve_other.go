//go:build !linux

package mount

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
)

var errSystem = fmt.Errorf("a disk is mounted on Linux only, and this is %s: %w", runtime.GOOS, errors.ErrUnsupported)

// Serve mounts a disk until ctx ends.
func Serve(context.Context, Config, func(addr string)) error { return errSystem }

// Probe says why a disk cannot be mounted.
func Probe() error { return errSystem }

func detach(string) error { return nil }

func apart(*exec.Cmd) {}
