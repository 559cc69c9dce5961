package main

import (
	"errors"
	"fmt"
	"os"

	"bleepstore/conformance"
)

// exitWith ends a command with a code when everything has been said.
type exitWith int

func (e exitWith) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// complain prints err and returns the exit code it asks for.
func complain(err error) int {
	if code, ok := errors.AsType[exitWith](err); ok {
		return int(code)
	}
	fmt.Fprintln(os.Stderr, "bleepstore:", err)
	return conformance.CodeOf(err)
}
