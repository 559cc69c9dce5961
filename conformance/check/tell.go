package check

import (
	"fmt"
	"strings"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// verbs are what clients do, as nouns.
var verbs = map[history.Kind]string{
	history.Put:          "put",
	history.Get:          "get",
	history.Head:         "head",
	history.Delete:       "delete",
	history.Copy:         "copy",
	history.List:         "listing",
	history.ListVersions: "listing of versions",
	history.CreateUpload: "new upload",
	history.UploadPart:   "part",
	history.Complete:     "complete",
	history.Abort:        "abort",
	history.PutTags:      "tagging",
	history.GetTags:      "read of the tags",
}

// tell names an operation: who did what to which key, what the answer was and
// when.
func tell(op *history.Op) string {
	var b strings.Builder
	fmt.Fprintf(&b, "client %d's %s", op.Client, verbs[op.Kind])
	a := &op.Arg
	switch op.Kind {
	case history.Put, history.PutTags:
		fmt.Fprintf(&b, " of %s to %s", a.Value, op.Key)
	case history.Copy:
		fmt.Fprintf(&b, " of %s to %s", a.SourceKey, op.Key)
	case history.UploadPart:
		fmt.Fprintf(&b, " %d (%s) of upload %s of %s", a.Part, a.Value, a.UploadID, op.Key)
	case history.Complete:
		fmt.Fprintf(&b, " of upload %s of %s as %v", a.UploadID, op.Key, a.Values)
	case history.Abort:
		fmt.Fprintf(&b, " of upload %s of %s", a.UploadID, op.Key)
	case history.List, history.ListVersions:
		fmt.Fprintf(&b, " (page %d)", max(a.Page, 1))
	default:
		fmt.Fprintf(&b, " of %s", op.Key)
	}
	b.WriteString(" (")
	for _, c := range []struct{ name, value string }{
		{"version", a.VersionID}, {"If-Match:", a.IfMatch}, {"If-None-Match:", a.IfNoneMatch},
	} {
		if c.value != "" {
			fmt.Fprintf(&b, "%s %s; ", c.name, c.value)
		}
	}
	fmt.Fprintf(&b, "%s; %s)", answer(op), when(op))
	return b.String()
}

func answer(op *history.Op) string {
	switch {
	case op.Outcome == history.Unclear:
		return "no clear answer"
	case op.Result.Status != 0 && op.Result.Code != "":
		return fmt.Sprintf("%d %s", op.Result.Status, op.Result.Code)
	case op.Result.Status != 0:
		return fmt.Sprint(op.Result.Status)
	case op.Outcome == history.OK:
		return "succeeded"
	}
	return "refused"
}

func when(op *history.Op) string {
	if !op.Ended() {
		return fmt.Sprintf("from %s on", millis(op.Call))
	}
	return fmt.Sprintf("%s to %s", millis(op.Call), millis(op.Return))
}

func millis(t int64) string { return fmt.Sprintf("%.6f ms", float64(t)/1e6) }

// saw names what a read got.
func saw(op *history.Op) string {
	r := &op.Result
	switch {
	case op.Outcome == history.Refused && r.Status == 404:
		return "nothing there"
	case len(r.Values) > 8:
		return fmt.Sprintf("a list of %d that ends in %s", len(r.Values), r.Values[len(r.Values)-1])
	case len(r.Values) > 0:
		return fmt.Sprint(r.Values)
	case r.Value != 0:
		return r.Value.String()
	case op.Kind == history.GetTags && r.Tags == 0:
		return "no tags"
	case op.Kind == history.GetTags:
		return "the tags of " + r.Tags.String()
	case op.Kind == history.List || op.Kind == history.ListVersions:
		return entries(r)
	}
	return "an object with the ETag " + r.ETag
}

// says tells a wrong read in prose.
func (x *wrong) says(k *key, level model.Level) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s.\n", tell(x.r.op), x.claim(k))
	switch {
	case x.w == nil && x.over == nil:
		b.WriteString("Nothing had begun to make it so when that ended.")
		return b.String()
	case x.w == nil:
		b.WriteString("That was so before anything was written, and nothing made it so again.\n")
	default:
		fmt.Fprintf(&b, "That was so by %s.\n", tell(x.w.op))
		if x.wSeen != nil {
			fmt.Fprintf(&b, "It had been by the end of %s, which saw it.\n", tell(x.wSeen.op))
		}
	}
	if x.over == nil {
		return b.String()
	}
	fmt.Fprintf(&b, "But then came %s", tell(x.over.w.op))
	if x.over.by == nil {
		b.WriteString(", which was acknowledged before.")
	} else {
		fmt.Fprintf(&b, ",\nand %s had seen it before.", tell(x.over.by.op))
		if x.over.by.op.Process == x.r.op.Process && level == model.Register {
			b.WriteString("\nSo one client went back in time.")
		}
	}
	return b.String()
}

// claim says what a read saw.
func (x *wrong) claim(k *key) string {
	op := x.r.op
	e := op.Arg.IfMatch
	switch {
	case x.r.page && x.r.saw.has(absent):
		return fmt.Sprintf("shows no %s", k.key)
	case x.r.page:
		return fmt.Sprintf("shows %s with the ETag %s", k.key, x.r.etag)
	case x.r.source && x.r.saw.has(absent):
		return fmt.Sprintf("found no %s", k.key)
	case x.r.source:
		return fmt.Sprintf("copied what has the ETag %s", x.r.etag)
	case op.Kind.Reads():
		return "saw " + saw(op)
	case op.Outcome == history.Refused && x.r.saw.not:
		return fmt.Sprintf("was told that %s had another ETag than %s", k.key, e)
	case op.Outcome == history.Refused && x.r.saw.present:
		return fmt.Sprintf("was told that %s held something", k.key)
	case op.Outcome == history.Refused:
		return fmt.Sprintf("was told that %s held nothing", k.key)
	case op.Arg.IfNoneMatch == "*":
		return fmt.Sprintf("won: it was told that %s held nothing", k.key)
	case e == "*":
		return fmt.Sprintf("won: it was told that %s held something", k.key)
	}
	return fmt.Sprintf("won: it was told that %s had the ETag %s", k.key, e)
}

// tellWinners tells of writes that met the same condition.
func tellWinners(k *key, ops []*history.Op) string {
	a := &ops[0].Arg
	cond, why := "If-Match: "+a.IfMatch, "and only one write can have made that the ETag"
	if a.IfNoneMatch != "" {
		cond, why = "If-None-Match: "+a.IfNoneMatch, "and nothing can have deleted it in between"
	}
	return fmt.Sprintf("Client %d and client %d were both told that their write succeeded, both with %s on %s, %s:\n%s\n%s",
		ops[0].Client, ops[1].Client, cond, k.key, why, tell(ops[0]), tell(ops[1]))
}

// tellSearch tells of operations that no order explains.
func tellSearch(key string, l model.Level, ops []*history.Op) string {
	var b strings.Builder
	fmt.Fprintf(&b, "In no order do these operations on %s agree with their answers", key)
	if l == model.CAS {
		b.WriteString(" and with those to their conditions")
	}
	b.WriteString(":")
	for _, op := range ops {
		fmt.Fprintf(&b, "\n%s", tell(op))
		if op.Kind.Reads() && op.Outcome == history.OK {
			fmt.Fprintf(&b, " saw %s", saw(op))
		}
	}
	return b.String()
}

// entries names the first lines of a page.
func entries(r *history.Result) string {
	var lines []string
	for i := range r.Entries {
		e := &r.Entries[i]
		if i == 8 {
			lines = append(lines, fmt.Sprintf("and %d more", len(r.Entries)-i))
			break
		}
		line := e.Key
		switch {
		case e.Marker:
			line += " (a delete marker)"
		case e.VersionID != "":
			line += fmt.Sprintf(" (version %s, ETag %s)", e.VersionID, e.ETag)
		default:
			line += fmt.Sprintf(" (ETag %s)", e.ETag)
		}
		lines = append(lines, line)
	}
	if lines == nil {
		return "no entries"
	}
	return strings.Join(lines, ", ")
}
