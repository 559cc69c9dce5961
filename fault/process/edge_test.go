package process_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"bleepstore/fault"
	"bleepstore/fault/process"
	"bleepstore/fault/proxy"
)

// TestEdges: nodes of any server reach each other by addresses that can be cut,
// one way and not the other.
func TestEdges(t *testing.T) {
	edges, err := proxy.NewEdges(1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := edges.Close(); err != nil {
			t.Error(err)
		}
	})
	top := parsed(t, fakeYAML+"  peer: '{addr}'\n")
	top.Node.Command = append(top.Node.Command, "{node}", "{peers}")
	c := start(t, top, process.Options{Nodes: 2, Edges: edges})
	at := c.Endpoints()
	var door [2]string // of each node, to the other
	for i, url := range at {
		told := get(t, url+"/told")
		_, told, _ = strings.Cut(told, "=")
		door[i], _, _ = strings.Cut(told, `"`)
	}
	if there := get(t, at[0]+"/reach/"+door[0]); !strings.Contains(there, `["n2",`) {
		t.Fatalf("n1 reaches %s", there)
	}
	net := c.Abilities().Network
	cut := fault.Edge{From: "n1", To: "n2"}
	if err := net.Trouble(t.Context(), cut, fault.NetTrouble{Refuse: true}); err != nil {
		t.Fatal(err)
	}
	resp, err := web.Get(at[0] + "/reach/" + door[0])
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusBadGateway {
		t.Errorf("n1 reaches n2 over an edge that refuses: %d %s %v", resp.StatusCode, text, err)
	}
	if there := get(t, at[1]+"/reach/"+door[1]); !strings.Contains(there, `["n1",`) {
		t.Errorf("n2 does not reach n1, though only the other way is cut: %s", there)
	}
	if err := net.Trouble(t.Context(), cut, fault.NetTrouble{}); err != nil {
		t.Fatal(err)
	}
	if there := get(t, at[0]+"/reach/"+door[0]); !strings.Contains(there, `["n2",`) {
		t.Errorf("n1 does not reach n2 any more: %s", there)
	}
}
