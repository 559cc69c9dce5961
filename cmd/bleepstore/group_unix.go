//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps the signals of a terminal from a command: its parent passes on
// what it wants.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
