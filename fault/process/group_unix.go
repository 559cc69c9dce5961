//go:build unix

package process

import (
	"os/exec"
	"syscall"
)

// canPause: a process can be made to stand still.
const canPause = true

const stopSignal, contSignal = syscall.SIGSTOP, syscall.SIGCONT

// Group makes a command that was not started yet the first of a group of
// processes, which a terminal's signals do not reach.
func Group(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

func grouped(cmd *exec.Cmd) bool { return cmd.SysProcAttr != nil && cmd.SysProcAttr.Setpgid }

// signal sends a signal to a command, and to its group.
func signal(cmd *exec.Cmd, s syscall.Signal) error {
	if grouped(cmd) {
		return syscall.Kill(-cmd.Process.Pid, s)
	}
	return cmd.Process.Signal(s)
}
