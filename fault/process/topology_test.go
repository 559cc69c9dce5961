package process_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bleepstore/fault/process"
)

func TestTopologyIsStrict(t *testing.T) {
	for _, tc := range []struct{ text, says string }{
		{``, "no command"},
		{`node: {comand: [a]}`, "comand not found"},
		{`{node: {command: [a]}, nodes: 0}`, "above zero"},
		{`{node: {command: [a]}, nodes: [a, a]}`, "each once"},
		{`{node: {command: [a]}, nodes: ["a b"]}`, "want names"},
		{`{nodes: [a, b], only: {a: {command: [x]}}}`, "node b: no command"},
		{`{node: {command: [a]}, nodes: [a], only: {b: {}}}`, "there is no node b"},
		{`{node: {command: [a], ready: {s3: true, tcp: "{addr}"}}}`, "want one of"},
		{`{node: {command: [a], stop: {signal: KILL}}}`, "want TERM"},
		{`{node: {command: [a], stop: {grace: soon}}}`, "time.Duration"},
		{`{node: {command: [a]}, peers: {by: post}}`, "want ports, dial or none"},
		{`{node: {command: [a]}, ports: [a, a]}`, "each once"},
		{`{node: {command: [a]}, leader: {field: x}}`, "one of url and command"},
		{`{node: {command: [a]}, hash: {url: x, command: [x]}}`, "one of url and command"},
		{`{node: {command: [a]}, members: {remove: {url: x}}}`, "joined is missing"},
		{"node: {command: [a]}\n---\nnode: {command: [b]}", "more than one document"},
	} {
		if _, err := process.Parse([]byte(tc.text)); !errors.Is(err, process.ErrTopology) || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: got %v, want ErrTopology with %q", tc.text, err, tc.says)
		}
	}
}

func TestUnknownPlaceholder(t *testing.T) {
	top := parsed(t, `node: {command: ["{self}", "{nowhere}", "{port.ops}"]}`)
	_, err := process.Start(t.Context(), top, process.Options{Dir: t.TempDir()})
	if !errors.Is(err, process.ErrTopology) || !strings.Contains(err.Error(), "{nowhere}") {
		t.Errorf("got %v, want ErrTopology that names {nowhere}", err)
	}
}

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "some.yaml")
	text := "nodes: 2\nnode: {command: ['{self}', fake, '{addr}', '{data}', '{here}', '{{here}', '{\"a\": \"{i}\"}']}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	top, err := process.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := start(t, top, process.Options{})
	if got := c.Nodes(); len(got) != 2 || got[1] != "n2" || c.Name() != "some.yaml" {
		t.Errorf("got %v of %s", got, c.Name())
	}
	if told := get(t, c.Endpoints()[1]+"/told"); !strings.Contains(told, `["`+dir+`","{here}","{\"a\": \"2\"}"]`) {
		t.Errorf("the node was told %s", told)
	}
	if _, err := process.Start(t.Context(), top, process.Options{Dir: dir, Nodes: 3}); !errors.Is(err, process.ErrTopology) {
		t.Errorf("three nodes of a topology of two: got %v", err)
	}
}

func TestTopologiesThatAreThere(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("there are none", err)
	}
	for _, file := range files {
		if _, err := process.ReadFile(file); err != nil {
			t.Error(err)
		}
	}
}
