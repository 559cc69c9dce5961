package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"bleepstore/reference/config"
	"bleepstore/scenarios/sign"
)

// nodeURLs waits for an --addr-file, and puts its URLs into $NODE1, $NODE2 and so
// on, removing the file, so that a later start can be awaited too.
func nodeURLs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nodes FILE")
	}
	path := ts.MkAbs(args[0])
	var text []byte
	for deadline := time.Now().Add(readyWithin + 10*time.Second); ; time.Sleep(5 * time.Millisecond) {
		var err error
		if text, err = os.ReadFile(path); err == nil {
			break
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no %s: %v", args[0], err)
		}
	}
	ts.Check(os.Remove(path))
	for i, url := range strings.Fields(string(text)) {
		ts.Setenv(fmt.Sprintf("NODE%d", i+1), url)
	}
}

// request sends one request with the default keys, and prints the answer's body.
// Its status must be 2xx, or not, when it is negated.
func request(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: s3 METHOD URL [BODY]")
	}
	var body []byte
	if len(args) == 3 {
		body = []byte(args[2])
	}
	req, err := http.NewRequest(args[0], args[1], bytes.NewReader(body))
	ts.Check(err)
	scope := sign.Scope{Access: config.DefaultAccessKey, Secret: config.DefaultSecretKey, Region: "us-east-1", Service: "s3", Time: time.Now()}
	ts.Check(sign.Header(req, scope, sign.Hash(sign.Signed, body)))
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	resp, err := client.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s", answer)
	if ok := resp.StatusCode/100 == 2; ok == neg {
		ts.Fatalf("%s %s: %s\n%s", args[0], args[1], resp.Status, answer)
	}
}
