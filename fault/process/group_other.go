//go:build !unix

package process

import (
	"os"
	"os/exec"
	"syscall"
)

// canPause: a process can be made to stand still.
const canPause = false

const stopSignal, contSignal = syscall.SIGKILL, syscall.SIGKILL // never sent: canPause

func ownGroup(*exec.Cmd) {}

func signalGroup(p *os.Process, s syscall.Signal) error { return p.Signal(s) }
