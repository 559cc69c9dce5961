package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nodes can only crash at points that their code has.
func TestOwnPoints(t *testing.T) {
	var code strings.Builder
	err := filepath.WalkDir("../../reference", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	own, err := ownTopology(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range own.Points {
		if !strings.Contains(code.String(), `"`+p+`"`) {
			t.Errorf("no code passes the point %s", p)
		}
	}
	if len(own.Points) == 0 {
		t.Error("there are no points")
	}
}
