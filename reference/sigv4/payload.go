package sigv4

import (
	"encoding/hex"
	"strings"

	"bleepstore/fault"
)

var (
	nonsenseUnsigned = fault.NewBug("auth.payload-hash-nonsense",
		"an x-amz-content-sha256 that is no hash and no documented word is taken for UNSIGNED-PAYLOAD", "AN-10")
	signedTrailerRefused = fault.NewBug("streaming.signed-trailer-refused",
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER is refused", "S-08", "S-01", "S-14")
	unsignedTrailerRefused = fault.NewBug("streaming.unsigned-trailer-refused",
		"STREAMING-UNSIGNED-PAYLOAD-TRAILER is refused", "S-08", "S-14")
)

// A Payload says how the body is covered by the signature.
type Payload int

// The values of x-amz-content-sha256.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
const (
	Unsigned              Payload = iota // UNSIGNED-PAYLOAD, or none sent
	Signed                               // the body's SHA-256
	ChunksSigned                         // STREAMING-AWS4-HMAC-SHA256-PAYLOAD
	ChunksSignedTrailer                  // STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
	ChunksUnsignedTrailer                // STREAMING-UNSIGNED-PAYLOAD-TRAILER
)

// contentSHA256 is the header that names the Payload.
const contentSHA256 = "X-Amz-Content-Sha256"

// payloads holds each Payload's text; Signed has none of its own.
var payloads = [...]string{
	Unsigned:              "UNSIGNED-PAYLOAD",
	Signed:                "signed",
	ChunksSigned:          "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
	ChunksSignedTrailer:   "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
	ChunksUnsignedTrailer: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
}

// String returns the text of p in x-amz-content-sha256, "signed" for Signed.
func (p Payload) String() string { return payloads[p] }

// Chunked says that the body is aws-chunked.
func (p Payload) Chunked() bool { return p >= ChunksSigned }

// Trailing says that trailers may follow the last chunk.
func (p Payload) Trailing() bool { return p == ChunksSignedTrailer || p == ChunksUnsignedTrailer }

func (p Payload) signedChunks() bool { return p == ChunksSigned || p == ChunksSignedTrailer }

// parsePayload reads the text of x-amz-content-sha256; sha256 is set when it is
// a hash.
func parsePayload(text string) (p Payload, sha256 [32]byte, err error) {
	for p, name := range payloads {
		if Payload(p) == ChunksUnsignedTrailer && unsignedTrailerRefused.On() || Payload(p) == ChunksSignedTrailer && signedTrailerRefused.On() {
			continue
		}
		if text == name && Payload(p) != Signed {
			return Payload(p), sha256, nil
		}
	}
	if strings.HasPrefix(text, "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD") {
		return Unsigned, sha256, errVersion4a()
	}
	if len(text) != hex.EncodedLen(len(sha256)) && nonsenseUnsigned.On() {
		return Unsigned, sha256, nil
	}
	if len(text) != hex.EncodedLen(len(sha256)) {
		return Unsigned, sha256, errPayload(text)
	}
	var raw [64]byte
	copy(raw[:], text)
	if _, err := hex.Decode(sha256[:], raw[:]); err != nil {
		return Unsigned, sha256, errPayload(text)
	}
	return Signed, sha256, nil
}
