package sigv4

import (
	"net/http"
	"strings"
	"testing"
)

// A GET as the SDK signs it, with a warm key.
func BenchmarkVerify(b *testing.B) {
	get := newRequest(b, "GET", "some/key/of/usual/length.bin", "x-id=GetObject")
	get.Header.Set("User-Agent", "aws-sdk-go-v2/1.47.7")
	get.Header.Set("Accept-Encoding", "identity")
	get.Header.Set("Amz-Sdk-Invocation-Id", "3c5f8a1e-5d0e-4a0c-9a53-6a1e0c6d5d11")
	get.Header.Set("Amz-Sdk-Request", "attempt=1; max=3")
	list := newRequest(b, "GET", "", "list-type=2&max-keys=100&prefix=some%2Fprefix%2F&delimiter=%2F&encoding-type=url")
	for name, r := range map[string]*http.Request{
		"get":       overWire(b, sign(b, get, "UNSIGNED-PAYLOAD")),
		"list":      overWire(b, sign(b, list, emptySum)),
		"presigned": overWire(b, presign(b, newRequest(b, "GET", "some/key", ""), exampleTime)),
	} {
		b.Run(name, func(b *testing.B) {
			v := exampleVerifier()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkChunks(b *testing.B) {
	payload := []byte(strings.Repeat("0123456789abcdef", 1<<20/16))
	for _, mode := range []Payload{ChunksSigned, ChunksUnsignedTrailer} {
		b.Run(mode.String(), func(b *testing.B) {
			e := newEncoder(mode)
			body := e.encode(payload, 64<<10)
			buf := make([]byte, 256<<10)
			b.SetBytes(int64(len(payload)))
			b.ReportAllocs()
			for b.Loop() {
				c := e.reader(strings.NewReader(body), int64(len(payload)))
				for {
					if _, err := c.Read(buf); err != nil {
						break
					}
				}
			}
		})
	}
}
