package scenarios

import (
	"net/http"
	"strings"
)

// A watch reads what leaves over a raw connection and finds every request in
// it, also one that hides in the body of another, so that the guard sees each
// bucket that a server could take for addressed. Requests are path style.
type watch struct {
	guard *guard
	bases []string // hosts of the target, behind which a bucket may stand
	line  []byte   // the line under way, in front of its end
}

// maxLine bounds what is kept of one line: longer ones are no request lines
// that any server reads, and no body of ours has a request behind so much.
const maxLine = 64 << 10

// admit looks at bytes about to be sent; they may end anywhere. The aims are
// those of the requests whose line ends in p.
func (w *watch) admit(p []byte) ([]aim, error) {
	var aims []aim
	for _, b := range p {
		if b != '\n' && b != '\r' {
			if len(w.line) < maxLine {
				w.line = append(w.line, b)
			}
			continue
		}
		a, found, err := w.end()
		if err != nil {
			return nil, err
		}
		if found {
			aims = append(aims, a)
		}
	}
	return aims, nil
}

// end judges the line under way, which has come to its end.
func (w *watch) end() (a aim, found bool, err error) {
	line := string(w.line)
	w.line = w.line[:0]
	if a, ok := requestLine(line); ok {
		return a, true, w.guard.admit(a, nil)
	}
	name, value, _ := strings.Cut(line, ":")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "host":
		return a, false, w.admitHost(strings.TrimSpace(value))
	case "x-amz-copy-source":
		h := http.Header{"X-Amz-Copy-Source": {strings.TrimSpace(value)}}
		return a, false, w.guard.admitSource(h)
	}
	return a, false, nil
}

// admitHost refuses a Host that names a bucket which the run may not touch.
func (w *watch) admitHost(host string) error {
	for _, base := range w.bases {
		if a := aimOf(http.MethodPut, hostname(host), base, "/", ""); strings.HasSuffix(hostname(host), "."+base) {
			return w.guard.admit(a, nil)
		}
	}
	return nil
}

// requestLine reads a line as the first one of an HTTP request.
func requestLine(line string) (aim, bool) {
	f := strings.Fields(line)
	if len(f) < 3 || !strings.HasPrefix(strings.ToUpper(f[len(f)-1]), "HTTP/") {
		return aim{}, false
	}
	target := f[1]
	if _, rest, absolute := strings.Cut(target, "://"); absolute {
		_, path, _ := strings.Cut(rest, "/")
		target = "/" + path
	}
	path, query, _ := strings.Cut(target, "?")
	return aimOf(strings.ToUpper(f[0]), "", "", path, query), true
}

// admitHead lets the guard see every request that a server may read in the
// edited head of w: by each Host that stands there, and by the host of an
// absolute target.
func (g *guard) admitHead(w *wire) error {
	first, rest, _ := strings.Cut(string(w.head), "\r\n")
	a, ok := requestLine(first)
	if !ok {
		return nil // no server can take it for a request
	}
	target := strings.Fields(first)[1]
	var hosts []string
	if _, after, absolute := strings.Cut(target, "://"); absolute {
		host, path, _ := strings.Cut(after, "/")
		hosts, target = append(hosts, host), "/"+path
	}
	sources := http.Header{}
	for line := range strings.SplitSeq(rest, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "host":
			hosts = append(hosts, strings.TrimSpace(value))
		case "x-amz-copy-source":
			sources.Add("x-amz-copy-source", strings.TrimSpace(value))
		}
	}
	base := hostname(virtualBase(w.dial))
	path, query, _ := strings.Cut(target, "?")
	virtual := 0
	for _, host := range hosts {
		if !strings.HasSuffix(hostname(host), "."+base) {
			continue
		}
		virtual++
		if err := g.admit(aimOf(a.method, hostname(host), base, path, query), sources); err != nil {
			return err
		}
	}
	if virtual > 0 && virtual == len(hosts) { // the path is a key, whichever Host counts
		return nil
	}
	return g.admit(a, sources)
}
