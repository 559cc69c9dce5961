package wire

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Requests of real clients, byte by byte as they send them, so that the owner
// of a server sees which client breaks on it without installing any. Only
// host, bucket, time, credential and signature are put in anew, and of an
// upload its id and the ETag of its part.

// A recording is one request of one client. In its head stand HOST, BUCKET,
// DATE, CREDENTIAL (QCREDENTIAL in a query), SIGNATURE and UPLOADID for what is
// put in; the values of digests are those of its body. A body that holds ETAG
// has a length and a digest of its own each time: BODYLENGTH and BODYHASH.
type recording struct {
	id, client string
	over       string // http or https, over which clients behave differently
	op         string // a key of outcomes, perhaps with "-..." behind it
	head       string // lines without their CRLF
	body       string // as it leaves; of signed chunks the payload, and behind a line break the trailer
}

// A blank is what is put into a recording that belongs to an upload.
type blank struct{ upload, etag string }

func init() {
	for _, r := range slices.Concat(sdkRecordings, toolRecordings, objectRecordings, uploadRecordings, presignRecordings) {
		op, _, _ := strings.Cut(r.op, "-")
		needs := append([]Feature{Wire, Objects}, features[op]...)
		if r.over == "https" {
			needs = append(needs, TLS)
		}
		if r.presigned() {
			needs = append(needs, Presigned)
		}
		Add(Scenario{
			ID:    "wire.client." + r.id + "." + r.over + "." + r.op,
			Rule:  "X-27",
			Says:  "A request (" + r.op + ") as " + r.client + " sends it over " + r.over + " SHOULD do what that client expects.",
			Ref:   "https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html",
			Level: Should,
			Needs: needs,
			Check: func(ctx context.Context, s *S) { outcomes[op](ctx, s, r) },
		})
	}
}

// replay sends the recording, waiting for a 100 where the client does.
func (r recording) replay(ctx context.Context, s *S, bucket string, fill blank) *Response {
	to := s.Target().Endpoints[0]
	if r.over == "https" {
		to = s.Target().TLSEndpoint
	}
	conn := DialTo(ctx, s, to)
	defer conn.Close()
	head, body := r.render(s, to, bucket, fill)
	method, _, _ := strings.Cut(r.head, " ")
	if strings.Contains(r.head, "\nExpect: ") {
		s.Must(conn.Write(head), "send the head")
		if got := conn.Next(method); got.Status != http.StatusContinue {
			return got
		}
		head = nil
	}
	_ = conn.Write(append(head, body...)) // the answer may be there already
	return conn.Answer(method)
}

// render puts in what differs from run to run, and signs.
func (r recording) render(s *S, to *url.URL, bucket string, fill blank) (head, body []byte) {
	sc := Scope(s)
	credential := sc.Access + "/" + sc.Time.Format("20060102") + "/" + sc.Region + "/s3/aws4_request"
	body = []byte(strings.ReplaceAll(r.body, "ETAG", fill.etag))
	text := strings.NewReplacer("HOST", to.Host, "BUCKET", bucket, "DATE", sc.Stamp(),
		"QCREDENTIAL", url.QueryEscape(credential), "CREDENTIAL", credential, "UPLOADID", url.QueryEscape(fill.upload),
		"BODYLENGTH", strconv.Itoa(len(body)), "BODYHASH", sign.Hash(sign.Signed, body)).Replace(r.head)
	signature := r.canonical(text).Signature(sc)
	text = strings.Replace(text, "SIGNATURE", signature, 1)
	switch stream := (sign.Stream{Scope: sc, Seed: signature}); {
	case strings.Contains(text, string(sign.ChunkedTrailer)):
		payload, trailer, _ := strings.Cut(r.body, "\n")
		name, value, _ := strings.Cut(trailer, ":")
		stream.Payload, stream.Trailers, stream.Break = sign.ChunkedTrailer, [][2]string{{name, value}}, minioTrailer
		body = stream.Encode([]byte(payload))
	case strings.Contains(text, string(sign.Chunked)):
		stream.Payload = sign.Chunked
		body = stream.Encode(body)
	}
	return []byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n"), body
}

// minioTrailer ends a trailer as MinIO's clients do, with LF and CRLF.
func minioTrailer(kind string, _ int, line string) string {
	if kind == "trailer" {
		return strings.TrimSuffix(line, "\r\n") + "\n\r\n"
	}
	return line
}

// presigned reports whether the signature is in the query.
func (r recording) presigned() bool { return strings.Contains(r.head, "X-Amz-Signature=SIGNATURE") }

// canonical is the canonical request of a head, over the headers that the
// client signs.
func (r recording) canonical(head string) sign.Manual {
	first, rest, _ := strings.Cut(head, "\n")
	f := strings.Fields(first)
	path, query, _ := strings.Cut(f[1], "?")
	values := map[string]string{}
	for line := range strings.SplitSeq(rest, "\n") {
		name, value, _ := strings.Cut(line, ": ")
		values[strings.ToLower(name)] = value
	}
	_, signed, _ := strings.Cut(values["authorization"], "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	m := sign.Manual{Method: f[0], Path: path, Payload: values["x-amz-content-sha256"]}
	if r.presigned() {
		signed, m.Payload = "host", string(sign.Unsigned)
		query = strings.Replace(query, "&X-Amz-Signature=SIGNATURE", "", 1)
	}
	m.Query = sortedQuery(query)
	for name := range strings.SplitSeq(signed, ";") {
		m.Headers = append(m.Headers, [2]string{name, values[name]})
	}
	return m
}

// sortedQuery is the canonical form of an escaped query.
func sortedQuery(query string) string {
	if query == "" {
		return ""
	}
	pairs := strings.Split(query, "&")
	for i, p := range pairs {
		if !strings.Contains(p, "=") {
			pairs[i] = p + "="
		}
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}
