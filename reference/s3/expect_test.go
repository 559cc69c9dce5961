package s3

import (
	"io"
	"testing"
)

func TestUnexpect(t *testing.T) {
	for head, want := range map[string]string{
		"PUT /b/k HTTP/1.1\r\nHost: x\r\nExpect: 200\r\n\r\nExpect: 200\r\n":          "PUT /b/k HTTP/1.1\r\nHost: x\r\nXxpect: 200\r\n\r\nExpect: 200\r\n",
		"PUT /b/k HTTP/1.1\nexpect: tea\nHost: x\n\n":                                 "PUT /b/k HTTP/1.1\nXxpect: tea\nHost: x\n\n",
		"PUT /b/k HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n":                           "PUT /b/k HTTP/1.1\r\nExpect: 100-Continue\r\n\r\n",
		"PUT /b/k HTTP/1.1\r\nX-Expect: tea\r\nA: Expect: tea\r\nExpected: x\r\n\r\n": "PUT /b/k HTTP/1.1\r\nX-Expect: tea\r\nA: Expect: tea\r\nExpected: x\r\n\r\n",
		"PUT /b/k HTTP/1.1\r\nExpect: 10":                                             "PUT /b/k HTTP/1.1\r\nExpect: 10",
		"\r\nExpect: tea\r\n\r\n":                                                     "\r\nExpect: tea\r\n\r\n", // the end of a head, and a body
		"":                                                                            "",
	} {
		p := []byte(head)
		if unexpect(p); string(p) != want {
			t.Errorf("got %q, want %q", p, want)
		}
	}
}

func TestExpectServed(t *testing.T) {
	c := dial(t, newTest(t, &fake{}))
	for range 2 { // the second time on a connection that was used
		io.WriteString(c, "GET /b/k HTTP/1.1\r\n"+head+"Expect: tea\r\n\r\n")
		if got := readReply(t, c.r, "GET"); got.status != 200 {
			t.Fatalf("got %+v, want 200", got)
		}
	}
}
