//go:build !cloud

package main

const allClouds = false
