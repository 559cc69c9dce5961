package replica

import (
	"sync"
	"time"
)

// suspicion is how long a peer that was seen to fail is asked last and not
// waited for where there are others.
const suspicion = 10 * time.Second

// health remembers which peers failed of late. It is a matter of speed only:
// who is needed is asked all the same. The zero value is ready, and all methods
// may be called together.
type health struct {
	mu     sync.Mutex
	failed map[string]time.Time
}

func (h *health) fail(node string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failed == nil {
		h.failed = map[string]time.Time{}
	}
	h.failed[node] = time.Now()
}

func (h *health) answer(node string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.failed, node)
}

// suspect says whether node failed of late and did not answer since.
func (h *health) suspect(node string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, ok := h.failed[node]
	return ok && time.Since(at) < suspicion
}

// late is suspect as a number to sort by.
func (h *health) late(node string) int {
	if h.suspect(node) {
		return 1
	}
	return 0
}
