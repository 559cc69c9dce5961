package wire

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bleepstore/scenarios/digest"
)

// TestRecordingsAreConsistent: what a recording says of its body is so, or
// every server would seem to break its client.
func TestRecordingsAreConsistent(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range slices.Concat(sdkRecordings, toolRecordings, objectRecordings, uploadRecordings, presignRecordings) {
		id := r.id + "." + r.over + "." + r.op
		if op, _, _ := strings.Cut(r.op, "-"); outcomes[op] == nil {
			t.Errorf("%s: no outcome is known of %s", id, op)
		}
		if seen[id] {
			t.Errorf("%s: recorded twice", id)
		}
		seen[id] = true
		body := []byte(r.payload())
		if !strings.Contains(r.body, "ETAG") {
			sha, sum := sha256.Sum256(body), md5.Sum(body)
			r.says(t, id, "x-amz-content-sha256", hex.EncodeToString(sha[:]), "[0-9a-f]{64}")
			r.says(t, id, "content-md5", base64.StdEncoding.EncodeToString(sum[:]), ".+")
			r.says(t, id, "x-amz-checksum-crc32", digest.CRC32.Of(body), ".+")
			r.says(t, id, "x-amz-decoded-content-length", strconv.Itoa(len(body)), ".+")
		}
		if !strings.Contains(r.head, "STREAMING-AWS4") && !strings.Contains(r.body, "ETAG") {
			r.says(t, id, "content-length", strconv.Itoa(len(r.body)), "[0-9]+")
		}
		for _, blank := range []string{"HOST", "BUCKET", "DATE", "CREDENTIAL", "SIGNATURE"} {
			if !strings.Contains(r.head, blank) {
				t.Errorf("%s: its head has no %s", id, blank)
			}
		}
		if left := regexp.MustCompile(`127\.0\.0\.1|\d{8}T\d{6}Z|Signature=[0-9a-f]{64}`).FindString(r.head); left != "" {
			t.Errorf("%s: its head still has %s", id, left)
		}
	}
}

// says checks a header of the head, where it is there and of that form.
func (r recording) says(t *testing.T, id, name, want, form string) {
	t.Helper()
	got := regexp.MustCompile(`(?im)^` + regexp.QuoteMeta(name) + `: (` + form + `)$`).FindStringSubmatch(r.head)
	if got != nil && got[1] != want {
		t.Errorf("%s: %s is %s, that of its body is %s", id, name, got[1], want)
	}
}
