package netns

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"bleepstore/fault"
)

// outside is the variable by which the program learns that it has been run
// again, and from which namespace of networks.
const outside = "BLEEPSTORE_NETNS_OUTSIDE"

// Inside says whether this process runs in namespaces that Reexec made for it.
func Inside() bool {
	was, ok := os.LookupEnv(outside)
	is, err := os.Readlink("/proc/self/ns/net")
	return ok && err == nil && was != is
}

// Probe says why this process can make no lab, or nil. Outside it asks only
// whether there are namespaces to be had; inside it makes a lab of two nodes,
// and a fault, and takes them away again.
func Probe() error {
	if Inside() {
		return try()
	}
	const nowhere = "/proc/self/no such program"
	_, err := os.StartProcess(nowhere, []string{nowhere}, &os.ProcAttr{Sys: isolated()})
	if errors.Is(err, syscall.ENOENT) { // it was cloned, and found nothing to run
		return nil
	}
	return unavailable("make namespaces", err)
}

func unavailable(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
}

// try makes a lab and everything that a fault needs.
func try() error {
	l, err := New(0, "a", "b")
	if err != nil {
		return err
	}
	for _, t := range []fault.NetTrouble{{Cut: true}, {Latency: time.Millisecond}, {}} {
		if err := l.Trouble(context.Background(), fault.Edge{From: "a", To: "b"}, t); err != nil {
			return errors.Join(err, l.Close())
		}
	}
	return l.Close()
}

// isolated is how a process gets a network, mounts and process ids of its own:
// it is the first in there, and all others end with it. Whoever is not root
// becomes it, of a user namespace in which they are the only user.
func isolated() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
		Setpgid:    true, // a terminal's signals reach it through its parent alone
	}
	if os.Geteuid() != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	return a
}

// Reexec sees to it that this process runs in a network, and with mounts and
// process ids, of its own. Inside it returns nil. Outside it runs the program again, with the same
// arguments, environment, directory and files, passes signals on, and leaves with
// the code with which that has ended: it returns only when that could not be
// done. It is to be called first, before the program has done anything.
func Reexec() error {
	if Inside() {
		return settle()
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = isolated()
	here, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return unavailable("find the network of this process", err)
	}
	cmd.Env = append(os.Environ(), outside+"="+here)
	runtime.LockOSThread() // the child is killed when the thread ends that started it
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	if err := cmd.Start(); err != nil {
		signal.Stop(signals)
		return unavailable("run again in namespaces", err)
	}
	go func() {
		for s := range signals {
			_ = cmd.Process.Signal(s) // it has ended otherwise, which Wait tells
		}
	}()
	err = cmd.Wait()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		if s, ok := ended.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			os.Exit(128 + int(s.Signal()))
		}
		os.Exit(ended.ExitCode())
	}
	if err != nil {
		return err
	}
	os.Exit(0)
	return nil
}

// settle makes the namespaces a place to live in: mounts stay in, /proc shows the
// processes that there are here, and the loopback is up.
func settle() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return unavailable("keep mounts to this process", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return unavailable("mount /proc", err)
	}
	return loopback()
}
