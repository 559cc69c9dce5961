package report

import (
	"fmt"
	"strings"

	"bleepstore/scenarios"
)

// key is what no two entries of a baseline share.
func (e Entry) key() string { return e.Name() + " " + string(e.Verdict) }

// entryOf returns the entry that names a result, in words that do not differ
// from run to run where that can be had.
func entryOf(res scenarios.Result) Entry {
	id, _, _ := strings.Cut(res.ID, "@")
	e := Entry{Rule: res.Rule, Scenario: id, Verdict: res.Verdict, Reason: oneLine(res.Reason)}
	if e.Reason == "" {
		e.Reason = string(res.Verdict)
	}
	e.Exchange = "none: " + e.Reason
	if n := len(res.Exchanges); n > 0 {
		e.Exchange = inOneLine(res.Exchanges[n-1])
	}
	return e
}

// inOneLine is an exchange as a baseline shows it: the request and what was
// answered, without names that differ from run to run.
func inOneLine(x scenarios.Exchange) string {
	_, rest, _ := strings.Cut(x.URL, "://")
	_, path, _ := strings.Cut(rest, "/")
	bucket, rest, _ := strings.Cut(path, "/")
	if strings.HasPrefix(bucket, "bleep-") {
		path = "BUCKET"
		if _, query, ok := strings.Cut(bucket, "?"); ok {
			path += "?" + query
		}
		if rest != "" {
			path += "/" + rest
		}
	}
	for _, cut := range []string{"uploadId=", "versionId=", "continuation-token="} {
		if i := strings.Index(path, cut); i >= 0 {
			path = path[:i+len(cut)] + "..."
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%s /%s -> %d %s", x.Method, path, x.Status, x.Code))
}

// oneLine is a text in one line that is not too long.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = s[:200] + "..."
	}
	return s
}
