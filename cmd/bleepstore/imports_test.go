package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"strings"
	"testing"
)

// edges is the import graph: a package, by pattern, and the packages of this
// module that it may import. The first row that matches a package counts. The
// harness and the server share no S3 code: a bug in one must not pass on both
// sides.
var edges = []struct {
	pkg string
	may []string
}{
	{"fault", nil},
	{"fault/kind", []string{"fault"}},
	{"fault/proxy", []string{"fault"}},
	{"fault/liar", []string{"fault", "fault/proxy", "scenarios/sign"}},
	{"fault/disk", []string{"fault"}},
	{"fault/disk/*", []string{"fault", "fault/disk"}},
	{"fault/process", []string{"fault", "fault/proxy"}},
	{"fault/netns", []string{"fault", "fault/process", "fault/proxy"}},
	{"fault/sim", []string{"fault", "fault/*", "fault/sim/*", "reference", "reference/*", "reference/blob/*", "conformance", "conformance/*", "scenarios", "scenarios/*"}},
	{"fault/sim/*", []string{"fault", "fault/*", "fault/sim/*", "reference", "reference/*", "reference/blob/*", "conformance", "conformance/*", "scenarios", "scenarios/*"}},
	{"conformance/history", nil},
	{"conformance/chart", []string{"conformance/history"}},
	{"conformance/history/generate", []string{"conformance/history"}},
	{"conformance/model", []string{"conformance/history"}},
	{"conformance/check", []string{"conformance/history", "conformance/model"}},
	{"conformance/bench", []string{"scenarios/sign"}},
	{"conformance/report", []string{"scenarios", "conformance/check", "conformance/model"}},
	{"conformance/compare", []string{"conformance/report", "scenarios"}},
	{"conformance/page", []string{"conformance/compare", "conformance/report", "scenarios"}},
	{"conformance/foreign", nil},
	{"conformance/mutation", []string{"conformance", "scenarios", "fault"}},
	{"conformance/trial", []string{"conformance", "conformance/history", "conformance/check", "scenarios", "scenarios/consistency"}},
	{"conformance", []string{"scenarios", "scenarios/*", "conformance/model", "conformance/report", "reference"}}, // its test file imports scenarios/all and reference
	{"scenarios", []string{"scenarios/sign"}},
	{"scenarios/sign", nil},
	{"scenarios/digest", nil},
	{"scenarios/sample", []string{"scenarios"}},
	{"scenarios/consistency", []string{"scenarios", "scenarios/sign", "conformance/history", "conformance/model", "conformance/check", "fault", "fault/proxy"}},
	{"scenarios/tamper", nil},
	{"scenarios/all", []string{"scenarios/*"}},
	{"scenarios/wire", []string{"scenarios", "scenarios/sign", "scenarios/digest", "scenarios/sample", "scenarios/tamper", "fault", "fault/proxy"}},
	{"scenarios/*", []string{"scenarios", "scenarios/sign", "scenarios/digest", "scenarios/sample", "scenarios/tamper"}},
	{"reference", []string{"reference/*", "reference/blob", "reference/blob/block", "reference/blob/local", "reference/blob/memory", "reference/blob/sqlite", "fault", "fault/proxy"}},
	{"reference/errcode", nil},
	{"reference/acl", []string{"fault"}},
	{"reference/policy", []string{"reference/errcode", "fault"}},
	{"reference/lifecycle", []string{"reference/errcode", "fault"}},
	{"reference/website", []string{"reference/errcode", "fault"}},
	{"reference/cors", []string{"reference/errcode", "fault"}},
	{"reference/form", []string{"reference/errcode", "fault"}},
	{"reference/batch", nil},
	{"reference/lock", nil},
	{"reference/checksum", []string{"reference/errcode", "fault"}},
	{"reference/sigv4", []string{"reference/errcode", "reference/checksum", "fault"}},
	{"reference/config", nil},
	{"reference/blob", []string{"fault"}},
	{"reference/blob/block", []string{"reference/blob", "fault"}},
	{"reference/blob/blobtest", []string{"reference/blob"}},
	{"reference/blob/cloud", []string{"reference/blob", "reference/blob/block", "fault"}},
	{"reference/blob/cloud/cloudtest", []string{"reference", "reference/blob", "reference/blob/cloud", "conformance/trial", "fault", "fault/proxy"}}, // for tests
	{"reference/blob/cloud/*", []string{"reference/blob/cloud"}},
	{"reference/blob/*", []string{"reference/blob", "reference/blob/block", "reference/blob/blobtest", "reference/batch", "reference/lock", "fault"}},
	{"reference/crypt", nil},
	{"reference/kms", []string{"reference/crypt"}},
	{"reference/sse", []string{"reference/crypt", "reference/kms", "reference/meta", "reference/errcode", "fault"}},
	{"reference/meta", []string{"reference/acl", "reference/policy", "reference/crypt", "reference/errcode", "reference/lock", "fault", "reference/lifecycle"}},
	{"reference/raftlog", nil}, // anybody's raft project may use it
	{"reference/peer", nil},
	{"reference/cluster", []string{"reference/meta", "reference/raftlog", "reference/batch", "reference/lock", "reference/errcode", "fault"}},
	{"reference/replica", []string{"reference/blob", "reference/blob/*", "reference/batch", "reference/lock", "fault"}},
	{"reference/object", []string{"reference/acl", "reference/policy", "reference/crypt", "reference/sse", "reference/meta", "reference/cluster", "reference/blob", "reference/checksum", "reference/errcode", "reference/batch", "reference/lock", "fault", "reference/lifecycle", "reference/website", "reference/cors"}},
	{"reference/s3", []string{"reference/acl", "reference/policy", "reference/crypt", "reference/sse", "reference/object", "reference/sigv4", "reference/checksum", "reference/errcode", "fault", "reference/lifecycle", "reference/website", "reference/cors", "reference/form"}},
	{"reference/backup", []string{"reference/meta", "reference/blob", "reference/crypt", "fault"}},
	{"reference/migrate", []string{"reference/blob"}},
	{"reference/admin", []string{"reference/cluster"}},
	{"reference/ops", []string{"reference/s3"}},
	{"cmd/*", []string{"scenarios", "scenarios/*", "conformance", "conformance/*", "reference", "reference/*", "reference/blob/*", "reference/blob/cloud/*", "fault", "fault/*", "fault/disk/*", "fault/sim/*"}},
}

const module = "bleepstore/"

type listed struct {
	ImportPath string
	Imports    []string
}

func TestImportGraph(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...").Output()
	if err != nil {
		var ee *exec.ExitError
		if errors.As(err, &ee) {
			t.Fatalf("go list: %v\n%s", err, ee.Stderr)
		}
		t.Fatal(err)
	}
	seen := 0
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		seen++
		checkImports(t, p)
	}
	if seen < 10 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// TestForeignStaysOut: the program that people install holds no server that is
// there for tests.
func TestForeignStaysOut(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"cmd/bleepstore").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if strings.Contains(dep, "gofakes3") || strings.Contains(dep, "fake-gcs-server") || strings.HasPrefix(dep, module+"conformance/foreign") {
			t.Errorf("bleepstore holds %s", dep)
		}
	}
}

// TestCloudStaysOut: who embeds the server compiles no cloud's library.
func TestCloudStaysOut(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"reference").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dep := range strings.Lines(string(out)) {
		if strings.HasPrefix(dep, module+"reference/blob/cloud") || strings.HasPrefix(dep, "gocloud.dev") || strings.HasPrefix(dep, "cloud.google.com") || strings.HasPrefix(dep, "github.com/Azure") {
			t.Errorf("reference holds %s", dep)
		}
	}
}

func checkImports(t *testing.T, p listed) {
	t.Helper()
	pkg := strings.TrimPrefix(p.ImportPath, module)
	for _, row := range edges {
		if ok, _ := path.Match(row.pkg, pkg); !ok {
			continue
		}
		for _, imp := range p.Imports {
			to, ours := strings.CutPrefix(imp, module)
			if ours && !matchesAny(row.may, to) {
				t.Errorf("%s imports %s; it may import %v", pkg, to, row.may)
			}
		}
		return
	}
	t.Errorf("%s has no row in the import graph", pkg)
}

func matchesAny(patterns []string, s string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, s); ok {
			return true
		}
	}
	return false
}
