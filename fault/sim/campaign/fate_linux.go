package campaign

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// Numbers of Linux that package syscall has no names for, or not on every
// architecture.
const (
	atRandom      = 25         // AT_RANDOM of getauxval(3)
	waitAll       = 0x40000000 // __WALL of waitpid(2): threads, too
	traceExitKill = 0x100000   // PTRACE_O_EXITKILL of ptrace(2)
)

// start starts cmd, as cmd.Start does, and takes from the process what would make
// two runs of one seed differ, as a debugger could:
//
//   - Of its auxiliary vector, the 16 random bytes with which Go's runtime seeds
//     itself become those of fate. They decide the order of timers of one moment, of
//     select and of maps.
//   - Its second thread never runs: that is the runtime's monitor, which takes the
//     processor from a goroutine after 10 ms of real time.
//   - Its threads share one processor, and one that wakes another goes on until it
//     waits itself: so they pass goroutines on in the same order every time.
//
// That takes no privileges. Where the system does not let it the error is
// errNoFate, wrapped, and the process has been ended. It ends with this one.
func start(cmd *exec.Cmd, fate [16]byte) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // who traces a process is a thread; it ends with this
		seat, err := confine()
		defer leave(seat)
		monitor := 0
		if err == nil {
			monitor, err = begin(cmd, fate)
		}
		started <- err
		if err == nil {
			_, _ = await(monitor) // it ends with its process, which waits for this
		}
	}()
	return <-started
}

// begin is start, in the thread that traces. It returns the id of the thread that
// stands still.
func begin(cmd *exec.Cmd, fate [16]byte) (monitor int, err error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Ptrace = true
	if err := cmd.Start(); err != nil {
		if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
			return 0, fmt.Errorf("%w: %w", errNoFate, err)
		}
		return 0, err
	}
	pid := cmd.Process.Pid
	err = decide(pid, fate)
	if err == nil {
		monitor, err = hold(pid)
	}
	if err != nil {
		err = errors.Join(fmt.Errorf("%w: %w", errNoFate, err), cmd.Process.Kill())
		if monitor != 0 {
			_, _ = await(monitor)
		}
		_ = cmd.Wait() // it was killed
	}
	return monitor, err
}

// seats counts the children that run on each processor. Of those that have equally
// many each gets its turn; programs that run at the same time begin with others.
var seats = struct {
	sync.Mutex
	taken map[int]int
	turn  int
}{taken: map[int]int{}, turn: os.Getpid()}

// confine sees to it that what this thread starts runs on one processor, of those
// that have the fewest children, and does not make way for what it wakes. leave
// gives the seat back.
func confine() (seat int, err error) {
	var all, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return -1, fmt.Errorf("%w: ask for processors: %w", errNoFate, err)
	}
	seat = take(&all)
	one.Set(seat)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return seat, fmt.Errorf("%w: stay on one processor: %w", errNoFate, err)
	}
	attr, err := unix.SchedGetAttr(0, 0)
	if err == nil {
		attr.Policy = unix.SCHED_BATCH
		err = unix.SchedSetAttr(0, attr, 0)
	}
	if err != nil {
		return seat, fmt.Errorf("%w: make no way: %w", errNoFate, err)
	}
	return seat, nil
}

// take takes a seat.
func take(all *unix.CPUSet) int {
	seats.Lock()
	defer seats.Unlock()
	seats.turn++
	best := -1
	for i := range all.Count() {
		if cpu := nth(all, (seats.turn+i)%all.Count()); best < 0 || seats.taken[cpu] < seats.taken[best] {
			best = cpu
		}
	}
	seats.taken[best]++
	return best
}

// nth is the nth processor of a set, from 0.
func nth(set *unix.CPUSet, n int) (cpu int) {
	for ; n > 0 || !set.IsSet(cpu); cpu++ {
		if set.IsSet(cpu) {
			n--
		}
	}
	return cpu
}

// leave gives a seat back; -1 is none.
func leave(seat int) {
	seats.Lock()
	defer seats.Unlock()
	if seat >= 0 {
		seats.taken[seat]--
	}
}

// decide writes fate over the random bytes of a process that stops before its
// first instruction.
func decide(pid int, fate [16]byte) error {
	if err := stopped(pid, syscall.SIGTRAP); err != nil {
		return err
	}
	at, err := randomAt(pid)
	if err != nil {
		return err
	}
	_, err = syscall.PtracePokeData(pid, at, fate[:])
	return err
}

// hold lets a process go on, all but the first thread that it makes.
func hold(pid int) (thread int, err error) {
	if err := syscall.PtraceSetOptions(pid, syscall.PTRACE_O_TRACECLONE|traceExitKill); err != nil {
		return 0, fmt.Errorf("trace the child: %w", err)
	}
	for {
		if err := syscall.PtraceCont(pid, 0); err != nil {
			return 0, fmt.Errorf("let the child go on: %w", err)
		}
		status, err := await(pid)
		switch {
		case err != nil:
			return 0, err
		case !status.Stopped():
			return 0, fmt.Errorf("the child ended at once: %v", status)
		case status.TrapCause() != syscall.PTRACE_EVENT_CLONE:
			continue // a signal before there is anything to be told
		}
		made, err := syscall.PtraceGetEventMsg(pid)
		if err != nil {
			return 0, fmt.Errorf("ask for the child's thread: %w", err)
		}
		thread = int(made)
		if err := stopped(thread, syscall.SIGSTOP); err != nil {
			return thread, err
		}
		return thread, syscall.PtraceDetach(pid)
	}
}

// await waits for a thread that this one traces to stop or to end.
func await(thread int) (status syscall.WaitStatus, err error) {
	for {
		_, err = syscall.Wait4(thread, &status, waitAll, nil)
		if !errors.Is(err, syscall.EINTR) {
			return status, err
		}
	}
}

// stopped waits for a thread to be stopped by a signal.
func stopped(thread int, by syscall.Signal) error {
	status, err := await(thread)
	if err == nil && (!status.Stopped() || status.StopSignal() != by) {
		err = fmt.Errorf("it did not stop by %v: %#x", by, uint32(status))
	}
	return err
}

// randomAt is the address of the random bytes of a process.
func randomAt(pid int) (uintptr, error) {
	vector, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/auxv")
	if err != nil {
		return 0, err
	}
	const word = strconv.IntSize / 8
	read := func(b []byte) uint64 {
		if word == 4 {
			return uint64(binary.NativeEndian.Uint32(b))
		}
		return binary.NativeEndian.Uint64(b)
	}
	for ; len(vector) >= 2*word; vector = vector[2*word:] {
		if read(vector) == atRandom {
			return uintptr(read(vector[word:])), nil
		}
	}
	return 0, errors.New("the child has no random bytes")
}
