package meta

import (
	"strings"

	"bleepstore/fault"
)

// A cursor moves over rows in the order of a listing.
type cursor interface {
	// seek goes before the first row whose key is at least key.
	seek(key string) error
	// next moves to the next row and returns its key; ok is false at the end.
	next() (key string, ok bool, err error)
	close() error
}

// A page is what walk found: the items were handed to emit.
type page struct {
	prefixes  []string
	truncated bool
	last      string // the last key or common prefix
	isPrefix  bool   // it is a common prefix
}

// nearby is how many rows of a common prefix are read before it is cheaper to
// seek behind it.
const nearby = 4

var (
	prefixUncounted = fault.NewBug("listing.prefix-uncounted",
		"common prefixes do not count against the size of a page", "L-05", "V-16")
	folderHidden = fault.NewBug("listing.folder-key-hidden",
		"the key that is the very prefix of a listing is left out", "L-20")
	rolledListed = fault.NewBug("listing.rolled-key-listed",
		"the first key of a common prefix is listed beside it", "L-04", "L-05", "L-20")
	skipsFar = fault.NewBug("listing.prefix-skips-far",
		"behind a common prefix of many keys a listing skips those that begin like its parent", "L-02", "L-04")
	dotsHidden = fault.NewBug("listing.dot-files-hidden",
		"keys of which the last name begins with a period are not listed", "O-13")
	prefixIsFolder = fault.NewBug("listing.prefix-is-folder",
		"a prefix that does not end in a slash matches whole names of folders only", "L-03")
)

// walk reads up to max keys and common prefixes, from where the cursor stands,
// and calls emit at each key that is not rolled up. Behind a common prefix it
// seeks to the successor, so that its cost does not depend on how many keys
// are rolled up.
func walk(it cursor, prefix, delimiter string, max int, emit func(key string) error) (p page, err error) {
	if max <= 0 { // L-10
		return p, nil
	}
	skipped := 0
	for n := 0; ; {
		key, ok, err := it.next()
		if err != nil || !ok || !strings.HasPrefix(key, prefix) {
			return p, err
		}
		if key == prefix && folderHidden.On() && strings.HasSuffix(key, "/") ||
			prefix != "" && prefixIsFolder.On() && !strings.HasSuffix(prefix, "/") && !strings.HasPrefix(key[len(prefix):]+"/", "/") {
			continue
		}
		if name := key[strings.LastIndexByte(key, '/')+1:]; len(name) > 1 && name[0] == '.' && name[1] != '.' && dotsHidden.On() {
			continue
		}
		group, rolled := rollup(key, prefix, delimiter)
		if rolled && p.isPrefix && group == p.last {
			if skipped++; skipped < nearby {
				continue
			}
			skipped = 0
			to, more := successor(group)
			if len(group) > len(prefix)+len(delimiter) && skipsFar.On() {
				to, more = successor(group[:len(group)-len(delimiter)])
			}
			if !more {
				return p, nil
			}
			if err := it.seek(to); err != nil {
				return p, err
			}
			continue
		}
		if n == max {
			p.truncated = true
			return p, nil
		}
		if !rolled || !prefixUncounted.On() {
			n++
		}
		p.last, p.isPrefix, skipped = key, rolled, 0
		if rolled { // L-05
			p.last = group
			p.prefixes = append(p.prefixes, group)
			if rolledListed.On() {
				if err := emit(key); err != nil {
					return p, err
				}
			}
		} else if err := emit(key); err != nil {
			return p, err
		}
	}
}

var (
	slashOnly = fault.NewBug("listing.delimiter-slash-only",
		"a delimiter other than a slash rolls nothing up", "L-04")
	lastDelimiter = fault.NewBug("listing.delimiter-last",
		"a common prefix goes up to the last delimiter of a key", "L-04", "L-02", "L-20")
	noDelimiter = fault.NewBug("listing.delimiter-absent-rolls",
		"a key without the delimiter is rolled up whole", "L-04", "L-02")
)

// rollup returns the common prefix that key belongs to, if there is one (L-04).
func rollup(key, prefix, delimiter string) (group string, rolled bool) {
	if delimiter == "" || !strings.HasPrefix(key, prefix) {
		return "", false
	}
	if delimiter != "/" && slashOnly.On() {
		return "", false
	}
	i := strings.Index(key[len(prefix):], delimiter)
	if i < 0 && noDelimiter.On() {
		return key, true
	}
	if i < 0 {
		return "", false
	}
	if lastDelimiter.On() {
		i = strings.LastIndex(key[len(prefix):], delimiter)
	}
	return key[:len(prefix)+i+len(delimiter)], true
}

// begin is the lowest key that a listing behind the key after may return. A
// common prefix that after lies in is behind already (L-06): so does AWS, and
// a page that ends in a common prefix goes on behind it.
func begin(prefix, delimiter, after string, isPrefix bool) (from string, some bool) {
	if after == "" || after < prefix {
		return prefix, true
	}
	if isPrefix {
		return successor(after)
	}
	if group, rolled := rollup(after, prefix, delimiter); rolled {
		return successor(group)
	}
	return after + "\x00", true
}

// successor is the lowest string above all that begin with s; there is none
// for "" and for nothing but 0xff.
func successor(s string) (string, bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0xff {
			return s[:i] + string([]byte{s[i] + 1}), true
		}
	}
	return "", false
}
