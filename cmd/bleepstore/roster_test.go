package main

import "testing"

func TestRoster(t *testing.T) {
	now := []string{"http://h:1", "http://h:2", "http://h:3"}
	r := newRoster(func() []string { return now })
	for _, c := range []struct {
		now  []string
		want [3]string
	}{
		{now, [3]string{"h:1", "h:2", "h:3"}},
		{[]string{"http://h:1", "http://h:3", "http://h:4"}, [3]string{"h:1", "h:4", "h:3"}},               // 2 was replaced
		{[]string{"http://h:4", "http://h:5", "http://h:3"}, [3]string{"h:4", "h:5", "h:3"}},               // 1 and 2 were
		{[]string{"http://h:1", "http://h:3"}, [3]string{"h:1", "h:1", "h:3"}},                             // 2 has left
		{[]string{"http://h:1", "http://h:2", "http://h:3", "http://h:4"}, [3]string{"h:1", "h:2", "h:3"}}, // 4 has come
	} {
		now = c.now
		for i, addr := range []string{"h:1", "h:2", "h:3"} {
			if got := r.who(addr); got != c.want[i] {
				t.Errorf("%v: %s is served by %s, want %s", c.now, addr, got, c.want[i])
			}
		}
	}
	if got := r.who("elsewhere:9"); got != "elsewhere:9" {
		t.Errorf("a stranger is %s", got)
	}
}
