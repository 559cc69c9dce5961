package meta

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bleepstore/reference/errcode"
)

// A modelVersion is what the model knows of a version.
type modelVersion struct {
	id     string
	marker bool
	body   string
	tags   string
}

// A model is one bucket as the rules B, O, V and W tell it, newest version first.
type model struct {
	state VersioningState
	keys  map[string][]modelVersion
}

func (m *model) current(key string) *modelVersion {
	if vs := m.keys[key]; len(vs) > 0 && !vs[0].marker {
		return &vs[0]
	}
	return nil
}

func (m *model) refusal(key string, c WriteCondition) errcode.Code {
	cur := m.current(key)
	switch {
	case c.IfMatch != "" && cur == nil:
		return errcode.NoSuchKey
	case c.IfMatch != "" && c.IfMatch != "*" && c.IfMatch != etag(cur.body):
		return errcode.PreconditionFailed
	case c.IfNoneMatch == "*" && cur != nil:
		return errcode.PreconditionFailed
	}
	return ""
}

// push adds a version; in a bucket that is not versioned now it is the null one.
func (m *model) push(key string, v modelVersion) {
	if m.state != VersioningEnabled {
		m.remove(key, NullVersion)
	}
	m.keys[key] = append([]modelVersion{v}, m.keys[key]...)
}

func (m *model) find(key, id string) *modelVersion {
	for i := range m.keys[key] {
		if m.keys[key][i].id == id {
			return &m.keys[key][i]
		}
	}
	return nil
}

func (m *model) remove(key, id string) {
	m.keys[key] = slices.DeleteFunc(m.keys[key], func(v modelVersion) bool { return v.id == id })
}

// A machineTest drives a store and the model with the same random commands.
type machineTest struct {
	*store
	m     model
	serie int
}

var modelKeys = []string{"a", "a/", "a/b", "a\x00", "b", "ü"}

func (d *machineTest) key(t *rapid.T) string { return rapid.SampledFrom(modelKeys).Draw(t, "key") }

// version draws an id of a version of key, one that never was, or none.
func (d *machineTest) version(t *rapid.T, key string) string {
	ids := []string{NullVersion, wireID(1<<40, "never")}
	for _, v := range d.m.keys[key] {
		ids = append(ids, v.id)
	}
	return rapid.SampledFrom(ids).Draw(t, "version")
}

func (d *machineTest) match(t *rapid.T, key string) string {
	tags := []string{"", "", "", "*", etag("never")}
	for _, v := range d.m.keys[key] {
		tags = append(tags, etag(v.body))
	}
	return rapid.SampledFrom(tags).Draw(t, "ifMatch")
}

func (d *machineTest) put(t *rapid.T) {
	key := d.key(t)
	d.serie++
	body := fmt.Sprint("body", d.serie)
	op := put("b", key, body)
	op.Condition.IfMatch = d.match(t, key)
	op.Condition.IfNoneMatch = rapid.SampledFrom([]string{"", "", "*"}).Draw(t, "ifNoneMatch")
	if rapid.Bool().Draw(t, "blob") {
		op.Body, op.Extents, op.Epoch = nil, []Extent{{Blob: body, Len: int64(len(body))}}, 1
	}
	want := d.m.refusal(key, op.Condition)
	r := d.do(op)
	if got := errcode.Of(errOf(r)); got != want {
		t.Fatalf("put %q %+v: got %q, want %q", key, op.Condition, got, want)
	}
	if want == "" {
		d.m.push(key, modelVersion{id: r.Version.ID, body: body})
	}
}

func (d *machineTest) delete(t *rapid.T) {
	n := rapid.IntRange(1, 3).Draw(t, "keys")
	op := DeleteObjects{Bucket: "b", Owner: "alice"}
	for range n {
		key := d.key(t)
		item := DeleteItem{Key: key, IfMatch: d.match(t, key)}
		if rapid.Bool().Draw(t, "named") {
			item.VersionID = d.version(t, key)
		}
		op.Items = append(op.Items, item)
	}
	for i, got := range d.must(op).Deleted {
		d.deleted(t, op.Items[i], got)
	}
}

// deleted applies one item to the model and compares its outcome.
func (d *machineTest) deleted(t *rapid.T, item DeleteItem, got Deleted) {
	refusal := d.m.refusal(item.Key, WriteCondition{IfMatch: item.IfMatch})
	var want Deleted
	switch old := d.m.find(item.Key, item.VersionID); {
	case refusal != "":
		want.VersionID = item.VersionID
	case item.VersionID != "":
		want = Deleted{VersionID: item.VersionID, DeleteMarker: old != nil && old.marker}
		d.m.remove(item.Key, item.VersionID)
	case d.m.state == "":
		d.m.remove(item.Key, NullVersion)
	default:
		want = Deleted{VersionID: got.VersionID, DeleteMarker: true}
		if (got.VersionID == NullVersion) != (d.m.state == VersioningSuspended) {
			t.Fatalf("marker %q in a bucket %s", got.VersionID, d.m.state)
		}
		d.m.push(item.Key, modelVersion{id: got.VersionID, marker: true})
	}
	if got.Err != nil && got.Err.Code != refusal || got.Err == nil && refusal != "" {
		t.Fatalf("delete %+v: got %v, want %q", item, got.Err, refusal)
	}
	got.Err = nil
	if got != want {
		t.Fatalf("delete %+v: got %+v, want %+v", item, got, want)
	}
}

func (d *machineTest) tag(t *rapid.T) {
	key := d.key(t)
	id := rapid.SampledFrom([]string{"", d.version(t, key)}).Draw(t, "id")
	d.serie++
	value := fmt.Sprint(d.serie)
	v := d.m.find(key, id)
	want := errcode.NoSuchVersion
	if id == "" {
		want = errcode.NoSuchKey
		if vs := d.m.keys[key]; len(vs) > 0 {
			v = &vs[0]
		}
	}
	if v != nil {
		want = ""
		if v.marker {
			want = errcode.MethodNotAllowed
		}
	}
	r := d.do(SetObjectTags{Bucket: "b", Key: key, VersionID: id, Tags: []Tag{{"t", value}}})
	if got := errcode.Of(errOf(r)); got != want {
		t.Fatalf("tag %q %q: got %q, want %q", key, id, got, want)
	}
	if want == "" {
		v.tags = value
	}
}

func (d *machineTest) versioning(t *rapid.T) {
	d.m.state = rapid.SampledFrom([]VersioningState{VersioningEnabled, VersioningSuspended}).Draw(t, "state")
	d.must(SetVersioning{Bucket: "b", State: d.m.state})
}

// check compares every version with the model, read by listing and one by one.
func (d *machineTest) check(t *rapid.T) {
	var want, got []string
	for _, key := range slices.Sorted(keysOf(d.m.keys)) {
		for i, v := range d.m.keys[key] {
			want = append(want, fmt.Sprintf("%q %s latest=%v marker=%v %s tags=%s", key, v.id, i == 0, v.marker, v.body, v.tags))
		}
	}
	d.view(func(tx *Tx) error {
		page, err := tx.Versions(VersionsQuery{Bucket: "b", Max: 1000})
		if err != nil {
			return err
		}
		for _, v := range page.Versions {
			o, err := tx.Object("b", v.Key, v.ID)
			if err != nil {
				return err
			}
			if err := tx.Body(&o); err != nil {
				return err
			}
			body := string(o.Inline)
			for _, e := range o.Extents {
				body += e.Blob
			}
			tags := ""
			for _, x := range o.Tags {
				tags += x.Value
			}
			if o.Latest != v.Latest || o.DeleteMarker != v.DeleteMarker || !v.DeleteMarker && v.ETag != etag(body) {
				t.Errorf("listed %+v, read %+v", v, o.Version)
			}
			got = append(got, fmt.Sprintf("%q %s latest=%v marker=%v %s tags=%s", v.Key, v.ID, v.Latest, v.DeleteMarker, body, tags))
		}
		return d.checkCurrent(t, tx)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("versions (-want +got):\n%s", diff)
	}
}

func (d *machineTest) checkCurrent(t *rapid.T, tx *Tx) error {
	var want, got []string
	var bytes int64
	for _, key := range slices.Sorted(keysOf(d.m.keys)) {
		if v := d.m.current(key); v != nil {
			want = append(want, key+" "+v.id)
			bytes += int64(len(v.body))
		}
		o, err := tx.Object("b", key, "")
		if vs := d.m.keys[key]; len(vs) == 0 != (errcode.Of(err) == errcode.NoSuchKey) || len(vs) > 0 && o.ID != vs[0].id {
			t.Errorf("current of %q is %q (%v), want the first of %v", key, o.ID, err, vs)
		}
	}
	page, err := tx.List(ListQuery{Bucket: "b", Max: 1000})
	for _, v := range page.Objects {
		got = append(got, v.Key+" "+v.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if st, err := tx.Stats(); err != nil || st.Objects != int64(len(want)) || st.Bytes != bytes {
		t.Errorf("stats %+v, %v; want %d objects of %d bytes", st, err, len(want), bytes)
	}
	return err
}

func keysOf[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// The state machine and the model agree after any sequence of commands, in a
// bucket that was versioned at any time.
func TestMachineAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := &machineTest{store: openMemory(t), m: model{keys: map[string][]modelVersion{}}}
		defer func() { d.drained(rt) }()
		d.must(mkBucket("b"))
		rt.Repeat(map[string]func(*rapid.T){
			"put": d.put, "put again": d.put, "delete": d.delete, "tag": d.tag, "versioning": d.versioning, "": d.check,
		})
	})
}

// drained removes every version that the model knows: the bucket is empty
// then, and so, after the grace, is every table of bytes.
func (d *machineTest) drained(t *rapid.T) {
	if t.Failed() {
		return
	}
	for key, vs := range d.m.keys {
		for _, v := range vs {
			d.must(delVersion("b", key, v.id))
		}
	}
	d.must(Reap{Max: 1 << 20}, DeleteBucket{Name: "b"})
	for _, table := range strings.Fields("live version inline extent garbage") {
		d.wantRows(table, 0)
	}
	if d.t.Failed() {
		t.Fatal("something is left")
	}
}
