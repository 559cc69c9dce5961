package liar

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bleepstore/fault"
)

// A family is lies of one form, one for each operation and thing that requests or
// answers have: lie.FAMILY.OPERATION.THING. What is met says which there are.
type family struct {
	name string
	says string // of an operation and a thing
	met  func(q *request, a *answer) []string
	tell func(op, thing string) lie
}

var families = []family{
	{"ignore", "%s acts as if a request had no %s", metIgnorable, ignore},
	{"refuse", "%s with %s is refused", metParams, refuse},
	{"swallow", "%s answers %s as if it had worked, and does nothing", metCodes, swallow},
	{"perform", "%s tells of %s, and yet does what was asked", metCodes, perform},
	{"recode", "%s has another code where it is %s, under the same status", metErrors, recode},
	{"restatus", "%s answers %s with the status 500", metCodes, restatus},
	{"mute", "%s answers without the header %s", metHeaders, mute},
	{"element", "%s answers without the element %s", metElements, dropElement},
	{"unsent", "%s answers as if it had worked, and does nothing: %s", metWrite, unsent},
	{"keep", "%s stores what came of a body that broke off: %s", func(*request, *answer) []string { return nil }, keepCut},
}

// Families lists the forms of the lies that do not stand here by name, one a line.
func Families() string {
	var b strings.Builder
	for _, f := range families {
		fmt.Fprintf(&b, "  lie.%s.OPERATION.THING  "+f.says+"\n", f.name, "OPERATION", "THING")
	}
	return b.String()
}

// ofFamily returns a lie by its name.
func ofFamily(name string) (*lie, error) {
	parts := strings.SplitN(name, ".", 4)
	if len(parts) == 4 && parts[0] == "lie" && known(parts[2]) && parts[3] != "" {
		for _, f := range families {
			if f.name == parts[1] {
				l := f.tell(parts[2], parts[3])
				l.Mutant = fault.Mutant{Name: name, Says: fmt.Sprintf(f.says, parts[2], parts[3])}
				return &l, nil
			}
		}
	}
	return nil, fmt.Errorf("there is no lie %q", name)
}

// known says whether a text names an operation.
func known(op string) bool {
	if op == odd {
		return true
	}
	for _, o := range operations {
		if o == op {
			return true
		}
	}
	for _, kind := range []string{"Service", "Bucket", "Object"} {
		if method, rest, ok := strings.Cut(op, kind); ok && method != "" && title(method) == method {
			return rest == "" || slices.ContainsFunc(resources, func(r struct{ query, name string }) bool { return r.name == rest })
		}
	}
	return false
}

// metIgnorable are the parameters and fields of a request that may be ignored, and
// the elements of its document.
func metIgnorable(q *request, _ *answer) (names []string) {
	if !q.by.good {
		return nil
	}
	for _, line := range q.fields {
		names = append(names, fieldName(line[0]))
	}
	for name := range q.params() {
		if parameters[name] {
			names = append(names, name)
		}
	}
	if len(q.body) < 1<<20 && (q.method == http.MethodPut || q.method == http.MethodPost) && !slices.Contains([]string{"PutObject", "UploadPart"}, q.op) {
		for _, e := range elementsOf(q.body) {
			names = append(names, "xml-"+e)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// metParams are those and what else is particular about a request.
func metParams(q *request, a *answer) []string {
	if !q.by.good {
		return nil
	}
	return append(metIgnorable(q, a), traits(q)...)
}

// hasParam says whether a request has a parameter, as metParams names it.
func (q *request) hasParam(name string) bool {
	if e, ok := strings.CutPrefix(name, "xml-"); ok {
		return element(e).Match(q.body)
	}
	return q.params().Has(name) || slices.ContainsFunc(q.fields, func(line [2]string) bool { return fieldName(line[0]) == name }) ||
		slices.Contains(traits(q), name)
}

// ofParam picks requests that may have the parameter, once their bodies are known.
func ofParam(op, name string) func(*request) bool {
	return and(ops(op), honest, func(q *request) bool { return strings.HasPrefix(name, "xml-") || q.hasParam(name) })
}

func ignore(op, name string) lie {
	return lie{on: ofParam(op, name), take: func(t *telling, q *request) *answer {
		if !q.hasParam(name) {
			return nil
		}
		if e, ok := strings.CutPrefix(name, "xml-"); ok {
			if !q.rebody(without(q.body, e)) {
				return nil
			}
		} else {
			q.forget(name)
			if slices.ContainsFunc(resources, func(r struct{ query, name string }) bool { return r.query == name }) {
				q.forget("id") // of what, if not of the resource
				q.forget("annotationName")
			}
			q.dropAll(func(field string) bool { return fieldName(field) == name })
		}
		if !q.resign() {
			return nil
		}
		return t.send(q)
	}}
}

func refuse(op, name string) lie {
	return lie{on: ofParam(op, name), take: func(_ *telling, q *request) *answer {
		if !q.hasParam(name) {
			return nil
		}
		return refusal(q, http.StatusBadRequest, "InvalidRequest")
	}}
}

// refusal is an answer that tells of an error.
func refusal(q *request, status int, code string) *answer {
	a := newAnswer(q.method, status, "")
	a.body = []byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code><Message>no</Message><RequestId>" +
		a.get("x-amz-request-id") + "</RequestId></Error>")
	a.set("Content-Type", "application/xml")
	a.set("Content-Length", strconv.Itoa(len(a.body)))
	return a
}

// metCodes are the codes of an error, or its status.
func metCodes(_ *request, a *answer) []string {
	if a.status < 300 && !strings.Contains(string(a.body), "<Error>") {
		return nil
	}
	return []string{a.code()}
}

// metErrors are the codes of an error that has one.
func metErrors(_ *request, a *answer) []string {
	if code := textOf(a.body, "Code"); a.status >= 300 && code != "" {
		return []string{code}
	}
	return nil
}

// failing picks answers with a code.
func failing(code string) func(*request, *answer) bool {
	return func(q *request, a *answer) bool { return slices.Contains(metCodes(q, a), code) }
}

func swallow(op, code string) lie {
	return lie{on: ops(op), when: failing(code), change: func(_ *telling, q *request, a *answer) bool {
		*a = *pretend(q)
		return true
	}}
}

// pretend is the answer of an operation that worked.
func pretend(q *request) *answer {
	a := newAnswer(q.method, success(q), results[q.op])
	switch q.op {
	case "PutObject", "GetObject", "HeadObject", "UploadPart":
		a.set("ETag", `"d41d8cd98f00b204e9800998ecf8427e"`)
		a.set("Last-Modified", now().UTC().Format(http.TimeFormat))
	}
	return a
}

// metWrite is a write that works.
func metWrite(q *request, a *answer) []string {
	if q.method == http.MethodGet || q.method == http.MethodHead || !a.ok() || !q.by.good {
		return nil
	}
	return []string{"ever"}
}

func unsent(op, thing string) lie {
	return lie{on: and(ops(op), honest, func(*request) bool { return thing == "ever" }), take: func(_ *telling, q *request) *answer {
		a := pretend(q)
		if a.fields.has("ETag") {
			a.set("ETag", q.tag())
		}
		return a
	}}
}

func recode(op, code string) lie {
	return lie{on: ops(op), when: failing(code), change: func(_ *telling, _ *request, a *answer) bool {
		other := "InternalError"
		if code == other {
			other = "InvalidRequest"
		}
		a.body = withText(a.body, "Code", other)
		return true
	}}
}

func restatus(op, code string) lie {
	return lie{on: ops(op), when: failing(code), change: func(_ *telling, _ *request, a *answer) bool {
		a.recode(http.StatusInternalServerError)
		return true
	}}
}

// metHeaders are the fields of an answer.
func metHeaders(_ *request, a *answer) (names []string) {
	for _, line := range a.fields {
		name := strings.ToLower(line[0])
		if meta(name) {
			name = "x-amz-meta"
		}
		if !slices.Contains([]string{"connection", "transfer-encoding", "server", "x-amz-id-2"}, name) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func mute(op, name string) lie {
	return lie{on: ops(op), change: func(_ *telling, _ *request, a *answer) bool {
		a.mute = name == "content-length"
		return eachField(a, func(field string) bool {
			return strings.EqualFold(field, name) || name == "x-amz-meta" && meta(field)
		}, func([2]string) [2]string { return [2]string{} })
	}}
}

func metElements(_ *request, a *answer) []string {
	if a.status >= 300 && len(a.body) > 0 || a.ok() && strings.Contains(a.get("Content-Type"), "xml") {
		return slices.DeleteFunc(elementsOf(a.body), func(name string) bool { return slices.Contains(details, name) })
	}
	return nil
}

// details are elements of errors that help a person alone.
var details = []string{"HostId", "StringToSign", "StringToSignBytes", "CanonicalRequest", "CanonicalRequestBytes", "SignatureProvided", "AWSAccessKeyId", "X"}

func dropElement(op, name string) lie {
	return lie{on: ops(op), when: func(q *request, a *answer) bool { return slices.Contains(metElements(q, a), name) },
		change: func(_ *telling, _ *request, a *answer) bool {
			a.body = without(a.body, name)
			return true
		}}
}
