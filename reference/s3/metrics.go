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
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	received  prometheus.Counter
	sent      prometheus.Counter
	ops       []opMetrics // by operation.index; the last is unknownOperation
}

// opMetrics are the children of one operation. They are made when they are
// first needed, so that what nobody asks for is not exported as zeros.
type opMetrics struct {
	name     string
	byStatus sync.Map // int -> *series
}

type series struct {
	requests prometheus.Counter
	duration prometheus.Observer
}

// newMetrics makes the collectors and registers them with reg, if not nil.
func newMetrics(table []*operation, reg prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "bleepstore_http_requests_total",
			Help: "Requests answered, by S3 operation and HTTP status.",
		}, []string{"operation", "status"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "bleepstore_http_request_duration_seconds",
			Help:    "Time from the request's head to the end of the answer, by S3 operation.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
		}, []string{"operation"}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bleepstore_http_received_bytes_total",
			Help: "Bytes of request bodies read.",
		}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "bleepstore_http_sent_bytes_total",
			Help: "Bytes of response bodies written.",
		}),
	}
	m.ops = make([]opMetrics, len(table)+1)
	for i := range m.ops {
		m.ops[i].name = unknownOperation
		if i < len(table) {
			m.ops[i].name = table[i].name
		}
	}
	if reg == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.requests, m.received, m.sent, m.durations} {
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
	s := m.series(&m.ops[i], q.status)
	s.requests.Inc()
	s.duration.Observe(d.Seconds())
	m.received.Add(float64(q.received))
	m.sent.Add(float64(q.sent))
}

func (m *metrics) series(op *opMetrics, status int) *series {
	if s, ok := op.byStatus.Load(status); ok {
		return s.(*series)
	}
	s, _ := op.byStatus.LoadOrStore(status, &series{
		requests: m.requests.WithLabelValues(op.name, strconv.Itoa(status)),
		duration: m.durations.WithLabelValues(op.name),
	})
	return s.(*series)
}
