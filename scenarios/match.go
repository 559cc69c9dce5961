package scenarios

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/onsi/gomega"
	"github.com/onsi/gomega/matchers"
	"github.com/onsi/gomega/types"
)

// An Answer is the status and code of a failed request. Codes empty means any
// code, as for HEAD, whose answers have no body.
type Answer struct {
	Status int
	Codes  []string
}

func (a Answer) String() string {
	if len(a.Codes) == 0 {
		return fmt.Sprint(a.Status)
	}
	return fmt.Sprintf("%d %s", a.Status, strings.Join(a.Codes, " or "))
}

// FailWith matches an error of the SDK or a *Response that has the status and,
// when codes are given, one of them.
func FailWith(status int, codes ...string) types.GomegaMatcher {
	return &failWith{want: []Answer{{status, codes}}}
}

// FailWithAny matches any of several answers; only for rules whose citation
// allows more than one.
func FailWithAny(answers ...Answer) types.GomegaMatcher { return &failWith{want: answers} }

type failWith struct{ want []Answer }

func (m *failWith) Match(actual any) (bool, error) {
	got := outcomeOf(actual)
	for _, a := range m.want {
		if got.status == a.Status && (len(a.Codes) == 0 || slices.Contains(a.Codes, got.code)) {
			return true, nil
		}
	}
	return false, nil
}

func (m *failWith) FailureMessage(actual any) string {
	var want []string
	for _, a := range m.want {
		want = append(want, a.String())
	}
	return fmt.Sprintf("got %s, want %s", outcomeOf(actual), strings.Join(want, ", or "))
}

func (m *failWith) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("got %s, want anything else", outcomeOf(actual))
}

// HaveStatus matches a *Response with one of the statuses.
func HaveStatus(statuses ...int) types.GomegaMatcher { return &haveStatus{statuses} }

type haveStatus struct{ want []int }

func (m *haveStatus) Match(actual any) (bool, error) {
	got := outcomeOf(actual)
	return slices.Contains(m.want, got.status), nil
}

func (m *haveStatus) FailureMessage(actual any) string {
	return fmt.Sprintf("got %s, want status %s", outcomeOf(actual), strings.Trim(fmt.Sprint(m.want), "[]"))
}

func (m *haveStatus) NegatedFailureMessage(actual any) string {
	return fmt.Sprintf("got %s, want any other status", outcomeOf(actual))
}

// HaveHeader matches a *Response, an http.Header or an output of the SDK whose
// header name has the value: a string, or a matcher of the string. A header
// that is absent has the value "".
func HaveHeader(name string, value any) types.GomegaMatcher {
	m, ok := value.(types.GomegaMatcher)
	if !ok {
		m = gomega.Equal(value)
	}
	return &haveHeader{name, m}
}

type haveHeader struct {
	name  string
	value types.GomegaMatcher
}

func (m *haveHeader) Match(actual any) (bool, error) {
	h, err := headerOf(actual)
	if err != nil {
		return false, err
	}
	return m.value.Match(h.Get(m.name))
}

func (m *haveHeader) FailureMessage(actual any) string {
	h, _ := headerOf(actual)
	return fmt.Sprintf("header %s: %s", m.name, message(m.value, h.Get(m.name)))
}

func (m *haveHeader) NegatedFailureMessage(actual any) string {
	h, _ := headerOf(actual)
	return fmt.Sprintf("header %s: %s", m.name, oneLine(m.value.NegatedFailureMessage(h.Get(m.name))))
}

func headerOf(actual any) (http.Header, error) {
	switch a := actual.(type) {
	case http.Header:
		return a, nil
	case *Response:
		if a.Err != nil { // an absent header would match ""
			return nil, fmt.Errorf("no answer: %w", a.Err)
		}
		return a.Header, nil
	case *Object:
		return a.Header, nil
	case error:
		var re *smithyhttp.ResponseError
		if errors.As(a, &re) {
			return re.Response.Header, nil
		}
	}
	return nil, fmt.Errorf("HaveHeader: %T has no headers; use HeaderOf(out.ResultMetadata)", actual)
}

// message is what m says of actual: "got X, want Y" for Gomega's Equal, whose
// own words take four lines, and one line for its other matchers.
func message(m types.GomegaMatcher, actual any) string {
	if eq, ok := m.(*matchers.EqualMatcher); ok {
		return fmt.Sprintf("got %s, want %s", shown(actual), shown(eq.Expected))
	}
	return oneLine(m.FailureMessage(actual))
}

// shown renders a value, what a pointer points to rather than the pointer.
func shown(v any) string {
	if rv := reflect.ValueOf(v); rv.Kind() == reflect.Pointer && !rv.IsNil() {
		v = rv.Elem().Interface()
	}
	if s, ok := v.(string); ok {
		return clip(s)
	}
	return fmt.Sprintf("%v", v)
}

// oneLine undoes the layout of Gomega's messages, whose lines are indented.
func oneLine(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "\n    ", " "), "\n", " ")
}

// HeaderOf returns the response headers behind an output of the SDK.
func HeaderOf(md middleware.Metadata) http.Header {
	if r, ok := awsmiddleware.GetRawResponse(md).(*smithyhttp.Response); ok {
		return r.Header
	}
	return http.Header{}
}

// StatusOf returns the HTTP status behind an output of the SDK.
func StatusOf(md middleware.Metadata) int {
	if r, ok := awsmiddleware.GetRawResponse(md).(*smithyhttp.Response); ok {
		return r.StatusCode
	}
	return 0
}

// outcome is how a request ended, whichever client sent it.
type outcome struct {
	status int    // 0: no answer, or a success of the SDK
	code   string // of the error body
	err    error  // no answer
	ok     bool
}

func (o outcome) String() string {
	switch {
	case o.ok && o.status != 0:
		return fmt.Sprintf("success (%d)", o.status)
	case o.ok:
		return "success"
	case o.status == 0 && o.err != nil:
		return "no answer: " + o.err.Error()
	case o.code == "":
		return fmt.Sprint(o.status)
	}
	return fmt.Sprintf("%d %s", o.status, o.code)
}

// unsupported is true for a well-formed 501 or 405, how a server says that it
// lacks a part of S3.
func (o outcome) unsupported() bool {
	return o.status == http.StatusNotImplemented || o.status == http.StatusMethodNotAllowed
}

// Outcome says in a few words how a request of either client ended, for
// observations: "success", "412 PreconditionFailed".
func Outcome(actual any) string { return outcomeOf(actual).String() }

func outcomeOf(actual any) outcome {
	switch a := actual.(type) {
	case nil:
		return outcome{ok: true}
	case *Response:
		if a.Err != nil {
			return outcome{err: a.Err}
		}
		return outcome{status: a.Status, code: a.Code, ok: a.Status/100 == 2 && a.Code == ""}
	case error:
		o := outcome{err: a}
		var ae smithy.APIError
		if errors.As(a, &ae) {
			o.code = ae.ErrorCode()
		}
		var re *smithyhttp.ResponseError
		if errors.As(a, &re) {
			o.status = re.HTTPStatusCode()
		}
		if o.code == "UnknownError" { // the SDK's word for an empty error body
			o.code = ""
		}
		return o
	}
	return outcome{err: fmt.Errorf("%T is neither an error nor a *Response", actual)}
}
