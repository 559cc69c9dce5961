package sigv4

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A sink is a server that verifies what it is sent and keeps the last body.
type sink struct {
	v       *Verifier
	payload Payload
	body    []byte
	trailer string
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := s.take(r); err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
	}
}

func (s *sink) take(r *http.Request) error {
	r.URL.Path = "/rewritten" // Verify goes by the request target
	id, err := s.v.Verify(r)
	if err != nil {
		return err
	}
	s.payload, s.trailer = id.Payload, ""
	if !id.Payload.Chunked() {
		s.body, err = io.ReadAll(r.Body)
		return err
	}
	var length int64
	if _, err := fmt.Sscan(r.Header.Get("X-Amz-Decoded-Content-Length"), &length); err != nil {
		return err
	}
	c := NewChunkReader(r.Body, ChunkOptions{Identity: id, Length: length, Trailers: Announced(r.Header)})
	s.body, err = io.ReadAll(c)
	s.trailer = c.Trailer("x-amz-checksum-crc32")
	return err
}

// The SDK's S3 client, over plain HTTP and TLS, with the payload modes that it
// picks for each.
func TestSDKClient(t *testing.T) {
	s := &sink{v: New(Config{Credentials: keys{exampleKey: exampleSecret}, Region: "us-east-1"})}
	plain, secure := httptest.NewServer(s), httptest.NewTLSServer(s)
	defer plain.Close()
	defer secure.Close()
	tests := []struct {
		name   string
		server *httptest.Server
		body   io.Reader
		want   Payload
	}{
		{"plain", plain, strings.NewReader("hello"), Signed},
		{"TLS", secure, strings.NewReader("hello"), ChunksUnsignedTrailer},
		{"TLS, a stream", secure, io.MultiReader(strings.NewReader("hel"), strings.NewReader("lo")), ChunksUnsignedTrailer},
		{"TLS, large", secure, bytes.NewReader(payloadOf(300000)), ChunksUnsignedTrailer},
		{"TLS, empty", secure, strings.NewReader(""), Unsigned},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := s3.New(s3.Options{
				Region: "us-east-1", BaseEndpoint: &tt.server.URL, UsePathStyle: true, HTTPClient: tt.server.Client(),
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return exampleCredentials, nil }),
				Retryer:     aws.NopRetryer{}, RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
			})
			var sent bytes.Buffer
			in := &s3.PutObjectInput{
				Bucket: aws.String("b"), Key: aws.String("a key/~+ä%2F//"), Body: tt.body,
				Metadata: map[string]string{"colour": "deep  blue"}, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			}
			if seeker, ok := tt.body.(io.ReadSeeker); ok {
				io.Copy(&sent, seeker)
				seeker.Seek(0, io.SeekStart)
			} else {
				sent.WriteString("hello")
				in.ContentLength = aws.Int64(5)
			}
			if _, err := client.PutObject(context.Background(), in); err != nil {
				t.Fatal(err)
			}
			if s.payload != tt.want || !bytes.Equal(s.body, sent.Bytes()) || s.payload.Trailing() != (s.trailer != "") {
				t.Errorf("got %v, %d bytes, trailer %q; want %v, %d bytes", s.payload, len(s.body), s.trailer, tt.want, sent.Len())
			}
		})
	}
}

func TestVerifyConcurrently(t *testing.T) {
	v := exampleVerifier()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 20 {
				r := newRequest(t, "GET", fmt.Sprint(i, j), "prefix=a")
				r.Header.Set("X-Amz-Meta-A", strings.Repeat("x", i*j))
				if _, err := v.Verify(sign(t, r, "UNSIGNED-PAYLOAD")); err != nil {
					t.Error(err)
				}
				late := presign(t, newRequest(t, "GET", "k", ""), exampleTime.Add(-2*time.Hour))
				if _, err := v.Verify(late); err == nil {
					t.Error("an expired request verified")
				}
			}
		})
	}
	wg.Wait()
}
