// Copyright The asana_exporter Authors
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
// http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

package collector

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/asana-exporter/asana_exporter/client"
)

// Metrics are about this process alone and begin anew with it. What survives a restart is in State.
type Metrics struct {
	labels                                    prometheus.Labels // The workspace.
	requests                                  *prometheus.CounterVec
	announcedChanges, commits, commitFailures prometheus.Counter
	eventLogDropped                           prometheus.Counter
	requestDuration, commitDuration, delay    prometheus.Histogram
}

// NewMetrics registers the metrics of the workspace with this gid.
func NewMetrics(reg prometheus.Registerer, workspace string) *Metrics {
	labels := prometheus.Labels{"workspace": workspace}
	factory := promauto.With(reg)
	counter := func(name, help string) prometheus.Counter {
		return factory.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	histogram := func(name, help string, buckets ...float64) prometheus.Histogram {
		return factory.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: labels, Buckets: buckets})
	}
	m := &Metrics{
		labels: labels,
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Name:        "asana_exporter_api_requests_total",
			Help:        "Requests to Asana by HTTP status, or error where no usable answer came.",
			ConstLabels: labels,
		}, []string{"code"}),
		requestDuration: histogram("asana_exporter_api_request_duration_seconds", "Time from a request to the end of its answer.",
			.05, .1, .25, .5, 1, 2.5, 5, 10, 30),
		announcedChanges: counter("asana_exporter_api_announced_changes_total", "Answers that announced a change of the API in an Asana-Change header."),
		commits:          counter("asana_exporter_state_commits_total", "States that were made durable."),
		commitFailures:   counter("asana_exporter_state_commit_failures_total", "States that could not be made durable."),
		eventLogDropped:  counter("asana_exporter_event_log_dropped_total", "Events that --events.log left out, because there were more than 1000 in a second."),
		commitDuration: histogram("asana_exporter_state_commit_duration_seconds", "Time to make a state durable.",
			.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5),
		delay: newDelay(labels),
	}
	// The codes to expect; see https://developers.asana.com/docs/errors.
	for _, code := range []string{"200", "400", "401", "402", "403", "404", "412", "429", "451", "500", "502", "503", "504", "error"} {
		m.requests.WithLabelValues(code)
	}
	return m
}

// newDelay returns a histogram that is not registered: the Collector exposes it together with the events.
func newDelay(labels prometheus.Labels) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:                            "asana_event_delay_seconds",
		Help:                            "Time from an event to its being counted. Events that are undated, or dated two days ago or before, are left out.",
		ConstLabels:                     labels,
		Buckets:                         []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 6 * 3600, 24 * 3600},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	})
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

// counted observes the delays of the events of a page. It leaves out missing dates and those of two days ago or before: Asana keeps
// events for a day, so these are wrong, and would stay in the sum for good.
func (m *Metrics) counted(events []client.Event, now time.Time) {
	for i := range events {
		if delay := now.Sub(dateOf(&events[i], now)); delay < 2*longestStretch {
			m.delay.Observe(max(0, delay.Seconds()))
		}
	}
}
