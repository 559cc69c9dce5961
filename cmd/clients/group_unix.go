//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// apart makes a command that has a context the first of a group of processes,
// which ends as a whole when the context does.
func apart(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
