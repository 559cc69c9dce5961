package main

import (
	"fmt"
	"runtime"

	"bleepstore/conformance"
)

type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run() error {
	_, err := fmt.Printf("bleepstore %s (%s, %s/%s)\n", conformance.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
