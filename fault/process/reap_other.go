//go:build !linux

package process

import "os/exec"

func reapGroup(*exec.Cmd) {}

func awaitStop(*exec.Cmd) {}

func dieWithParent(*exec.Cmd) {}
