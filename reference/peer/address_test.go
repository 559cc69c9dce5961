package peer

import (
	"net/http"
	"testing"
)

// A node that is not where the book says is found elsewhere, and is not taken for
// another one that listens there.
func TestMovedNode(t *testing.T) {
	f := newFleet(t, "b", "c")
	nobody := "127.0.0.1:1"
	b := f.ports["b"]
	b.Handle("/echo", http.HandlerFunc(echo))
	there, _ := f.book("b")
	other, _ := f.book("c")
	for name, at := range map[string][2]string{
		"it has moved": {nobody, there}, "and another has its place": {other, there},
		"it has not": {there, nobody}, "nor has another": {there, other},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.open("a-"+name, func(o *Options) {
				o.Book = func(string) (string, bool) { return at[0], true }
				o.Elsewhere = func(string) (string, bool) { return at[1], true }
			})
			eventually(t, "a call arrives", func() bool {
				resp, err := a.Do(within(t), "b", request(t, "GET", "/echo", ""))
				if err != nil {
					return false
				}
				status, _ := answer(t, resp, err)
				return status == 200
			})
			resp, err := a.Do(within(t), "b", request(t, "GET", "/echo", ""))
			if status, _ := answer(t, resp, err); status != 200 {
				t.Errorf("the next call: %d", status)
			}
		})
	}
}
