package liar

import (
	"net/http"
	"strings"
	"time"
)

// Answers that were true once.

// cachedFor is how long a cache believes what it heard.
const cachedFor = time.Second

// same names what two requests for one thing have in common, but for how they are
// signed; "" is a request with conditions.
func same(q *request) string {
	for _, line := range q.fields {
		if strings.HasPrefix(strings.ToLower(line[0]), "if-") {
			return ""
		}
	}
	c := q.clone()
	for name := range q.params() {
		if strings.HasPrefix(name, "X-Amz-") {
			c.forget(name)
		}
	}
	return strings.Join([]string{q.by.scope.Access, q.method, q.bucket, c.target, q.get("Range"), q.get("X-Amz-Checksum-Mode")}, "\n")
}

// cached registers a lie that answers what it heard within the last second.
func cached(name, says string, on func(*request) bool, fits func(a *answer) bool, broken ...string) *lie {
	fit := func(q *request, a *answer) bool { return fits(a) && same(q) != "" && q.by.good }
	return add(name, says, broken, lie{on: on, when: fit,
		take: func(t *telling, q *request) *answer {
			id := same(q)
			k, ok := t.recall(id)
			if id == "" || !ok || now().Sub(k.at) > cachedFor || !q.by.good {
				return nil
			}
			return k.answer
		},
		change: func(t *telling, q *request, a *answer) bool {
			t.keep(same(q), a)
			return false
		},
	})
}

var (
	_ = cached("lie.cache.get", "GetObject answers for a second what it answered before", ops("GetObject"),
		func(a *answer) bool { return a.ok() }, "object.put.seen-at-once")
	_ = cached("lie.cache.head", "HeadObject answers for a second what it answered before", ops("HeadObject"),
		func(a *answer) bool { return a.ok() }, "O-06", "object.put.seen-at-once")
	_ = cached("lie.cache.missing", "GetObject and HeadObject answer 404 for a second where they did before", ops("GetObject", "HeadObject"),
		func(a *answer) bool { return a.status == http.StatusNotFound }, "object.put.seen-at-once")
	_ = cached("lie.cache.list", "listings of objects are for a second what they were before", listings,
		func(a *answer) bool { return a.ok() }, "object.put.seen-at-once", "listing.change.*")
	_ = cached("lie.cache.versions", "listings of versions are for a second what they were before", ops("ListObjectVersions"),
		func(a *answer) bool { return a.ok() }, "consistency.versions")
	_ = cached("lie.cache.tags", "GetObjectTagging answers for a second what it answered before", ops("GetObjectTagging"),
		func(a *answer) bool { return a.ok() }, "consistency.tags")
)

// once in so many reads a rare lie is told.
const (
	staleOnceIn = 1000
	swapOnceIn  = 100
)

var (
	_ = add("lie.stale.thousandth", "once in a thousand reads GetObject answers what stood there before the last write",
		breaks("consistency.register"),
		lie{on: ops("GetObject"), when: worked, change: func(t *telling, q *request, a *answer) bool {
			return former(t, q, a, staleOnceIn)
		}}).by("chaos --workload register --time 10s")
	_ = add("lie.stale.always", "GetObject answers what stood there before the last write, where it has read that",
		breaks("object.put.seen-at-once"),
		lie{on: ops("GetObject"), when: worked, change: func(t *telling, q *request, a *answer) bool { return former(t, q, a, 1) }})
	_ = add("lie.swap.keys", "once in a hundred reads GetObject answers with another object of the bucket",
		breaks("consistency.register", "consistency.register-torn"),
		lie{on: ops("GetObject"), when: worked, change: func(t *telling, q *request, a *answer) bool {
			last, ok := t.recall(q.bucket)
			t.keep(q.bucket, a)
			if !ok || string(last.body) == string(a.body) || q.get("Range") != "" || !t.chance(swapOnceIn) {
				return false
			}
			*a = *last.answer
			return true
		}})
)

// former has an answer be one that was given before and has another ETag, once in n
// times. Of each thing it keeps what it answered last, and what before that.
func former(t *telling, q *request, a *answer, n int) bool {
	id := same(q)
	if id == "" {
		return false
	}
	if last, ok := t.recall(id); !ok || last.get("ETag") != a.get("ETag") {
		if ok {
			t.keep("former\n"+id, last.answer)
		}
		t.keep(id, a)
	}
	old, ok := t.recall("former\n" + id)
	if !ok || !t.chance(n) {
		return false
	}
	*a = *old.answer
	return true
}
