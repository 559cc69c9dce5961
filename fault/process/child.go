package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// A Child is a process that this one has started. Its methods may be called
// together.
type Child struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
	err   error // how it ended; read once ended is closed
}

// Spawn runs a command whose output is appended to a file. Its standard input
// ends with this process, however that ends. The caller sees to its end. Where
// the command has been given a Group, its own children are reached with it.
func Spawn(cmd *exec.Cmd, log string) (*Child, error) { return spawn(cmd, log, cmd.Start) }

// spawn is Spawn of a command that start starts.
func spawn(cmd *exec.Cmd, log string, start func() error) (*Child, error) {
	c := &Child{cmd: cmd, log: log, ended: make(chan struct{})}
	out, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if _, err := cmd.StdinPipe(); err != nil { // open while this process lives
		return nil, err
	}
	if err := start(); err != nil {
		return nil, err
	}
	go func() {
		if grouped(cmd) {
			reapGroup(cmd)
		}
		c.err = cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// PID is the id of the process.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Ended is closed when the process is gone.
func (c *Child) Ended() <-chan struct{} { return c.ended }

// Runs says whether it has not ended yet.
func (c *Child) Runs() bool {
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// How is how the process ended, once it has.
func (c *Child) How() string {
	if c.err == nil {
		return "exit status 0"
	}
	return c.err.Error()
}

// Killed says whether the process has ended without a word.
func (c *Child) Killed() bool {
	if c.Runs() {
		return false
	}
	status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// Said is the end of what it printed.
func (c *Child) Said() string { return said(c.log) }

// said is the end of a log.
func said(log string) string {
	const most = 2000
	f, err := os.Open(log)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > most {
		_, err = f.Seek(-most, io.SeekEnd)
		if err != nil {
			return err.Error()
		}
	}
	text, err := io.ReadAll(f)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Signal sends a signal to the process and its group. One that has ended is sent
// none, which is no error.
func (c *Child) Signal(s syscall.Signal) error {
	if !c.Runs() {
		return nil
	}
	if err := signal(c.cmd, s); err != nil && !errors.Is(err, os.ErrProcessDone) && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("process %d: %s: %w", c.PID(), s, err)
	}
	return nil
}

// Leave asks the process to leave, kills it when it has not within grace, and
// returns when it is gone.
func (c *Child) Leave(s syscall.Signal, grace time.Duration) error {
	if err := c.Signal(s); err != nil {
		return err
	}
	wait := time.NewTimer(grace)
	defer wait.Stop()
	select {
	case <-c.ended:
		return nil
	case <-wait.C:
	}
	if err := c.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-c.ended
	return nil
}

// A thread starts processes. What is to die with its parent dies, on Linux, with
// the thread that started it: this one lasts until close.
type thread struct{ calls chan func() }

func newThread() *thread {
	t := &thread{make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for call := range t.calls {
			call()
		}
	}()
	return t
}

// spawn is that of a group of processes, the first of which does not outlive this
// one.
func (t *thread) spawn(cmd *exec.Cmd, log string, start func() error) (c *Child, err error) {
	done := make(chan struct{})
	t.calls <- func() {
		defer close(done)
		Group(cmd)
		dieWithParent(cmd)
		c, err = spawn(cmd, log, start)
	}
	<-done
	return c, err
}

func (t *thread) close() { close(t.calls) }
