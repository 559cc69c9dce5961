package listing

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
)

// A toy is a server that can put, delete and list, with one bug planted, or one
// freedom taken that the documentation leaves. It
// checks no signatures. Its listing is written apart from the package's model,
// so that each is a check of the other.
type toy struct {
	bug string

	mu      sync.Mutex
	buckets map[string]map[string]int // size of each key
}

func (t *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.Header().Set("x-amz-request-id", "1")
	w.Header().Set("x-amz-bucket-region", "us-east-1")
	path, _ := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	bucket, key, _ := strings.Cut(path, "/")
	switch keys := t.buckets[bucket]; {
	case r.Method == http.MethodPut && key == "":
		t.buckets[bucket] = map[string]int{}
	case r.Method == http.MethodPut:
		n, _ := io.Copy(io.Discard, r.Body)
		keys[key] = int(n)
		w.Header().Set("ETag", `"e"`)
	case r.Method == http.MethodDelete:
		if key != "" {
			delete(keys, key)
		}
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodHead:
		w.Header().Set("ETag", `"e"`)
		w.Header().Set("Last-Modified", time.Unix(1e9, 0).UTC().Format(http.TimeFormat))
	default:
		t.list(w, bucket, keys, r.URL.Query())
	}
}

type toyContent struct {
	Key, ETag, StorageClass, LastModified string
	Size                                  int
	Owner                                 *struct{ ID string }
}

type toyPrefix struct{ Prefix string }

type toyList struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	IsTruncated           bool
	MaxKeys               int
	KeyCount              int
	EncodingType          string `xml:",omitempty"`
	Prefix                string
	Delimiter             string  `xml:",omitempty"`
	Marker                *string `xml:",omitempty"`
	StartAfter            string  `xml:",omitempty"`
	NextMarker            string  `xml:",omitempty"`
	ContinuationToken     string  `xml:",omitempty"`
	NextContinuationToken string  `xml:",omitempty"`
	Contents              []toyContent
	CommonPrefixes        []toyPrefix
}

func (t *toy) list(w http.ResponseWriter, name string, held map[string]int, q url.Values) {
	v2, max := q.Get("list-type") == "2", 1000
	if m := q.Get("max-keys"); m != "" {
		n, err := strconv.ParseInt(m, 10, 32)
		if err != nil || n < 0 {
			t.refuse(w)
			return
		}
		max = min(int(n), 1000)
	}
	if e := q.Get("encoding-type"); e != "" && e != "url" {
		t.refuse(w)
		return
	}
	if v2 && q.Has("marker") || !v2 && (q.Has("start-after") || q.Has("continuation-token")) {
		t.refuse(w)
		return
	}
	after := q.Get("marker")
	if v2 {
		after = q.Get("start-after")
		if token := q.Get("continuation-token"); token != "" {
			var ok bool
			if after, ok = strings.CutPrefix(token, "token:"); !ok {
				t.refuse(w)
				return
			}
		}
	}
	out := toyList{Name: name, MaxKeys: max, EncodingType: q.Get("encoding-type"), ContinuationToken: q.Get("continuation-token")}
	names, rolled := t.roll(held, q.Get("prefix"), q.Get("delimiter"))
	if _, key := held[after]; t.bug == "starts behind results alone" && !key && !slices.Contains(names, after) && q.Get("continuation-token") == "" {
		after = ""
	}
	if t.bug == "short pages" {
		max = min(max, 2)
	}
	last := t.page(&out, held, names, rolled, after, max)
	if out.IsTruncated && v2 {
		out.NextContinuationToken = "token:" + last
	}
	if out.IsTruncated && !v2 && q.Get("delimiter") != "" {
		out.NextMarker = last
	}
	if marker := q.Get("marker"); !v2 {
		out.Marker = &marker
	}
	out.Prefix, out.Delimiter, out.StartAfter = q.Get("prefix"), q.Get("delimiter"), q.Get("start-after")
	if !v2 || q.Get("fetch-owner") == "true" {
		for i := range out.Contents {
			out.Contents[i].Owner = &struct{ ID string }{"me"}
		}
	}
	if out.EncodingType != "" {
		out.encode(t.bug)
	}
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(out)
}

func (t *toy) refuse(w http.ResponseWriter) {
	w.WriteHeader(http.StatusBadRequest)
	fmt.Fprint(w, "<Error><Code>InvalidArgument</Code><Message></Message><RequestId>1</RequestId></Error>")
}

// roll returns all results in order and which of them are common prefixes.
func (t *toy) roll(held map[string]int, prefix, delimiter string) (names []string, rolled map[string]bool) {
	rolled = map[string]bool{}
	if t.bug == "one-character delimiter" && delimiter != "" {
		delimiter = delimiter[:1]
	}
	for key := range held {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			key = key[:len(prefix)+i+len(delimiter)]
			if rolled[key] {
				continue
			}
			rolled[key] = true
		}
		names = append(names, key)
	}
	sort.Strings(names)
	switch t.bug {
	case "UTF-16 order":
		sort.Slice(names, func(i, j int) bool {
			return slices.Compare(utf16.Encode([]rune(names[i])), utf16.Encode([]rune(names[j]))) < 0
		})
	case "case-blind order":
		sort.SliceStable(names, func(i, j int) bool { return strings.ToLower(names[i]) < strings.ToLower(names[j]) })
	case "common prefixes dropped":
		names = slices.DeleteFunc(names, func(n string) bool { return rolled[n] })
	}
	return names, rolled
}

// page fills out with the results behind after and returns the last of them.
func (t *toy) page(out *toyList, held map[string]int, names []string, rolled map[string]bool, after string, max int) (last string) {
	for i, name := range names {
		switch {
		case name <= after && !(t.bug == "start inclusive" && name == after) && !(t.bug == "prefix of the marker repeated" && rolled[name] && strings.HasPrefix(after, name) && name != after):
			continue
		case out.KeyCount == max:
			out.IsTruncated = max > 0 || t.bug == "max-keys=0 truncated"
			if t.bug == "gap between pages" && i+1 < len(names) {
				last = name
			}
			if t.bug == "duplicate key across pages" && len(out.Contents) > 1 {
				last = out.Contents[len(out.Contents)-2].Key
			}
			return last
		}
		last = name
		if rolled[name] {
			out.CommonPrefixes = append(out.CommonPrefixes, toyPrefix{name})
			if t.bug == "common prefixes not counted" {
				continue
			}
		} else {
			out.Contents = append(out.Contents, toyContent{Key: name, ETag: `"e"`, StorageClass: "STANDARD", Size: held[name],
				LastModified: time.Unix(1e9, 0).UTC().Format("2006-01-02T15:04:05.000Z")})
		}
		out.KeyCount++
		if t.bug == "truncated when full" && out.KeyCount == max {
			out.IsTruncated = true
			return last
		}
	}
	return last
}

var escapes = regexp.MustCompile("%[0-9A-F]{2}")

func (l *toyList) encode(bug string) {
	esc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }
	for i := range l.Contents {
		l.Contents[i].Key = esc(l.Contents[i].Key)
	}
	if bug == "common prefixes not encoded" {
		return
	}
	for i := range l.CommonPrefixes {
		l.CommonPrefixes[i].Prefix = esc(l.CommonPrefixes[i].Prefix)
	}
	l.Prefix, l.Delimiter, l.StartAfter = esc(l.Prefix), esc(l.Delimiter), esc(l.StartAfter)
	if bug == "lower-case escapes" {
		for i, c := range l.Contents {
			l.Contents[i].Key = escapes.ReplaceAllStringFunc(c.Key, strings.ToLower)
		}
	}
	if bug != "NextMarker not encoded" {
		l.NextMarker = esc(l.NextMarker)
	}
	if l.Marker != nil {
		m := esc(*l.Marker)
		l.Marker = &m
	}
}
