//go:build !linux

package peer

import "time"

// setUserTimeout does nothing: keep-alive and deadlines have to do.
func setUserTimeout(uintptr, time.Duration) {}
