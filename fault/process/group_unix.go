//go:build unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// canPause: a process can be made to stand still.
const canPause = true

const stopSignal, contSignal = syscall.SIGSTOP, syscall.SIGCONT

// ownGroup makes a command the first of a group of processes.
func ownGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// signalGroup sends a signal to the group of which p was the first.
func signalGroup(p *os.Process, s syscall.Signal) error { return syscall.Kill(-p.Pid, s) }
