package scenarios

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// sampleBytes is how much of a body an Exchange keeps.
const sampleBytes = 4096

// An Exchange is one request and its answer, with secrets redacted, as a
// report shows them.
type Exchange struct {
	N        int           `json:"n"` // 1 is the scenario's first
	Method   string        `json:"method"`
	URL      string        `json:"url"`
	Request  string        `json:"request"`            // head and the start of the body
	Response string        `json:"response,omitempty"` // likewise; "" when there was none
	Status   int           `json:"status,omitempty"`
	Code     string        `json:"code,omitempty"` // of the error body, if any
	Err      string        `json:"err,omitempty"`  // why there was no answer
	Took     time.Duration `json:"took_ns"`
	Curl     string        `json:"curl,omitempty"` // repeats the request by hand
}

// secret headers never leave the process in clear.
var secretHeaders = []string{
	"X-Amz-Security-Token",
	"X-Amz-Server-Side-Encryption-Customer-Key",
	"X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
}

func redactHeader(name, value string) string {
	name = strings.TrimSpace(name)
	if strings.EqualFold(name, "Authorization") {
		if i := strings.Index(value, "Signature="); i >= 0 {
			return value[:i] + "Signature=<redacted>"
		}
		if scheme, _, ok := strings.Cut(value, " "); ok { // version 2, Basic, Bearer: the rest is the secret
			return scheme + " <redacted>"
		}
		return value
	}
	if isSecret(name) {
		return "<redacted>"
	}
	return value
}

func isSecret(name string) bool {
	return slices.ContainsFunc(secretHeaders, func(s string) bool { return strings.EqualFold(name, s) })
}

// redactURL hides the signature and token of a presigned address, which may
// stand in a request line.
func redactURL(raw string) string {
	address, query, ok := strings.Cut(raw, "?")
	if !ok {
		return raw
	}
	tail := ""
	if i := strings.LastIndex(query, " HTTP/"); i >= 0 {
		query, tail = query[:i], query[i:]
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, given := strings.Cut(pair, "=")
		plain := strings.TrimSpace(unescape(name))
		if given && (isSecret(plain) || strings.EqualFold(plain, "X-Amz-Signature") || strings.EqualFold(plain, "Signature")) {
			pairs[i] = name + "=<redacted>"
		}
	}
	return address + "?" + strings.Join(pairs, "&") + tail
}

// secretsOf replaces the secrets of accounts wherever they stand: a form
// carries a session token in its body, and the error document of a signature
// that does not match repeats every signed header.
func secretsOf(accounts ...Keys) *strings.Replacer {
	var pairs []string
	for _, k := range accounts {
		for _, secret := range []string{k.Secret, k.Session} {
			if len(secret) < 8 { // no secret, and perhaps part of every other word
				continue
			}
			pairs = append(pairs, secret, "<redacted>")
			if q := url.QueryEscape(secret); q != secret {
				pairs = append(pairs, q, "<redacted>")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// hide replaces secrets in all that is kept of the exchange.
func (x *Exchange) hide(secrets *strings.Replacer) {
	for _, text := range []*string{&x.URL, &x.Request, &x.Response, &x.Err, &x.Curl} {
		*text = secrets.Replace(*text)
	}
}

// headText renders a head in the order of names: first line, then headers.
func headText(first string, h http.Header) string {
	var b strings.Builder
	b.WriteString(first + "\n")
	names := make([]string, 0, len(h))
	for n := range h {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		for _, v := range h[n] {
			fmt.Fprintf(&b, "%s: %s\n", n, redactHeader(n, v))
		}
	}
	return b.String()
}

// bodyText renders the start of a body: text as it is, other bytes quoted.
func bodyText(body []byte, total int64) string {
	if len(body) == 0 {
		return ""
	}
	show := body[:min(len(body), sampleBytes)]
	text := string(show)
	if !utf8.Valid(show) || bytes.ContainsFunc(show, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' }) {
		show = show[:min(len(show), 256)]
		text = fmt.Sprintf("%q", show)
	}
	if total > int64(len(show)) {
		text += fmt.Sprintf("... (%d bytes in all)", total)
	}
	return "\n" + text
}

// curl returns a command that repeats the request, signed anew by curl from
// the usual environment variables.
func curl(method string, u *url.URL, h http.Header, body []byte, total int64, region string, signed bool) string {
	var b strings.Builder
	b.WriteString("curl -sS -i --path-as-is")
	if signed {
		fmt.Fprintf(&b, ` --aws-sigv4 aws:amz:%s:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY"`, region)
	}
	if method == http.MethodHead {
		b.WriteString(" -I")
	} else {
		b.WriteString(" -X " + quote(method))
	}
	names := make([]string, 0, len(h))
	for n := range h {
		switch n {
		case "Authorization", "X-Amz-Date", "Content-Length", "Accept-Encoding", "User-Agent", "Amz-Sdk-Invocation-Id", "Amz-Sdk-Request":
		default:
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		for _, v := range h[n] {
			b.WriteString(" -H " + quote(n+": "+redactHeader(n, v)))
		}
	}
	switch {
	case total > sampleBytes || !utf8.Valid(body):
		fmt.Fprintf(&b, " --data-binary @BODY # %d bytes", total)
	case len(body) > 0:
		b.WriteString(" --data-binary " + quote(string(body)))
	}
	if at := strings.Index(b.String(), " # "); at >= 0 {
		s := b.String()
		return s[:at] + " " + quote(redactURL(u.String())) + s[at:]
	}
	return b.String() + " " + quote(redactURL(u.String()))
}

// quote makes s one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
