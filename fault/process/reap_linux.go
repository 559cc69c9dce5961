package process

import (
	"errors"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reapGroup waits until the first of a group has ended, and kills what is left
// of the group. The number of the group is not given to anybody else before that:
// the process is still there to be waited for.
func reapGroup(cmd *exec.Cmd) {
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // as a rule it is alone
}

// awaitStop returns when all threads of a process that was told to stand still do,
// or it has ended; after a second it gives up: one may wait for a disk that hangs.
func awaitStop(cmd *exec.Cmd) {
	for began := time.Now(); time.Since(began) < time.Second; time.Sleep(200 * time.Microsecond) {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, cmd.Process.Pid, &info, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
		if err == nil && info.Signo != 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}

// dieWithParent has the process killed when this one ends without having ended
// it.
func dieWithParent(cmd *exec.Cmd) { // Group has made the attributes
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
