package meta

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bleepstore/reference/acl"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// samples has every kind of command with every field set.
func samples() []Op {
	size, until := int64(7), time.UnixMilli(start).UTC()
	w := Write{
		Bucket: "b", Key: "k\x00ü\ufffd\\ufffd<&", Owner: "o", Size: 3, ETag: "e",
		Attributes: Attributes{
			ContentType: "t", CacheControl: "c", ContentDisposition: "d", ContentEncoding: "e", ContentLanguage: "l", Expires: "x",
			Metadata: map[string]string{"a": "1", "b": "ü"}, StorageClass: "GLACIER", Redirect: "/r", Tags: []Tag{{"k", "v"}},
			Lock: &Lock{Governance, until, HoldOn},
		},
		Checksum: Checksum{"CRC32", "COMPOSITE", "v"}, Condition: WriteCondition{"m", "*"},
	}
	grant := []acl.Grant{{ID: "i", Permission: acl.Read}, {Group: acl.AllUsers, Permission: acl.FullControl}}
	w.Spec, w.OwnOnly = &acl.Spec{Canned: "c", Grants: grant}, true
	block := &PublicAccessBlock{true, false, true, false}
	access := &Access{BucketOwnerPreferred, block, &acl.List{Grants: grant}, readable}
	ext := []Extent{{"blob", 1, 2}}
	return []Op{
		CreateBucket{"n", "o", "r", []Tag{{"k", "v"}}, access, true}, DeleteBucket{"n"}, SetVersioning{"b", VersioningEnabled},
		SetBucketTags{"b", []Tag{}}, SetBucketTags{"b", nil},
		SetBucketACL{"b", w.Spec}, SetBucketACL{"b", &acl.Spec{Grants: []acl.Grant{}}}, SetBucketACL{"b", nil},
		SetOwnership{"b", ObjectWriter}, SetPublicAccess{"b", block}, SetPublicAccess{"b", nil}, SetPolicy{"b", readable}, SetPolicy{"b", nil},
		SetSetting{"b", CORS, []byte(`{"a":[1]}`)}, SetSetting{"b", CORS, nil},
		SetUser{"ada", 7, &User{Name: "ada", Account: "id", Created: 5, Keys: []AccessKey{{ID: "AK", Secret: "s", Created: 6, Disabled: true}}}}, SetUser{"ada", 8, nil},
		SetObjectACL{"b", "k", "v", w.Spec},
		PutObject{Write: w, Body: []byte("\x00\xffabc")}, PutObject{Write: w, Extents: ext, Epoch: 4},
		CopyObject{Write: w, Source: 9}, CopyObject{Write: w, Body: []byte("x")},
		DeleteObject{"b", "o", DeleteItem{"k", "v", "m", true, true}, true}, DeleteObjects{"b", "o", []DeleteItem{{"k", "v", "m", true, true}, {Key: "l"}}, true},
		SetObjectTags{"b", "k", "v", []Tag{{"k", "v"}}},
		SetRetention{"b", "k", "v", Compliance, until, true}, SetRetention{Bucket: "b", Key: "k"}, SetLegalHold{"b", "k", "v", HoldOff},
		CreateUpload{"b", "k", "o", w.Attributes, "CRC32", "COMPOSITE", w.Spec},
		RegisterPart{"b", "k", "u", 1, 2, "e", w.Checksum, []byte("body"), ext, 3, 4, 5},
		CompleteUpload{"b", "k", "u", []PartRef{{1, "e", "c"}}, w.Condition, w.Checksum, 5, &size, true},
		AbortUpload{"b", "k", "u"}, Fence{3}, Reap{4, 5}, Expire{"b", 6, []string{"k\x00ü", "l"}, []string{"u"}}, TermStart{"n"}, SetVersion{2},
	}
}

func TestEncodeRoundTrip(t *testing.T) {
	for _, op := range append(samples(), nil) {
		c := Command{ID: "id", Term: 3, Stamp: 4, Op: op}
		b, err := Encode(c)
		if err != nil {
			t.Errorf("%T: %v", op, err)
			continue
		}
		got, err := Decode(b)
		if err != nil {
			t.Errorf("%T: %v", op, err)
		}
		if d := cmp.Diff(c, got); d != "" {
			t.Errorf("%T (-want +got):\n%s", op, d)
		}
	}
}

func TestEncodePointer(t *testing.T) {
	p := put("b", "k", "x")
	a, err := Encode(Command{Op: p})
	b, err2 := Encode(Command{Op: &p})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Errorf("a pointer encodes differently (-want +got):\n%s", d)
	}
}

// A body is not in the JSON, and Size is near the truth.
func TestEncodedSize(t *testing.T) {
	op := put("b", "k", strings.Repeat("x", 4096))
	op.Checksum.Value = "AAAAAAAAAAA="
	c := Command{ID: "0123456789abcdef", Stamp: start, Op: op}
	b, err := Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(b) - 4096; n > 512 || c.Size() < len(b)-512 || c.Size() > len(b)+512 {
		t.Errorf("%d bytes beside the body; Size is %d, encoded %d", n, c.Size(), len(b))
	}
	if strings.Count(string(b), "xxxx") != 1024 {
		t.Error("the body is not there as it is, once")
	}
}

func TestEncodeRefusesBadText(t *testing.T) {
	for _, key := range []string{"\xff", "a\\\xff", "ok\xc3"} {
		if _, err := Encode(Command{Op: DeleteBucket{Name: key}}); err == nil {
			t.Errorf("%q was encoded, and would come back as another name", key)
		}
	}
	for _, key := range []string{"\ufffd", `\ufffd`, `\\ufffd`} {
		if _, err := Encode(Command{Op: DeleteBucket{Name: key}}); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	frame := func(js, body string) string { return "\x01" + string(rune(len(js))) + js + body }
	tests := map[string]string{
		"nothing":                "",
		"a later format":         "\x02\x02{}",
		"cut":                    "\x01\x7f{}",
		"no length":              "\x01",
		"an unknown kind":        frame(`{"Dance":{}}`, ""),
		"an unknown field":       frame(`{"Fence":{"Epoch":1,"Color":2}}`, ""),
		"two kinds":              frame(`{"Fence":{},"Reap":{}}`, ""),
		"a body that none wants": frame(`{"Fence":{}}`, "x"),
		"text behind":            frame(`{"Fence":{}} 1`, ""),
		"no JSON":                frame(`fence`, ""),
	}
	for name, in := range tests {
		if c, err := Decode([]byte(in)); !errors.Is(err, ErrUnknownCommand) {
			t.Errorf("%s: decoded %+v, %v; want ErrUnknownCommand", name, c, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, op := range samples() {
		b, err := Encode(Command{ID: "id", Stamp: 1, Op: op})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Encode(c)
		if err != nil {
			t.Fatalf("what was decoded does not encode: %v", err)
		}
		d, err := Decode(again)
		if diff := cmp.Diff(c, d, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v (-first +second):\n%s", err, diff)
		}
	})
}

func TestVersionIDs(t *testing.T) {
	for _, seq := range []int64{0, 1, 255, 1 << 40, 1<<63 - 1} {
		got, suffix, ok := parseID(wireID(seq, "suffix"))
		if !ok || got != seq || suffix != "suffix" {
			t.Errorf("%d came back as %d %q %v", seq, got, suffix, ok)
		}
	}
	for _, id := range []string{"", "null", "000000000000000", "-000000000000001", "+000000000000001", "000000000000000G", "000000000000000A", "ffffffffffffffff"} {
		if seq, _, ok := parseID(id); ok {
			t.Errorf("%q was taken for %d", id, seq)
		}
	}
	if a, b := wireID(9, "z"), wireID(10, "a"); a >= b {
		t.Errorf("%q is not before %q", a, b)
	}
}

func TestUnpackDamaged(t *testing.T) {
	r := record{flags: flagPlain, parts: 3, seq: 1 << 40, content: 2, modified: start, size: 9, suffix: "s", etag: "e", owner: "o", class: "c", sum: Checksum{"a", "t", "v"}}
	b := r.pack()
	got, err := unpack(b)
	if err != nil || got != r {
		t.Fatalf("%+v, %v; want %+v", got, err, r)
	}
	for n := range b {
		if _, err := unpack(b[:n]); err == nil {
			t.Errorf("the first %d bytes of %d were taken for a record", n, len(b))
		}
	}
}
