//go:build !mutants

package s3

// lax edits nothing: see that of a program with the tag mutants.
func lax([]byte) {}

// laxAnswer is all of an answer.
func laxAnswer(p, head []byte) []byte { return p }
