package consistency

import (
	"encoding/xml"

	"bleepstore/conformance/history"
)

// reply reads the answer of success to a write: what op's kind is told. An answer
// that does not say it leaves op unclear.
func reply(op *history.Op, a *answer) {
	var doc struct{ ETag, UploadId string }
	switch op.Kind {
	case history.PutTags:
		return
	case history.CreateUpload:
		if xml.Unmarshal(a.body, &doc) != nil || doc.UploadId == "" {
			op.Outcome = history.Unclear
			return
		}
		op.Result.UploadID = doc.UploadId
		return
	}
	op.Result.ETag, op.Result.VersionID = bare(a.header.Get("ETag")), a.header.Get("x-amz-version-id")
	op.Result.Marker = a.header.Get("x-amz-delete-marker") == "true"
	switch op.Kind {
	case history.Copy, history.Complete:
		if xml.Unmarshal(a.body, &doc) != nil || doc.ETag == "" {
			op.Outcome = history.Unclear // a 200 that does not say what was made
			return
		}
		op.Result.ETag = bare(doc.ETag)
	}
	switch op.Kind {
	case history.Put, history.UploadPart, history.Complete:
		if op.Arg.ETag == "" { // the client could not foretell it
			op.Arg.ETag = op.Result.ETag
		}
	}
}
