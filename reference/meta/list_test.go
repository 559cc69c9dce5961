package meta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// A row is one line of a listing: a key (of one version or upload), or a
// common prefix.
type row struct {
	key, id string
	prefix  bool
}

// rollUp is the whole listing of rows that are in order, as the rules tell it:
// filtered, each group once.
func rollUp(rows []row, prefix, delimiter string) (out []row) {
	for _, r := range rows {
		rest, ok := strings.CutPrefix(r.key, prefix)
		if !ok {
			continue
		}
		if delimiter != "" {
			if head, _, found := strings.Cut(rest, delimiter); found {
				r = row{key: prefix + head + delimiter, prefix: true}
			}
		}
		if len(out) == 0 || !r.prefix || out[len(out)-1] != r {
			out = append(out, r)
		}
	}
	return out
}

// merge puts the items and prefixes of a page back into one order.
func merge(items []row, prefixes []string) []row {
	for _, p := range prefixes {
		items = append(items, row{key: p, prefix: true})
	}
	slices.SortStableFunc(items, func(a, b row) int { return strings.Compare(a.key, b.key) })
	return items
}

// keyGen makes keys that meet each other's prefixes and delimiters often.
func keyGen() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{"a", "b", "/", "//", "\x00", "\x01", "ü", "\uffff", "\U0001f600", "--", "-", "%", "a/b/c/d"})
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 1, 5).Draw(t, "pieces"), "")
	})
}

func drawQuery(t *rapid.T) (prefix, delimiter string, size int) {
	prefix = rapid.SampledFrom([]string{"", "", "a", "a/", "/", "ü", "\uffff", "--", "nothing"}).Draw(t, "prefix")
	delimiter = rapid.SampledFrom([]string{"", "/", "//", "ü", "a", "--", "\U0001f600"}).Draw(t, "delimiter")
	return prefix, delimiter, rapid.SampledFrom([]int{1, 2, 3, 7, 1000}).Draw(t, "page size")
}

// L-02: whatever the keys, prefix, delimiter and page size, the pages put
// together are the listing.
func TestListAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := openMemory(t)
		s.must(mkBucket("a"), mkBucket("b"), mkBucket("c"), put("a", "zz", "x"), put("c", "", "x"))
		keys := rapid.SliceOfNDistinct(keyGen(), 0, 40, rapid.ID[string]).Draw(rt, "keys")
		for _, k := range keys {
			s.must(put("b", k, k))
		}
		slices.Sort(keys) // L-01
		var rows []row
		for _, k := range keys {
			rows = append(rows, row{key: k})
		}
		for range 4 {
			prefix, delimiter, size := drawQuery(rt)
			want := rollUp(rows, prefix, delimiter)
			got := s.listAll(rt, ListQuery{Bucket: "b", Prefix: prefix, Delimiter: delimiter, Max: size})
			if d := cmp.Diff(want, got, cmp.AllowUnexported(row{}), cmpopts.EquateEmpty()); d != "" {
				rt.Fatalf("prefix %q delimiter %q by %d (-want +got):\n%s", prefix, delimiter, size, d)
			}
			s.checkStartAfter(rt, rows, prefix, delimiter)
		}
	})
}

func (s *store) listAll(t *rapid.T, q ListQuery) (got []row) {
	for {
		var p ListPage
		s.view(func(tx *Tx) (err error) {
			p, err = tx.List(q)
			return err
		})
		var items []row
		for _, o := range p.Objects {
			items = append(items, row{key: o.Key})
			if o.ETag != etag(o.Key) || o.Size != int64(len(o.Key)) || !o.Latest || o.ID != NullVersion || o.Owner != "alice" {
				t.Fatalf("listed %+v", o)
			}
		}
		page := merge(items, p.CommonPrefixes)
		if len(page) > q.Max || p.Truncated && len(page) < q.Max || p.Truncated != (p.Next != "") {
			t.Fatalf("a page of %d for %d, truncated %v, next %q", len(page), q.Max, p.Truncated, p.Next)
		}
		got = append(got, page...)
		if !p.Truncated {
			return got
		}
		last := page[len(page)-1]
		if p.Next != last.key || p.NextPrefix != last.prefix {
			t.Fatalf("next is %q (%v) behind %+v", p.Next, p.NextPrefix, last)
		}
		q.After, q.AfterPrefix = p.Next, p.NextPrefix
	}
}

// checkStartAfter lists behind any key: what stands behind it, but not the
// common prefix that it lies in (L-06).
func (s *store) checkStartAfter(t *rapid.T, rows []row, prefix, delimiter string) {
	after := keyGen().Draw(t, "after")
	var rest []row
	for _, r := range rows {
		if r.key > after {
			rest = append(rest, r)
		}
	}
	want := slices.DeleteFunc(rollUp(rest, prefix, delimiter), func(r row) bool {
		return r.prefix && strings.HasPrefix(after, r.key)
	})
	got := s.listAll(t, ListQuery{Bucket: "b", Prefix: prefix, Delimiter: delimiter, After: after, Max: 1000})
	if d := cmp.Diff(want, got, cmp.AllowUnexported(row{}), cmpopts.EquateEmpty()); d != "" {
		t.Fatalf("prefix %q delimiter %q after %q (-want +got):\n%s", prefix, delimiter, after, d)
	}
}

// V-14 to V-16: pages of versions put together are all versions, newest first.
func TestVersionsAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := openMemory(t)
		s.must(mkBucket("b"))
		stacks := map[string][]row{} // newest first
		drop := func(key, id string) {
			stacks[key] = slices.DeleteFunc(stacks[key], func(r row) bool { return r.id == id })
		}
		for range rapid.IntRange(0, 40).Draw(rt, "writes") {
			key := rapid.SampledFrom([]string{"a", "a/b", "a/c", "a//", "b", "ü/x", "ü/y"}).Draw(rt, "key")
			var id string
			switch rapid.SampledFrom([]string{"put", "put", "delete", "enable", "suspend"}).Draw(rt, "write") {
			case "put":
				id = s.must(put("b", key, key)).Version.ID
			case "delete":
				if id = s.must(del("b", key)).Deleted[0].VersionID; id == "" {
					drop(key, NullVersion)
					continue
				}
			case "enable":
				s.must(enable("b"))
				continue
			case "suspend":
				s.must(suspend("b"))
				continue
			}
			drop(key, id)
			stacks[key] = append([]row{{key: key, id: id}}, stacks[key]...)
		}
		var rows []row
		for _, key := range slices.Sorted(keysOf(stacks)) {
			rows = append(rows, stacks[key]...)
		}
		for range 4 {
			prefix, delimiter, size := drawQuery(rt)
			want := rollUp(rows, prefix, delimiter)
			got := s.versionsAll(rt, VersionsQuery{Bucket: "b", Prefix: prefix, Delimiter: delimiter, Max: size}, stacks)
			if d := cmp.Diff(want, got, cmp.AllowUnexported(row{}), cmpopts.EquateEmpty()); d != "" {
				rt.Fatalf("prefix %q delimiter %q by %d (-want +got):\n%s", prefix, delimiter, size, d)
			}
		}
	})
}

func (s *store) versionsAll(t *rapid.T, q VersionsQuery, stacks map[string][]row) (got []row) {
	for {
		var p VersionsPage
		s.view(func(tx *Tx) (err error) {
			p, err = tx.Versions(q)
			return err
		})
		var items []row
		for _, v := range p.Versions {
			items = append(items, row{key: v.Key, id: v.ID})
			if v.Latest != (stacks[v.Key][0].id == v.ID) {
				t.Fatalf("%q %s: latest is %v", v.Key, v.ID, v.Latest)
			}
		}
		page := merge(items, p.CommonPrefixes)
		if len(page) > q.Max || p.Truncated && len(page) < q.Max {
			t.Fatalf("a page of %d for %d, truncated %v", len(page), q.Max, p.Truncated)
		}
		got = append(got, page...)
		if !p.Truncated {
			return got
		}
		last := page[len(page)-1]
		if p.NextKey != last.key || p.NextVersion != last.id {
			t.Fatalf("next is %q %q behind %+v", p.NextKey, p.NextVersion, last)
		}
		q.AfterKey, q.AfterVersion = p.NextKey, p.NextVersion
	}
}

// V-15: a page goes on where it stopped, whatever was deleted in between.
func TestVersionsResumeBehindDeleted(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), put("b", "k", "0"), enable("b"))
	ids := []string{NullVersion}
	for i := range 3 {
		ids = append(ids, s.must(put("b", "k", fmt.Sprint(i))).Version.ID)
	}
	slices.Reverse(ids)
	rest := func(after string) (got []string) {
		s.view(func(tx *Tx) error {
			p, err := tx.Versions(VersionsQuery{Bucket: "b", AfterKey: "k", AfterVersion: after, Max: 10})
			for _, v := range p.Versions {
				got = append(got, v.ID)
			}
			return err
		})
		return got
	}
	for i, id := range ids {
		if d := cmp.Diff(ids[i+1:], rest(id), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("behind %s (-want +got):\n%s", id, d)
		}
	}
	// The page ended at the current version; it is deleted, so that the next
	// one becomes current: it must not be lost.
	s.must(delVersion("b", "k", ids[0]))
	if d := cmp.Diff(ids[1:], rest(ids[0]), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("behind the deleted current version (-want +got):\n%s", d)
	}
	s.must(delVersion("b", "k", ids[2]))
	if d := cmp.Diff(ids[3:], rest(ids[2]), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("behind the deleted noncurrent version (-want +got):\n%s", d)
	}
	s.must(delVersion("b", "k", NullVersion))
	if d := cmp.Diff(ids[1:2], rest(NullVersion), cmpopts.EquateEmpty()); d != "" {
		t.Errorf("behind a null version that is gone (-want +got):\n%s", d)
	}
}

// M-20: uploads by key, then by initiation, whatever their pages.
func TestUploadsAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := openMemory(t)
		s.must(mkBucket("b"), mkBucket("c"), CreateUpload{Bucket: "c", Key: "a"})
		var rows []row
		for range rapid.IntRange(0, 25).Draw(rt, "uploads") {
			key := rapid.SampledFrom([]string{"a", "a/b", "a/c", "a//", "b", "ü/x"}).Draw(rt, "key")
			rows = append(rows, row{key: key, id: s.upload(key)})
		}
		slices.SortStableFunc(rows, func(a, b row) int { return strings.Compare(a.key, b.key) })
		prefix, delimiter, size := drawQuery(rt)
		q := UploadsQuery{Bucket: "b", Prefix: prefix, Delimiter: delimiter, Max: size}
		var got []row
		for {
			var p UploadsPage
			s.view(func(tx *Tx) (err error) {
				p, err = tx.Uploads(q)
				return err
			})
			var items []row
			for _, u := range p.Uploads {
				items = append(items, row{key: u.Key, id: u.ID})
			}
			got = append(got, merge(items, p.CommonPrefixes)...)
			if !p.Truncated {
				break
			}
			q.AfterKey, q.AfterUpload = p.NextKey, p.NextUpload
			if q.AfterUpload != "" && rapid.Bool().Draw(rt, "abort") { // it has its place still
				s.must(AbortUpload{UploadID: q.AfterUpload})
			}
		}
		if d := cmp.Diff(rollUp(rows, prefix, delimiter), got, cmp.AllowUnexported(row{}), cmpopts.EquateEmpty()); d != "" {
			rt.Fatalf("prefix %q delimiter %q by %d (-want +got):\n%s", prefix, delimiter, size, d)
		}
	})
}

// B-14 to B-16.
func TestBucketsList(t *testing.T) {
	s := openMemory(t)
	for _, b := range []CreateBucket{
		{Name: "b2", Owner: "alice", Region: "r1"}, {Name: "b1", Owner: "alice", Region: "r2"}, {Name: "a", Owner: "alice", Region: "r1"},
		{Name: "b3", Owner: "alice", Region: "r1"}, {Name: "b0", Owner: "bob", Region: "r1"}, {Name: "c", Owner: "alice", Region: "r1"},
	} {
		s.must(b)
	}
	tests := []struct {
		q    BucketsQuery
		want string
		next string
	}{
		{BucketsQuery{Owner: "alice", Max: 10}, "a b1 b2 b3 c", ""},
		{BucketsQuery{Max: 10}, "a b0 b1 b2 b3 c", ""},
		{BucketsQuery{Owner: "alice", Max: 2}, "a b1", "b1"},
		{BucketsQuery{Owner: "alice", Max: 2, After: "b1"}, "b2 b3", "b3"},
		{BucketsQuery{Owner: "alice", Max: 2, After: "b3"}, "c", ""},
		{BucketsQuery{Owner: "alice", Max: 5}, "a b1 b2 b3 c", ""},
		{BucketsQuery{Owner: "alice", Prefix: "b", Max: 2}, "b1 b2", "b2"},
		{BucketsQuery{Owner: "alice", Prefix: "b", After: "b2", Max: 2}, "b3", ""},
		{BucketsQuery{Owner: "alice", Prefix: "b", After: "a", Max: 9}, "b1 b2 b3", ""},
		{BucketsQuery{Owner: "alice", Region: "r1", Max: 2}, "a b2", "b2"},
		{BucketsQuery{Owner: "carol", Max: 2}, "", ""},
		{BucketsQuery{Owner: "alice", Max: 0}, "", ""},
	}
	for _, tt := range tests {
		s.view(func(tx *Tx) error {
			p, err := tx.Buckets(tt.q)
			var names []string
			for _, b := range p.Buckets {
				names = append(names, b.Name)
			}
			if got := strings.Join(names, " "); got != tt.want || p.Next != tt.next {
				t.Errorf("%+v: got %q next %q, want %q next %q", tt.q, got, p.Next, tt.want, tt.next)
			}
			return err
		})
	}
}

func TestListEdges(t *testing.T) {
	s := openMemory(t)
	s.must(mkBucket("b"), enable("b"))
	for i := range 30 {
		s.must(put("b", fmt.Sprintf("p/%02d", i), "x"))
	}
	s.must(put("b", "p0", "x"), put("b", "gone", "x"), del("b", "gone"))
	list := func(q ListQuery) (p ListPage) {
		q.Bucket = "b"
		s.view(func(tx *Tx) (err error) {
			p, err = tx.List(q)
			return err
		})
		return p
	}
	if p := list(ListQuery{Max: 0}); p.Truncated || len(p.Objects) != 0 { // L-10
		t.Errorf("max 0: %+v", p)
	}
	if p := list(ListQuery{Max: 31}); p.Truncated || len(p.Objects) != 31 { // L-18, L-19
		t.Errorf("all: %d objects, truncated %v", len(p.Objects), p.Truncated)
	}
	if p := list(ListQuery{Max: 30}); !p.Truncated || p.Next != "p/29" {
		t.Errorf("all but one: truncated %v, next %q", p.Truncated, p.Next)
	}
	if p := list(ListQuery{Delimiter: "/", Max: 2}); p.Truncated || len(p.CommonPrefixes) != 1 || len(p.Objects) != 1 {
		t.Errorf("rolled up: %+v", p)
	}
	if p := list(ListQuery{Delimiter: "/", Max: 2, After: "p/", AfterPrefix: true}); len(p.CommonPrefixes) != 0 || len(p.Objects) != 1 {
		t.Errorf("behind the prefix: %+v", p)
	}
}
