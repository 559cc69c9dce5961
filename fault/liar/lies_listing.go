package liar

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Listings that lose keys, repeat them, or sort them wrongly.

var (
	listings = ops("ListObjects", "ListObjectsV2")
	v2       = ops("ListObjectsV2")
)

// truncated says that a page is not the last.
func truncated(a *answer) bool { return a.ok() && textOf(a.body, "IsTruncated") == "true" }

// entries gives a page other entries of a name in the place of its own.
func entries(a *answer, name string, change func(old []string) []string) bool {
	old := all(a.body, name)
	if len(old) == 0 || !a.ok() {
		return false
	}
	fresh := change(slices.Clone(old))
	if slices.Equal(old, fresh) {
		return false
	}
	a.body = each(a.body, name, func(i int, _ string) string {
		if i > 0 {
			return ""
		}
		return strings.Join(fresh, "")
	})
	return true
}

// sorted are entries by a form of their keys.
func sorted(form func(key string) string) func([]string) []string {
	return func(old []string) []string {
		slices.SortStableFunc(old, func(a, b string) int {
			return strings.Compare(form(textOf([]byte(a), "Key")), form(textOf([]byte(b), "Key")))
		})
		return old
	}
}

// utf16Form sorts as the code units of UTF-16 do.
func utf16Form(key string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(key)) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return b.String()
}

// retext gives the elements of a name another text, where that is not theirs.
func retext(a *answer, name, text string) bool {
	old := textOf(a.body, name)
	if !a.ok() || old == "" || old == text {
		return false
	}
	a.body = withText(a.body, name, text)
	return true
}

var (
	_ = alter("lie.list.drop-last", "a page of a listing that goes on lacks its last key",
		breaks("listing.token.continues", "listing.next-marker.with-delimiter", "listing.key-count"), listings, func(_ *request, a *answer) bool {
			return truncated(a) && entries(a, "Contents", func(e []string) []string { return e[:len(e)-1] })
		})
	_ = alter("lie.list.drop-first", "a listing that has several keys lacks the first one",
		breaks("listing.token.continues", "listing.start-after.exclusive", "listing.delimiter.absent-from-keys"), listings, func(_ *request, a *answer) bool {
			return len(all(a.body, "Contents")) > 1 && entries(a, "Contents", func(e []string) []string { return e[1:] })
		})
	_ = alter("lie.list.twice", "the last key of a page comes twice, where more pages follow",
		breaks("listing.token.continues"), listings, func(_ *request, a *answer) bool {
			return textOf(a.body, "IsTruncated") == "true" && entries(a, "Contents", func(e []string) []string { return append(e, e[len(e)-1]) })
		})
	_ = alter("lie.list.prefix-twice", "a common prefix comes twice",
		breaks("listing.delimiter.any.multi-byte", "listing.encoding.fields", "listing.prefix.directory.parent"), listings, func(_ *request, a *answer) bool {
			return entries(a, "CommonPrefixes", func(e []string) []string { return append(e, e[len(e)-1]) })
		})
	_ = alter("lie.list.no-prefixes", "a listing has no common prefixes",
		breaks("L-04", "listing.delimiter.*"), listings, func(_ *request, a *answer) bool {
			return entries(a, "CommonPrefixes", func([]string) []string { return nil })
		})
	_ = alter("lie.list.utf16-order", "keys are listed in the order of UTF-16",
		breaks("L-01", "listing.order.*"), listings, func(_ *request, a *answer) bool {
			return entries(a, "Contents", sorted(utf16Form))
		})
	_ = alter("lie.list.caseless-order", "keys are listed in an order that does not heed case",
		breaks("L-01", "listing.order.*"), listings, func(_ *request, a *answer) bool {
			return entries(a, "Contents", sorted(strings.ToLower))
		})
	_ = alter("lie.list.backwards", "keys are listed backwards",
		breaks("listing.token.continues", "listing.start-after.exclusive", "listing.delimiter.absent-from-keys"), listings, func(_ *request, a *answer) bool {
			return entries(a, "Contents", func(e []string) []string { slices.Reverse(e); return e })
		})
	_ = alter("lie.list.never-truncated", "IsTruncated is always false",
		breaks("listing.token.continues", "listing.next-marker.without-delimiter", "listing.paging.changes.v1"), listings, func(_ *request, a *answer) bool { return retext(a, "IsTruncated", "false") })
	_ = alter("lie.list.always-truncated", "the last page of a listing with max-keys says that more follow",
		breaks("listing.token.continues", "listing.next-marker.with-delimiter", "listing.delimiter.counts-one"), listings, func(q *request, a *answer) bool {
			return q.params().Has("max-keys") && len(all(a.body, "Contents")) > 0 && retext(a, "IsTruncated", "true")
		})
	_ = alter("lie.list.key-count", "KeyCount is one too many",
		breaks("L-09", "listing.key-count"), v2, func(_ *request, a *answer) bool {
			n, err := strconv.Atoi(textOf(a.body, "KeyCount"))
			return err == nil && retext(a, "KeyCount", strconv.Itoa(n+1))
		})
	_ = alter("lie.list.key-count-keys", "KeyCount counts no common prefixes",
		breaks("L-09", "listing.key-count"), v2, func(_ *request, a *answer) bool {
			return retext(a, "KeyCount", strconv.Itoa(len(all(a.body, "Contents"))))
		})
	_ = alter("lie.list.size", "a listing gives every key the size 0",
		breaks("L-17", "listing.content.*"), listings, func(_ *request, a *answer) bool { return retext(a, "Size", "0") })
	_ = alter("lie.list.date", "a listing gives every key one date of the past",
		breaks("L-17", "O-25", "listing.content.last-modified"), listings, func(_ *request, a *answer) bool {
			return retext(a, "LastModified", "2006-03-01T00:00:00.000Z")
		})
	_ = alter("lie.list.unsaid", "a listing does not repeat the prefix that was asked for",
		breaks("L-17", "listing.content.asked"), listings, func(q *request, a *answer) bool {
			if !a.ok() || q.params().Get("prefix") == "" {
				return false
			}
			return replace(a, "<Prefix>"+textOf(a.body, "Prefix")+"</Prefix>", "") // its own stands before those of common prefixes
		})
)

// stripped registers a lie that leaves a parameter of a listing out.
func stripped(name, says, param string, on func(*request) bool, broken ...string) *lie {
	return revise(name, says, broken, on, func(q *request) bool {
		had := q.params().Get(param) != ""
		q.forget(param)
		return had
	})
}

var (
	_ = stripped("lie.list.prefix-ignored", "a listing heeds no prefix", "prefix", listings, "L-03", "listing.prefix.*")
	_ = stripped("lie.list.delimiter-ignored", "a listing heeds no delimiter", "delimiter", listings, "L-04", "listing.delimiter.*")
	_ = stripped("lie.list.encoding-ignored", "a listing heeds no encoding-type", "encoding-type", listings, "L-14", "L-15", "listing.encoding.*")
	_ = stripped("lie.list.max-keys-ignored", "a listing heeds no max-keys", "max-keys", listings, "listing.token.opaque", "listing.next-marker.without-delimiter", "listing.delimiter.counts-one")
	_ = stripped("lie.list.start-after-ignored", "a listing heeds no start-after", "start-after", v2, "L-08", "listing.start-after.*")
	_ = stripped("lie.list.marker-ignored", "a listing heeds no marker", "marker", ops("ListObjects"), "L-07", "listing.marker.*")
	_ = revise("lie.list.start-after-inclusive", "a listing begins with the key that is given as start-after",
		breaks("L-08", "listing.start-after.*"), v2, func(q *request) bool { return before(q, "start-after") })
	_ = revise("lie.list.marker-inclusive", "a listing begins with the key that is given as marker",
		breaks("L-07", "listing.marker.*"), ops("ListObjects"), func(q *request) bool { return before(q, "marker") })
	_ = revise("lie.list.prefix-caseless", "a listing takes the prefix in small letters",
		breaks("L-03", "listing.prefix.*"), listings, func(q *request) bool {
			p := q.params().Get("prefix")
			q.param("prefix", strings.ToLower(p))
			return strings.ToLower(p) != p
		})
)

// before has a parameter name a key that stands before what it named, and behind
// all others.
func before(q *request, name string) bool {
	key := q.params().Get(name)
	if key == "" || key[len(key)-1] <= ' ' || key[len(key)-1] >= 0x80 {
		return false
	}
	q.param(name, key[:len(key)-1]+string(key[len(key)-1]-1)+"~~~")
	return true
}

// grouped are listings by delimiter.
func grouped(q *request) bool { return listings(q) && q.params().Get("delimiter") != "" }

// shows registers a lie by which listings have a key that a request made them hide,
// until another one takes it away.
func shows(name, says string, hides func(q *request, a *answer) bool, broken ...string) *lie {
	return add(name, says, broken, lie{
		on:   func(q *request) bool { return q.key != "" && q.method != http.MethodGet || grouped(q) },
		when: func(q *request, a *answer) bool { return grouped(q) && a.ok() || hides(q, a) },
		change: func(t *telling, q *request, a *answer) bool {
			if !grouped(q) {
				t.keep(q.bucket, &answer{of: q.key})
				return false
			}
			hidden, ok := t.recall(q.bucket)
			if !ok || strings.Contains(string(a.body), "<Key>"+hidden.of+"</Key>") {
				return false
			}
			return replace(a, "</ListBucketResult>", "<Contents><Key>"+hidden.of+"</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"+
				"<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>0</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>")
		},
	})
}

var (
	_ = shows("lie.list.markers-shown", "listings by delimiter have keys whose current version is a delete marker",
		func(_ *request, a *answer) bool { return a.ok() && a.get("X-Amz-Delete-Marker") == "true" }, "listing.delete-markers.hidden")
	_ = shows("lie.list.uploads-shown", "listings by delimiter have keys of uploads that are under way",
		func(q *request, a *answer) bool { return a.ok() && q.op == "CreateMultipartUpload" }, "listing.uploads.hidden")
	_ = alter("lie.list.encoded-twice", "names are encoded twice where encoding-type asks for it once",
		breaks("listing.encoding.*"), listings, func(q *request, a *answer) bool {
			had := false
			a.body = each(a.body, "Key", func(_ int, e string) string {
				key := textOf([]byte(e), "Key")
				had = had || key != url.QueryEscape(key)
				return "<Key>" + url.QueryEscape(key) + "</Key>"
			})
			return had && a.ok() && q.params().Get("encoding-type") == "url"
		})
	_ = revise("lie.list.owner-unasked", "ListObjectsV2 returns owners that nobody asked for",
		breaks("listing.owner.default"), v2, func(q *request) bool {
			had := q.params().Get("fetch-owner")
			q.param("fetch-owner", "true")
			return had == ""
		}).given("listing.owner.fetched")
)
