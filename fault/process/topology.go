// Package process runs a cluster of server processes as a topology describes
// them, and is a fault.Target of them: it kills, stops, pauses and starts nodes,
// and has what stands between them disturbed. It knows nothing of what server
// they are.
package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Topology says how to start the nodes of a server, any server, and how to ask
// them. TOPOLOGY.md has the form of its file; texts may hold placeholders.
type Topology struct {
	Name      string          `yaml:"name"`
	Nodes     Names           `yaml:"nodes"` // none: as many as are asked for
	AccessKey string          `yaml:"access-key"`
	SecretKey string          `yaml:"secret-key"`
	Region    string          `yaml:"region"` // none: us-east-1
	Ports     []string        `yaml:"ports"`  // of each node, beside that of S3
	Node      Node            `yaml:"node"`   // every node
	Only      map[string]Node `yaml:"only"`   // what is different of one, by its name
	Peers     Peers           `yaml:"peers"`
	Leader    *Probe          `yaml:"leader"` // who leads; none: nobody can tell
	Hash      *Probe          `yaml:"hash"`   // what state a node is in; none: nobody can tell
	Members   *Members        `yaml:"members"`
	Points    []string        `yaml:"points"` // at which an agent can have its node crash

	here string // directory of the file
}

// A Node says how one node is run.
type Node struct {
	Command  []string          `yaml:"command"` // program and arguments, no shell
	Env      map[string]string `yaml:"env"`     // beside what is inherited
	Dir      string            `yaml:"dir"`     // working directory; none: {data}
	Files    map[string]string `yaml:"files"`   // written before each start: text by path
	Endpoint string            `yaml:"endpoint"`
	Peer     string            `yaml:"peer"`  // host:port where the others reach it; none: they do not
	Agent    string            `yaml:"agent"` // host:port where it takes orders that are for tests; none: it takes none
	Ready    Ready             `yaml:"ready"`
	Stop     Stop              `yaml:"stop"`
}

// Ready is when a node serves: one of three.
type Ready struct {
	URL    string        `yaml:"url"`    // is answered with 200
	TCP    string        `yaml:"tcp"`    // accepts connections
	S3     bool          `yaml:"s3"`     // the endpoint answers, with less than 500; so it is where nothing is said
	Within time.Duration `yaml:"within"` // none: 60 s
}

// Stop is how a node is asked to leave.
type Stop struct {
	Signal string        `yaml:"signal"` // TERM, INT, QUIT or HUP; none: TERM
	Grace  time.Duration `yaml:"grace"`  // after which it is killed; none: 15 s
}

// Peers say how nodes reach each other, and how they are told.
type Peers struct {
	// By is how edges are put between nodes: "ports" gives every node, for every
	// other one, an address of its own, which {peer.NODE} and {peers} tell it;
	// "dial" tells it the real ones, and that it has to dial by way of
	// BLEEPSTORE_FAULT_DIAL; "none" puts nothing there. None given: ports.
	By   string `yaml:"by"`
	Each string `yaml:"each"` // of {peers}, with {name} and {at}; none: {name}={at}
	Join string `yaml:"join"` // between them; none: a comma
	Self bool   `yaml:"self"` // the node itself is one of them
}

// A Probe is a question to a node, and where its answer is.
type Probe struct {
	Command []string          `yaml:"command"` // prints the answer; none: an HTTP request
	URL     string            `yaml:"url"`
	Header  map[string]string `yaml:"header"`
	Field   string            `yaml:"field"` // of the JSON answered, a dotted path; none: all of it is the answer
	// Of a leader: Equals is what the field is where the node leads; none: the
	// field is the leader's name. The highest Term, a field, counts.
	Equals string `yaml:"equals"`
	Term   string `yaml:"term"`
	// Of a hash: Applied is the field that says how far the state goes.
	Applied string `yaml:"applied"`
}

// Members say how a cluster grows and shrinks. {member} is the node concerned.
type Members struct {
	Add      *Order `yaml:"add"`      // announces it, before it is started; none: it finds the others itself
	Joined   *Probe `yaml:"joined"`   // Field at the new node is Equals once it votes
	Remove   *Order `yaml:"remove"`   // none: nodes cannot be removed
	Transfer *Order `yaml:"transfer"` // none: nobody hands over
}

// An Order is a request that changes something. It is sent to one node after the
// other until one has done it.
type Order struct {
	Method string            `yaml:"method"` // none: POST
	URL    string            `yaml:"url"`
	Header map[string]string `yaml:"header"`
	Body   string            `yaml:"body"`
}

// Names are those of nodes, in a file a list or a number: n1, n2, ...
type Names []string

// UnmarshalYAML implements yaml.Unmarshaler.
func (n *Names) UnmarshalYAML(y *yaml.Node) error {
	if y.Kind != yaml.ScalarNode {
		return y.Decode((*[]string)(n))
	}
	var count int
	if err := y.Decode(&count); err != nil || count < 1 {
		return fmt.Errorf("line %d: nodes: want a number above zero, or a list of names", y.Line)
	}
	*n = Numbered(count)
	return nil
}

// Numbered are the names of count nodes that nobody has named.
func Numbered(count int) Names {
	var n Names
	for i := range count {
		n = append(n, fmt.Sprintf("n%d", i+1))
	}
	return n
}

// ErrTopology is a topology that cannot be used.
var ErrTopology = errors.New("not a topology")

// ReadFile reads the topology of a file. What its format does not know is
// ErrTopology.
func ReadFile(name string) (Topology, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Topology{}, err
	}
	here, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return Topology{}, err
	}
	t, err := Parse(text)
	if err != nil {
		return Topology{}, fmt.Errorf("%s: %w", name, err)
	}
	t.here = here
	if t.Name == "" {
		t.Name = filepath.Base(name)
	}
	return t, nil
}

// Parse reads a topology that is in no file: {here} is where the process runs.
func Parse(text []byte) (Topology, error) {
	var t Topology
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(&t); err != nil && !errors.Is(err, io.EOF) {
		return t, fmt.Errorf("%w: %w", ErrTopology, err)
	}
	if err := dec.Decode(&struct{}{}); !errors.Is(err, io.EOF) {
		return t, fmt.Errorf("%w: more than one document", ErrTopology)
	}
	return t, t.Check()
}

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	byForms  = []string{"", "ports", "dial", "none"}
)

// Check says what is wrong with it, as far as can be told before it is run.
func (t *Topology) Check() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrTopology, fmt.Sprintf(format, args...))
	}
	for i, name := range t.Nodes {
		if !nameForm.MatchString(name) || slices.Index(t.Nodes, name) != i {
			return bad("nodes: %q: want names of letters, digits, - and _, each once", name)
		}
		if n := t.node(name); len(n.Command) == 0 {
			return bad("node %s: no command", name)
		}
	}
	for name := range t.Only {
		if len(t.Nodes) > 0 && !slices.Contains(t.Nodes, name) {
			return bad("only: there is no node %s", name)
		}
	}
	for i, p := range t.Ports {
		if !nameForm.MatchString(p) || slices.Index(t.Ports, p) != i {
			return bad("ports: %q: want names, each once", p)
		}
	}
	switch {
	case len(t.Nodes) == 0 && len(t.Node.Command) == 0:
		return bad("node: no command")
	case !slices.Contains(byForms, t.Peers.By):
		return bad("peers: by %q: want ports, dial or none", t.Peers.By)
	case t.Members != nil && t.Members.Joined == nil:
		return bad("members: joined is missing: without it nobody can tell when a node has become one")
	}
	return t.checkNodes(bad)
}

func (t *Topology) checkNodes(bad func(string, ...any) error) error {
	all := map[string]Node{"node": t.Node}
	for name := range t.Only {
		all[name] = t.node(name)
	}
	for name, n := range all {
		ways := 0
		for _, given := range []bool{n.Ready.URL != "", n.Ready.TCP != "", n.Ready.S3} {
			if given {
				ways++
			}
		}
		if ways > 1 {
			return bad("%s: ready: want one of url, tcp and s3", name)
		}
		if _, ok := signals[n.Stop.Signal]; !ok {
			return bad("%s: stop: signal %q: want TERM, INT, QUIT or HUP", name, n.Stop.Signal)
		}
	}
	for what, p := range map[string]*Probe{"leader": t.Leader, "hash": t.Hash} {
		if p != nil && (len(p.Command) > 0) == (p.URL != "") {
			return bad("%s: want one of url and command", what)
		}
	}
	return nil
}

// node is what the topology says of the node of that name.
func (t *Topology) node(name string) Node {
	n, only := t.Node, t.Only[name]
	if len(only.Command) > 0 {
		n.Command = only.Command
	}
	n.Env, n.Files = merged(n.Env, only.Env), merged(n.Files, only.Files)
	for _, f := range []struct {
		to  *string
		own string
	}{{&n.Dir, only.Dir}, {&n.Endpoint, only.Endpoint}, {&n.Peer, only.Peer}, {&n.Agent, only.Agent}} {
		if f.own != "" {
			*f.to = f.own
		}
	}
	if only.Ready != (Ready{}) {
		n.Ready = only.Ready
	}
	if only.Stop != (Stop{}) {
		n.Stop = only.Stop
	}
	return n
}

func merged(all, own map[string]string) map[string]string {
	out := map[string]string{}
	for _, m := range []map[string]string{all, own} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}
