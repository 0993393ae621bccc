package collector

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"asana_exporter/client"
)

// Metrics are about this process alone and begin anew with it. What survives a restart is in State.
type Metrics struct {
	labels           prometheus.Labels // The workspace.
	requests         *prometheus.CounterVec
	requestDuration  prometheus.Histogram
	announcedChanges prometheus.Counter
	commits          prometheus.Counter
	commitFailures   prometheus.Counter
	commitDuration   prometheus.Histogram
	delay            prometheus.Histogram
}

// NewMetrics registers the metrics of the workspace with this gid.
func NewMetrics(reg prometheus.Registerer, workspace string) *Metrics {
	labels := prometheus.Labels{"workspace": workspace}
	factory := promauto.With(reg)
	m := &Metrics{
		labels: labels,
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Name:        "asana_exporter_api_requests_total",
			Help:        "Requests to Asana by HTTP status, or error where no usable answer came.",
			ConstLabels: labels,
		}, []string{"code"}),
		requestDuration: factory.NewHistogram(prometheus.HistogramOpts{
			Name:        "asana_exporter_api_request_duration_seconds",
			Help:        "Time from a request to the end of its answer.",
			ConstLabels: labels,
			Buckets:     []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}),
		announcedChanges: factory.NewCounter(prometheus.CounterOpts{
			Name:        "asana_exporter_api_announced_changes_total",
			Help:        "Answers that announced a change of the API in an Asana-Change header.",
			ConstLabels: labels,
		}),
		commits: factory.NewCounter(prometheus.CounterOpts{
			Name:        "asana_exporter_state_commits_total",
			Help:        "States that were made durable.",
			ConstLabels: labels,
		}),
		commitFailures: factory.NewCounter(prometheus.CounterOpts{
			Name:        "asana_exporter_state_commit_failures_total",
			Help:        "States that could not be made durable.",
			ConstLabels: labels,
		}),
		commitDuration: factory.NewHistogram(prometheus.HistogramOpts{
			Name:        "asana_exporter_state_commit_duration_seconds",
			Help:        "Time to make a state durable.",
			ConstLabels: labels,
			Buckets:     []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5},
		}),
		// Not registered: the Collector exposes it together with the events.
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:                            "asana_event_delay_seconds",
			Help:                            "Time from an event to its being counted.",
			ConstLabels:                     labels,
			Buckets:                         []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600},
			NativeHistogramBucketFactor:     1.1,
			NativeHistogramMaxBucketNumber:  160,
			NativeHistogramMinResetDuration: time.Hour,
		}),
	}
	for _, status := range documentedStatuses() {
		m.requests.WithLabelValues(strconv.Itoa(status))
	}
	m.requests.WithLabelValues("error")
	return m
}

// documentedStatuses are those to expect; see https://developers.asana.com/docs/errors.
func documentedStatuses() []int {
	return []int{200, 400, 401, 402, 403, 404, 412, 429, 451, 500, 502, 503, 504}
}

// Requested counts a request; it fits client.Options.Observe. It is safe for concurrent use.
func (m *Metrics) Requested(e client.Exchange) {
	code := "error"
	if e.Status != 0 {
		code = strconv.Itoa(e.Status)
	}
	m.requests.WithLabelValues(code).Inc()
	m.requestDuration.Observe(e.Duration.Seconds())
	if len(e.Changes) > 0 {
		m.announcedChanges.Inc()
	}
}

// committed counts an attempt to save a State.
func (m *Metrics) committed(err error, took time.Duration) {
	m.commitDuration.Observe(took.Seconds())
	if err != nil {
		m.commitFailures.Inc()
		return
	}
	m.commits.Inc()
}

// counted observes how long the events of a page took to be counted.
func (m *Metrics) counted(events []client.Event, now time.Time) {
	for _, event := range events {
		if at := dateOf(event, now); !at.IsZero() {
			m.delay.Observe(max(0, now.Sub(at).Seconds()))
		}
	}
}
