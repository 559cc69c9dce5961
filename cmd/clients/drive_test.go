package main

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
)

func TestStepsAreCounted(t *testing.T) {
	for script, want := range map[string]row{
		`printf 'ok\tone\nok\ttwo\n'`:                           {ok: 2},
		`printf 'ok\tone\nFAIL\ttwo\n    got 1, want 2\n'`:      {ok: 1, failed: 1},
		`printf 'skip\tone\twhy\nnote\tx\nok\ttwo\n'`:           {ok: 1, skipped: 1},
		`printf 'ok\tone\nTraceback (most recent call last)\n'`: {ok: 1, failed: 1},
	} {
		var r row
		var w bytes.Buffer
		if err := r.run(exec.CommandContext(t.Context(), "bash", "-c", script), &w); err != nil {
			t.Errorf("%s: %v", script, err)
		}
		if r != want {
			t.Errorf("%s: got %+v, want %+v; printed %s", script, r, want, &w)
		}
		if want.failed+want.skipped > 0 && !strings.Contains(w.String(), "one") && !strings.Contains(w.String(), "two") && !strings.Contains(w.String(), "Traceback") {
			t.Errorf("%s: printed %q", script, &w)
		}
	}
}

func TestScriptThatBreaksIsAFailure(t *testing.T) {
	for _, script := range []string{"true", "printf 'ok\\tone\\n'; exit 3"} {
		var r row
		if err := r.run(exec.CommandContext(t.Context(), "bash", "-c", script), &bytes.Buffer{}); err == nil {
			t.Errorf("%s: got no error", script)
		}
	}
}

func TestTable(t *testing.T) {
	got := table([]row{{client: "a", ok: 3, failed: 1, version: "v1"}, {client: "b", missing: "no b on PATH"}})
	for _, want := range []string{"a", "no b on PATH", "3 steps passed, 1 failed, 0 skipped; 1 clients missing"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %q in it", got, want)
		}
	}
}

func TestInterruptLeavesOutTheRest(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var drove, sought []string
	selected := []client{{name: "gone"}, {name: "a"}, {name: "b"}, {name: "c"}}
	rows := each(ctx, selected, &bytes.Buffer{}, func(c client) ([]installed, string) {
		sought = append(sought, c.name)
		if c.name == "gone" {
			return nil, "no gone on PATH"
		}
		return []installed{{version: "1"}, {version: "2"}}, ""
	}, func(c client, f installed) row {
		drove = append(drove, c.name+f.version)
		if len(drove) < 3 {
			return row{client: c.name, version: f.version, ok: 1}
		}
		interrupt()
		return row{client: c.name, version: f.version, ok: 1, cut: true}
	})
	if got, want := strings.Join(append(sought, drove...), " "), "gone a b a1 a2 b1"; got != want {
		t.Errorf("sought and drove %s, want %s", got, want)
	}
	got := table(rows)
	for _, want := range []string{
		"no gone on PATH", "cut off: interrupted amidst it; 1", "left out: interrupted before it",
		"3 steps passed, 0 failed, 0 skipped; 1 clients missing; 3 cut off or left out by the interrupt",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want %q in it", got, want)
		}
	}
	if n := strings.Count(got, "left out: "); n != 2 {
		t.Errorf("got %d rows left out, want b's second and c: %s", n, got)
	}
}

func TestChoose(t *testing.T) {
	if _, err := choose("aws,nobody"); err == nil {
		t.Error("got no error for an unknown client")
	}
	if got, err := choose("rclone,js"); err != nil || len(got) != 2 || got[0].name != "rclone" {
		t.Errorf("got %+v, %v", got, err)
	}
}
