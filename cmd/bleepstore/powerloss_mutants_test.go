//go:build mutants && unix

package main

import "testing"

// TestPowerLossOfNoSync: a server that syncs nothing does not pass TestPowerLoss.
func TestPowerLossOfNoSync(t *testing.T) {
	for _, backend := range []string{"local", "sqlite"} {
		t.Run(backend, func(t *testing.T) { newLamp(t, false, "--backend", backend, "--mutant", "disk.nosync").loses() })
	}
}
