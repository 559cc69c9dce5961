package form

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"bleepstore/reference/errcode"
)

const bound = "BoUnD"

// part is one part of a form.
func part(head, value string) string {
	return "--" + bound + "\r\nContent-Disposition: form-data; " + head + "\r\n\r\n" + value + "\r\n"
}

const end = "--" + bound + "--\r\n"

func upload(parts ...string) string { return strings.Join(parts, "") + end }

func read(text string) (*Form, error) {
	return Read(strings.NewReader(text), int64(len(text)), bound)
}

func TestRead(t *testing.T) {
	for name, c := range map[string]struct {
		text, file, content string
		fields              map[string]string
	}{
		"plain":             {upload(part(`name="key"`, "k"), part(`name="file"; filename="a.txt"`, "hello")), "a.txt", "hello", map[string]string{"key": "k"}},
		"no quotes":         {upload(part(`name=key`, "k"), part(`name=file; filename=a.txt`, "hello")), "a.txt", "hello", map[string]string{"key": "k"}},
		"no file name":      {upload(part(`name="key"`, "a/${filename}"), part(`name="file"`, "text")), "", "text", map[string]string{"key": "a/"}},
		"names folded":      {upload(part(`name="KEY"`, "k"), part(`name="File"`, "x")), "", "x", map[string]string{"key": "k"}},
		"repeated":          {upload(part(`name="x-amz-meta-a"`, "1"), part(`name="X-Amz-Meta-A"`, "2"), part(`name="file"`, "x")), "", "x", map[string]string{"x-amz-meta-a": "1,2"}},
		"escaped quote":     {upload(part(`name="file"; filename="a\"b.txt"`, "x")), `a"b.txt`, "x", nil},
		"path, Windows":     {upload(part(`name="file"; filename="C:\dir\a b.txt"`, "x")), "a b.txt", "x", nil},
		"path, Unix":        {upload(part(`name="file"; filename="/dir/ä.txt"`, "x")), "ä.txt", "x", nil},
		"variable":          {upload(part(`name="key"`, "u/${filename}"), part(`name="policy"`, "${filename}"), part(`name="x-amz-meta-n"`, "${filename}${filename}"), part(`name="file"; filename="/d/f"`, "x")), "f", "x", map[string]string{"key": "u/f", "policy": "${filename}", "x-amz-meta-n": "ff"}},
		"empty file":        {upload(part(`name="file"; filename="a"`, "")), "a", "", nil},
		"line breaks":       {upload(part(`name="file"; filename="a"`, "\r\n\r\na\r\n--\r\n\n\r\n")), "a", "\r\n\r\na\r\n--\r\n\n\r\n", nil},
		"look-alikes":       {upload(part(`name="file"; filename="a"`, "\r\n--BoUnDx\r\n--BoUn\r\n-BoUnD--\r\n --BoUnD--")), "a", "\r\n--BoUnDx\r\n--BoUn\r\n-BoUnD--\r\n --BoUnD--", nil},
		"fields behind":     {upload(part(`name="file"; filename="a"`, "x"), part(`name="key"`, "other"), part(`name="file"`, "y")), "a", "x", nil},
		"preamble":          {"preamble\r\n" + upload(part(`name="file"`, "x")), "", "x", nil},
		"epilogue":          {upload(part(`name="file"`, "x")) + "epilogue", "", "x", nil},
		"no last break":     {strings.TrimSuffix(upload(part(`name="file"`, "x")), "\r\n"), "", "x", nil},
		"a type of its own": {upload(part("name=\"file\"; filename=\"a\"\r\nContent-Type: image/png", "x")), "a", "x", nil},
	} {
		for _, in := range []io.Reader{strings.NewReader(c.text), iotest.OneByteReader(strings.NewReader(c.text))} {
			f, err := Read(in, int64(len(c.text)), bound)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for field, want := range c.fields {
				if got, ok := f.Get(field); got != want || !ok {
					t.Errorf("%s: %s: got %q, want %q", name, field, got, want)
				}
			}
			if len(f.Names()) < len(c.fields) || f.File.Name != c.file {
				t.Errorf("%s: got %q and file %q", name, f.Names(), f.File.Name)
			}
			most, likely := f.File.Most, f.File.Likely
			got, err := io.ReadAll(f.File)
			if err != nil || string(got) != c.content {
				t.Errorf("%s: got %q %v, want %q", name, got, err, c.content)
			}
			plain := !strings.Contains(c.text, "epilogue") && name != "fields behind" && name != "no last break"
			if n := int64(len(got)); most < n || plain && likely != n || most > likely+3 {
				t.Errorf("%s: %d bytes were likely, %d could have come, and %d did", name, likely, most, n)
			}
		}
	}
}

func TestMalformed(t *testing.T) {
	whole := upload(part(`name="key"`, "k"), part(`name="file"; filename="a.txt"`, "hello"))
	for name, c := range map[string]struct {
		text string
		want errcode.Code
	}{
		"empty":          {"", errcode.MalformedPOSTRequest},
		"no form":        {"hello", errcode.MalformedPOSTRequest},
		"other boundary": {strings.ReplaceAll(whole, bound, "other"), errcode.MalformedPOSTRequest},
		"no file":        {upload(part(`name="key"`, "k")), errcode.InvalidArgument},
		"no fields":      {end, errcode.InvalidArgument},
		"nameless":       {upload(part(`filename="a"`, "x")), errcode.MalformedPOSTRequest},
		"no disposition": {"--" + bound + "\r\nContent-Type: text/plain\r\n\r\nx\r\n" + end, errcode.MalformedPOSTRequest},
		"large fields":   {upload(part(`name="x-ignore-a"`, strings.Repeat("x", MaxFields)), part(`name="file"`, "x")), errcode.MaxPostPreDataLengthExceeded},
		"many fields":    {upload(strings.Repeat(part(`name="x-ignore-a"`, "x"), 400), part(`name="file"`, "x")), errcode.MaxPostPreDataLengthExceeded},
		"large behind":   {upload(part(`name="file"`, "x"), part(`name="a"`, strings.Repeat("x", 1<<20))), errcode.MaxPostPreDataLengthExceeded},
	} {
		if got := errcode.Of(outcome(c.text)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for n := range len(whole) - len("--\r\n") {
		if got := errcode.Of(outcome(whole[:n])); got != errcode.MalformedPOSTRequest {
			t.Fatalf("cut after %d bytes: got %q, want MalformedPOSTRequest", n, got)
		}
	}
	broken := &errcode.Error{Code: errcode.IncompleteBody}
	for _, n := range []int{0, 20, len(whole) - 20} {
		f, err := Read(io.MultiReader(strings.NewReader(whole[:n]), iotest.ErrReader(broken)), int64(len(whole)), bound)
		if err == nil {
			_, err = io.ReadAll(f.File)
		}
		if !errors.Is(err, broken) {
			t.Errorf("a body that breaks off after %d bytes: got %v", n, err)
		}
	}
}

func outcome(text string) error {
	f, err := read(text)
	if err == nil {
		_, err = io.ReadAll(f.File)
	}
	return err
}

// The fields of a form may have exactly MaxFields bytes.
func TestMaxFields(t *testing.T) {
	last := part(`name="file"; filename="a"`, "x")
	rest := MaxFields - len(strings.TrimSuffix(last, "x\r\n")) - len(part(`name="x-ignore-a"`, ""))
	for extra, want := range map[int]errcode.Code{0: "", 1: errcode.MaxPostPreDataLengthExceeded} {
		text := upload(part(`name="x-ignore-a"`, strings.Repeat("x", rest+extra)), last)
		if got := errcode.Of(outcome(text)); got != want {
			t.Errorf("%d bytes more than MaxFields: got %q, want %q", extra, got, want)
		}
	}
}

func TestBound(t *testing.T) {
	for _, c := range []struct {
		n    int
		want errcode.Code
	}{{2, errcode.EntityTooSmall}, {3, ""}, {5, ""}, {6, errcode.EntityTooLarge}, {1 << 20, errcode.EntityTooLarge}} {
		f, err := read(upload(part(`name="file"`, strings.Repeat("x", c.n))))
		if err != nil {
			t.Fatal(err)
		}
		f.File.Bound(3, 5)
		if _, err := io.ReadAll(f.File); errcode.Of(err) != c.want {
			t.Errorf("%d bytes: got %v, want %q", c.n, err, c.want)
		}
	}
}

// A large file comes through as it is, in little memory.
func TestLargeFile(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789\r\n--BoUn"), 1<<18)
	f, err := read(upload(part(`name="file"`, string(content))))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(f.File)
	if err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes %v, want %d", len(got), err, len(content))
	}
}

func TestBoundary(t *testing.T) {
	for text, want := range map[string]struct {
		boundary string
		ok       bool
		code     errcode.Code
	}{
		"multipart/form-data; boundary=a":            {"a", true, ""},
		`Multipart/Form-Data; boundary="a b"`:        {"a b", true, ""},
		"multipart/form-data":                        {"", true, errcode.MalformedPOSTRequest},
		"multipart/form-data; boundary=":             {"", true, errcode.MalformedPOSTRequest},
		"multipart/form-data; boundary=a; boundary=": {"", true, errcode.MalformedPOSTRequest},
		"multipart/mixed; boundary=a":                {"", false, ""},
		"text/plain":                                 {"", false, ""},
		"":                                           {"", false, ""},
	} {
		boundary, ok, err := Boundary(text)
		if boundary != want.boundary || ok != want.ok || errcode.Of(err) != want.code {
			t.Errorf("%q: got %q %v %v, want %+v", text, boundary, ok, err, want)
		}
	}
}

func encode(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func TestParsePolicy(t *testing.T) {
	const until, any = `"expiration": "2030-01-02T03:04:05.000Z"`, `"conditions": [["starts-with", "$key", ""]]`
	for text, want := range map[string]errcode.Code{
		encode(`{` + until + `, ` + any + `}`):                                                                      "",
		encode(`{"expiration": "2030-01-02T03:04:05Z", ` + any + `}`):                                               "",
		encode(`{` + until + `, "conditions": []}`):                                                                 "",
		encode(`{` + until + `, "conditions": [["content-length-range", 0, "10"], {"a": "b"}, ["EQ", "$A", "b"]]}`): "",
		"not base64!":           errcode.InvalidPolicyDocument,
		"":                      errcode.InvalidPolicyDocument,
		encode(`{`):             errcode.InvalidPolicyDocument,
		encode(`[]`):            errcode.InvalidPolicyDocument,
		encode(`{` + any + `}`): errcode.InvalidPolicyDocument,
		encode(`{"Expiration": "2030-01-02T03:04:05Z", ` + any + `}`):               errcode.InvalidPolicyDocument,
		encode(`{"expiration": "2030-01-02 03:04:05", ` + any + `}`):                errcode.InvalidPolicyDocument,
		encode(`{"expiration": 1, ` + any + `}`):                                    errcode.InvalidPolicyDocument,
		encode(`{` + until + `}`):                                                   errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": {}}`):                                 errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": null}`):                               errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "Conditions": []}`):                                 errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [{}]}`):                               errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [{"a": "b", "c": "d"}]}`):             errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [{"a": 1}]}`):                         errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["eq", "a", "b"]]}`):                 errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["eq", "$a"]]}`):                     errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["ends-with", "$a", "b"]]}`):         errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["content-length-range", 1]]}`):      errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["content-length-range", -1, 1]]}`):  errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["content-length-range", 2, 1]]}`):   errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["content-length-range", 0, 1.5]]}`): errcode.InvalidPolicyDocument,
		encode(`{` + until + `, "conditions": [["content-length-range", "a", 1]]}`): errcode.InvalidPolicyDocument,
	} {
		if _, err := ParsePolicy(text); errcode.Of(err) != want {
			raw, _ := base64.StdEncoding.DecodeString(text)
			t.Errorf("%s: got %v, want %q", raw, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	f, err := read(upload(part(`name="key"`, "user/${filename}"), part(`name="policy"`, "p"), part(`name="x-amz-signature"`, "s"), part(`name="x-ignore-a"`, "i"),
		part(`name="Content-Type"`, "image/png,image/gif"), part(`name="x-amz-meta-a"`, "$1"), part(`name="file"; filename="f"`, "12345")))
	if err != nil {
		t.Fatal(err)
	}
	all := func(more ...string) string {
		return strings.Join(append(more, `["starts-with", "$bucket", ""]`, `["starts-with", "$key", ""]`, `["starts-with", "$content-type", ""]`, `["starts-with", "$x-amz-meta-a", ""]`), ",")
	}
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for conditions, ok := range map[string]bool{
		all(): true,
		all(`{"bucket": "b"}`, `["eq", "$KEY", "user/f"]`, `["Starts-With", "$key", "user/"]`): true,
		all(`["starts-with", "$Content-Type", "image/"]`):                                      true,
		all(`["starts-with", "$Content-Type", "image/p"]`):                                     false,
		all(`["eq", "$x-amz-meta-a", "\$1"]`):                                                  true,
		all(`{"bucket": "c"}`):                                                                 false,
		all(`{"key": "user/F"}`):                                                               false,
		all(`{"key": "user/"}`):                                                                false,
		all(`{"key": "user/${filename}"}`):                                                     false,
		all(`["starts-with", "$acl", ""]`):                                                     false,
		strings.Replace(all(), "$bucket", "$key", 1):                                           false,
		strings.Replace(all(), "$content-type", "$key", 1):                                     false,
		"": false,
	} {
		p, err := ParsePolicy(encode(fmt.Sprintf(`{"expiration": "2030-01-01T00:00:01Z", "conditions": [%s]}`, conditions)))
		if err != nil {
			t.Fatalf("%s: %v", conditions, err)
		}
		if err := p.Check(f, "b", now); (err == nil) != ok || !ok && errcode.Of(err) != errcode.AccessDenied {
			t.Errorf("%s: got %v, want %v", conditions, err, ok)
		}
		if err := p.Check(f, "b", now.Add(time.Second)); errcode.Of(err) != errcode.AccessDenied {
			t.Errorf("%s: got %v once it has expired", conditions, err)
		}
	}
}
