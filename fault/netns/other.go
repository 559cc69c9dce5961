//go:build !linux

package netns

import "fmt"

// Probe says why no lab can be made on this machine.
func Probe() error { return fmt.Errorf("%w: they are a thing of Linux", ErrUnavailable) }

// Reexec says why the program cannot be run in namespaces.
func Reexec() error { return Probe() }

// Inside says whether this process runs in namespaces of its own.
func Inside() bool { return false }
