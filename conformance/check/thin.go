package check

import (
	"fmt"
	"math"
	"strings"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/model"
)

// handful is how many operations of a kind have to succeed before a run says
// anything about it.
const handful = 5

// rests lists the operations that each model's verdict rests on.
var rests = map[string][]history.Kind{
	"register":    {history.Put, history.Get},
	"delete":      {history.Put, history.Delete},
	"cas":         {history.Put, history.Get},
	"elect":       {history.Put, history.Get},
	"append":      {history.Put, history.Get},
	"list":        {history.Put, history.List},
	"list-atomic": {history.Put, history.List},
	"set":         {history.Put, history.List},
	"versions":    {history.Put, history.ListVersions},
	"multipart":   {history.UploadPart, history.Complete},
	"copy":        {history.Put, history.Copy},
	"tags":        {history.PutTags, history.GetTags},
}

// thin says that the run shows nothing where that is so: it is then neither a
// pass nor, unless there are violations, a failure.
func (w *work) thin(o *Options) {
	var why []string
	n := map[history.Kind]int{}
	last := int64(0)
	for _, op := range w.ops {
		if op.Outcome == history.OK {
			n[op.Kind]++
			last = max(last, op.Return)
		}
	}
	for _, k := range rests[w.Model] {
		need := handful
		if k == history.ListVersions {
			need = 1 // each tells of all that went before
		}
		if n[k] < need {
			why = append(why, fmt.Sprintf("only %d operations of the kind %s succeeded", n[k], k))
		}
	}
	span := w.Duration
	if span == 0 && len(w.ops) > 0 {
		span = time.Duration(last - w.ops[0].Call)
	}
	rate := math.Inf(1)
	if span > 0 {
		rate = float64(w.out.Succeeded) / span.Seconds()
	}
	if rate < o.MinRate {
		why = append(why, fmt.Sprintf("%.1f operations a second succeeded, and %g are needed", rate, o.MinRate))
	}
	if len(why) > 0 {
		w.out.Level = min(w.out.Level, model.Eventual)
	}
	w.out.Inconclusive = strings.Join(append(why, w.unknown...), "; ")
}
