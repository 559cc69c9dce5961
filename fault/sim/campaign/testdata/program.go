//go:debug randseednop=0

// Program is the child that replay_test.go builds: one simulation.
package main

import (
	"context"
	"fmt"
	"os"

	_ "bleepstore/fault/kind"
	"bleepstore/fault/sim/campaign"
)

func main() {
	if err := campaign.Child(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
