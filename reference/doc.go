// Package reference is the reference server as a whole: Open puts its stores,
// its domain and its HTTP edge together over a data directory, Start does the
// same for a Go test. It wires; how S3 behaves is decided in the packages below
// it. It knows nothing of flags, files of settings or signals.
package reference
