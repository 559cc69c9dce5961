package mount

import "bleepstore/fault/disk"

// Config says what Serve mounts, and where.
type Config struct {
	Dir     string // an empty directory
	Control string // the address on which it is told what to do; "": any of the loopback interface
	Seed    uint64 // decides what a crash leaves and which operations fail
	Limit   int64  // bytes that the files may hold, of which memory takes twice as many at most; 0: DefaultLimit
	Deaf    bool   // see disk.Disk
}

// DefaultLimit keeps the process within 2 GiB.
const DefaultLimit = 1 << 30

// Stat is what the control tells of the disk.
type Stat struct {
	disk.Use
	Crashes int `json:"crashes"`
}
