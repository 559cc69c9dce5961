// Package checksum holds the rules of S3's additional checksums: which values
// are accepted, stored and returned, for objects, parts, multipart objects and
// copies, and which operations demand one.
package checksum

import (
	"context"
	"encoding/xml"
	"errors"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
)

const (
	api   = "https://docs.aws.amazon.com/AmazonS3/latest/API/"
	guide = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/"

	guideUpload = guide + "checking-object-integrity-upload.html"
	guideTypes  = guideUpload + "#Full-object-checksums"
	apiPut      = api + "API_PutObject.html"
	apiPart     = api + "API_UploadPart.html"
	apiGet      = api + "API_GetObject.html"
	apiCreate   = api + "API_CreateMultipartUpload.html"
	apiComplete = api + "API_CompleteMultipartUpload.html"
	apiErrors   = api + "ErrorResponses.html#ErrorCodeList"

	typeHeader = "x-amz-checksum-type"
	algHeader  = "x-amz-checksum-algorithm"
	sdkHeader  = "x-amz-sdk-checksum-algorithm"
)

// The types of a checksum.
const (
	full      = "FULL_OBJECT"
	composite = "COMPOSITE"
)

// header is one header of a request, for lists of them.
func header(nameValues ...string) [][2]string {
	var h [][2]string
	for i := 0; i < len(nameValues); i += 2 {
		h = append(h, [2]string{nameValues[i], nameValues[i+1]})
	}
	return h
}

// A door is an operation that takes a body and its checksum.
type door struct {
	id, op, ref, sdk string
	needs            []Feature
	open             func(ctx context.Context, s *S, a digest.Algorithm) Slot
}

var doors = []door{
	{"put", "PutObject", apiPut, "PutObjectInput", []Feature{Checksum, Objects},
		func(ctx context.Context, s *S, _ digest.Algorithm) Slot { return ObjectSlot(ctx, s) }},
	{"part", "UploadPart", apiPart, "UploadPartInput", []Feature{Checksum, Multipart},
		func(ctx context.Context, s *S, a digest.Algorithm) Slot {
			return PartSlot(ctx, s, Header(algHeader, a.Name))
		}},
}

// read asks for an object's headers with its checksum.
func read(ctx context.Context, s *S, method, bucket, key string) *Response {
	return s.Send(ctx, Request{Method: method, Bucket: bucket, Key: key, Header: header("x-amz-checksum-mode", "ENABLED")})
}

// mustPut stores an object with its checksum; the scenario is blocked when
// that fails.
func mustPut(ctx context.Context, s *S, bucket, key, body string, a digest.Algorithm) {
	s.MustPut(ctx, bucket, key, body, Header(a.Header(), a.Of([]byte(body))))
}

// failed is nil for a success, else an error that says what came back.
func failed(r *Response) error {
	switch {
	case r.Err != nil:
		return r.Err
	case r.Status/100 != 2 || r.Code != "":
		return errors.New(Outcome(r))
	}
	return nil
}

// element returns the text of the first element called name in a document, ""
// when there is none.
func element(doc []byte, name string) string {
	d := xml.NewDecoder(strings.NewReader(string(doc)))
	for {
		t, err := d.Token()
		if err != nil {
			return ""
		}
		start, ok := t.(xml.StartElement)
		if !ok || start.Name.Local != name {
			continue
		}
		var text string
		if d.DecodeElement(&text, &start) != nil {
			return ""
		}
		return text
	}
}
