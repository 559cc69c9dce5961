package consistency

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bleepstore/conformance/history"
)

// An object as a server that may lie shows it.
type shown struct {
	body         []byte
	etag, v      string
	status       int
	contentRange string
}

func (o *shown) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", quoted(o.etag))
	w.Header().Set(valueHeader, o.v)
	w.Header().Set("Content-Length", fmt.Sprint(len(o.body)))
	if o.contentRange != "" {
		w.Header().Set("Content-Range", o.contentRange)
	}
	w.WriteHeader(max(o.status, 200))
	if r.Method != http.MethodHead {
		_, _ = w.Write(o.body)
	}
}

// A read of anything but one write whole is torn by itself, and says why.
func TestTornReads(t *testing.T) {
	var show shown
	with(t, "register", show.serve, func(ctx context.Context, c *client, h *holding) {
		v, a, of := c.body(200, 0)
		w, b, ofB := c.body(200, 0)
		short, s, ofShort := c.body(1, 0)
		none, n, ofNone := c.body(0, 0)
		whole := shown{body: a, etag: of.etag, v: meta(v)}
		for name, tc := range map[string]struct {
			show shown
			kind history.Kind
			want history.Value
			torn string
		}{
			"whole":                {whole, history.Get, v, ""},
			"its head":             {whole, history.Head, v, ""},
			"one byte":             {shown{body: s, etag: ofShort.etag, v: meta(short)}, history.Get, short, ""},
			"nothing":              {shown{body: n, etag: ofNone.etag, v: meta(none)}, history.Get, none, ""},
			"nobody's":             {shown{body: history.Body(99, 64), etag: "e", v: "99"}, history.Get, 99, ""},
			"another's metadata":   {shown{body: a, etag: of.etag, v: meta(w)}, history.Get, 0, "the body is of v1, the metadata of v2"},
			"another's ETag":       {shown{body: a, etag: ofB.etag, v: meta(v)}, history.Get, 0, "is not that of v1"},
			"another's ETag, head": {shown{body: a, etag: ofB.etag, v: meta(v)}, history.Head, 0, "is not that of v1"},
			"no metadata":          {shown{body: a, etag: of.etag}, history.Get, 0, "names no write"},
			"half and half":        {shown{body: append(bytes.Clone(a[:96]), b[96:]...), etag: of.etag, v: meta(v)}, history.Get, 0, "from 96 on are not of v1 but of v2"},
			"truncated":            {shown{body: a[:100], etag: of.etag, v: meta(v)}, history.Get, 0, "100 bytes, though v1 wrote 200"},
			"truncated to naught":  {shown{etag: of.etag, v: meta(v)}, history.Get, 0, "0 bytes, though v1 wrote 200"},
			"another length":       {shown{body: a[:100], etag: of.etag, v: meta(v)}, history.Head, 0, "100 bytes, though v1 wrote 200"},
			"a range":              {shown{body: a[40:80], etag: of.etag, v: meta(v), status: 206, contentRange: "bytes 40-79/200"}, history.Get, v, ""},
			"a range of another":   {shown{body: b[40:120], etag: of.etag, v: meta(v), status: 206, contentRange: "bytes 40-119/200"}, history.Get, 0, "the body is of v2"},
			"a range elsewhere":    {shown{body: a[72:136], etag: of.etag, v: meta(v), status: 206, contentRange: "bytes 40-103/200"}, history.Get, 0, "from"},
		} {
			show = tc.show
			op := c.read(ctx, h, history.Op{Kind: tc.kind, Key: "k"})
			if op.Outcome != history.OK || op.Result.Value != tc.want || !strings.Contains(op.Result.Torn, tc.torn) || (tc.torn == "") != (op.Result.Torn == "") {
				t.Errorf("%s: got %s %s, torn %q; want %s, %q", name, op.Outcome, op.Result.Value, op.Result.Torn, tc.want, tc.torn)
			}
		}
	})
}

func TestTornUploads(t *testing.T) {
	var show shown
	with(t, "multipart", show.serve, func(ctx context.Context, c *client, h *holding) {
		upload, other := c.rec.Value(), c.rec.Value()
		for _, u := range []history.Value{upload, other} {
			c.known.Store(u, &written{upload: u, whole: true})
		}
		p1, a, _ := c.body(100, upload)
		p2, b, _ := c.body(64, upload)
		_, x, _ := c.body(64, other)
		_, plain, _ := c.body(64, 0)
		join := func(bodies ...[]byte) []byte { return bytes.Join(bodies, nil) }
		for name, tc := range map[string]struct {
			body []byte
			want []history.Value
			torn string
		}{
			"its parts":         {join(a, b), []history.Value{p1, p2}, ""},
			"in another order":  {join(b, a), []history.Value{p2, p1}, ""}, // wrong, and for the checker to say so
			"of another upload": {join(a, x), nil, "part 2 is v5, which is no part of the upload"},
			"an object's":       {plain, nil, "no part of the upload"},
			"cut":               {join(a, b[:40]), nil, "part 2, at byte 100"},
			"mixed":             {join(a[:64], x), nil, "part 1"},
			"less than a block": {join(a, b[:10]), nil, "too short"},
		} {
			show = shown{body: tc.body, etag: "e-2", v: meta(upload)}
			op := c.get(ctx, h, "k")
			if d := cmp.Diff(tc.want, op.Result.Values); d != "" || !strings.Contains(op.Result.Torn, tc.torn) || (tc.torn == "") != (op.Result.Torn == "") || op.Result.Value != 0 {
				t.Errorf("%s: got %v, torn %q; want %v, %q", name, op.Result.Values, op.Result.Torn, tc.want, tc.torn)
			}
		}
	})
}

func TestTornLists(t *testing.T) {
	var show shown
	with(t, "append", show.serve, func(ctx context.Context, c *client, h *holding) {
		list := history.ListBody([]history.Value{7, 9})
		c.note(9, list, 0)
		for v, torn := range map[string]string{"9": "", "7": "the list ends in [v7 v9], the metadata is of v7"} {
			show = shown{body: list, etag: digest(list), v: v}
			op := c.get(ctx, h, "k")
			if op.Result.Torn != torn || torn == "" && (op.Result.Value != 9 || len(op.Result.Values) != 2) {
				t.Errorf("%s: got %+v, want torn %q", v, op.Result, torn)
			}
		}
		show = shown{body: list[:32], etag: digest(list), v: "9"}
		if op := c.get(ctx, h, "k"); op.Result.Torn == "" {
			t.Errorf("half a list: got %+v", op.Result)
		}
	})
}

// Each key of a DeleteObjects has a fate of its own, and all have its times.
func TestBatch(t *testing.T) {
	answer := `<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>InternalError</Code></Error><Error><Key>c</Key><Code>PreconditionFailed</Code></Error></DeleteResult>`
	r := with(t, "delete", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "delete=" || r.Method != http.MethodPost {
			w.WriteHeader(400)
			return
		}
		_, _ = w.Write([]byte(answer))
	}, func(ctx context.Context, c *client, h *holding) {
		c.removeAll(ctx, h, []string{"a", "b", "c", "d"})
		if c.doubt != "d" || h.open != 2 || h.ops != 4 {
			t.Errorf("in doubt %q, %d open of %d", c.doubt, h.open, h.ops)
		}
	})
	ops := r.rec.Take()
	want := []history.Outcome{history.OK, history.Unclear, history.Refused, history.Unclear}
	if len(ops) != len(want) {
		t.Fatalf("got %+v", ops)
	}
	for i, o := range ops {
		if o.Outcome != want[i] || o.Key != string(rune('a'+i)) || o.Call != ops[0].Call || o.Arg.Batch != ops[0].N || o.Ended() != (o.Outcome != history.Unclear) {
			t.Errorf("operation %d: got %+v, want %s", i, o, want[i])
		}
	}
	if ops[2].Result.Status != 412 {
		t.Errorf("got %+v", ops[2].Result)
	}
}
