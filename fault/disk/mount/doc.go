// Package mount is package disk as a file system of the kernel, by FUSE: power
// loss and bad disks for any program that has its files in a directory. It knows
// nothing of what the files are for.
//
// The disk is a process of its own, since after the end of a program the
// kernel's page cache would hand back what was never synced: a crash unmounts
// and mounts anew. Who starts it speaks to it by HTTP on the loopback interface.
package mount
