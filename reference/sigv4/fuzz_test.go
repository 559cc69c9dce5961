package sigv4

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"bleepstore/reference/errcode"
)

// guarded is a Verifier whose one secret no input can know, so that nothing
// may verify.
func guarded() *Verifier {
	return New(Config{
		Credentials: keys{exampleKey: "a secret that no seed was signed with"},
		Region:      "us-east-1",
		Now:         func() time.Time { return exampleTime },
	})
}

func mustRefuse(t *testing.T, r *http.Request) {
	id, err := guarded().Verify(r)
	if err == nil && !id.Anonymous() {
		t.Fatalf("verified as %s", id.AccessKey)
	}
	if err != nil && errcode.Of(err) == "" {
		t.Fatalf("refused without a code: %v", err)
	}
}

func FuzzParseAuthorization(f *testing.F) {
	signed := sign(f, newRequest(f, "GET", "k", ""), "UNSIGNED-PAYLOAD")
	f.Add(signed.Header.Get("Authorization"), "20130524T000000Z", "UNSIGNED-PAYLOAD")
	f.Add("AWS4-HMAC-SHA256 "+exampleScope+",SignedHeaders=host;;host,Signature=,", "Fri, 24 May 2013 00:00:00 GMT", emptySum)
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e,,=", "20130524T000000Z", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
	f.Add("AWS a:b", "", "")
	f.Fuzz(func(t *testing.T, auth, date, payload string) {
		r := newRequest(t, "GET", "k", "a=b")
		r.Header["Authorization"] = []string{auth}
		r.Header["X-Amz-Date"] = []string{date}
		r.Header[contentSHA256] = []string{payload}
		mustRefuse(t, r)
	})
}

func FuzzPresignQuery(f *testing.F) {
	signed := presign(f, newRequest(f, "GET", "k", ""), exampleTime)
	f.Add("/bucket/k", signed.URL.RawQuery)
	f.Add("/%2", "a=%zz")
	f.Add("//", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=%2F%2F%2F%2F&&=&+=+")
	f.Add("*", "Signature=a&AWSAccessKeyId")
	f.Fuzz(func(t *testing.T, path, query string) {
		mustRefuse(t, &http.Request{Method: "GET", Host: "h", URL: &url.URL{Path: path, RawQuery: query}, Header: http.Header{}})
		mustRefuse(t, &http.Request{Method: "GET", Host: "h", URL: &url.URL{Path: path}, RequestURI: path + "?" + query, Header: http.Header{}})
	})
}

func FuzzChunkReader(f *testing.F) {
	for _, mode := range chunkModes {
		e := newEncoder(mode)
		if mode.Trailing() {
			e.trailer = "x-amz-checksum-crc32:AAAAAA==\r\n"
		}
		f.Add(e.encode([]byte("hello"), 8192), int64(5), byte(mode), 3)
		f.Add(e.encode(payloadOf(minChunk+10), minChunk), int64(minChunk+10), byte(mode), 1<<20)
		f.Add(e.encode(nil), int64(0), byte(mode), 1)
	}
	large := newEncoder(ChunksSigned)
	f.Add(large.encode(payloadOf(maxWhole+10), maxWhole+1), int64(maxWhole+10), byte(0), 1<<20)
	f.Add("5\r\nhello\r\n0\r\na:b\n\r\n\r\n", int64(5), byte(ChunksUnsignedTrailer), 2)
	f.Fuzz(func(t *testing.T, body string, length int64, mode byte, buffer int) {
		e := newEncoder(chunkModes[int(mode)%len(chunkModes)])
		e.trailer = "x-amz-checksum-crc32:AAAAAA==\r\n"
		if e.mode == ChunksSigned {
			e.trailer = ""
		}
		got, err := readAll(e.reader(strings.NewReader(body), length), 1+int(uint(buffer)%(1<<20)))
		switch {
		case err == nil && int64(len(got)) != length:
			t.Fatalf("%d bytes though %d were declared", len(got), length)
		case err != nil && errcode.Of(err) == "":
			t.Fatalf("refused without a code: %v", err)
		case err != nil && int64(len(got)) >= length && len(got) > 0:
			t.Fatalf("all of %d bytes, then %v", len(got), err)
		case err == nil && len(got) > len(body):
			t.Fatalf("%d bytes out of %d", len(got), len(body))
		}
	})
}
