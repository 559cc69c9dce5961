package trial_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	"bleepstore/conformance/history"
	"bleepstore/conformance/trial"
	"bleepstore/fault"
	"bleepstore/fault/proxy"
	"bleepstore/reference"
	"bleepstore/scenarios/consistency"
)

// TestRequestsSentTwice: a server that is sent requests twice keeps its word, when
// the history tells which they were, and seems not to when it does not.
func TestRequestsSentTwice(t *testing.T) {
	for name, told := range map[string]bool{"told": true, "not told": false} {
		t.Run(name, func(t *testing.T) {
			server := reference.Start(t)
			target, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			front, err := proxy.NewFront(proxy.FrontConfig{Target: target, Seed: 1, Tag: history.AttemptHeader})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { front.Close() })
			o := trial.Options{Endpoints: []string{front.URL().String()}, Access: server.AccessKey, Secret: server.SecretKey,
				Clients: 3, Timeout: 5 * time.Second, Most: time.Minute, Seed: 1}
			for _, w := range consistency.Workloads() {
				if told || w.Name == "cas" {
					o.Workloads = append(o.Workloads, w.Name)
				}
			}
			if told {
				o.Resent = func() []consistency.Resent { return resent(front) }
			}
			l, err := trial.Start(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := l.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
			await(t, l, "it is prepared", func(c trial.Tally) bool { return l.Each(c, 1) })
			front.Trouble(fault.HTTPTrouble{Share: 0.2, Duplicate: true})
			l.Mark()
			await(t, l, "everybody writes", func(c trial.Tally) bool { return l.Each(c, 100) && len(front.Events()) > 50 })
			front.Trouble(fault.HTTPTrouble{})
			if err := l.Stop(); err != nil {
				t.Fatal(err)
			}
			v, err := l.Judge(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if why := trial.Short(v); (why == "") != told {
				t.Errorf("%d requests were sent twice; the verdict: %q", len(front.Events()), why)
			}
		})
	}
}

// resent is what a front did, as a history takes it.
func resent(f *proxy.Front) (all []consistency.Resent) {
	for _, d := range f.Events() {
		if d.What == "Duplicate" {
			all = append(all, consistency.Resent{Attempt: d.Tag, Status: d.Status, Header: d.Header, Body: d.Body})
		}
	}
	return all
}
