package fault

// A Mutant is what is known of a Bug.
type Mutant struct {
	Name   string   `json:"name"`
	Says   string   `json:"says"`            // what a server with it does
	Breaks []string `json:"breaks"`          // ids of rules, globs over ids of scenarios
	Given  []string `json:"given,omitempty"` // ids of scenarios: on a server that fails one the bug changes nothing
	By     string   `json:"by,omitempty"`    // the command line that finds it, "" for the suite
	Where  string   `json:"where,omitempty"` // file:line of its declaration
}

// NoSync is a bug of every store at once.
var NoSync = NewBug("disk.nosync", "neither bodies nor the databases of log, metadata and bodies are ever synced", "Z-16").
	By("chaos --sim raft --seed 1 --seeds 10 --nemesis disk.power-cut-all --shrink 0s")
