package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A space is a network namespace: it lasts as long as anybody has it open or runs
// in it.
type space struct{ file *os.File }

func current() (space, error) {
	f, err := os.Open("/proc/thread-self/ns/net")
	return space{f}, err
}

// newSpace makes a namespace whose loopback is up. The caller closes its file.
func newSpace() (s space, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err = unix.Unshare(unix.CLONE_NEWNET); err != nil {
			err = unavailable("make a network namespace", err)
			return
		}
		if s, err = current(); err != nil {
			return
		}
		if err = loopback(); err != nil {
			err = errors.Join(err, s.file.Close())
		}
	}()
	<-done
	return s, err
}

func loopback() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return unavailable("find the loopback", err)
	}
	return unavailable("raise the loopback", netlink.LinkSetUp(lo))
}

// do calls fn on a thread that is in the namespace: sockets that it opens and
// processes that it starts belong there for good. fn must do so in its own
// goroutine.
func (s space) do(fn func() error) error {
	runtime.LockOSThread()
	home, err := current()
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.file.Close()
	if err := unix.Setns(int(s.file.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter a network namespace: %w", err)
	}
	err = fn()
	if back := unix.Setns(int(home.file.Fd()), unix.CLONE_NEWNET); back != nil {
		// The thread stays locked and ends with its goroutine: nobody else is to run on it.
		return errors.Join(err, fmt.Errorf("leave a network namespace: %w", back))
	}
	runtime.UnlockOSThread()
	return err
}
