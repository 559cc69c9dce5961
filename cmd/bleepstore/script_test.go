package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	theirs "bleepstore/conformance/foreign"
)

func TestMain(m *testing.M) {
	testscript.Main(patient{m}, map[string]func(){"bleepstore": main})
}

// patient tests are mostly waiting, for elections and for processes to start: more
// of them than there are processors run side by side, unless -parallel says how many.
type patient struct{ *testing.M }

func (p patient) Run() int {
	flag.Parse()
	told := false
	flag.Visit(func(f *flag.Flag) { told = told || f.Name == "test.parallel" })
	if !told {
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	return p.M.Run()
}

// foreign serves S3 by a server that nobody here wrote; hook, which may be
// nil, may answer in its stead.
func foreign(hook func(http.ResponseWriter, *http.Request) bool) *httptest.Server {
	inner := theirs.Handler()
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hook == nil || !hook(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
}

// refuse answers a method with an error.
func refuse(method string, status int, code string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if method != "" && r.Method != method {
			return false
		}
		w.Header().Set("x-amz-request-id", "R1")
		w.WriteHeader(status)
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>m</Message><RequestId>R1</RequestId></Error>", code)
		return true
	}
}

// TestScripts runs the scripts of testdata/script. They find servers in
// $FOREIGN, $BUSY (refuses writes with 503), $STICKY (deletes nothing),
// $REFUSING (knows no key), $NOBODY and $HELD (keeps the first object waiting),
// and may say `exits CODE command...`, `interrupts CODE command...` of one
// that $HELD keeps waiting, `expand FILE`, `nodes FILE` and `s3 METHOD URL`.
// Where [mutants] holds, the program can have bugs. Nobody listens at $FREE, and `awaits`, `puts` and `gets` are for servers that a
// script starts itself.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Condition: func(cond string) (bool, error) {
			if cond != "mutants" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return canHaveBugs, nil
		},
		Setup: func(env *testscript.Env) error {
			for name, hook := range map[string]func(http.ResponseWriter, *http.Request) bool{
				"FOREIGN":  nil,
				"BUSY":     refuse(http.MethodPut, 503, "SlowDown"),
				"STICKY":   refuse(http.MethodDelete, 403, "AccessDenied"),
				"REFUSING": refuse("", 403, "InvalidAccessKeyId"),
			} {
				srv := foreign(hook)
				env.Defer(srv.Close)
				env.Setenv(name, srv.URL)
			}
			gone := foreign(nil)
			gone.Close()
			env.Setenv("NOBODY", gone.URL)
			free, err := freeAddr()
			if err != nil {
				return err
			}
			env.Setenv("FREE", free)
			h := hold(t)
			env.Setenv("HELD", h.url)
			env.Values[heldKey{}] = h
			env.Setenv("XDG_CACHE_HOME", env.Getenv("WORK")+"/cache")
			env.Setenv("AWS_ACCESS_KEY_ID", "a")
			env.Setenv("AWS_SECRET_ACCESS_KEY", "b")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "interrupts": interrupts, "expand": expand, "awaits": awaits, "puts": puts, "gets": gets,
			"nodes": nodeURLs, "s3": request,
		},
	})
}

// expand puts the values of variables into a file.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand FILE")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o644))
}

// exits runs a command and demands its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if ee, ok := errors.AsType[*exec.ExitError](err); ok {
		got = ee.ExitCode()
	} else if err != nil {
		ts.Fatalf("%s: %v", strings.Join(args[1:], " "), err)
	}
	if got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

type heldKey struct{}

// interrupts starts a command, sends it SIGINT once a request of it is kept
// waiting, and demands its exit code.
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupts CODE command...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	h := ts.Value(heldKey{}).(*held)
	exe, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(exe, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "XDG_CACHE_HOME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	<-h.reached
	ts.Check(cmd.Process.Signal(os.Interrupt))
	_, err = bufio.NewReader(stderr).ReadString(';') // "stopping, ...; a second signal"
	h.let()
	ts.Check(errors.Join(err, ignoreExit(cmd.Wait())))
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%s: exit code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// ignoreExit keeps only errors that are not about the exit code.
func ignoreExit(err error) error {
	if _, ok := errors.AsType[*exec.ExitError](err); ok {
		return nil
	}
	return err
}
