package s3

import (
	"net/http"
	"testing"

	"bleepstore/reference/errcode"
	"bleepstore/reference/sigv4"
)

// A checksum that the server would not compute is refused.
func TestChecksumHeadersAreNeverIgnored(t *testing.T) {
	for name, want := range map[string]errcode.Code{
		"X-Amz-Checksum-Crc32":     "",
		"X-Amz-Checksum-Crc64nvme": "",
		"X-Amz-Checksum-Algorithm": "",
		"X-Amz-Checksum-Type":      "",
		"X-Amz-Checksum-Mode":      "",
		"X-Amz-Checksum-Xxhash3":   "",
		"X-Amz-Checksum-Md5":       "",
		"X-Amz-Checksum-Sha512":    "",
		"X-Amz-Checksum-Xxhash32":  errcode.InvalidRequest,
		"X-Amz-Checksum-Sha256a":   errcode.InvalidRequest,
		"X-Amz-Checksum-":          errcode.InvalidRequest,
	} {
		q := &request{op: &operation{}, r: &http.Request{Method: "PUT", Header: http.Header{name: {"x"}}}}
		err := q.refuseUnimplemented()
		if want == "" && err != nil || want != "" && errcode.Of(err) != want {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

func TestDecodedLength(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "17": 17, "9223372036854775807": 1<<63 - 1,
		"": -1, "abc": -1, "-1": -1, "+1": -1, "1.5": -1, "9223372036854775808": -1} {
		q := &request{identity: &sigv4.Identity{Payload: sigv4.ChunksUnsignedTrailer},
			r: &http.Request{Header: http.Header{"X-Amz-Decoded-Content-Length": {text}}}}
		got, err := q.payloadSize()
		if want >= 0 && (got != want || err != nil) || want < 0 && errcode.Of(err) != errcode.MissingContentLength {
			t.Errorf("%q: got %d %v, want %d", text, got, err, want)
		}
	}
}
