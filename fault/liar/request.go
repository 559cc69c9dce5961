package liar

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A request is what a client asked for, to be changed at will and then signed
// anew.
type request struct {
	fields
	method, target, proto string
	http                  *http.Request // as it came, without its body
	op                    string
	bucket, key           string
	body                  []byte // without the transfer coding
	whole                 bool   // the client said it all
	by                    signature
	raw                   []byte          // what is sent instead of it
	ctx                   context.Context // of what it has a lie send
	was                   []byte          // all of it, as it came
	had                   fields          // its fields, as they came
}

// readRequest reads a request; nil where it is none, or has a coding that does not
// end.
func (l *Liar) readRequest(head, body []byte, whole bool) *request {
	was := append(bytes.Clone(head), body...)
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimLeft(was, "\r\n"))))
	if err != nil {
		return nil
	}
	plain, err := io.ReadAll(r.Body)
	_ = r.Body.Close() // there is nothing behind it
	if err != nil && whole {
		return nil
	}
	q := &request{http: r, method: r.Method, body: plain, whole: whole, was: was, ctx: context.Background()}
	first, all := readFields(head)
	q.fields, q.had = all, slices.Clone(all)
	_, rest, _ := strings.Cut(first, " ")
	i := strings.LastIndexByte(rest, ' ')
	if i < 0 {
		return nil
	}
	q.target, q.proto = rest[:i], rest[i+1:]
	q.bucket, q.key = place(r)
	q.op = operation(r, q.key, q.params())
	q.by = l.signatureOf(q)
	return q
}

// clone is a copy that may be changed while the other stays.
func (q *request) clone() *request {
	c := *q
	c.fields, c.body = slices.Clone(q.fields), bytes.Clone(q.body)
	return &c
}

// pathAndQuery splits the target.
func (q *request) pathAndQuery() (path, query string) {
	path, query, _ = strings.Cut(q.target, "?")
	if i := strings.Index(path, "://"); i >= 0 { // the absolute form
		if j := strings.IndexByte(path[i+3:], '/'); j >= 0 {
			return path[i+3+j:], query
		}
		return "/", query
	}
	return path, query
}

// params are the parameters of the query.
func (q *request) params() url.Values {
	_, query := q.pathAndQuery()
	v, _ := url.ParseQuery(query) // what there is of it
	return v
}

// has says whether there is a field or a parameter of the name.
func (q *request) mentions(name string) bool {
	return q.fields.has(name) || q.params().Has(name)
}

// forget drops all fields and parameters of a name.
func (q *request) forget(name string) {
	q.drop(name)
	before, query, _ := strings.Cut(q.target, "?")
	kept := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		k, _, _ := strings.Cut(pair, "=")
		k, err := url.QueryUnescape(k)
		return err == nil && k == name
	})
	if q.target = before; len(kept) > 0 && query != "" {
		q.target += "?" + strings.Join(kept, "&")
	}
}

// param gives a parameter of the query another value.
func (q *request) param(name, value string) {
	q.forget(name)
	sep := "?"
	if strings.Contains(q.target, "?") {
		sep = "&"
	}
	q.target += sep + url.QueryEscape(name) + "=" + strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}

// bytes are the request as it goes to the server.
func (q *request) bytes() []byte {
	if q.whole {
		q.fit(q.body)
	}
	return q.write(q.method+" "+q.target+" "+q.proto, q.body)
}
