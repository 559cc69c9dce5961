package check

import (
	"math"

	"bleepstore/conformance/history"
)

// A completion is all that was asked for of one upload. Which content it was
// completed as the ETag in an answer tells, and that it was by the first answer
// that does. That a Complete which is sent again has no effect again is what the
// models say and no document does, so for the definite rules each may have had
// one.
type completion struct {
	ops []*history.Op
	as  map[content]*span
}

// A span is when an upload was completed as a content: between the first call
// that asked for it and the first acknowledgement.
type span struct {
	first     *history.Op
	call, ret int64
	sure      bool
}

// completions are those of all uploads.
func completions(ops []*history.Op, t *contents) map[string]*completion {
	all := map[string]*completion{}
	for _, op := range ops {
		if op.Kind != history.Complete || op.Outcome == history.Refused && op.Result.Status != 409 {
			continue
		}
		c := all[op.Arg.UploadID]
		if c == nil {
			c = &completion{as: map[content]*span{}}
			all[op.Arg.UploadID] = c
		}
		c.ops = append(c.ops, op)
		is, _ := t.of(op)
		s := c.as[is]
		if s == nil {
			s = &span{first: op, call: op.Call, ret: history.Never}
			c.as[is] = s
		}
		s.call = min(s.call, op.Call)
		if e := t.all[is].etag; op.Outcome == history.OK && e != "" && op.Result.ETag == e {
			s.sure, s.ret = true, min(s.ret, op.Return)
		}
	}
	return all
}

// initiations returns when each upload was begun: long ago, where the history
// does not tell. Of what is written to the key between then and the completion
// AWS says that it may take precedence, so that a completed object may never be
// seen.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#distributedmpupload
func initiations(ops []*history.Op) func(upload string) int64 {
	at := map[string]int64{}
	for _, op := range ops {
		if op.Kind == history.CreateUpload && op.Result.UploadID != "" {
			at[op.Result.UploadID] = op.Call
		}
	}
	return func(upload string) int64 {
		if t, ok := at[upload]; ok {
			return t
		}
		return math.MinInt64
	}
}

// shared reports whether the answer to op may be due to another Complete: all
// but the one that ended before any other began.
func (c *completion) shared(op *history.Op) bool {
	for _, o := range c.ops {
		if o != op && o.Call <= op.Return {
			return true
		}
	}
	return false
}

// whole is the write that all of the completion as one content are together,
// once for each.
func (c *completion) whole(w write) (write, bool) {
	s := c.as[w.c]
	w.call, w.ret, w.sure, w.joint = s.call, s.ret, true, true
	return w, s.sure && w.op == s.first
}
