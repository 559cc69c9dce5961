package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

// ballastBytes is memory that is never touched, and so never resident. The
// collector counts it as live, and lets as much more garbage come together
// before it runs: the server's own live heap is a few MiB, and to collect for
// every few MiB of garbage is a tenth of the cost of a small request. A higher
// percentage would do that too, and would multiply a large heap.
const ballastBytes = 16 << 20

// loadBallast holds the ballast until drop is called, and collects what is
// garbage already. Who sets GOGC has ideas of his own.
func loadBallast() (drop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	ballast := make([]byte, ballastBytes)
	go debug.FreeOSMemory() // what the start has used and nobody will need again
	return func() { runtime.KeepAlive(ballast) }
}
