//go:build !unix

package process

import (
	"os/exec"
	"syscall"
)

// canPause: a process can be made to stand still.
const canPause = false

const stopSignal, contSignal = syscall.SIGKILL, syscall.SIGKILL // never sent: canPause

// Group makes a command that was not started yet the first of a group of
// processes, which a terminal's signals do not reach.
func Group(*exec.Cmd) {}

func grouped(*exec.Cmd) bool { return false }

func signal(cmd *exec.Cmd, s syscall.Signal) error { return cmd.Process.Signal(s) }
