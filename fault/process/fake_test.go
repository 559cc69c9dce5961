package process_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bleepstore/fault/process"
)

// TestMain is also the server that the tests start, and the parent that one of
// them kills.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "fake":
			fake(os.Args[2], os.Args[3])
		case "parent":
			parent(os.Args[2])
		}
	}
	goleak.VerifyTestMain(m)
}

// fake serves until it is killed, also when its standard input ends.
func fake(addr, data string) {
	starts := filepath.Join(data, "starts")
	before, _ := os.ReadFile(starts) // none at the first start
	fail(os.WriteFile(starts, append(before, '.'), 0o600))
	fmt.Println("serving at", addr)
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "<Error/>", http.StatusForbidden) })
	http.HandleFunc("/told", func(w http.ResponseWriter, r *http.Request) {
		dir, _ := os.Getwd()
		_ = json.NewEncoder(w).Encode(map[string]any{"args": os.Args[4:], "dir": dir, "name": os.Getenv("NAME"), "aws": os.Getenv("AWS_PROFILE"), "dial": os.Getenv("BLEEPSTORE_FAULT_DIAL")})
	})
	// What a test writes to the file, the server answers.
	http.HandleFunc("/file/{name}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(data, r.PathValue("name")))
	})
	http.HandleFunc("POST /exit/{code}", func(_ http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.PathValue("code"))
		fmt.Println("last words")
		os.Exit(code)
	})
	http.HandleFunc("POST /fork", func(w http.ResponseWriter, r *http.Request) {
		cmd := exec.CommandContext(context.Background(), "sleep", "600")
		fail(cmd.Start())
		fmt.Fprint(w, cmd.Process.Pid)
	})
	http.HandleFunc("/members/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		note(data, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+string(body)))
		if refusal, err := os.ReadFile(filepath.Join(data, "refuse")); err == nil {
			http.Error(w, string(refusal), http.StatusConflict)
		}
	})
	http.HandleFunc("/reach/{addr}", func(w http.ResponseWriter, r *http.Request) { // as a node asks another one
		resp, err := web.Get("http://" + r.PathValue("addr") + "/told")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		_, _ = io.Copy(w, resp.Body)
	})
	if at := os.Getenv("BLEEPSTORE_FAULT_AGENT"); at != "" {
		go fakeAgent(at, data)
	}
	fail(http.ListenAndServe(addr, nil))
}

// fakeAgent notes its orders, and crashes at the point "now" at once.
func fakeAgent(addr, data string) {
	fail(http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		note(data, r.Method+" "+r.URL.String())
		if r.FormValue("point") == "now" {
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		}
	})))
}

func note(data, what string) {
	f, err := os.OpenFile(filepath.Join(data, "orders"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	fail(err)
	_, err = fmt.Fprintln(f, what)
	fail(err)
	fail(f.Close())
}

func fail(err error) {
	if err != nil {
		fmt.Println("fake:", err)
		os.Exit(1)
	}
}

// fakeYAML begins the topology of such a server.
const fakeYAML = `
name: fake
node:
  command: ["{self}", fake, "{addr}", "{data}"]
`

func parsed(t *testing.T, text string) process.Topology {
	t.Helper()
	top, err := process.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// start starts a topology until the test ends, with its files in a directory of
// the test's own unless o names one.
func start(t *testing.T, top process.Topology, o process.Options) *process.Cluster {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	c, err := process.Start(t.Context(), top, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// web keeps no connections: they would outlive servers.
var web = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := web.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// post asks for something that the server may not live to answer.
func post(t *testing.T, url string) string {
	t.Helper()
	resp, err := web.Post(url, "", nil)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	_, _ = text.ReadFrom(resp.Body)
	return text.String()
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 20 s: " + what)
		}
	}
}

func runs(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}
