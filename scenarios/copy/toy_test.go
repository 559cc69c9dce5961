package copy

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A toy is a server that can put, get, list and copy, with one bug planted. It
// checks no signatures, keeps no versions and knows no tags.
type toy struct {
	bug string

	mu      sync.Mutex
	buckets map[string]map[string]thing
}

type thing struct {
	body     string
	header   http.Header // metadata and content headers
	class    string
	redirect string
	made     time.Time
}

func (t thing) etag() string {
	sum := md5.Sum([]byte(t.body))
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func (t *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w.Header().Set("x-amz-request-id", "1")
	path, _ := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	bucket, key, _ := strings.Cut(path, "/")
	held, exists := t.buckets[bucket]
	switch {
	case r.Method == http.MethodPut && key == "":
		t.buckets[bucket] = map[string]thing{}
	case !exists:
		refuse(w, 404, "NoSuchBucket")
	case r.Method == http.MethodPut && r.Header.Get("x-amz-copy-source") != "":
		t.copy(w, r.Header, bucket, key)
	case r.Method == http.MethodPut:
		body, _ := io.ReadAll(r.Body)
		held[key] = thing{string(body), stored(r.Header), r.Header.Get("x-amz-storage-class"), r.Header.Get("x-amz-website-redirect-location"), time.Now().UTC().Truncate(time.Second)}
		w.Header().Set("ETag", held[key].etag())
	case r.Method == http.MethodDelete:
		delete(held, key)
		w.WriteHeader(http.StatusNoContent)
	case key == "" && r.Method == http.MethodGet:
		fmt.Fprint(w, "<ListBucketResult>")
		for k := range held {
			fmt.Fprint(w, "<Contents><Key>")
			_ = xml.EscapeText(w, []byte(k))
			fmt.Fprint(w, "</Key></Contents>")
		}
		fmt.Fprint(w, "</ListBucketResult>")
	case key != "":
		got, ok := held[key]
		if !ok {
			refuse(w, 404, "NoSuchKey")
			return
		}
		maps.Copy(w.Header(), got.header)
		set(w.Header(), "x-amz-storage-class", got.class)
		set(w.Header(), "x-amz-website-redirect-location", got.redirect)
		w.Header().Set("ETag", got.etag())
		w.Header().Set("Last-Modified", got.made.Format(http.TimeFormat))
		fmt.Fprint(w, got.body)
	}
}

func set(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message></Message><RequestId>1</RequestId></Error>", code)
}

// stored keeps what an object keeps of a request's headers.
func stored(h http.Header) http.Header {
	out := http.Header{"Content-Type": {"binary/octet-stream"}}
	for name, v := range h {
		if strings.HasPrefix(name, "X-Amz-Meta-") || strings.HasPrefix(name, "Content-") && name != "Content-Length" && name != "Content-Md5" || name == "Cache-Control" || name == "Expires" {
			out[name] = v
		}
	}
	return out
}

func (t *toy) copy(w http.ResponseWriter, h http.Header, bucket, key string) {
	src, _, _ := strings.Cut(h.Get("x-amz-copy-source"), "?")
	if t.bug == "source not decoded" {
		src = strings.ReplaceAll(src, "%", "%25")
	}
	src, err := url.QueryUnescape(src)
	if t.bug == "source decoded twice" {
		src, err = url.QueryUnescape(src)
	}
	fromBucket, fromKey, ok := strings.Cut(strings.TrimPrefix(src, "/"), "/")
	directive := h.Get("x-amz-metadata-directive")
	from, found := t.buckets[fromBucket][fromKey]
	same := fromBucket == bucket && fromKey == key && directive != "REPLACE" && h.Get("x-amz-storage-class") == "" && t.bug != "self-copy accepted"
	switch {
	case err != nil || !ok || fromKey == "" || directive != "" && directive != "COPY" && directive != "REPLACE" && t.bug != "unknown directive accepted":
		refuse(w, 400, "InvalidArgument")
	case t.buckets[fromBucket] == nil:
		refuse(w, 404, "NoSuchBucket")
	case h.Get("x-amz-source-expected-bucket-owner") != "" && t.bug != "expected owner ignored":
		refuse(w, 403, "AccessDenied")
	case !found:
		refuse(w, 404, "NoSuchKey")
	case !t.admits(h, from):
		if t.bug == "applied, then refused" {
			t.buckets[bucket][key] = from
		}
		refuse(w, 412, "PreconditionFailed")
	case same:
		refuse(w, 400, "InvalidRequest")
	case t.bug == "error inside a 200":
		refuse(w, 200, "InternalError")
	default:
		to := thing{from.body, from.header, h.Get("x-amz-storage-class"), h.Get("x-amz-website-redirect-location"), time.Now().UTC().Truncate(time.Second)}
		t.dress(&to, h, from)
		t.buckets[bucket][key] = to
		fmt.Fprintf(w, "<CopyObjectResult><ETag>%s</ETag><LastModified>%s</LastModified></CopyObjectResult>", to.etag(), to.made.Format("2006-01-02T15:04:05.000Z"))
	}
}

// dress gives a copy its metadata.
func (t *toy) dress(to *thing, h http.Header, from thing) {
	replace := h.Get("x-amz-metadata-directive") == "REPLACE"
	switch {
	case t.bug == "metadata dropped on copy", t.bug == "COPY takes the request's" && (replace || len(stored(h)) > 1), replace && t.bug != "REPLACE ignored":
		to.header = stored(h)
	}
	if replace && t.bug == "REPLACE merges" {
		to.header = maps.Clone(from.header)
		maps.Copy(to.header, stored(h))
	}
	if t.bug == "storage class inherited" {
		to.class = from.class
	}
	if t.bug == "redirect inherited" {
		to.redirect = from.redirect
	}
}

// admits judges the conditions on the source as documented.
func (t *toy) admits(h http.Header, from thing) bool {
	get := func(name string) string { return h.Get("x-amz-copy-source-if-" + name) }
	at := func(name string) time.Time { d, _ := http.ParseTime(get(name)); return d }
	if t.bug == "conditions ignored" {
		return true
	}
	if get("match") != "" {
		if get("match") != from.etag() {
			return false
		}
	} else if get("unmodified-since") != "" && from.made.After(at("unmodified-since")) {
		return false
	}
	if get("none-match") != "" {
		return get("none-match") != from.etag()
	}
	return get("modified-since") == "" || from.made.After(at("modified-since"))
}
