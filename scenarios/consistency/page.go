package consistency

import (
	"context"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bleepstore/conformance/history"
)

// page asks for one page of a listing. arg.After is where it begins; token, when
// there is one, is what the page before told to go on with.
func (c *client) page(ctx context.Context, h *holding, arg history.Arg, token string) (op history.Op, next string) {
	op = history.Op{Kind: history.List, Arg: arg}
	query := "list-type=2&max-keys=" + strconv.Itoa(arg.Max) + "&prefix=" + url.QueryEscape(arg.Prefix)
	if token != "" {
		query += "&continuation-token=" + url.QueryEscape(token)
	}
	c.do(ctx, h, &op, request{method: http.MethodGet, query: query}, func(op *history.Op, a *answer) {
		var doc struct {
			XMLName               xml.Name
			IsTruncated           bool
			NextContinuationToken string
			Contents              []struct {
				Key, ETag string
				Size      int64
			}
		}
		if xml.Unmarshal(a.body, &doc) != nil || !isListing(doc.XMLName) || doc.IsTruncated && doc.NextContinuationToken == "" {
			op.Outcome = history.Unclear // no listing that can be read, or that can be gone on with
			return
		}
		for _, o := range doc.Contents {
			op.Result.Entries = append(op.Result.Entries, history.Entry{Key: o.Key, ETag: bare(o.ETag), Size: o.Size})
		}
		op.Result.Truncated, next = doc.IsTruncated, doc.NextContinuationToken
	})
	return op, next
}

// isListing reports whether the root of a document is a listing's. Its exact name
// is another rule, and clients do not look at it.
func isListing(root xml.Name) bool { return strings.HasPrefix(root.Local, "List") }

// list reads a listing to its end, limit keys a page. It reports whether it came
// to the end; a page that told nothing ends it early.
func (c *client) list(ctx context.Context, h *holding, prefix string, limit int) bool {
	arg, token := history.Arg{Prefix: prefix, Max: limit, Page: 1}, ""
	for {
		op, next := c.page(ctx, h, arg, token)
		if op.Outcome != history.OK {
			return false
		}
		if !op.Result.Truncated {
			return true
		}
		if n := len(op.Result.Entries); n > 0 {
			arg.After = op.Result.Entries[n-1].Key
		}
		if arg.Page == 1 {
			arg.Listing = op.N
		}
		arg.Page++
		token = next
		if arg.Page > 1+100000/limit || ctx.Err() != nil { // pages without end show in the history
			return false
		}
	}
}

// listVersions lists the versions of what begins with prefix, to its end.
func (c *client) listVersions(ctx context.Context, h *holding, prefix string) bool {
	arg, marker := history.Arg{Prefix: prefix, Max: 1000, Page: 1}, ""
	for {
		op := history.Op{Kind: history.ListVersions, Arg: arg}
		var doc versionPage
		query := "versions&max-keys=" + strconv.Itoa(arg.Max) + "&prefix=" + url.QueryEscape(prefix) + marker
		c.do(ctx, h, &op, request{method: http.MethodGet, query: query}, func(op *history.Op, a *answer) { doc.read(op, a) })
		if op.Outcome != history.OK {
			return false
		}
		if !op.Result.Truncated {
			return true
		}
		if arg.Page == 1 {
			arg.Listing = op.N
		}
		arg.Page, arg.After = arg.Page+1, doc.NextKeyMarker
		marker = "&key-marker=" + url.QueryEscape(doc.NextKeyMarker) + "&version-id-marker=" + url.QueryEscape(doc.NextVersionIdMarker)
		if arg.Page > 100 || ctx.Err() != nil {
			return false
		}
	}
}

// A versionPage is an answer to ListObjectVersions. Versions and markers stand
// mixed in it, and their order counts.
type versionPage struct {
	XMLName             xml.Name
	IsTruncated         bool
	NextKeyMarker       string
	NextVersionIdMarker string
	Lines               []struct {
		XMLName   xml.Name
		Key       string
		VersionId string
		ETag      string
		Size      int64
		IsLatest  bool
	} `xml:",any"`
}

func (p *versionPage) read(op *history.Op, a *answer) {
	if xml.Unmarshal(a.body, p) != nil || !isListing(p.XMLName) {
		op.Outcome = history.Unclear
		return
	}
	for _, l := range p.Lines {
		if marker := l.XMLName.Local == "DeleteMarker"; marker || l.XMLName.Local == "Version" {
			op.Result.Entries = append(op.Result.Entries, history.Entry{Key: l.Key, VersionID: l.VersionId,
				ETag: bare(l.ETag), Size: l.Size, Latest: l.IsLatest, Marker: marker})
		}
	}
	op.Result.Truncated = p.IsTruncated
}
