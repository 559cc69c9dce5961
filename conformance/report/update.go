package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"bleepstore/scenarios"
)

// An Update says how a baseline is brought up to a run.
type Update struct {
	Prune   bool   // drop entries that no longer hold
	Expires string // the last day of new and of renewed entries, 2006-01-02; "" is none
	Now     time.Time
	Exists  func(name string) bool // of a scenario or rule, in the catalogue
}

// Changes are what an update did to a baseline, by what each entry names and
// its verdict.
type Changes struct {
	Added   []string
	Renewed []string // had expired, hold still and have a new day
	Pruned  []string
	Moved   []string // their scenario shows another rule now, which they are given
	Kept    int      // entries that are as they were
	Stale   []string // kept although they no longer hold, and why
	Left    []string // results that gate and that no baseline should name
}

// ErrProvesNothing refuses to learn a baseline from a run that judged nothing
// or was cut off.
var ErrProvesNothing = errors.New("the run proves nothing")

// UpdateBaseline returns the baseline that was old, brought up to the run.
// Entries that stand keep their words, order and comments; new ones come where
// their names belong, with the result's own reason and the exchange that shows
// it. A run that is empty, was interrupted or stopped early is refused.
func UpdateBaseline(old []byte, r *Run, u Update) ([]byte, Changes, error) {
	var c Changes
	if err := r.provesSomething(); err != nil {
		return nil, c, err
	}
	b, err := ParseBaseline(old)
	if err != nil {
		return nil, c, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(old, &doc); err != nil {
		return nil, c, fmt.Errorf("baseline: %w", err)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	if len(b) > 0 {
		list = doc.Content[0]
	} else { // what is not an entry is a comment
		doc = yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{list}, HeadComment: strings.TrimSpace(string(old))}
		if !strings.HasPrefix(doc.HeadComment, "#") {
			doc.HeadComment = ""
		}
	}
	entries := u.keep(b, list, r.Results, &c)
	if err := u.add(entries, &doc, r.Results, &c); err != nil {
		return nil, c, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(&doc), enc.Close()); err != nil {
		return nil, c, fmt.Errorf("baseline: %w", err)
	}
	_, err = ParseBaseline(out.Bytes())
	return out.Bytes(), c, err
}

// provesSomething refuses a run that a baseline must not be learned from.
func (r *Run) provesSomething() error {
	judged := func(res scenarios.Result) bool {
		return res.Verdict != scenarios.Skipped && res.Verdict != scenarios.Blocked && res.Verdict != scenarios.Error &&
			!slices.ContainsFunc(scenarios.Invariants(), func(inv scenarios.Invariant) bool { return inv.ID == res.ID })
	}
	switch {
	case r.Interrupted:
		return fmt.Errorf("%w: it was interrupted", ErrProvesNothing)
	case r.NotRun > 0:
		return fmt.Errorf("%w: it stopped early, %d scenarios were not run", ErrProvesNothing, r.NotRun)
	case !slices.ContainsFunc(r.Results, judged):
		return fmt.Errorf("%w: no scenario was judged", ErrProvesNothing)
	}
	return nil
}

// keep drops and renews entries of the list, and returns those that are left.
func (u Update) keep(b Baseline, list *yaml.Node, results []scenarios.Result, c *Changes) Baseline {
	var entries Baseline
	var nodes []*yaml.Node
	for i, e := range b {
		node := list.Content[i]
		was := e.Rule
		e.Rule = e.ruleNow(results)
		held := e
		held.Expires = "" // a failure that is still there is not stale for its date
		stale, _ := held.stale(results, u.Exists, u.Now)
		switch {
		case stale != "" && u.Prune:
			c.Pruned = append(c.Pruned, e.key())
			continue
		case stale != "":
			c.Stale = append(c.Stale, e.key()+": "+stale)
		case e.expired(u.Now) && u.Expires != "" && held.seen(results):
			e.Expires = u.Expires
			setField(node, "expires", u.Expires)
			c.Renewed = append(c.Renewed, e.key())
		case e.expired(u.Now):
			c.Stale = append(c.Stale, e.key()+": it expired on "+e.Expires)
		case e.Rule == was:
			c.Kept++
		}
		if e.Rule != was {
			setField(node, "rule", e.Rule)
			c.Moved = append(c.Moved, e.key()+": "+e.Rule)
		}
		entries, nodes = append(entries, e), append(nodes, node)
	}
	list.Content = nodes
	return entries
}

// ruleNow is the rule that the entry's scenario shows in results; the entry's own
// where it names no scenario, no rule, or one that was not run.
func (e Entry) ruleNow(results []scenarios.Result) string {
	if e.Rule == "" || e.Scenario == "" {
		return e.Rule
	}
	for _, r := range results {
		if (Entry{Scenario: e.Scenario}).covers(r) {
			return r.Rule
		}
	}
	return e.Rule
}

// seen reports whether a result ended as the entry says.
func (e Entry) seen(results []scenarios.Result) bool {
	return slices.ContainsFunc(results, func(r scenarios.Result) bool { return e.covers(r) && r.Verdict == e.Verdict })
}

// add puts an entry for each result that gates and that none names.
func (u Update) add(entries Baseline, doc *yaml.Node, results []scenarios.Result, c *Changes) error {
	named := map[string]bool{}
	for _, e := range entries {
		named[e.key()] = true
	}
	for _, res := range results {
		if !res.Gating && res.Known == "" {
			continue
		}
		if slices.ContainsFunc(entries, func(e Entry) bool { return e.covers(res) && e.Verdict == res.Verdict }) {
			continue // also one that has expired: it must not stand twice
		}
		e := entryOf(res)
		e.Expires = u.Expires
		switch {
		case res.Verdict == scenarios.Error:
			c.Left = append(c.Left, e.key()+": the harness broke: "+e.Reason)
			continue
		case named[e.key()]: // the other pass of -addressing=both
			continue
		}
		named[e.key()] = true
		if err := insert(doc, e); err != nil {
			return err
		}
		c.Added = append(c.Added, e.key())
	}
	return nil
}

// insert puts the entry before the first one whose name comes after its own.
func insert(doc *yaml.Node, e Entry) error {
	list := doc.Content[0]
	list.Style = 0 // "[]" becomes lines
	node := &yaml.Node{}
	if err := node.Encode(e); err != nil {
		return fmt.Errorf("baseline: %w", err)
	}
	at := slices.IndexFunc(list.Content, func(n *yaml.Node) bool {
		var have Entry
		return n.Decode(&have) == nil && cmp.Compare(have.Name(), e.Name()) > 0
	})
	switch at {
	case -1:
		at = len(list.Content)
	case 0:
		if first := list.Content[0]; doc.HeadComment == "" { // a lone comment above the list is about the file
			doc.HeadComment, first.HeadComment = first.HeadComment, ""
		}
	}
	list.Content = slices.Insert(list.Content, at, node)
	return nil
}

// setField sets a key of a mapping.
func setField(n *yaml.Node, key, value string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			n.Content[i+1].SetString(value)
			return
		}
	}
}
