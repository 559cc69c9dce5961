package admin

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A view is what the page shows.
type view struct {
	*Summary        // nil: not a cluster
	Made     string // when
	Refresh  bool
}

// page shows the state of the cluster to a person.
func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	v := view{Made: h.Now().UTC().Format(time.DateTime), Refresh: r.URL.Query().Get("refresh") != "off"}
	if h.Cluster() != nil {
		h.clustered(func(_ http.ResponseWriter, r *http.Request, c Cluster) {
			s := summarise(c.Survey(r.Context()))
			v.Summary = &s
		})(w, r)
	}
	var b bytes.Buffer
	if err := pageTemplate().Execute(&b, v); err != nil {
		h.fail(w, r, fmt.Errorf("page: %w", err))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(b.Bytes()) // a client that left needs no answer
}

// Verdict is the state of the cluster in a sentence or two.
func (s *Summary) Verdict() string {
	verdict := "In service."
	switch {
	case !s.Quorum:
		verdict = "No majority: the cluster refuses reads and writes."
	case s.VotersReachable < s.Voters:
		verdict = fmt.Sprintf("In service, with %d of %d voters.", s.VotersReachable, s.Voters)
	case s.Blobs.BelowR > 0:
		verdict = "In service, and copying blobs."
	}
	if s.Blobs.Lost > 0 {
		verdict += " Blobs are lost."
	}
	return verdict
}

// Grade is how good that is.
func (s *Summary) Grade() string {
	switch {
	case !s.Quorum || s.Blobs.Lost > 0:
		return "bad"
	case s.VotersReachable < s.Voters || s.Blobs.BelowR > 0:
		return "worse"
	}
	return "good"
}

// Below says how many blobs have fewer copies than they should.
func (b BlobSummary) Below() string {
	if b.Shared {
		return "none: nodes hold no copies, all of them reach one store"
	}
	least := ""
	if b.AtLeast {
		least = "at least "
	}
	if len(b.Unreachable) == 0 {
		return fmt.Sprintf("%s%d", least, b.KnownBelowR)
	}
	return fmt.Sprintf("every one, at least %d, while %s cannot be reached; the voters that answer lack %s%d", b.BelowR, strings.Join(b.Unreachable, " and "), least, b.KnownBelowR)
}

// State is a node's state in words.
func (n Node) State() string {
	switch {
	case !n.Reachable:
		return "unreachable"
	case n.Blobs.Lost > 0:
		return "blobs lost"
	case !n.Blobs.Complete:
		return "copying blobs"
	case n.Lag > 1000:
		return "catching up"
	}
	return "ok"
}

// Grade is how good that is.
func (n Node) Grade() string {
	switch n.State() {
	case "ok":
		return "good"
	case "unreachable", "blobs lost":
		return "bad"
	}
	return "worse"
}

// Votes says whether the node has a vote.
func (n Node) Votes() string {
	if n.Voter {
		return "voter"
	}
	return "non-voter"
}

// Contact says when the node last heard of the leader.
func (n Node) Contact() string {
	switch {
	case n.Role == "leader":
		return "is the leader"
	case n.LastContactMS < 0:
		return "never"
	}
	return (time.Duration(n.LastContactMS) * time.Millisecond).String() + " ago"
}

// pageTemplate is parsed when somebody asks for it: an idle server has no use for it.
var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("admin").Parse(pageText)) })
