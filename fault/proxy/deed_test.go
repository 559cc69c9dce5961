package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bleepstore/fault"
)

// A shop is a server behind a front that answers "n:" and the body of a request,
// n being how many it has seen, and keeps what it saw.
type shop struct {
	*testing.T
	front *Front

	mu   sync.Mutex
	seen []seen
}

// seen is a request; err is why its body is not whole.
type seen struct {
	method, body string
	err          error
}

func newShop(t *testing.T, secure bool) *shop {
	t.Helper()
	s := &shop{T: t}
	srv := httptest.NewUnstartedServer(s)
	var cfg FrontConfig
	if secure {
		srv.StartTLS()
		cfg.TLS = &tls.Config{RootCAs: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	s.front = frontOf(t, srv.URL, cfg)
	return s
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	s.mu.Lock()
	s.seen = append(s.seen, seen{r.Method, string(b), err})
	n := len(s.seen)
	s.mu.Unlock()
	w.WriteHeader(http.StatusOK)
	io.WriteString(w, strings.Repeat("I", n)+":"+string(b))
}

// saw waits for n requests, and returns them.
func (s *shop) saw(n int) (all []seen) {
	s.Helper()
	until(s.T, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		all = s.seen
		return len(all) >= n
	})
	if len(all) != n {
		s.Errorf("the server saw %d requests, want %d: %v", len(all), n, all)
	}
	return all
}

// ask sends a request over a connection of its own.
func (s *shop) ask(method, body string, header ...string) (string, error) {
	tr := &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Hour}
	defer tr.CloseIdleConnections()
	req, err := http.NewRequest(method, s.front.URL().String()+"/b/k?q", strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	req.Header.Set("X-Tag", method+"-7")
	for _, h := range header {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := (&http.Client{Transport: tr, Timeout: 20 * time.Second}).Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// hit lets the next request suffer.
func (s *shop) hit(t fault.HTTPTrouble) {
	s.front.Hit(func(*http.Request) bool { return true }, t)
}

// deed checks that there was one, and what is said of it.
func (s *shop) deed(want Deed) {
	s.Helper()
	until(s.T, func() bool { all := s.front.Events(); return len(all) > 0 && !all[0].Until.IsZero() })
	all := s.front.Events()
	if len(all) != 1 {
		s.Fatalf("got %d deeds, want one: %+v", len(all), all)
	}
	got := all[0]
	if got.At.IsZero() || got.Until.Before(got.At) {
		s.Errorf("it lasted from %v to %v", got.At, got.Until)
	}
	want.At, want.Until, want.Target = got.At, got.Until, "/b/k?q"
	want.Tag = want.Method + "-7"
	if (got.Header != nil) != (got.Status != 0 && !strings.HasPrefix(got.What, "Cut")) {
		s.Errorf("the header of what the client did not get: %v", got.Header)
	}
	if got.Header = nil; !reflect.DeepEqual(got, want) {
		s.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestRequestThatNeverArrives(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{Reset: true})
	if _, err := s.ask("PUT", "body"); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want a reset", err)
	}
	if got, err := s.ask("PUT", "next"); got != "I:next" || err != nil {
		t.Errorf("the next one: %q, %v", got, err)
	}
	s.saw(1)
	s.deed(Deed{What: "Reset", Method: "PUT"})
}

func TestRequestThatIsCut(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := newShop(t, secure)
		s.hit(fault.HTTPTrouble{CutRequest: 3})
		if _, err := s.ask("PUT", "longer"); err == nil {
			t.Error("it was answered")
		}
		if got := s.saw(1)[0]; got.body != "lon" || got.err == nil {
			t.Errorf("the server got %+v, want 3 bytes and an error", got)
		}
		s.deed(Deed{What: "CutRequest", Method: "PUT", Bytes: 3})
	}
}

// A body that ends before the cut is none of it.
func TestRequestTooShortToCut(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{CutRequest: 7})
	if got, err := s.ask("PUT", "longer"); got != "I:longer" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if all := s.front.Events(); len(all) > 0 {
		t.Errorf("deeds: %+v", all)
	}
}

func TestAnswerThatIsDropped(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := newShop(t, secure)
		s.hit(fault.HTTPTrouble{DropAnswer: true})
		if _, err := s.ask("PUT", "body"); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end of the connection", err)
		}
		if got := s.saw(1)[0]; got != (seen{"PUT", "body", nil}) {
			t.Errorf("the server got %+v", got)
		}
		s.deed(Deed{What: "DropAnswer", Method: "PUT", Status: 200, Body: []byte("I:body")})
	}
}

func TestAnswerThatIsCut(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{CutAnswer: 3})
	if got, err := s.ask("GET", "body"); got != "I:b" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q, %v, want three bytes and their end", got, err)
	}
	s.deed(Deed{What: "CutAnswer", Method: "GET", Bytes: 3, Status: 200})
}

// An answer that lasts until the connection ends must not look whole.
func TestAnswerToTheEndIsCut(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ask := "GET / HTTP/1.0\r\n\r\n"
	s := &script{t, l, make(chan []byte, 1)}
	s.play(len(ask), "HTTP/1.0 200 OK\r\n\r\nlonger", false)
	f := frontOf(t, "http://"+l.Addr().String(), FrontConfig{})
	f.Hit(func(*http.Request) bool { return true }, fault.HTTPTrouble{CutAnswer: 3})
	c := come(t, f)
	if _, err := io.WriteString(c, ask); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %q, %v, want a reset", got, err)
	}
	<-s.got
}

func TestRequestThatIsSentTwice(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, header := range []string{"X-A: b", "Expect: 100-continue"} {
			s := newShop(t, secure)
			s.hit(fault.HTTPTrouble{Duplicate: true})
			body := strings.Repeat("body", 15<<10)
			if got, err := s.ask("PUT", body, header); got != "II:"+body || err != nil {
				t.Errorf("got %d bytes, %v, want the second answer", len(got), err)
			}
			for _, got := range s.saw(2) {
				if got != (seen{"PUT", body, nil}) {
					t.Errorf("the server got %d bytes, %v", len(got.body), got.err)
				}
			}
			s.deed(Deed{What: "Duplicate", Method: "PUT", Status: 200, Body: []byte("I:" + body)})
		}
	}
}

// An answer that says more than a server has to say of what it did is not kept.
func TestAnswerTooLongToBeKept(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{DropAnswer: true})
	if _, err := s.ask("GET", string(make([]byte, mostTold))); err == nil {
		t.Error("it was answered")
	}
	d := s.front.Events()
	if len(d) != 1 || d[0].Status != 200 || d[0].Header != nil || d[0].Body != nil {
		t.Errorf("deeds: %d", len(d))
	}
}

// What is too long to be kept is sent once, and nothing says otherwise.
func TestTooLongToBeSentTwice(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{Duplicate: true})
	if got, err := s.ask("PUT", string(make([]byte, mostKept))); len(got) != mostKept+2 || err != nil {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	s.saw(1)
	if all := s.front.Events(); len(all) > 0 {
		t.Errorf("deeds: %+v", all)
	}
}

func TestRequestThatIsLate(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{Delay: 30 * time.Millisecond})
	if got, err := s.ask("PUT", "body"); got != "I:body" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	s.deed(Deed{What: "Delay", Method: "PUT"})
	if d := s.front.Events()[0]; d.Until.Sub(d.At) < 30*time.Millisecond {
		t.Errorf("it waited for %s", d.Until.Sub(d.At))
	}
}

// The request that is picked is hit, once, and no other.
func TestHitsOneRequest(t *testing.T) {
	s := newShop(t, false)
	s.front.Hit(func(r *http.Request) bool {
		return r.Method == "PUT" && r.URL.RawQuery == "q" && r.Header.Get("X-Tag") != ""
	}, fault.HTTPTrouble{DropAnswer: true})
	for _, q := range []struct {
		method string
		fails  bool
	}{{"GET", false}, {"PUT", true}, {"PUT", false}} {
		if _, err := s.ask(q.method, "x"); (err != nil) != q.fails {
			t.Errorf("%s: %v", q.method, err)
		}
	}
	s.deed(Deed{What: "DropAnswer", Method: "PUT", Status: 200, Body: []byte("II:x")})
}

// What each suffers can depend on what it is.
func TestDecidesOfEach(t *testing.T) {
	s := newShop(t, false)
	s.front.Decide(func(r *http.Request, _ *rand.Rand) fault.HTTPTrouble {
		return fault.HTTPTrouble{CutRequest: max(0, r.ContentLength-1)}
	})
	if _, err := s.ask("PUT", "body"); err == nil {
		t.Error("it was answered")
	}
	s.deed(Deed{What: "CutRequest", Method: "PUT", Bytes: 3})
	s.front.Decide(nil)
	if _, err := s.ask("PUT", "body"); err != nil {
		t.Errorf("when it is over: %v", err)
	}
}

// A share of the requests suffers, the same of each seed, and none when it is over.
func TestShareOfRequests(t *testing.T) {
	unlucky := func(seed uint64) (which []bool) {
		fs := NewFronts(FrontConfig{Seed: seed})
		defer fs.Close()
		if _, err := fs.Open("n1", "http://127.0.0.1:1"); err != nil {
			t.Fatal(err)
		}
		f := fs.all["n1"]
		f.Trouble(fault.HTTPTrouble{Share: 0.5, Reset: true})
		for range 64 {
			which = append(which, f.fate(&http.Request{}).Reset)
		}
		f.Trouble(fault.HTTPTrouble{})
		if f.fate(&http.Request{}) != (fault.HTTPTrouble{}) {
			t.Error("one suffers when it is over")
		}
		return which
	}
	one := unlucky(1)
	n := 0
	for _, hit := range one {
		if hit {
			n++
		}
	}
	if n < 16 || n > 48 {
		t.Errorf("%d of 64 suffered, want about half", n)
	}
	same := func(a, b []bool) bool {
		for i := range a {
			if a[i] != b[i] {
				return false
			}
		}
		return true
	}
	if !same(one, unlucky(1)) || same(one, unlucky(2)) {
		t.Error("who suffers does not come from the seed alone")
	}
}

func TestFronts(t *testing.T) {
	fs := NewFronts(FrontConfig{Tag: "X-Tag"})
	defer func() {
		if err := fs.Close(); err != nil {
			t.Error(err)
		}
	}()
	one, two := newShop(t, false), newShop(t, false)
	for node, s := range map[string]*shop{"n1": one, "n2": two} {
		target := s.front.URL().String()
		u, err := fs.Open(node, target)
		if err != nil {
			t.Fatal(err)
		}
		s.front = frontOf(t, u, FrontConfig{}) // ask goes through both
		if again, err := fs.Open(node, target); again != u || err != nil {
			t.Errorf("opened again at %s, %v, first at %s", again, err, u)
		}
		if u, err := fs.Open(node, "http://127.0.0.1:1"); err == nil {
			t.Errorf("a node got a second front at %s", u)
		}
	}
	if _, err := fs.Open("n3", "nowhere"); err == nil {
		t.Error("a front before nowhere")
	}
	if err := fs.Trouble(t.Context(), "n3", fault.HTTPTrouble{}); err == nil {
		t.Error("trouble before no node")
	}
	if err := fs.Trouble(t.Context(), "n2", fault.HTTPTrouble{Share: 1, DropAnswer: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := one.ask("PUT", "x"); err != nil {
		t.Error(err)
	}
	if _, err := two.ask("PUT", "x"); err == nil {
		t.Error("it was answered")
	}
	all := fs.Events()
	if len(all) != 1 || all[0].Node != "n2" || all[0].Tag != "PUT-7" {
		t.Errorf("deeds: %+v", all)
	}
}

// Close ends what is under way, and returns.
func TestCloseOfFront(t *testing.T) {
	s := newShop(t, false)
	s.hit(fault.HTTPTrouble{Delay: time.Hour})
	failed := make(chan error)
	go func() {
		_, err := s.ask("PUT", "x")
		failed <- err
	}()
	until(t, func() bool { return len(s.front.Events()) == 1 })
	idle := come(t, s.front)
	if err := s.front.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil {
		t.Error("it was answered")
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil {
		t.Error("a connection outlives its front")
	}
}

// Many clients at once, and all that can go wrong: who gets an answer gets that
// to its own request, whole.
func TestRequestsInTurmoil(t *testing.T) {
	s := newShop(t, false)
	s.front.Trouble(fault.HTTPTrouble{Share: 0.3, Duplicate: true})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			tr := &http.Transport{}
			defer tr.CloseIdleConnections()
			body := bytes.Repeat([]byte{byte('a' + i)}, 10<<10)
			for n := range 40 {
				if i == 0 && n%10 == 0 {
					s.front.Trouble(fault.HTTPTrouble{Share: 0.3, Duplicate: n%20 == 0, DropAnswer: n%20 != 0, CutRequest: int64(n) * 500})
				}
				resp, err := (&http.Client{Transport: tr, Timeout: 20 * time.Second}).Post(s.front.URL().String(), "", bytes.NewReader(body))
				if err != nil {
					continue
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if _, own, _ := bytes.Cut(got, []byte(":")); err == nil && !bytes.Equal(own, body) {
					t.Errorf("%d bytes of somebody else's", len(own))
				}
			}
		})
	}
	all.Wait()
	if len(s.front.Events()) == 0 {
		t.Error("nothing went wrong")
	}
}
