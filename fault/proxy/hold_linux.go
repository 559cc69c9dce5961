package proxy

import (
	"io"
	"net"
	"os"
	"syscall"
)

// hold binds a socket to a port of the loopback that the kernel picks, and does
// not listen: a listener may be bound beside it, and while there is none nobody
// else is given the port.
func hold() (port int, held io.Closer, err error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, os.NewSyscallError("socket", err)
	}
	held = os.NewFile(uintptr(fd), "port")
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, nil, joinClose(os.NewSyscallError("setsockopt", err), held)
	}
	sa := &syscall.SockaddrInet4{Addr: [4]byte(net.IPv4(127, 0, 0, 1).To4())}
	if err := syscall.Bind(fd, sa); err != nil {
		return 0, nil, joinClose(os.NewSyscallError("bind", err), held)
	}
	got, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, nil, joinClose(os.NewSyscallError("getsockname", err), held)
	}
	return got.(*syscall.SockaddrInet4).Port, held, nil
}
