package sim

import (
	"time"

	"bleepstore/fault"
)

// A voyage is one message on its way.
type voyage struct {
	m       *mesh
	e       fault.Edge
	link    *link
	resets  int
	to      *place
	ends    [2]<-chan struct{} // closed when the sender, or the receiver, dies
	sends   <-chan struct{}    // not nil: the sender stands still until it is closed
	size    int
	delay   time.Duration
	expires time.Time
	lost    bool
	again   time.Duration // not 0: it comes a second time, so much later
	refused bool
}

// depart draws what will become of a message of size bytes. life, when not nil,
// is the sender's at the time of what it answers: an answer does not outlive that.
func (m *mesh) depart(e fault.Edge, size int, ends [2]<-chan struct{}) *voyage {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages++
	from, to, l := m.place(e.From), m.place(e.To), m.link(e)
	v := &voyage{m: m, e: e, link: l, resets: l.resets, to: to, ends: ends, size: size, sends: from.still, expires: time.Now().Add(lifetime)}
	if ends == [2]<-chan struct{}{} {
		v.ends = [2]<-chan struct{}{from.life, to.life}
	}
	t, r := l.trouble, l.draw(size)
	v.delay = latency(r) + t.Latency
	if t.Jitter > 0 {
		v.delay += time.Duration(r.Int64N(int64(t.Jitter)))
	}
	if t.Bandwidth > 0 {
		v.delay += time.Duration(float64(size) / float64(t.Bandwidth) * float64(time.Second))
	}
	if t.Reorder > 0 && r.Float64() < t.Reorder {
		v.delay += time.Duration(r.Int64N(int64(50 * time.Millisecond)))
	}
	if t.Duplicate > 0 && r.Float64() < t.Duplicate {
		v.again = latency(r) + time.Duration(r.Int64N(int64(100*time.Millisecond)))
	}
	v.lost = t.HalfOpen || t.Cut && !to.up || t.Loss > 0 && r.Float64() < t.Loss
	v.refused = t.Refuse || !to.up
	return v
}

// sail returns when the message has arrived, with what hears it; or with the
// reason why it never will. errLost is nothing that anybody notices.
func (v *voyage) sail() (*node, error) {
	if v.sends != nil && !v.wait(v.sends) {
		return nil, v.why()
	}
	time.Sleep(v.delay)
	if v.lost {
		return nil, errLost
	}
	if v.refused {
		return nil, errRefused
	}
	for {
		n, hold, err := v.look()
		if hold == nil {
			return n, err
		}
		if !v.wait(hold) {
			return nil, v.why()
		}
		time.Sleep(latency(v.link.draw(v.size))) // what was held together arrives one by one
	}
}

// look tells whether the message arrives now; hold is what it has to wait for.
func (v *voyage) look() (n *node, hold <-chan struct{}, err error) {
	if v.dead() {
		return nil, nil, errReset
	}
	v.m.mu.Lock()
	defer v.m.mu.Unlock()
	switch {
	case v.link.resets != v.resets:
		return nil, nil, errReset
	case v.link.trouble.Cut:
		return nil, v.link.changed, nil
	case v.to.still != nil:
		return nil, v.to.still, nil
	}
	return v.to.node, nil, nil
}

// wait returns false when the message expires or an end dies first.
func (v *voyage) wait(until <-chan struct{}) bool {
	timer := time.NewTimer(time.Until(v.expires))
	defer timer.Stop()
	select {
	case <-until:
		return true
	case <-v.ends[0]:
	case <-v.ends[1]:
	case <-timer.C:
	}
	return false
}

func (v *voyage) dead() bool {
	for _, end := range v.ends {
		select {
		case <-end:
			return true
		default:
		}
	}
	return false
}

func (v *voyage) why() error {
	if v.dead() {
		return errReset
	}
	return errLost
}
