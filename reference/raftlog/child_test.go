package raftlog

var children = map[string]func([]string) error{}
