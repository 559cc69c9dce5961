//go:debug randseednop=0

// Command bleepstore tests S3 servers for conformance, and is one.
package main

import (
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"bleepstore/fault/sim/script"
	"bleepstore/scenarios/consistency"
)

// commands is the command line. Each command is a file of its own.
type commands struct {
	Serve    serveCmd    `cmd:"" help:"Run the reference server."`
	Cluster  clusterCmd  `cmd:"" help:"Run a cluster of reference servers on this machine."`
	User     userCmd     `cmd:"" help:"List and change who may sign requests to a server that runs."`
	Backup   backupCmd   `cmd:"" help:"Write a server's whole store to one file."`
	Restore  restoreCmd  `cmd:"" help:"Make a data directory of a backup."`
	Migrate  migrateCmd  `cmd:"" help:"Bring a server's store to another backend."`
	Test     testCmd     `cmd:"" help:"Test an S3 server, rule by rule."`
	Compare  compareCmd  `cmd:"" help:"Test several S3 servers, or take finished runs, and show them beside each other."`
	List     listCmd     `cmd:"" help:"List the scenarios: id, rule, level, needs, sentence, citation."`
	Baseline baselineCmd `cmd:"" help:"Keep a file of known failures."`
	Cleanup  cleanupCmd  `cmd:"" help:"Remove what an interrupted test left on its server."`
	Chaos    chaosCmd    `cmd:"" help:"Let clients loose on an S3 server, and judge how consistent it was."`
	Mutants  mutantsCmd  `cmd:"" help:"Give a server one bug after the other, and see which scenarios find it."`
	Replay   replayCmd   `cmd:"" help:"Judge a saved history again."`
	Liar     liarCmd     `cmd:"" help:"Stand before an S3 server and lie, to see whether a test suite notices."`
	Bench    benchCmd    `cmd:"" help:"Measure an S3 server beside a bare net/http server."`
	Bare     bareCmd     `cmd:"" hidden:"" help:"The bare server."`
	Bucket   bucketCmd   `cmd:"" hidden:"" help:"Make a bucket."`
	Disk     diskCmd     `cmd:"" name:"faultdisk" hidden:"" help:"A disk that loses power."`
	Bugged   workerCmd   `cmd:"" name:"mutants-worker" hidden:"" help:"One worker of mutants."`
	SimRun   simRunCmd   `cmd:"" name:"sim-run" hidden:"" help:"One simulation."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

func main() { os.Exit(run(os.Args[1:])) }

// run returns the exit code: 2 for a command line that cannot be understood,
// else what the command decides.
func run(args []string) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("bleepstore"), kong.UsageOnError(),
		kong.Vars{"workloads": strings.Join(consistency.Names(), ", "), "scripts": strings.Join(script.Names(), ", ")},
		kong.Description("BleepStore tests S3 servers for conformance, and is a small durable S3 server itself."))
	if err != nil {
		return complain(err)
	}
	ctx, err := parser.Parse(args)
	if err != nil {
		return complain(err)
	}
	if err := ctx.Run(); err != nil {
		return complain(err)
	}
	return 0
}
