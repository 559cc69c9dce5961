// Package streaming holds the rules of payloads sent in signed or unsigned
// chunks (aws-chunked), with and without trailing headers.
package streaming

import (
	"context"
	"strconv"
	"strings"

	. "bleepstore/scenarios"
	"bleepstore/scenarios/digest"
	"bleepstore/scenarios/sign"
)

const (
	api = "https://docs.aws.amazon.com/AmazonS3/latest/API/"

	apiChunks   = api + "sigv4-streaming.html"
	apiTrailers = api + "sigv4-streaming-trailers.html"
	apiAuth     = api + "sigv4-auth-using-authorization-header.html"
	apiErrors   = api + "ErrorResponses.html#ErrorCodeList"

	threads = "https://github.com/versity/versitygw/issues/" // answers of S3, captured
)

// minChunk is the least size of a chunk that another follows.
const minChunk = 8192

// A mode is a way to send chunks.
type mode struct {
	id, text string
	payload  sign.Payload
}

var (
	signed        = mode{"signed", "signed chunks", sign.Chunked}
	signedTrailer = mode{"signed-trailer", "signed chunks and trailer", sign.ChunkedTrailer}
	unsigned      = mode{"unsigned-trailer", "unsigned chunks and a trailer", sign.UnsignedTrailer}

	modes    = []mode{signed, signedTrailer, unsigned}
	trailing = []mode{signedTrailer, unsigned}
)

// request sends body in chunks of the sizes given, with the trailer that the
// mode wants.
func (m mode) request(body []byte, sizes ...int) Request {
	r := Request{Body: body, Payload: m.payload, Chunks: sizes}
	if m != signed {
		r.Trailers = [][2]string{{digest.CRC32.Header(), digest.CRC32.Of(body)}}
	}
	return r
}

// A door is an operation that takes a streaming payload. Its rules are those
// of PutObject; on UploadPart they make up one rule.
type door struct {
	id, op string
	needs  Feature
	open   func(ctx context.Context, s *S) Slot
}

var doors = []door{
	{"put", "PutObject", Objects, ObjectSlot},
	{"part", "UploadPart", Multipart, func(ctx context.Context, s *S) Slot {
		return PartSlot(ctx, s, Header("x-amz-checksum-algorithm", "CRC32"), Header("x-amz-checksum-type", "FULL_OBJECT"))
	}},
}

// A rule is what holds for each door.
type rule struct {
	name, id string // "chunk.altered", "S-02"
	says     string // behind the operation
	ref      string
	level    Level
	check    func(ctx context.Context, s *S, slot Slot)
}

// each registers a rule for every door.
func each(r rule) struct{} {
	for _, d := range doors {
		id := r.id
		if d.id == "part" {
			id = "S-14"
		}
		Add(Scenario{
			ID: "streaming." + d.id + "." + r.name, Rule: id, Says: d.op + " " + r.says, Ref: r.ref, Level: r.level,
			Needs: []Feature{Streaming, d.needs},
			Check: func(ctx context.Context, s *S) { r.check(ctx, s, d.open(ctx, s)) },
		})
	}
	return struct{}{}
}

// exact sets Content-Length to the length of the body as it will be after
// Break and EditBody, so that the framing alone is wrong.
func exact(r Request) Request {
	st := sign.Stream{Payload: r.Payload, Sizes: r.Chunks, Trailers: r.Trailers, Break: r.Break, Seed: strings.Repeat("0", 64)}
	body := st.Encode(r.Body)
	if r.EditBody != nil {
		body = r.EditBody(body)
	}
	r.Header = append(r.Header, [2]string{"Content-Length", strconv.Itoa(len(body))})
	return r
}

// on breaks the lines of one kind, chunk i of them or the only one.
func on(kind string, i int, edit func(line string) string) func(string, int, string) string {
	return func(k string, n int, line string) string {
		if k == kind && n == i {
			return edit(line)
		}
		return line
	}
}

// spoil changes the last hexadecimal digit of a line.
func spoil(line string) string {
	text := strings.TrimSuffix(line, "\r\n")
	last := "0"
	if strings.HasSuffix(text, "0") {
		last = "1"
	}
	return text[:len(text)-1] + last + "\r\n"
}

func drop(string) string { return "" }
