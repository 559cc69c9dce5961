package scenarios

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// A writeLog folds the writes of one scenario into what each key must read as,
// so that invariant I0 (a refused write changes nothing) is checked behind
// every scenario without its saying so. Whatever it cannot fold with certainty
// (overlapping writes of one key, an unclear outcome, a copy, a delete by
// version) makes the key unknown, and unknown keys are not judged.
type writeLog struct {
	mu   sync.Mutex
	keys map[[2]string]*written
	lost map[string]bool // buckets with writes that name no single key
	made map[string]bool // buckets whose creation was acknowledged
}

type written struct {
	flying  int  // writes under way
	unknown bool // the state cannot be told
	exists  bool
	etag    string // "" when it exists but the answer did not say
	refused string // the refused write to check, "" when none since the last success
}

func newWriteLog() *writeLog {
	return &writeLog{keys: map[[2]string]*written{}, lost: map[string]bool{}, made: map[string]bool{}}
}

// isWrite reports whether the request may change the object under its key.
func (a aim) isWrite() bool {
	return a.bucket != "" && (a.method == http.MethodPut || a.method == http.MethodPost || a.method == http.MethodDelete)
}

func (l *writeLog) at(a aim) *written {
	id := [2]string{a.bucket, a.key}
	w := l.keys[id]
	if w == nil {
		w = &written{}
		l.keys[id] = w
	}
	return w
}

// begin notes a write about to be sent; two at once make the key unknown.
func (l *writeLog) begin(a aim) {
	if !a.isWrite() || a.key == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.at(a)
	w.flying++
	if w.flying > 1 {
		w.unknown = true
	}
}

// doubt notes a write over a raw connection, whose fate nobody tells the log.
func (l *writeLog) doubt(a aim) {
	if !a.isWrite() || a.key == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at(a).unknown = true
}

// note folds an exchange.
func (l *writeLog) note(rec *recorded) {
	a := rec.aim
	if !a.isWrite() {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.key == "" {
		if a.method == http.MethodPut && rec.Status/100 == 2 {
			l.made[a.bucket] = true
		}
		refused := rec.resp.Err == nil && rec.Status >= 400 && rec.Status < 500
		if (a.method == http.MethodPost || a.method == http.MethodDelete) && !refused {
			l.lost[a.bucket] = true // DeleteObjects, a form upload, DeleteBucket
		}
		return
	}
	w := l.at(a)
	w.flying--
	switch {
	case rec.exact || rec.resp.Err != nil || rec.Status >= 500 && rec.Status != http.StatusNotImplemented:
		w.unknown = true
	case rec.Status >= 400:
		w.refused = fmt.Sprintf("%s answered %d %s", rec.Method, rec.Status, rec.Code)
	case rec.Status/100 == 2:
		w.apply(rec)
	}
}

// apply folds an acknowledged write.
func (w *written) apply(rec *recorded) {
	q := rec.aim.query
	switch {
	case rec.resp.Code != "": // an error inside a 200
		w.unknown = true
	case rec.Method == http.MethodPost:
		w.unknown = w.unknown || !queryHas(q, "uploads") // Complete: the ETag is in the body
	case rec.Method == http.MethodDelete && queryHas(q, "uploadId"), queryHas(q, "partNumber"):
	case queryHas(q, "tagging"), queryHas(q, "acl"), queryHas(q, "retention"), queryHas(q, "legal-hold"):
	case queryHas(q, "versionId"):
		w.unknown = true
	case rec.Method == http.MethodDelete:
		w.exists, w.etag, w.refused = false, "", ""
	case rec.header.Get("X-Amz-Copy-Source") != "", !plainQuery(q):
		w.unknown = true
	default:
		w.exists, w.etag, w.refused = true, rec.resp.Header.Get("ETag"), ""
	}
}

// plainQuery reports whether a raw query asks for nothing but the object: the
// SDK names its operation in one, and a presigned request signs in one.
func plainQuery(raw string) bool {
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name != "" && name != "x-id" && !strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			return false
		}
	}
	return true
}

// sameTag compares two ETags as far as I0 goes: whether both answers quote it
// is another rule.
func sameTag(a, b string) bool {
	bare := func(tag string) string { return strings.Trim(strings.TrimPrefix(tag, "W/"), `"`) }
	return bare(a) == bare(b)
}

// created reports whether the server acknowledged a PUT of the bucket.
func (l *writeLog) created(bucket string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made[bucket]
}

// keysOf returns the keys that requests tried to write in bucket.
func (l *writeLog) keysOf(bucket string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var keys []string
	for id := range l.keys {
		if id[0] == bucket {
			keys = append(keys, id[1])
		}
	}
	return keys
}

// toCheck returns the keys whose last write was refused and whose state is
// known.
func (l *writeLog) toCheck() map[[2]string]written {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[[2]string]written{}
	for id, w := range l.keys {
		if w.refused != "" && !w.unknown && !l.lost[id[0]] {
			out[id] = *w
		}
	}
	return out
}

// checkRefused is invariant I0 at the end of a scenario: each key whose last
// write was refused reads as before it.
func (s *S) checkRefused(ctx context.Context) {
	for id, w := range s.writes.toCheck() {
		bucket, key := id[0], id[1]
		if !s.session.Ledger.Admits(bucket) || s.isReserved(bucket) || key == "" || len(key) > 1024 {
			continue
		}
		out, err := s.Head(ctx, bucket, key)
		got := outcomeOf(err)
		switch {
		case err == nil && !w.exists:
			s.end(outSilent, "", fmt.Sprintf("I0: %s to %s, yet the key now exists", w.refused, key))
		case err == nil && w.etag != "" && out.ETag != nil && !sameTag(*out.ETag, w.etag):
			s.end(outSilent, "", fmt.Sprintf("I0: %s to %s, yet its ETag went from %s to %s", w.refused, key, w.etag, *out.ETag))
		case got.status == http.StatusNotFound && w.exists:
			s.end(outSilent, "", fmt.Sprintf("I0: %s to %s, yet the object is gone", w.refused, key))
		}
	}
}

func (s *S) isReserved(bucket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.reserved {
		if r == bucket {
			return true
		}
	}
	return false
}
