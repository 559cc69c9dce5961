// Package disk is a disk in memory that can lose power, fail, fill up, be slow,
// hang and lie. Programs reach its files as a fault.FS, and SQLite by a VFS;
// both see the same names. It knows nothing of what the files are for.
//
// There is a page cache. What is written, every reader sees at once; the medium
// has it after a sync, or by chance before. After Crash a file holds what was
// synced and a seeded random part of the 512-byte sectors that were not; one
// sector is never torn, as SQLite's "powersafe overwrite" assumes. What is done
// to a directory lasts once it is synced; of what was done to directories
// since, in order, a random beginning lasts, as a journal has it. The sync of a
// file says nothing of its name.
//
// A disk that is used in a bubble of testing/synctest is made in it. Nothing
// waits or sleeps with a lock held.
package disk
