package proxy

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// errDropped is how an answer ends that the client is not to get.
var errDropped = errors.New("the answer was dropped")

// down hands on what the server sends.
func (p *passage) down() {
	to := &sink{Writer: p.client}
	err := p.responses(to)
	p.mouth.Lock()
	defer p.mouth.Unlock()
	switch {
	case errors.Is(err, errDropped):
		_ = p.client.CloseWrite() // an end, not a reset: nothing says that anything is wrong
		p.end(false)
	case to.err == nil && (err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF)):
		if p.client.CloseWrite() != nil || p.client.SetReadDeadline(time.Now().Add(linger)) != nil {
			p.end(true)
		}
	default:
		p.end(true)
	}
}

// responses hands on answers, until the server ends (io.EOF) or one is not
// whole. What nobody has asked for goes on as it is.
func (p *passage) responses(to *sink) error {
	for {
		if _, err := p.back.Peek(1); err != nil {
			return err
		}
		var q *asked
		select {
		case q = <-p.asked:
		default:
			return tunnel(to, nil, p.back)
		}
		if err := p.response(to, q); errors.Is(err, errOdd) {
			return tunnel(to, nil, p.back)
		} else if err != nil {
			return err
		}
	}
}

// response hands on the answer to q, and what comes before it.
func (p *passage) response(to *sink, q *asked) error {
	head, status, body, err := finalHead(to, p.back, q)
	if err != nil {
		return err
	}
	defer close(q.done)
	if q.fate.Duplicate && p.whole(q) {
		first, err := lose(p.back, q, head, body)
		if err != nil {
			return err
		}
		return p.again(to, q, first)
	}
	return p.answer(to, p.back, q, head, status, body)
}

// finalHead reads the head of the answer that is not interim. Interim ones are
// handed on, and so is what is no answer (errOdd).
func finalHead(to io.Writer, from *bufio.Reader, q *asked) (head []byte, status int, body frame, err error) {
	for {
		ok, err := speaks(from)
		if err != nil {
			return nil, 0, frame{}, err
		}
		if !ok {
			return nil, 0, frame{}, errOdd
		}
		head, err = readHead(from)
		if err == nil {
			status, body, err = answers(head, q.req.Method)
		}
		if err == nil && status == http.StatusSwitchingProtocols {
			err = errOdd
		}
		if err == nil && status/100 != 1 {
			return head, status, body, nil
		}
		if _, werr := to.Write(head); werr != nil {
			return nil, 0, frame{}, werr
		}
		if err != nil {
			return nil, 0, frame{}, err
		}
	}
}

// answer hands on an answer whose head was read, or what the request's fate
// leaves of it.
func (p *passage) answer(to *sink, from *bufio.Reader, q *asked, head []byte, status int, body frame) error {
	if q.fate.DropAnswer {
		d := p.front.did("DropAnswer", q)
		tell, err := lose(from, q, head, body) // whole: a server may act until its last byte
		p.front.over(d, tell)
		return errors.Join(errDropped, err)
	}
	if q.hand.Change != nil && body.length <= mostHanded {
		return p.change(to, from, q, head, body)
	}
	if _, err := to.Write(head); err != nil {
		return err
	}
	var dst io.Writer = to
	if q.fate.CutAnswer > 0 {
		dst = &knife{to, q.fate.CutAnswer}
	}
	err := copyBody(dst, from, body)
	if !errors.Is(err, errCut) {
		return err
	}
	p.front.over(p.front.did("CutAnswer", q), func(d *Deed) { d.Status, d.Bytes = status, q.fate.CutAnswer })
	if body.length < 0 && !body.chunked {
		return errCut // an end would make it whole
	}
	return errDropped
}

// whole waits for the whole request to have gone up, and says whether it can be
// sent again. A server that answers early may never want the rest of it.
func (p *passage) whole(q *asked) bool {
	late := time.NewTimer(linger)
	defer late.Stop()
	select {
	case <-q.sent:
		return q.kept != nil
	case <-late.C:
	case <-p.alive.Done():
	}
	return false
}

// lose reads the rest of an answer that the client does not get. tell, never nil,
// says in a deed what it was.
func lose(from *bufio.Reader, q *asked, head []byte, body frame) (tell func(*Deed), err error) {
	keep := &keeper{most: mostTold}
	_, _ = keep.Write(head) // it never fails
	err = copyBody(keep, from, body)
	return func(d *Deed) {
		d.Status, _, _ = answers(head, q.req.Method) // it was read before
		if err != nil || keep.over {
			return
		}
		r, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(keep.all, "\r\n"))), q.req)
		if err != nil {
			return
		}
		d.Header = r.Header
		if b, err := io.ReadAll(r.Body); err == nil {
			d.Body = b
		}
	}, err
}

// again sends a request a second time, over a connection of its own, and hands
// on the answer to that. first tells what the first one was answered.
func (p *passage) again(to *sink, q *asked, first func(*Deed)) error {
	d := p.front.did("Duplicate", q)
	p.front.over(d, first) // also if the second is never answered
	failed := func(err error) error {
		p.front.over(d, func(d *Deed) { d.Failed = err.Error() })
		return errors.Join(errDropped, err)
	}
	raw, conn, err := p.front.dial(p.alive)
	if err != nil {
		return failed(err)
	}
	defer context.AfterFunc(p.alive, func() { _ = raw.Close() })() // whoever uses it finds out
	sending := make(chan struct{})
	go func() {
		defer close(sending)
		_, _ = conn.Write(q.kept) // the answer tells
	}()
	defer func() {
		_ = raw.Close() // it ends the sending
		<-sending
	}()
	from := bufio.NewReader(conn)
	head, status, body, err := finalHead(io.Discard, from, q)
	if err != nil {
		return failed(err)
	}
	p.front.over(d, nil)
	return p.answer(to, from, q, head, status, body)
}
