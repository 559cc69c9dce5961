package s3

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// unknownOperation labels requests that the table has no row for.
const unknownOperation = "unknown"

// metrics are the edge's books. Children are looked up once per operation and
// status, because building their labels costs more than counting.
type metrics struct {
	requests *prometheus.CounterVec
	ops      []opMetrics // by operation.index; the last is unknownOperation
	received prometheus.Counter
	sent     prometheus.Counter
}

type opMetrics struct {
	name     string
	duration prometheus.Observer
	byStatus sync.Map // int -> prometheus.Counter
}

// newMetrics makes the collectors and registers them with reg, if not nil.
func newMetrics(table []*operation, reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bleepstore_http_requests_total",
			Help: "Requests answered, by S3 operation and HTTP status.",
		}, []string{"operation", "status"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bleepstore_http_received_bytes_total",
			Help: "Bytes of request bodies read.",
		}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bleepstore_http_sent_bytes_total",
			Help: "Bytes of response bodies written.",
		}),
	}
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "bleepstore_http_request_duration_seconds",
		Help:    "Time from the request's head to the end of the answer, by S3 operation.",
		Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
	}, []string{"operation"})
	m.ops = make([]opMetrics, len(table)+1)
	for i := range m.ops {
		name := unknownOperation
		if i < len(table) {
			name = table[i].name
		}
		m.ops[i].name = name
		m.ops[i].duration = durations.WithLabelValues(name)
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.received, m.sent, durations} {
		if err := reg.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// observe counts a finished request.
func (m *metrics) observe(q *request, d time.Duration) {
	i := len(m.ops) - 1
	if q.op != nil {
		i = q.op.index
	}
	op := &m.ops[i]
	op.duration.Observe(d.Seconds())
	c, ok := op.byStatus.Load(q.status)
	if !ok {
		c, _ = op.byStatus.LoadOrStore(q.status, m.requests.WithLabelValues(op.name, strconv.Itoa(q.status)))
	}
	c.(prometheus.Counter).Inc()
	m.received.Add(float64(q.received))
	m.sent.Add(float64(q.sent))
}
