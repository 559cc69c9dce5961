package meta

import (
	_ "embed"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"bleepstore/reference/acl"
	"bleepstore/reference/policy"
)

// versionTwo lists what commands could hold when the version was 2: the paths of
// their fields.
//
//go:embed testdata/version-2.txt
var versionTwo string

// fields returns the paths of what a command's JSON can hold, and how each is set.
func fields(t reflect.Type, path string, index []int, found map[string][]int) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	own := slices.Contains([]reflect.Type{reflect.TypeFor[acl.Spec](), reflect.TypeFor[policy.Policy](), reflect.TypeFor[json.RawMessage]()}, t)
	if t.Kind() != reflect.Struct || own || t.PkgPath() != reflect.TypeFor[Command]().PkgPath() {
		found[path] = index
		return
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" || !f.IsExported() {
			continue
		}
		name := path
		if !f.Anonymous {
			name = strings.TrimPrefix(path+"."+f.Name, ".")
		}
		fields(f.Type, name, append(slices.Clone(index), i), found)
	}
}

// setAt sets the field at index of v, one by one, to something.
func setAt(v reflect.Value, index []int) {
	for {
		switch v.Kind() {
		case reflect.Pointer:
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
			continue
		case reflect.Slice:
			if v.Type() != reflect.TypeFor[json.RawMessage]() && v.Type().Elem().Kind() == reflect.Struct {
				v.Set(reflect.MakeSlice(v.Type(), 1, 1))
				v = v.Index(0)
				continue
			}
		}
		if len(index) == 0 {
			break
		}
		v, index = v.Field(index[0]), index[1:]
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
	}
}

// TestNeeds: whatever came to the commands since version 2 is known to need more.
func TestNeeds(t *testing.T) {
	old := strings.Fields(versionTwo)
	now := map[string][]int{}
	fields(reflect.TypeFor[wire](), "", nil, now)
	for _, path := range old {
		if now[path] == nil {
			t.Errorf("%s is gone: logs of version 2 cannot be read", path)
		}
	}
	newer := 0
	for path, index := range now {
		if !strings.Contains(path, ".") { // of the frame, or a command without fields
			continue
		}
		var w wire
		setAt(reflect.ValueOf(&w).Elem(), index)
		var c Command
		if err := w.op(&c, nil); err != nil || c.Op == nil {
			t.Fatalf("%s: %v", path, err)
		}
		want := OldestVersion
		if !slices.Contains(old, path) {
			want, newer = 3, newer+1
		}
		if got := c.Needs(); got != want {
			t.Errorf("%s needs version %d, want %d", path, got, want)
		}
	}
	if newer == 0 {
		t.Error("nothing is newer than version 2")
	}
}

// TestKnows: a program of version 2 stops at what it does not know.
func TestKnows(t *testing.T) {
	db, err := Open(t.Context(), Options{Knows: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, op := range []Op{CreateBucket{Name: "b", Owner: "o"}, SetVersion{2}} {
		if _, err := db.Apply([]Entry{{Index: uint64(i + 1), Command: Command{ID: "0123456789abcdef", Op: op}}}); err != nil {
			t.Fatal(err)
		}
	}
	if v := db.Version(); v != 2 {
		t.Errorf("version %d, want 2", v)
	}
	if _, err := db.Apply([]Entry{{Index: 3, Command: Command{ID: "1123456789abcdef", Op: SetLegalHold{Bucket: "b", Key: "k", Hold: HoldOn}}}}); !errors.Is(err, ErrUnknownCommand) {
		t.Errorf("got %v, want that it is not known", err)
	}
}

// TestNeedsOfChecksums: a node of version 2 computes the five that S3 had then.
func TestNeedsOfChecksums(t *testing.T) {
	for algorithm, want := range map[string]int{"": 2, "CRC32": 2, "CRC32C": 2, "CRC64NVME": 2, "SHA1": 2, "SHA256": 2,
		"MD5": 3, "SHA512": 3, "XXHASH128": 3, "XXHASH3": 3, "XXHASH64": 3} {
		w := Write{Checksum: Checksum{Algorithm: algorithm}}
		for _, op := range []Op{PutObject{Write: w}, &PutObject{Write: w}, CopyObject{Write: w}, CreateUpload{Algorithm: algorithm}} {
			if got := (Command{Op: op}).Needs(); got != want {
				t.Errorf("%T with %q: got %d, want %d", op, algorithm, got, want)
			}
		}
	}
}
