//go:build linux

package netns_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"bleepstore/fault/netns"
)

// roleKey is the variable that makes the test binary another program.
const roleKey = "BLEEPSTORE_NETNS_TEST"

// play is that program. Each ends when its standard input does.
func play(role string) int {
	err := why
	if err == nil {
		err = map[string]func() error{"server": server, "stayer": stayer, "asker": asker, "run": run}[role]()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// server answers one connection with the addresses that it has.
func server() error {
	l, err := net.Listen("tcp", ":9000")
	if err != nil {
		return err
	}
	fmt.Println("listens")
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(c, all)
	return err
}

// stayer stays.
func stayer() error {
	fmt.Println("stays")
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// run is a whole run: a node that has a process whose child is another one.
func run() error {
	l, err := netns.New(1, "a")
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", `"$0" & wait`, os.Args[0])
	cmd.Env = append(os.Environ(), roleKey+"=stayer")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := l.Start("a", cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// program returns the test binary as another program.
func program(role string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return role == "run" && strings.HasPrefix(e, "BLEEPSTORE_NETNS_OUTSIDE=") }), roleKey+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

// TestStart: a process that knows nothing of namespaces serves inside one.
func TestStart(t *testing.T) {
	l := lab(t, "a")
	cmd := program("server")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start("a", cmd); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "listens\n" {
		t.Fatalf("the server says %q, %v", line, err)
	}
	c, err := net.Dial("tcp", l.Addr("a").String()+":9000")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	said, err := io.ReadAll(c)
	if err != nil || !strings.Contains(string(said), l.Addr("a").String()) {
		t.Errorf("the server has %s, %v, want %s among them", said, err, l.Addr("a"))
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestKilledRun: nothing is left of a run that is killed, neither the processes
// of nodes nor theirs.
func TestKilledRun(t *testing.T) {
	lab(t)
	cmd := program("run")
	killed(t, cmd)
}

// TestAsAnybody: the same without privileges.
func TestAsAnybody(t *testing.T) {
	lab(t)
	if os.Geteuid() != 0 || !mayBecome(65534) {
		t.Skip("this process cannot become another user: whoever runs the test is one")
	}
	dir, err := os.MkdirTemp("", "netns")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	self := filepath.Join(dir, "program")
	binary, err := os.ReadFile(os.Args[0])
	if err == nil {
		err = os.WriteFile(self, binary, 0o755)
	}
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := program("run")
	cmd.Path, cmd.Args, cmd.Dir = self, []string{self}, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	killed(t, cmd)
}

// mayBecome says whether there is such a user where we are.
func mayBecome(uid int) bool {
	text, err := os.ReadFile("/proc/self/uid_map")
	var inner, outer, size int
	_, serr := fmt.Sscan(string(text), &inner, &outer, &size)
	return err == nil && serr == nil && uid < inner+size
}

// killed starts a run, kills its outermost process when the innermost says that
// it is there, and waits for the end of all that hold its output.
func killed(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	in, err := cmd.StdinPipe() // stays open: nobody ends by themselves
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var pipe [2]int
	if err := unix.Pipe2(pipe[:], unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	out, theirs := os.NewFile(uintptr(pipe[0]), "out"), os.NewFile(uintptr(pipe[1]), "theirs")
	defer out.Close()
	cmd.Stdout = theirs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); line != "stays\n" {
		t.Errorf("the run says %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed, as it was to be
	if rest, err := io.ReadAll(said); err != nil || len(rest) > 0 {
		t.Errorf("the run says %q behind its end, %v", rest, err)
	}
}
