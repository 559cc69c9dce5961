//go:build mutants

package main

const canHaveBugs = true
