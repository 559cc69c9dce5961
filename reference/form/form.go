// Package form reads uploads by HTML form as S3 takes them: the fields, which
// are few and small, the file behind them, which is streamed, and the policy
// that says what the form may hold. It knows neither signatures nor objects.
//
// Every refusal is an *errcode.Error.
package form

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"bleepstore/fault"
	"bleepstore/reference/errcode"
)

var (
	filenameKept = fault.NewBug("form.filename-not-expanded",
		"${filename} in a field stands for itself", "PO-03")
	pathKept = fault.NewBug("form.filename-with-path",
		"${filename} is the whole path that a browser sends", "PO-03")
	keyAloneExpanded = fault.NewBug("form.filename-in-key-only",
		"${filename} is expanded in the key and in no other field", "PO-03")
	lastCounts = fault.NewBug("form.repeated-field-last",
		"of fields that have one name the last counts", "PO-10")
	fieldsUnbounded = fault.NewBug("form.fields-unlimited",
		"the fields of a form may have any size", "PO-15")
	cutAccepted = fault.NewBug("form.cut-accepted",
		"a form without its last boundary is complete", "PO-06")
	tailFields = fault.NewBug("form.field-behind-file-refused",
		"a form with fields behind the file is refused", "PO-11")
	breaksCut = fault.NewBug("form.line-breaks-cut",
		"line breaks at the end of a file are not stored", "PO-16")
)

// MaxFields is the most bytes of a form besides the content of its file.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/HTTPPOSTForms.html
const MaxFields = 20 << 10

// A Form is an upload whose file is still to be read.
type Form struct {
	File   *File
	fields map[string]string
	names  []string // in their order
}

// Names returns the names of the fields before the file, in lower case, each
// once.
func (f *Form) Names() []string { return f.names }

// Get returns the value of a field, "" and false where the form has none of that
// name, which is in lower case. Values of one name are joined by commas, and
// ${filename} is expanded.
func (f *Form) Get(name string) (string, bool) {
	v, ok := f.fields[name]
	return v, ok
}

// Value is Get for fields whose absence means the same as emptiness.
func (f *Form) Value(name string) string { return f.fields[name] }

// A File is the file of a form. One goroutine may read it.
type File struct {
	Name string // without the path that some browsers send
	// Likely is how many bytes come where nothing stands behind the file but the
	// last boundary in a line of its own, as browsers send it; Most is how many may
	// come.
	Likely, Most int64

	in       *lines
	parts    *multipart.Reader
	part     *multipart.Part
	min, max int64
	n        int64
	err      error
}

// Boundary returns the boundary of a Content-Type, and false when that is
// another than multipart/form-data: MalformedPOSTRequest where there is none.
func Boundary(contentType string) (boundary string, ok bool, err error) {
	kind, params, err := mime.ParseMediaType(contentType)
	if kind == "" {
		kind, _, _ = strings.Cut(contentType, ";")
	}
	if !strings.EqualFold(strings.TrimSpace(kind), "multipart/form-data") {
		return "", false, nil
	}
	if n := len(params["boundary"]); err != nil || n == 0 || n > 200 {
		return "", true, malformed(err)
	}
	return params["boundary"], true, nil
}

// Read reads the fields of a form of length bytes, as far as its file:
// MalformedPOSTRequest, MaxPostPreDataLengthExceededError, InvalidArgument where
// there is no file. Errors of body that are *errcode.Error are returned as they
// are. What stands behind the file is read by File, and ignored.
func Read(body io.Reader, length int64, boundary string) (*Form, error) {
	// Where the body ends another error than io.EOF comes, which multipart also
	// returns at the last boundary; a line break may be missing behind that.
	body = io.MultiReader(body, strings.NewReader("\r\n"), cut{})
	in := &lines{br: bufio.NewReaderSize(body, 32<<10), counting: true}
	parts := multipart.NewReader(in, boundary)
	f := &Form{fields: map[string]string{}}
	for {
		p, err := parts.NextRawPart()
		if err == io.EOF {
			return nil, errcode.New(errcode.InvalidArgument, "POST requires exactly one file upload per request.").
				With("ArgumentName", "file").With("ArgumentValue", "0")
		}
		if err != nil {
			return nil, in.malformed(err)
		}
		name, filename, err := disposition(p)
		if err != nil {
			return nil, in.malformed(err)
		}
		if name == "file" {
			in.counting = false
			most := max(0, length-in.n-int64(len("\n--")+len(boundary)+len("--")))
			if cutAccepted.On() {
				most = length - in.n
			}
			likely := max(0, most-int64(len("\r\n")+len("\r")))
			f.File = &File{Name: filename, Likely: likely, Most: most, in: in, parts: parts, part: p, max: -1}
			f.expand()
			return f, nil
		}
		value, err := io.ReadAll(p)
		if err != nil {
			return nil, in.malformed(err)
		}
		f.add(name, string(value))
	}
}

// disposition returns the name of a part in lower case, and the file name that
// it has.
func disposition(p *multipart.Part) (name, filename string, err error) {
	kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return "", "", err
	}
	if kind != "form-data" || params["name"] == "" {
		return "", "", errors.New("a part without a name")
	}
	filename = params["filename"]
	if i := strings.LastIndexAny(filename, `/\`); i >= 0 && !pathKept.On() {
		filename = filename[i+1:]
	}
	return strings.ToLower(params["name"]), filename, nil
}

func (f *Form) add(name, value string) {
	old, again := f.fields[name]
	switch {
	case !again:
		f.names = append(f.names, name)
	case !lastCounts.On():
		value = old + "," + value
	}
	f.fields[name] = value
}

// expand puts the name of the file in the place of the variable, in all fields
// but those that were signed as they stand.
func (f *Form) expand() {
	for name, value := range f.fields {
		if name == "policy" || name == "x-amz-signature" || !strings.Contains(value, "${filename}") ||
			filenameKept.On() || name != "key" && keyAloneExpanded.On() {
			continue
		}
		f.fields[name] = strings.ReplaceAll(value, "${filename}", f.File.Name)
	}
}

// Bound refuses a file of fewer than least or more than most bytes, where that
// is not negative: EntityTooSmall, EntityTooLarge.
func (f *File) Bound(least, most int64) { f.min, f.max = least, most }

// Read implements io.Reader. io.EOF comes once the whole form has been seen to
// be well-formed.
func (f *File) Read(p []byte) (int, error) {
	if f.err != nil {
		return 0, f.err
	}
	n, err := f.part.Read(p)
	if err == io.EOF && bytes.HasSuffix(p[:n], []byte("\r\n")) && breaksCut.On() {
		n -= 2
	}
	f.n += int64(n)
	switch {
	case f.max >= 0 && f.n > f.max:
		f.err = errcode.New(errcode.EntityTooLarge, "Your proposed upload exceeds the maximum allowed size").
			With("ProposedSize", itoa(f.n)).With("MaxSizeAllowed", itoa(f.max))
	case f.n > f.Most: // there is no room left for the last boundary
		f.err = malformed(nil)
	case err == io.EOF:
		f.err = f.end()
	case err != nil && cutAccepted.On():
		f.err = io.EOF
	case err != nil:
		f.err = f.in.malformed(err)
	}
	if f.err != nil && f.err != io.EOF {
		return 0, f.err
	}
	return n, f.err
}

// end reads what stands behind the file.
func (f *File) end() error {
	if f.n < f.min {
		return errcode.New(errcode.EntityTooSmall, "Your proposed upload is smaller than the minimum allowed size").
			With("ProposedSize", itoa(f.n)).With("MinSizeAllowed", itoa(f.min))
	}
	f.in.counting, f.in.n = true, 0
	for {
		_, err := f.parts.NextRawPart()
		switch {
		case err == io.EOF:
			return io.EOF
		case err != nil && cutAccepted.On():
			return io.EOF
		case err != nil:
			return f.in.malformed(err)
		case tailFields.On():
			return malformed(nil)
		}
	}
}

// malformed is the refusal of a body that is no form, unless err is a refusal
// already.
func malformed(err error) error {
	var e *errcode.Error
	if errors.As(err, &e) {
		return e
	}
	return &errcode.Error{Code: errcode.MalformedPOSTRequest, Err: err}
}

// cut is the end of a body that lacks its last boundary.
type cut struct{}

func (cut) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// lines gives out no more than a line at a time while it counts, so that
// whoever reads by lines has not read ahead, and refuses more than MaxFields.
type lines struct {
	br       *bufio.Reader
	counting bool
	n        int64
	err      error // of the body
}

// malformed is malformed(err), unless the body itself could not be read.
func (l *lines) malformed(err error) error {
	if l.err != nil {
		err = l.err
	}
	return malformed(err)
}

func (l *lines) Read(p []byte) (int, error) {
	if !l.counting {
		n, err := l.br.Read(p)
		l.err = err
		return n, err
	}
	if _, err := l.br.Peek(1); err != nil {
		l.err = err
		return 0, err
	}
	ahead, err := l.br.Peek(l.br.Buffered())
	if err != nil {
		return 0, err
	}
	if i := bytes.IndexByte(ahead, '\n'); i >= 0 {
		ahead = ahead[:i+1]
	}
	n := copy(p, ahead)
	if l.n += int64(n); l.n > MaxFields && !fieldsUnbounded.On() {
		return 0, &errcode.Error{Code: errcode.MaxPostPreDataLengthExceeded}
	}
	return l.br.Discard(n)
}
