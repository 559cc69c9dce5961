package scenarios

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// An Invariant is a rule about the shape of every answer (I1). It is judged in
// the transport on each exchange of each scenario, and becomes one result of
// the run.
type Invariant struct {
	ID    string
	Rule  string
	Says  string
	Ref   string
	Level Level
	// judge says whether the invariant applies to the exchange and, when it
	// is broken, how.
	judge func(*recorded) (applies bool, problem string)
}

const (
	refHeaders = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/get-request-ids.html"
	refErrors  = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
	refHTTP    = "https://www.rfc-editor.org/rfc/rfc9110"
)

// Invariants returns the rules that every answer is held to, ascending by id.
func Invariants() []Invariant { return slices.Clone(invariants) }

var invariants = []Invariant{
	{"shape.code-known", "X-24", "An error answer SHOULD carry a code from the published list.", refErrors, Should, judgeCode},
	{"shape.date", "I1", "Last-Modified MUST be an HTTP date in GMT.", refHTTP + "#section-5.6.7", Must, judgeDate},
	{"shape.error-body", "I1", "An error answer MUST carry an XML document Error with Code, Message and RequestId.", refErrors, Must, judgeError},
	{"shape.error-request-id", "I1", "The RequestId of an error body MUST equal the x-amz-request-id header.", refErrors, Must, judgeErrorID},
	{"shape.etag-quoted", "I1", "An ETag header MUST be quoted.", refHTTP + "#section-8.8.3", Must, judgeETag},
	{"shape.no-body", "I1", "A 204 answer MUST NOT carry Content-Length.", refHTTP + "#section-8.6", Must, judgeNoBody},
	{"shape.request-id", "I1", "Every answer MUST carry x-amz-request-id.", refHeaders, Must, judgeID},
}

// judgeShape adds the verdicts on one exchange to counts.
func judgeShape(counts map[string]ShapeCount, rec *recorded) {
	for _, inv := range invariants {
		applies, problem := inv.judge(rec)
		if !applies {
			continue
		}
		c := counts[inv.ID]
		c.Judged++
		if problem != "" {
			c.Broken++
			if c.First == "" {
				c.First, c.Wire = problem, rec.Exchange
			}
		}
		counts[inv.ID] = c
	}
}

func judgeID(rec *recorded) (bool, string) {
	if rec.resp.Header.Get("X-Amz-Request-Id") == "" {
		return true, "x-amz-request-id is absent"
	}
	return true, ""
}

// hasErrorBody is true for answers that S3 documents as carrying an error
// document: failures of any method but HEAD, except 304.
func hasErrorBody(rec *recorded) bool {
	return rec.Status >= 400 && rec.Method != http.MethodHead
}

type errorDocument struct {
	XMLName   xml.Name `xml:"Error"`
	Code      string
	Message   *string
	RequestID string `xml:"RequestId"`
}

func parseError(body []byte) (errorDocument, error) {
	var e errorDocument
	err := xml.Unmarshal(bytes.TrimSpace(body), &e)
	return e, err
}

func judgeError(rec *recorded) (bool, string) {
	if !hasErrorBody(rec) {
		return false, ""
	}
	e, err := parseError(rec.resp.Body)
	switch {
	case err != nil:
		return true, fmt.Sprintf("the body of a %d is not an Error document: %v", rec.Status, err)
	case e.Code == "":
		return true, "Code is absent"
	case e.Message == nil:
		return true, "Message is absent"
	case e.RequestID == "":
		return true, "RequestId is absent"
	}
	return true, ""
}

func judgeErrorID(rec *recorded) (bool, string) {
	id := rec.resp.Header.Get("X-Amz-Request-Id")
	if !hasErrorBody(rec) || id == "" {
		return false, ""
	}
	e, err := parseError(rec.resp.Body)
	if err != nil || e.RequestID == "" {
		return false, ""
	}
	if e.RequestID != id {
		return true, fmt.Sprintf("RequestId %q, x-amz-request-id %q", e.RequestID, id)
	}
	return true, ""
}

func judgeCode(rec *recorded) (bool, string) {
	if !hasErrorBody(rec) || rec.Code == "" {
		return false, ""
	}
	if !knownCode(rec.Code) {
		return true, fmt.Sprintf("code %q is not on the list", rec.Code)
	}
	return true, ""
}

func judgeETag(rec *recorded) (bool, string) {
	tag := rec.resp.Header.Get("ETag")
	if tag == "" {
		return false, ""
	}
	opaque := strings.TrimPrefix(tag, "W/")
	if len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return true, fmt.Sprintf("ETag: %s", tag)
	}
	return true, ""
}

func judgeDate(rec *recorded) (bool, string) {
	d := rec.resp.Header.Get("Last-Modified")
	if d == "" {
		return false, ""
	}
	if _, err := time.Parse(http.TimeFormat, d); err != nil {
		return true, fmt.Sprintf("Last-Modified: %s", d)
	}
	return true, ""
}

func judgeNoBody(rec *recorded) (bool, string) {
	if rec.Status != http.StatusNoContent {
		return false, ""
	}
	if cl := rec.resp.Header.Get("Content-Length"); cl != "" {
		return true, "a 204 carries Content-Length: " + cl
	}
	return true, ""
}
