package reference_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"bleepstore/reference"
)

// TestRefusalReachesAClientThatStillSends sends bodies that are refused before
// they are read. A client that writes its whole request before it reads, as
// many do, must get the answer and not a reset connection.
func TestRefusalReachesAClientThatStillSends(t *testing.T) {
	in := reference.Start(t)
	addr := strings.TrimPrefix(in.URL, "http://")
	body := make([]byte, 10<<20)
	for i := range 10 {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequest("PUT", in.URL+"/bucket/key", bytes.NewReader(body)) // unsigned, to a bucket that is not there
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Write(conn); err != nil {
			t.Fatalf("try %d: write: %v", i, err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(answer), "<Code>NoSuchBucket</Code>") {
			t.Fatalf("try %d: got %q, %v, want NoSuchBucket", i, answer, err)
		}
		conn.Close()
	}
}
