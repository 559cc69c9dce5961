package sim

import (
	"io"
	"log"

	"github.com/hashicorp/go-hclog"
)

// A gateLogger is raft's log. It keeps nothing: raft says what it is about to do
// before it does it, also where nothing else can stop it, so that a node that
// stands still is held there; and it says when a node begins to lead.
type gateLogger struct {
	gate  *gate
	leads func()
}

var _ hclog.Logger = (*gateLogger)(nil)

func (l *gateLogger) say(msg string) {
	l.gate.pass()
	if msg == "entering leader state" {
		l.leads()
	}
}

func (l *gateLogger) Log(_ hclog.Level, msg string, _ ...any) { l.say(msg) }
func (l *gateLogger) Trace(msg string, _ ...any)              { l.say(msg) }
func (l *gateLogger) Debug(msg string, _ ...any)              { l.say(msg) }
func (l *gateLogger) Info(msg string, _ ...any)               { l.say(msg) }
func (l *gateLogger) Warn(msg string, _ ...any)               { l.say(msg) }
func (l *gateLogger) Error(msg string, _ ...any)              { l.say(msg) }

func (l *gateLogger) IsTrace() bool { return false }
func (l *gateLogger) IsDebug() bool { return false }
func (l *gateLogger) IsInfo() bool  { return true }
func (l *gateLogger) IsWarn() bool  { return true }
func (l *gateLogger) IsError() bool { return true }

func (l *gateLogger) ImpliedArgs() []any             { return nil }
func (l *gateLogger) With(...any) hclog.Logger       { return l }
func (l *gateLogger) Name() string                   { return "raft" }
func (l *gateLogger) Named(string) hclog.Logger      { return l }
func (l *gateLogger) ResetNamed(string) hclog.Logger { return l }
func (l *gateLogger) SetLevel(hclog.Level)           {}
func (l *gateLogger) GetLevel() hclog.Level          { return hclog.Info }
func (l *gateLogger) StandardLogger(*hclog.StandardLoggerOptions) *log.Logger {
	return log.New(io.Discard, "", 0)
}
func (l *gateLogger) StandardWriter(*hclog.StandardLoggerOptions) io.Writer { return io.Discard }
