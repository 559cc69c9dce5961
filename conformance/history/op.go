// Package history is what concurrent clients did to a server and what they were
// told: one Op for each request that went over the wire, with the times between
// which it can have taken effect. It knows how an operation is recorded, saved
// and read back, and how a body says which write it came from; it knows nothing
// of what a correct history is, nor how to reach a server.
//
// A verdict is a function of a history alone, so that a saved one can be judged
// again anywhere.
package history

import (
	"fmt"
	"math"
)

// A Kind is an operation of S3 as models know it.
type Kind string

// The kinds. DeleteObjects is a Delete for each of its keys, parted by Part of
// the batch; an operation of a listing is one page.
const (
	Put          Kind = "put"
	Get          Kind = "get"  // also of a range
	Head         Kind = "head" // Get without a body
	Delete       Kind = "delete"
	Copy         Kind = "copy"
	List         Kind = "list"
	ListVersions Kind = "list-versions"
	CreateUpload Kind = "create-upload"
	UploadPart   Kind = "upload-part"
	Complete     Kind = "complete"
	Abort        Kind = "abort"
	PutTags      Kind = "put-tags"
	GetTags      Kind = "get-tags"
)

// Reads reports whether an operation of the kind changes nothing.
func (k Kind) Reads() bool {
	switch k {
	case Get, Head, List, ListVersions, GetTags:
		return true
	}
	return false
}

// An Outcome is what is known of an operation's effect.
type Outcome string

// The outcomes. Refused is an answer of 3xx or 4xx with a code: the operation
// changed nothing, and what it says of the state (404, 412, 304) is a read of it
// (soundness rule R5). Unclear is everything else but success: 5xx, a timeout, a
// reset, an answer that breaks off. An unclear write happened once or never, at
// any time from its Call on (R1); an unclear read tells nothing.
const (
	OK      Outcome = "ok"
	Refused Outcome = "refused"
	Unclear Outcome = "unclear"
)

// Never is the Return of an operation whose effect may come at any later time.
const Never = math.MaxInt64

// A Value identifies one write: no two writes of a run have the same. 0 is none.
type Value uint64

func (v Value) String() string { return fmt.Sprintf("v%d", uint64(v)) }

// An Op is one operation: one request that went over the wire, or one key of a
// DeleteObjects. Fields that a kind does not use are zero.
type Op struct {
	N        int64  `json:"n"`                  // unique, ascending by Call
	Workload string `json:"workload,omitempty"` // the workload it belongs to
	// Process is who sends one operation after the other. A client whose
	// operation ended unclear goes on as a new process, since the old one's has
	// not ended; Client stays.
	Process  int    `json:"process"`
	Client   int    `json:"client"`
	Endpoint int    `json:"endpoint"` // index into Header.Endpoints
	Kind     Kind   `json:"kind"`
	Bucket   string `json:"bucket"`
	Key      string `json:"key,omitempty"`
	// Call is stamped before the first byte leaves and Return after the last
	// byte of the answer was read and checked, in nanoseconds of one monotonic
	// clock since the start of the run. Return is Never, and is left out of the
	// file, for an unclear write.
	Call   int64 `json:"call"`
	Return int64 `json:"return,omitempty"`

	Arg     Arg     `json:"arg,omitzero"`
	Outcome Outcome `json:"outcome"`
	Result  Result  `json:"result,omitzero"`
}

// An Arg is what an operation asks for.
type Arg struct {
	Value Value `json:"value,omitempty"` // written by Put, UploadPart, PutTags
	// Values is the whole list that an append writes, Value the last of it.
	Values      []Value `json:"values,omitempty"`
	Size        int64   `json:"size,omitempty"` // of what is written
	ETag        string  `json:"etag,omitempty"` // of what is written: hex MD5, or what Complete should make
	IfMatch     string  `json:"if_match,omitempty"`
	IfNoneMatch string  `json:"if_none_match,omitempty"`
	VersionID   string  `json:"version,omitempty"`
	From        int64   `json:"from,omitempty"` // of a ranged Get: offset, and Length > 0
	Length      int64   `json:"length,omitempty"`

	SourceKey     string `json:"source_key,omitempty"` // of a Copy, in the same bucket
	SourceVersion string `json:"source_version,omitempty"`

	UploadID string `json:"upload,omitempty"`
	Part     int    `json:"part,omitempty"`
	Parts    []Part `json:"parts,omitempty"` // the list of a Complete
	Batch    int64  `json:"batch,omitempty"` // N of the first Op of the same DeleteObjects

	Prefix  string `json:"prefix,omitempty"`
	After   string `json:"after,omitempty"` // exclusive, where a page was asked to begin: start-after, or the last entry of the page before
	Max     int    `json:"max,omitempty"`
	Page    int    `json:"page,omitempty"`    // 1 for the first page of a listing
	Listing int64  `json:"listing,omitempty"` // N of the first page of the same listing
}

// A Part is a row of a Complete's list.
type Part struct {
	Number int    `json:"number"`
	ETag   string `json:"etag"`
}

// A Result is what the server answered.
type Result struct {
	Status int    `json:"status,omitempty"`
	Code   string `json:"code,omitempty"` // of an error document, also behind a 200
	Error  string `json:"error,omitempty"`

	ETag      string `json:"etag,omitempty"` // without quotes
	VersionID string `json:"version,omitempty"`
	Marker    bool   `json:"marker,omitempty"` // x-amz-delete-marker
	UploadID  string `json:"upload,omitempty"` // of a CreateUpload

	// Value is the write that a read saw, by its body and its metadata alike;
	// 0 where there is no object, or where Torn says what was wrong.
	Value Value `json:"value,omitempty"`
	// Values are the parts of an object made of parts, or the elements of a list
	// that appends write, in order.
	Values []Value `json:"values,omitempty"`
	Size   int64   `json:"size,omitempty"`
	// Torn is why an answer is of no single version: parts of several bodies, a
	// body and metadata of different writes, an ETag that is not the body's.
	// Such a read was seen to be wrong by itself, whatever else happened.
	Torn string `json:"torn,omitempty"`

	Entries   []Entry `json:"entries,omitempty"` // of a page, in the order of the answer
	Truncated bool    `json:"truncated,omitempty"`
	Tags      Value   `json:"tags,omitempty"` // the write whose tags were read
}

// An Entry is a line of a listing.
type Entry struct {
	Key       string `json:"key"`
	ETag      string `json:"etag,omitempty"`
	Size      int64  `json:"size,omitempty"`
	VersionID string `json:"version,omitempty"`
	Latest    bool   `json:"latest,omitempty"`
	Marker    bool   `json:"marker,omitempty"`
}

// Again returns the operation that o's request is when something on the way sends
// it a second time: one of its own, as n, by a process of its own, which may have
// its effect at any time from o's call on, or none (rule DUP). Whoever knows what
// it was answered says so by Told.
func (o Op) Again(n int64, process int) Op {
	o.N, o.Process, o.Return = n, process, Never
	o.Outcome, o.Result = Unclear, Result{Error: "sent a second time on the way"}
	return o
}

// Told returns o, which Again made of first, as it is when its answer is known to
// have come before that of first: it had its effect, or was refused, between
// first's call and return. Where first's answer never came o stays as it is.
func (o Op) Told(first *Op, outcome Outcome, result Result) Op {
	if outcome != Unclear && first.Ended() {
		o.Return, o.Outcome, o.Result = first.Return, outcome, result
	}
	return o
}

// Ended reports whether the operation is known to have ended: an unclear write
// has not.
func (o *Op) Ended() bool { return o.Return != Never }

// Before reports whether o ended before p began.
func (o *Op) Before(p *Op) bool { return o.Return < p.Call }

// Overlaps reports whether o and p were under way at the same time.
func (o *Op) Overlaps(p *Op) bool { return !o.Before(p) && !p.Before(o) }
