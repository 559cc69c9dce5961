package peer

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

// grumbleAgain is when the same refusal is worth another line: the other side
// comes again many times a second.
const grumbleAgain = 10 * time.Second

// A grumbler logs refusals, the same one once in a while.
type grumbler struct {
	mu   sync.Mutex
	said map[string]time.Time
}

// refuse logs that somebody was not let in.
func (p *Port) refuse(who, reason string) {
	if p.ctx.Err() != nil {
		return // it is Close that refuses
	}
	g, text, now := &p.grumbler, who+" "+reason, time.Now()
	g.mu.Lock()
	for old, at := range g.said {
		if now.Sub(at) >= grumbleAgain {
			delete(g.said, old)
		}
	}
	_, again := g.said[text]
	if !again && len(g.said) < 1000 {
		if g.said == nil {
			g.said = map[string]time.Time{}
		}
		g.said[text] = now
	}
	g.mu.Unlock()
	if !again {
		p.log.Warn("refuse a peer", "from", who, "reason", reason)
	}
}

// lines takes the lines that raft's transport logs. What it says of connections
// that Close cuts is nobody's concern.
type lines struct{ p *Port }

var levels = []struct {
	mark  string
	level slog.Level
}{{"[ERROR]", slog.LevelWarn}, {"[WARN]", slog.LevelWarn}, {"[INFO]", slog.LevelInfo}}

func (l lines) Write(b []byte) (int, error) {
	text, level := strings.TrimSpace(string(b)), slog.LevelDebug
	for _, known := range levels {
		if _, after, ok := strings.Cut(text, known.mark); ok {
			text, level = strings.TrimSpace(after), known.level
			break
		}
	}
	if l.p.ctx.Err() != nil {
		level = slog.LevelDebug
	}
	l.p.log.Log(l.p.ctx, level, text)
	return len(b), nil
}
