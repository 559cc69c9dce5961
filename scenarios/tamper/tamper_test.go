package tamper_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"bleepstore/scenarios/tamper"
)

// TestChangesChange demands that each change leaves another text, whatever the
// seed: one that does nothing would have a right request refused.
func TestChangesChange(t *testing.T) {
	const head = "PUT /b/k?partNumber=1&uploadId=u HTTP/1.1\r\nHost: h\r\nx-amz-date: 20260101T000000Z\r\nx-amz-copy-source: b/k\r\n\r\n"
	sig := strings.Repeat("0123456789abcdef", 4)
	signed := func(string) string { return "host;x-amz-copy-source;x-amz-date" }
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		for _, c := range tamper.Signatures {
			// A signature that is turned by its own period is the same one.
			if got := c.Make(r, sig+"0"); got == sig+"0" {
				t.Errorf("seed %d: %s changed nothing", seed, c.ID)
			}
		}
		for _, c := range tamper.Paths {
			if got := c.Make(r, "/b/k?x=y"); got == "/b/k?x=y" || !strings.HasPrefix(got, "/b/") || !strings.HasSuffix(got, "?x=y") {
				t.Errorf("seed %d: %s made %s", seed, c.ID, got)
			}
		}
		for _, target := range []string{"/b/k", "/b/k?x=", "/b/k?X-Amz-Date=1&x=y"} {
			if got := tamper.Query(r, target); got == target || !strings.HasPrefix(got, "/b/k") || strings.Count(got, "X-Amz") != strings.Count(target, "X-Amz") {
				t.Errorf("seed %d: Query of %s made %s", seed, target, got)
			}
		}
		for _, c := range tamper.Headers(signed) {
			if got := c.Make(r, head); got == head || !strings.Contains(got, "Host: h\r\n") || strings.Contains(got, "source: c/") {
				t.Errorf("seed %d: %s made %q", seed, c.ID, got)
			}
		}
	}
}
