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

// A detail is how much of a finding is shown.
type detail struct {
	bytes  int // of a request or an answer
	before int // exchanges before the last
}

// details go from ample to scant; roomy is what the exchanges of a page may
// take, so that a browser opens it without effort.
var (
	details = []detail{{1200, 3}, {1200, 1}, {1200, 0}, {600, 0}, {300, 0}}
	roomy   = 6 << 20
)

// detailOf returns the most that fits.
func detailOf(c *compare.Comparison) detail {
	for _, d := range details {
		if d.cost(c) <= roomy {
			return d
		}
	}
	return details[len(details)-1]
}

// cost is about how many bytes the exchanges of the page take.
func (d detail) cost(c *compare.Comparison) int {
	const frame = 500 // of markup
	n := 0
	for _, s := range c.Servers {
		for _, res := range s.Run.Results {
			for _, x := range d.shown(res) {
				n += min(len(x.Request), d.bytes) + min(len(x.Response), d.bytes) + len(x.URL) + len(x.Curl) + frame
			}
		}
	}
	return n
}

// shown returns the exchanges of a result that are shown, the last ones.
func (d detail) shown(res scenarios.Result) []scenarios.Exchange {
	keep := d.before + 1
	switch res.Verdict {
	case scenarios.Pass:
		keep = 0
	case scenarios.Observed, scenarios.Warn:
		keep = 1 // what they show is seldom in how it came about
	}
	return res.Exchanges[max(0, len(res.Exchanges)-keep):]
}

// A finding is one result that did not pass, in full.
type finding struct {
	scenarios.Result
	Anchor    string
	Got, Want string   // "" when the reason is not of that form
	About     string   // what of the reason stands before got
	Last      exchange // the one that shows it
	Before    []exchange
	Unshown   int // exchanges of the result before those
	Command   string
}

// An exchange is a request and its answer with what matters marked.
type exchange struct {
	scenarios.Exchange
	Request, Response template.HTML
}

// findings returns all that did not pass, in the order of the run.
func (d detail) findings(s compare.Server) []finding {
	var out []finding
	for _, res := range s.Run.Results {
		if res.Verdict == scenarios.Pass {
			continue
		}
		f := finding{Result: res, Anchor: anchor(s.Name, res.ID), Command: s.Run.Command(res)}
		f.About, f.Got, f.Want = split(res.Reason)
		shown := d.shown(res)
		f.Unshown = len(res.Exchanges) - len(shown)
		if n := len(shown); n > 0 {
			f.Last = d.show(shown[n-1], res)
			for _, x := range shown[:n-1] {
				f.Before = append(f.Before, d.plain(x))
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
func (d detail) show(x scenarios.Exchange, res scenarios.Result) exchange {
	h := hintsOf(res)
	request := clip(d.bytes, x.Request)
	response, gone := h.absent(clip(d.bytes, x.Response), x.Response)
	return exchange{Exchange: x, Request: marked(request, "asked", h.asked(request)),
		Response: marked(response, "wrong", append(gone, h.wrong(response, x.Status)...))}
}

func (d detail) plain(x scenarios.Exchange) exchange {
	return exchange{Exchange: x, Request: marked(clip(d.bytes, x.Request), "", nil), Response: marked(clip(d.bytes, x.Response), "", nil)}
}

// clip shortens what is too long to look at, and says so.
func clip(most int, s string) string {
	s = strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s\n[%d more bytes are in result.json]", s[:cut], len(s)-cut)
}
