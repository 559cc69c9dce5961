package wire

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	. "github.com/onsi/gomega"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/sign"
)

// Requests of real clients, byte by byte as they send them, so that the owner
// of a server sees which client breaks on it without installing any. Only
// host, bucket, time, credential and signature are put in anew.

// A recording is one request of one client. In its head stand HOST, BUCKET,
// DATE, CREDENTIAL and SIGNATURE for what is put in; the values of digests are
// those of its body.
type recording struct {
	id, client string
	over       string // http or https, over which clients behave differently
	op         string // put, put-..., get, list, location or delete
	head       string // lines without their CRLF
	body       string // as it leaves; of signed chunks, the payload
}

func init() {
	for _, r := range slices.Concat(sdkRecordings, toolRecordings) {
		needs := []Feature{Wire, Objects}
		if r.over == "https" {
			needs = append(needs, TLS)
		}
		if r.op == "list" {
			needs = append(needs, Listing)
		}
		op, _, _ := strings.Cut(r.op, "-")
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

// outcomes say what a client expects of each kind of request.
var outcomes = map[string]func(ctx context.Context, s *S, r recording){
	"put": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		got := r.replay(ctx, s, b)
		if strings.Contains(r.head, "X-Amz-Acl: ") && got.Code == "AccessControlListNotSupported" {
			s.Observe("the client's ACL", Outcome(got))
			return // as documented of a bucket without ACLs
		}
		s.Expect(got).To(HaveStatus(200))
		stored, err := s.Get(ctx, b, "k")
		s.Expect(err).To(OK(), "read the object")
		s.Expect(string(stored.Bytes)).To(Equal(r.payload()))
		s.Expect(stored.Header).To(HaveHeader("Content-Encoding", Not(ContainSubstring("aws-chunked"))))
	},
	"get": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := r.replay(ctx, s, b)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(string(got.Body)).To(Equal("hello"))
		s.Expect(got).To(HaveHeader("Content-Encoding", ""))
	},
	"list": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		key := "k"
		if strings.Contains(r.head, "prefix=keys%2F") {
			key = "keys/k"
		}
		s.MustPut(ctx, b, key, "hello")
		got := r.replay(ctx, s, b)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(strings.ReplaceAll(string(got.Body), "%2F", "/")).To(ContainSubstring("<Key>" + key + "</Key>"))
	},
	"location": func(ctx context.Context, s *S, r recording) {
		got := r.replay(ctx, s, s.Bucket(ctx))
		s.Expect(got).To(HaveStatus(200))
		s.Expect(string(got.Body)).To(ContainSubstring("LocationConstraint"))
	},
	"delete": func(ctx context.Context, s *S, r recording) {
		b := s.Bucket(ctx)
		s.MustPut(ctx, b, "k", "hello")
		got := r.replay(ctx, s, b)
		s.Expect(got).To(HaveStatus(200))
		s.Expect(got.Code).To(BeEmpty(), "the error in the answer")
		s.ExpectAbsent(ctx, b, "k")
	},
}

// payload is what the body holds once it is decoded.
func (r recording) payload() string {
	if strings.Contains(r.body, "\r\n") {
		return "hello"
	}
	return r.body
}

// replay sends the recording, waiting for a 100 where the client does.
func (r recording) replay(ctx context.Context, s *S, bucket string) *Response {
	to := s.Target().Endpoints[0]
	if r.over == "https" {
		to = s.Target().TLSEndpoint
	}
	conn := DialTo(ctx, s, to)
	defer conn.Close()
	head, body := r.render(s, to, bucket)
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
func (r recording) render(s *S, to *url.URL, bucket string) (head, body []byte) {
	sc := Scope(s)
	credential := sc.Access + "/" + sc.Time.Format("20060102") + "/" + sc.Region + "/s3/aws4_request"
	text := strings.NewReplacer("HOST", to.Host, "BUCKET", bucket, "DATE", sc.Stamp(), "CREDENTIAL", credential).Replace(r.head)
	signature := r.canonical(text).Signature(sc)
	text = strings.Replace(text, "SIGNATURE", signature, 1)
	body = []byte(r.body)
	if strings.Contains(text, string(sign.Chunked)) {
		body = sign.Stream{Payload: sign.Chunked, Scope: sc, Seed: signature}.Encode(body)
	}
	return []byte(strings.ReplaceAll(text, "\n", "\r\n") + "\r\n\r\n"), body
}

// canonical is the canonical request of a head, over the headers that the
// client signs.
func (recording) canonical(head string) sign.Manual {
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
	m := sign.Manual{Method: f[0], Path: path, Query: sortedQuery(query), Payload: values["x-amz-content-sha256"]}
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
