package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// mostHanded bounds the bodies that a Hand is given. Longer ones go on as they are.
const mostHanded = 64 << 20

// soon is how long an answer waits for the end of its request to be noted.
const soon = 50 * time.Millisecond

// A Hand is what somebody else does with one request. Its functions have the bytes
// of the wire, framing included, and may be called together with those of other
// requests. They may change nothing that they are given.
type Hand struct {
	// Take, where it is there, answers instead of the server, which hears nothing
	// of the request: all of it is read first, and Take called when every earlier
	// request of the connection was answered. whole is false where the client went
	// before it had said all. An answer of nil hands the request on after all.
	// stay says whether the connection goes on. ctx ends with the connection.
	Take func(ctx context.Context, head, body []byte, whole bool) (answer []byte, stay bool)
	// Change, where it is there, has the whole answer before the client does, and
	// says what the client gets instead. asked is the request, without its body
	// where that was not whole yet, or was too long.
	Change func(asked, head, body []byte) (answer []byte, stay bool)
	// Broken, where it is there, is told that the client went before it had said all.
	Broken func()
}

// Hands has whose says what to do with each request from now on; nil takes that
// back. It sees a request without its body, or nil where it is none that HTTP
// can make sense of; it is called with no lock held.
func (f *Front) Hands(whose func(r *http.Request, head []byte) Hand) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hands = whose
}

// hand is what is to be done with a request.
func (f *Front) hand(r *http.Request, head []byte) Hand {
	f.mu.Lock()
	whose := f.hands
	f.mu.Unlock()
	if whose == nil {
		return Hand{}
	}
	return whose(r, head)
}

// Send sends a request over a connection of its own, and returns the answer that
// is not interim. An answer that breaks off is an error; what came of it is
// returned too.
func (f *Front) Send(ctx context.Context, request []byte, method string) (head, body []byte, err error) {
	raw, conn, err := f.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer context.AfterFunc(ctx, func() { _ = raw.Close() })() // whoever uses it finds out
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		_, _ = conn.Write(request) // the answer tells
	}()
	defer func() {
		_ = raw.Close() // it ends the sending
		<-sending
	}()
	from := bufio.NewReader(conn)
	head, _, frame, err := finalHead(io.Discard, from, &asked{req: &http.Request{Method: method}})
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	err = copyBody(&b, from, frame)
	return head, b.Bytes(), err
}

// take has somebody else answer a request.
func (p *passage) take(to *sink, q *asked, body frame) error {
	if p.last != nil {
		select {
		case <-p.last.done:
		case <-p.alive.Done():
		}
	}
	if p.alive.Err() != nil {
		return context.Cause(p.alive)
	}
	p.mouth.Lock()
	var whole bytes.Buffer
	if strings.EqualFold(q.req.Header.Get("Expect"), "100-continue") && (body.chunked || body.length > 0) {
		_, _ = io.WriteString(p.client, "HTTP/1.1 100 Continue\r\n\r\n") // reading tells
	}
	err := copyBody(&whole, p.from, body)
	var answer []byte
	stay := true
	if !errors.Is(err, errOdd) {
		answer, stay = q.hand.Take(p.alive, q.head, whole.Bytes(), err == nil)
	}
	if answer != nil {
		defer p.mouth.Unlock()
		if _, werr := p.client.Write(answer); werr != nil || !stay {
			_ = p.client.CloseWrite() // where it fails there is nobody
			return errDropped
		}
		return err
	}
	p.mouth.Unlock()
	q.hand.Take = nil
	if gone := p.put(q); gone != nil {
		return gone
	}
	defer close(q.sent)
	q.kept = append(bytes.Clone(q.head), whole.Bytes()...)
	if _, werr := to.Write(q.kept); werr != nil {
		return werr
	}
	return err
}

// put has the way down wait for the answer to q.
func (p *passage) put(q *asked) error {
	select {
	case p.asked <- q:
		p.last = q
		return nil
	case <-p.alive.Done():
		return context.Cause(p.alive)
	}
}

// odd hands on a request that HTTP can make no sense of, and what comes behind it.
func (p *passage) odd(to *sink, q *asked) error {
	q.hand = p.front.hand(nil, q.head)
	q.req = &http.Request{Method: http.MethodGet}
	if q.hand.Change != nil {
		if gone := p.put(q); gone != nil {
			return gone
		}
		close(q.sent)
	}
	return tunnel(to, q.head, p.from)
}

// change hands on what somebody else makes of an answer whose head was read.
func (p *passage) change(to *sink, from *bufio.Reader, q *asked, head []byte, body frame) error {
	var whole bytes.Buffer
	err := copyBody(&whole, from, body)
	if err != nil && (body.chunked || body.length >= 0) {
		_, werr := to.Write(append(bytes.Clone(head), whole.Bytes()...))
		return errors.Join(err, werr)
	}
	answer, stay := q.hand.Change(p.said(q), head, whole.Bytes())
	if _, err := to.Write(answer); err != nil {
		return err
	}
	if !stay {
		return errDropped
	}
	return err
}

// said is what is known of a request that is answered: a server that answers early
// may never want the rest of it.
func (p *passage) said(q *asked) []byte {
	late := time.NewTimer(soon)
	defer late.Stop()
	select {
	case <-q.sent:
		if q.kept != nil {
			return q.kept
		}
	case <-late.C:
	case <-p.alive.Done():
	}
	return q.head
}
