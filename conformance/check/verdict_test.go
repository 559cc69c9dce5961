package check

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// healthy is a history of n writes and reads that follow one another.
func healthy(n int) *history.History {
	var events []event
	for i := range n {
		v, at := history.Value(i+1), int64(i)*10
		events = append(events, event{1, at + 1, at + 2, put(v)}, event{2, at + 3, at + 4, get(v)})
	}
	return tiny("register", events...)
}

func TestExitCode(t *testing.T) {
	breaks := func(l model.Level) Workload { return Workload{Top: model.CAS, Violations: []Violation{{Breaks: l}}} }
	thin := Workload{Top: model.CAS, Inconclusive: "thin"}
	good := Workload{Top: model.Register, Level: model.Register}
	for _, c := range []struct {
		workloads []Workload
		expect    model.Level
		want      int
	}{
		{nil, model.Raw, 6},
		{[]Workload{good}, model.ListAtomic, 0},
		{[]Workload{good, breaks(model.Raw)}, model.Eventual, 4},
		{[]Workload{good, breaks(model.CAS)}, model.Raw, 0},
		{[]Workload{good, breaks(model.CAS)}, model.CAS, 4},
		{[]Workload{good, breaks(model.CAS)}, model.ListAtomic, 4},
		{[]Workload{good, breaks(model.Register)}, model.CAS, 4},
		{[]Workload{thin}, model.Raw, 6},
		{[]Workload{thin, breaks(model.CAS)}, model.Raw, 6},
		{[]Workload{thin, breaks(model.Raw)}, model.Raw, 4},
	} {
		v := &Verdict{Workloads: c.workloads}
		if got := v.ExitCode(c.expect); got != c.want {
			t.Errorf("%+v, expecting %s: got %d, want %d", c.workloads, c.expect, got, c.want)
		}
	}
}

func TestInconclusive(t *testing.T) {
	second := time.Second
	for _, c := range []struct {
		name     string
		h        *history.History
		duration time.Duration
		min      float64
		model    string
		want     string // in the reason; "": it is conclusive
	}{
		{"enough", healthy(30), second, 0, "register", ""},
		{"slow", healthy(20), second, 0, "register", "40.0 operations a second"},
		{"slow, and that will do", healthy(20), second, 40, "register", ""},
		{"nothing", tiny("register"), second, 0, "register", "only 0 operations of the kind put"},
		{"few of a kind", healthy(4), 0, -1, "register", "only 4 operations of the kind put"},
		{"another kind is missing", healthy(30), second, 0, "copy", "kind copy"},
		{"no such model", healthy(30), second, 0, "magic", "no model"},
	} {
		c.h.Workloads[0].Duration, c.h.Workloads[0].Model = c.duration, c.model
		v, err := Check(context.Background(), c.h, Options{MinRate: c.min})
		if err != nil {
			t.Fatal(err)
		}
		w := v.Workloads[0]
		if !strings.Contains(w.Inconclusive, c.want) || (c.want == "") != (w.Inconclusive == "") {
			t.Errorf("%s: got inconclusive %q, want %q", c.name, w.Inconclusive, c.want)
		}
		if want := w.Top; c.want == "" && w.Level != want || c.want != "" && w.Level != model.Eventual {
			t.Errorf("%s: got level %s of %s", c.name, w.Level, w.Top)
		}
	}
}

// A check whose time is over has shown no more than what takes no search.
func TestOutOfTime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	v, err := Check(ctx, healthy(30), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w := v.Workloads[0]; w.Level != model.Raw || !strings.Contains(w.Inconclusive, "did not end") || v.ExitCode(model.Raw) != 6 {
		t.Errorf("got level %s, inconclusive %q, exit code %d", w.Level, w.Inconclusive, v.ExitCode(model.Raw))
	}
}

// What fails is told in prose and drawn, and can be read again as JSON.
func TestTold(t *testing.T) {
	dir := t.TempDir()
	h := tiny("elect", event{3, 1, 4, create(1)}, event{5, 2, 5, create(2)}, event{3, 6, 7, get(2)})
	h.Faults = &history.Faults{To: 10, Bands: []history.Band{{Kind: "net.cut", Says: "from node-7", From: 3, To: 9}, {Kind: "disk.full", From: 8, To: 9}},
		Quorum: []history.Quorum{{At: 4, OK: false}, {At: 6, OK: true}}}
	v, err := Check(context.Background(), h, Options{MinRate: -1, Artifacts: dir})
	if err != nil {
		t.Fatal(err)
	}
	x := v.Workloads[0].Violations[0]
	for _, want := range []string{"Client 3 and client 5 were both told", "If-None-Match: * on k", "nothing can have deleted it"} {
		if !strings.Contains(x.Says, want) {
			t.Errorf("got %q, want %q in it", x.Says, want)
		}
	}
	drawing, err := os.ReadFile(filepath.Join(dir, x.HTML))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(drawing, []byte("put of v2")) {
		t.Error("the drawing does not show the put of v2")
	}
	if !bytes.Contains(drawing, []byte("from node-7")) || !bytes.Contains(drawing, []byte("no quorum")) || bytes.Contains(drawing, []byte("disk.full")) {
		t.Error("the drawing does not show the fault, or one that came later")
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var again Verdict
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatal(err)
	}
	if again.Workloads[0].Violations[0].Breaks != model.Raw || again.ExitCode(model.Raw) != 4 {
		t.Errorf("read again: %+v", again)
	}
	var out bytes.Buffer
	v.Write(&out)
	if !strings.Contains(out.String(), "breaks raw, key k: Client 3") {
		t.Errorf("got %s", out.String())
	}
}

func TestNowhereToDraw(t *testing.T) {
	h := tiny("register", event{1, 1, 2, put(1)}, event{1, 3, 4, missing()})
	if _, err := Check(context.Background(), h, Options{MinRate: -1, Artifacts: filepath.Join(t.TempDir(), "absent")}); err == nil {
		t.Error("got no error, want one of the file")
	}
}

// Whatever a file holds, judging it ends.
func TestOddHistories(t *testing.T) {
	kinds := []history.Kind{
		history.Put, history.Get, history.Head, history.Delete, history.Copy, history.List, history.ListVersions, history.CreateUpload,
		history.UploadPart, history.Complete, history.Abort, history.PutTags, history.GetTags,
	}
	for _, name := range []string{"register", "cas", "elect", "append", "delete", "list", "set", "versions", "multipart", "copy", "tags"} {
		var events []event
		for i, k := range kinds {
			for j, o := range []history.Outcome{history.OK, history.Refused, history.Unclear} {
				at := int64(i*10 + j*3)
				e := event{i, at + 1, at + 2, history.Op{Kind: k, Outcome: o}}
				if o == history.Unclear {
					if k.Reads() {
						continue
					}
					e.ret = 0
				}
				e.op.Result.Truncated = j == 0
				events = append(events, e)
			}
		}
		h := tiny(name, events...)
		h.Workloads[0].Groups = [][]string{{"k", "j"}}
		if _, err := Check(context.Background(), h, Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
