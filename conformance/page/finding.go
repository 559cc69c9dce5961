package page

import (
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"unicode/utf8"

	"bleepstore/conformance/compare"
	"bleepstore/scenarios"
)

const (
	// shownBytes is how much of a request or an answer is shown.
	shownBytes = 1200
	// shownBefore is how many exchanges are shown before the last.
	shownBefore = 3
)

// A finding is one result that did not pass, in full.
type finding struct {
	scenarios.Result
	Anchor    string
	Got, Want string   // "" when the reason is not of that form
	About     string   // what of the reason stands before got
	Last      exchange // the one that shows it
	Before    []exchange
	Unshown   int // exchanges before those
	Command   string
}

// An exchange is a request and its answer with what matters marked.
type exchange struct {
	scenarios.Exchange
	Request, Response template.HTML
}

// findings returns all that did not pass, in the order of the run.
func findings(s compare.Server) []finding {
	var out []finding
	for _, res := range s.Run.Results {
		if res.Verdict == scenarios.Pass {
			continue
		}
		f := finding{Result: res, Anchor: anchor(s.Name, res.ID), Command: s.Run.Command(res)}
		f.About, f.Got, f.Want = split(res.Reason)
		if n := len(res.Exchanges); n > 0 {
			f.Last = show(res.Exchanges[n-1], res)
			keep := shownBefore
			if res.Verdict == scenarios.Observed || res.Verdict == scenarios.Warn {
				keep = 0 // what they show is seldom in how it came about
			}
			first := max(0, n-1-keep)
			f.Unshown = first
			for _, x := range res.Exchanges[first : n-1] {
				f.Before = append(f.Before, plain(x))
			}
		}
		out = append(out, f)
	}
	return out
}

var gotWant = regexp.MustCompile(`(?s)^(.*?)(?:: )?\bgot (.*), want (.*)$`)

// split parts a reason of the form "about: got X, want Y".
func split(reason string) (about, got, want string) {
	m := gotWant.FindStringSubmatch(reason)
	if m == nil {
		return reason, "", ""
	}
	return m[1], m[2], m[3]
}

// show marks what is wrong in the answer and what was asked in the request.
func show(x scenarios.Exchange, res scenarios.Result) exchange {
	h := hintsOf(res)
	request := clip(x.Request)
	response, gone := h.absent(clip(x.Response), x.Response)
	return exchange{Exchange: x, Request: marked(request, "asked", h.asked(request)),
		Response: marked(response, "wrong", append(gone, h.wrong(response, x.Status)...))}
}

func plain(x scenarios.Exchange) exchange {
	return exchange{Exchange: x, Request: marked(clip(x.Request), "", nil), Response: marked(clip(x.Response), "", nil)}
}

// clip shortens what is too long to look at, and says so.
func clip(s string) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if len(s) <= shownBytes {
		return s
	}
	cut := shownBytes
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s\n[%d more bytes are in result.json]", s[:cut], len(s)-cut)
}
