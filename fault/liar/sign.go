package liar

import (
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"bleepstore/scenarios/sign"
)

// A signature is how a request says who sent it.
type signature struct {
	mode    string // "", header, presigned, or other for what is not known here
	good    bool   // a key that is known made it; true where nothing is signed
	scope   sign.Scope
	names   []string // of the signed headers
	text    string   // the signature
	form    form
	payload string
}

// A form is how the signer made path and query canonical, where clients differ.
type form struct {
	path bool // escaped anew, else as it is in the request
	plus bool // a plus is a space
}

// forms are all there are, the usual one first.
var forms = []form{{}, {path: true}, {plus: true}, {path: true, plus: true}}

// signatureOf reads and verifies the signature of a request.
func (l *Liar) signatureOf(q *request) signature {
	query := q.params()
	s := signature{mode: "other"}
	var credential, date, names string
	switch authorization := q.get("Authorization"); {
	case strings.HasPrefix(authorization, "AWS4-HMAC-SHA256"):
		s.mode = "header"
		for part := range strings.SplitSeq(strings.TrimPrefix(authorization, "AWS4-HMAC-SHA256"), ",") {
			k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			switch k {
			case "Credential":
				credential = v
			case "SignedHeaders":
				names = v
			case "Signature":
				s.text = v
			}
		}
		if date = q.get("X-Amz-Date"); date == "" {
			date = q.get("Date")
		}
		s.payload = q.get("X-Amz-Content-Sha256")
	case authorization == "" && query.Has("X-Amz-Signature"):
		s.mode, s.text = "presigned", query.Get("X-Amz-Signature")
		credential, date, names = query.Get("X-Amz-Credential"), query.Get("X-Amz-Date"), query.Get("X-Amz-SignedHeaders")
		if s.payload = q.get("X-Amz-Content-Sha256"); s.payload == "" {
			s.payload = string(sign.Unsigned)
		}
	case authorization == "" && !query.Has("Signature"):
		return signature{good: true}
	default:
		return s
	}
	parts := strings.Split(credential, "/")
	at, err := time.Parse("20060102T150405Z", date)
	if err != nil {
		at, err = time.Parse(time.RFC1123, date)
	}
	if err != nil || len(parts) < 5 {
		return s
	}
	access := strings.Join(parts[:len(parts)-4], "/")
	s.names = strings.Split(names, ";")
	s.scope = sign.Scope{Access: access, Secret: l.secrets[access], Region: parts[len(parts)-3], Service: parts[len(parts)-2], Time: at}
	if s.scope.Secret == "" || s.scope.Time.UTC().Format("20060102") != parts[len(parts)-4] {
		return s
	}
	for _, f := range forms {
		if s.form = f; s.manual(q).Signature(s.scope) == s.text {
			s.good = true
			break
		}
	}
	return s
}

// manual is the canonical request of q.
func (s signature) manual(q *request) sign.Manual {
	path, query := q.pathAndQuery()
	if s.form.path {
		if plain, err := url.PathUnescape(path); err == nil {
			path = escape(plain, true)
		}
	}
	m := sign.Manual{Method: q.method, Path: path, Query: s.query(query), Payload: s.payload}
	for _, name := range s.names {
		var values []string
		for _, line := range q.fields {
			if strings.EqualFold(line[0], name) {
				values = append(values, strings.Join(strings.Fields(line[1]), " "))
			}
		}
		m.Headers = append(m.Headers, [2]string{name, strings.Join(values, ",")})
	}
	return m
}

// query is a query in its canonical form, without the signature.
func (s signature) query(raw string) string {
	var pairs [][2]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		if k = s.again(k); k != "X-Amz-Signature" {
			pairs = append(pairs, [2]string{k, s.again(v)})
		}
	}
	sort.SliceStable(pairs, func(i, j int) bool {
		return pairs[i][0] < pairs[j][0] || pairs[i][0] == pairs[j][0] && pairs[i][1] < pairs[j][1]
	})
	lines := make([]string, len(pairs))
	for i, p := range pairs {
		lines[i] = p[0] + "=" + p[1]
	}
	return strings.Join(lines, "&")
}

// again escapes a part of a query that is escaped somehow.
func (s signature) again(part string) string {
	unescape := url.PathUnescape
	if s.form.plus {
		unescape = url.QueryUnescape
	}
	plain, err := unescape(part)
	if err != nil {
		return part
	}
	return escape(plain, false)
}

// escape escapes every byte but unreserved characters, and slashes in a path.
func escape(plain string, path bool) string {
	const upper = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(plain) {
		c := plain[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~", c) >= 0, c == '/' && path:
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', upper[c>>4], upper[c&15]})
		}
	}
	return b.String()
}

// resign signs a request that was changed, by the key that it was signed with. It
// returns false, and leaves the request unfit to be sent, where that cannot be:
// its signature was not good, or the signatures of its chunks were not.
func (q *request) resign() bool {
	s := &q.by
	if s.mode == "" || !s.good {
		return s.good
	}
	var chunks *stream
	if p := sign.Payload(s.payload); p == sign.Chunked || p == sign.ChunkedTrailer {
		if chunks = readStream(q); chunks == nil {
			return false
		}
	}
	s.names = slices.DeleteFunc(slices.Clone(s.names), func(name string) bool { return !q.fields.has(name) })
	s.names = append(s.names, q.added()...)
	slices.Sort(s.names)
	if s.mode == "header" {
		s.payload = q.get("X-Amz-Content-Sha256")
		m := s.manual(q)
		s.text = m.Signature(s.scope)
		q.set("Authorization", m.Authorization(s.scope))
	} else {
		q.param("X-Amz-SignedHeaders", strings.Join(s.names, ";"))
		q.forget("X-Amz-Signature")
		s.text = s.manual(q).Signature(s.scope)
		q.param("X-Amz-Signature", s.text)
	}
	if chunks != nil {
		chunks.Seed = s.text
		q.body = chunks.Encode(chunks.data)
	}
	return true
}

// added are the fields of S3 that came to a request later: they have to be signed
// too.
func (q *request) added() (names []string) {
	for _, line := range q.fields {
		if name := strings.ToLower(line[0]); strings.HasPrefix(name, "x-amz-") && !q.had.has(name) {
			names = append(names, name)
		}
	}
	return names
}
