package peer

import (
	"time"

	"golang.org/x/sys/unix"
)

// setUserTimeout is best effort: without it the system's own limits hold.
func setUserTimeout(fd uintptr, d time.Duration) {
	_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
}
