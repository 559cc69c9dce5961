package fault

import "time"

// NetTrouble is what ails an edge. Shares are of messages, or of connections
// where the layer knows only those.
type NetTrouble struct {
	Cut       bool          // nothing arrives; senders wait, as TCP does
	HalfOpen  bool          // connections are accepted, and what is sent is swallowed
	Refuse    bool          // new connections are refused
	Latency   time.Duration // added to each message
	Jitter    time.Duration // up to so much more, drawn for each
	Loss      float64       // share that is lost; over TCP it comes late, by a retransmission
	Duplicate float64       // share that comes twice, where messages are known
	Reorder   float64       // share that is overtaken, where messages are known
	Bandwidth int64         // bytes a second; 0: no limit
	Slice     int           // most bytes that arrive at a time; 0: no limit
}

// Join is both at once.
func (t NetTrouble) Join(o NetTrouble) NetTrouble {
	t.Cut, t.HalfOpen, t.Refuse = t.Cut || o.Cut, t.HalfOpen || o.HalfOpen, t.Refuse || o.Refuse
	t.Latency, t.Jitter = t.Latency+o.Latency, t.Jitter+o.Jitter
	t.Loss, t.Duplicate, t.Reorder = max(t.Loss, o.Loss), max(t.Duplicate, o.Duplicate), max(t.Reorder, o.Reorder)
	t.Bandwidth, t.Slice = lower(t.Bandwidth, o.Bandwidth), lower(t.Slice, o.Slice)
	return t
}

// Blocks says whether nothing gets through.
func (t NetTrouble) Blocks() bool { return t.Cut || t.HalfOpen || t.Refuse }

// lower is the narrower of two limits of which 0 is none.
func lower[T int | int64](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// DiskTrouble is what ails a disk. Shares are of the operations named, drawn for
// each.
type DiskTrouble struct {
	Slow       time.Duration // added to each sync
	Hang       bool          // no write and no sync ends
	FailRead   float64       // EIO
	FailWrite  float64       // EIO; nothing is written
	FailSync   float64       // EIO; what was to be synced is forgotten, though it reads back
	Full       bool          // ENOSPC for whatever needs room
	FlipOnRead float64       // one bit of what is read is wrong
}

// Join is both at once.
func (t DiskTrouble) Join(o DiskTrouble) DiskTrouble {
	t.Slow += o.Slow
	t.Hang, t.Full = t.Hang || o.Hang, t.Full || o.Full
	t.FailRead, t.FailWrite = max(t.FailRead, o.FailRead), max(t.FailWrite, o.FailWrite)
	t.FailSync, t.FlipOnRead = max(t.FailSync, o.FailSync), max(t.FlipOnRead, o.FlipOnRead)
	return t
}

// ClockTrouble is what ails a clock. Rate is how fast it goes, 1 as the others
// and 0 meaning 1; a frozen one stands still.
type ClockTrouble struct {
	Offset time.Duration
	Rate   float64
	Frozen bool
}

// Join is both at once.
func (t ClockTrouble) Join(o ClockTrouble) ClockTrouble {
	t.Offset += o.Offset
	t.Frozen = t.Frozen || o.Frozen
	switch {
	case t.Rate == 0:
		t.Rate = o.Rate
	case o.Rate != 0:
		t.Rate *= o.Rate
	}
	return t
}

// HTTPTrouble is what an HTTP proxy does to requests; Share is of requests,
// drawn for each, and each of those suffers everything that is set.
type HTTPTrouble struct {
	Share      float64
	CutRequest int64         // the connection ends after so many bytes of the request's body; 0: not
	CutAnswer  int64         // after so many bytes of the answer's body; 0: not
	DropAnswer bool          // the server acts, and the client's connection ends without an answer
	Reset      bool          // before the server sees anything
	Duplicate  bool          // the server is sent the request twice, and the client gets the second answer
	Delay      time.Duration // before the server sees it
}

// Join is both at once: the greater share suffers from the one set last.
func (t HTTPTrouble) Join(o HTTPTrouble) HTTPTrouble {
	t.Share = max(t.Share, o.Share)
	t.CutRequest, t.CutAnswer = lower(t.CutRequest, o.CutRequest), lower(t.CutAnswer, o.CutAnswer)
	t.DropAnswer, t.Reset, t.Duplicate = t.DropAnswer || o.DropAnswer, t.Reset || o.Reset, t.Duplicate || o.Duplicate
	t.Delay += o.Delay
	return t
}
