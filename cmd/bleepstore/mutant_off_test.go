//go:build !mutants

package main

const canHaveBugs = false
