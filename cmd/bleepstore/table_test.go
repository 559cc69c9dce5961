package main

import (
	"flag"
	"io"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bleepstore/conformance"
)

// TestDoorsShareTheirFlags: the same flags, given to go test as -name and to
// bleepstore as --name, ask for the same run.
func TestDoorsShareTheirFlags(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"endpoint=http://a,http://b", "tls-endpoint=https://a", "access-key=x", "secret-key=y", "alt-access-key=v", "alt-secret-key=w", "expired-keys=a:b:c", "region=r"},
		{"profile=full", "features=+large,-range,auto", "id=object.*,W-01", "bucket=b", "addressing=both", "seed=18446744073709551615"},
		{"settle=3s", "timeout-request=1m", "rate=2.5", "fail-fast", "k", "allow-compliance", "strict-baseline", "baseline=f", "out=d", "expect-level=cas"},
	} {
		var fromGo conformance.Options
		fs := flag.NewFlagSet("go test", flag.ContinueOnError)
		fs.SetOutput(io.Discard)
		fromGo.Bind(fs)
		var one, two []string
		for _, a := range args {
			one, two = append(one, "-"+a), append(two, "--"+a)
		}
		if err := fs.Parse(one); err != nil {
			t.Fatal(err)
		}
		var cmd testCmd
		parser, err := kong.New(&cmd)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parser.Parse(two); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(fromGo, cmd.Options, cmpopts.IgnoreUnexported(fromGo), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%v: -go test +bleepstore:\n%s", args, d)
		}
	}
}
