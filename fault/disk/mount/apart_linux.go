package mount

import (
	"os/exec"
	"syscall"
)

// apart keeps a terminal's interrupt from a process: it goes when its standard
// input does.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
