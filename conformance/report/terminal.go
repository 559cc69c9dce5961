package report

import "os"

// Terminal reports whether f shows what is written to it to a person.
func Terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
