package main

import (
	"os"
	"strings"
	"testing"

	"bleepstore/fault/disk/mount"
)

// longChaos names the variable that lets long runs over the kernel's own faults
// be part of the tests, 20 s and more each.
const longChaos = "BLEEPSTORE_CHAOS_LONG"

// TestChaosOnKernel: nothing that was acknowledged is lost over the kernel's
// network, and on disks that lose what was not synced at every kill: neither of
// a cluster nor of one server by itself.
func TestChaosOnKernel(t *testing.T) {
	if os.Getenv(longChaos) == "" {
		t.Skip("long: set " + longChaos)
	}
	needsNetns(t)
	if err := mount.Probe(); err != nil {
		t.Skip(err)
	}
	for name, args := range map[string][]string{
		"namespaces":           {"--layer=netns", "--nodes=3", "--nemesis=partition,kill,pause,net"},
		"namespaces and disks": {"--layer=netns,fuse", "--nodes=3", "--nemesis=partition,kill,pause"},
		"alone on a disk":      {"--layer=fuse", "--alone", "--nemesis=kill,disk.power-cut"},
	} {
		t.Run(name, func(t *testing.T) {
			out, code := chaosRun(t, append(args, "--workload=register,cas,list,mpu", "--time=60s")...)
			if code != 0 || !strings.Contains(out, "no history breaks raw") {
				t.Errorf("exit code %d", code)
			}
			t.Log(out)
		})
	}
}
