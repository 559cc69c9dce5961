//go:build !linux

package netns

import (
	"context"
	"fmt"
	"net/netip"
	"os/exec"

	"bleepstore/fault"
)

// Probe says why no lab can be made on this machine.
func Probe() error { return fmt.Errorf("%w: they are a thing of Linux", ErrUnavailable) }

// Reexec says why the program cannot be run in namespaces.
func Reexec() error { return Probe() }

// Inside says whether this process runs in namespaces of its own.
func Inside() bool { return false }

// A Lab is what there is none of here.
type Lab struct{}

// New says why no lab can be made.
func New(uint64, ...string) (*Lab, error) { return nil, Probe() }

func (*Lab) Add(string) (netip.Addr, error) { return netip.Addr{}, Probe() }

func (*Lab) Start(string, *exec.Cmd) error { return Probe() }

func (*Lab) Trouble(context.Context, fault.Edge, fault.NetTrouble) error { return Probe() }

func (*Lab) Reset(context.Context, fault.Edge) error { return Probe() }

func (*Lab) Close() error { return nil }
