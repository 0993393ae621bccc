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
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/asana-exporter/asana_exporter/users"
)

// View is the published snapshot: a durable State and the status of the poller. It is never changed.
type View struct {
	// State is durable. During a catch-up it stays that from before the catch-up. The zero State is that of a workspace that can't be read.
	State State
	// Exposed is whether the first catch-up is complete, so that the events of State may be exposed.
	Exposed bool
	// Up is whether the last poll succeeded.
	Up bool
	// LastSuccess is the time of the last commit of a page or a fresh position; zero until there was one.
	LastSuccess time.Time
	// LastPoll is the time of the last poll of this process that succeeded.
	LastPoll time.Time
	// Err is why the last poll failed, and FailingSince when the first of this run of failures was; zero while polls succeed.
	Err          error
	FailingSince time.Time
	// Users are the numbers of users.
	Users users.Counts
	// CatchingUpSince is when the poller began to read what it is not showing yet; zero if it shows all that it has read.
	CatchingUpSince time.Time
}

// CatchingUp reports whether pages were read that are not shown before the end of the stream is reached.
func (v *View) CatchingUp() bool { return !v.CatchingUpSince.IsZero() }

// Collector exposes the published View. It only reads: a scrape sends nothing to Asana and changes nothing. It is safe for
// concurrent use.
type Collector struct {
	view      func() *View
	metrics   *Metrics
	maxSeries int

	events, info, up, catchingUp               *prometheus.Desc
	backlogSeconds, backlogPeak                *prometheus.Desc
	lastEvent, lastSuccess, gaps, gapSeconds   *prometheus.Desc
	eventSeries, eventSeriesLimit, foldedTotal *prometheus.Desc
	activeUsers, topUserEvents                 *prometheus.Desc
	descs                                      []*prometheus.Desc // All of the above.

	exposed atomic.Pointer[exposition]
}

// An exposition holds the event metrics of one scrape. The next scrape reuses the metrics of unchanged series, which are
// nearly all; making metrics is most of its cost. An exposition is never changed.
type exposition struct {
	series  []Series
	metrics []prometheus.Metric
}

// NewCollector returns a Collector of the current view, which is mostly Poller.View. The metrics are those of the same
// Poller, and maxSeries is its Options.MaxSeries.
func NewCollector(view func() *View, metrics *Metrics, maxSeries int) *Collector {
	c := &Collector{view: view, metrics: metrics, maxSeries: maxSeries}
	desc := func(to **prometheus.Desc, name, help string, labels ...string) {
		*to = prometheus.NewDesc(name, help, labels, metrics.labels)
		c.descs = append(c.descs, *to)
	}
	desc(&c.events, "asana_events_total", "Events of the workspace, each counted once.", "action", "resource_type", "resource_subtype", "change_field", "parent_type")
	desc(&c.info, "asana_workspace_info", "The name of the workspace; empty until it is known.", "name")
	desc(&c.up, "asana_workspace_up", "Whether the last poll succeeded: its page was committed, or held nothing new.")
	desc(&c.catchingUp, "asana_workspace_catching_up", "Whether a backlog is being read.")
	desc(&c.backlogSeconds, "asana_workspace_backlog_seconds", "Length of the stretch that a backlog covered, for 20 minutes from the moment its events became visible; else 0.")
	desc(&c.backlogPeak, "asana_workspace_backlog_peak_events", "Most events in any window of event time inside a backlog, for 20 minutes from the moment they became visible; else 0. An empty resource_type is all types together.", "action", "resource_type", "window")
	desc(&c.lastEvent, "asana_workspace_last_event_timestamp_seconds", "Time of the newest event that was counted.")
	desc(&c.lastSuccess, "asana_workspace_last_success_timestamp_seconds", "Time of the last commit of a page or of a fresh position. Quiet polls are committed once a minute.")
	desc(&c.gaps, "asana_workspace_gaps_total", "Gaps: stretches of the event stream that were lost and will never be counted.", "reason")
	desc(&c.gapSeconds, "asana_workspace_gap_seconds_total", "Length of the stretches of the event stream that were lost and will never be counted.", "reason")
	desc(&c.activeUsers, "asana_workspace_active_users", "Distinct users who caused an event, by the time of the event, in a window that ends now; an estimate.", "window")
	desc(&c.topUserEvents, "asana_workspace_top_user_events", "Most events of any one user, by the time of the event, in a window that ends now; what this process has counted.", "action", "window")
	desc(&c.eventSeries, "asana_exporter_event_series", "Label sets that are counted apart; zeros do not count.")
	desc(&c.eventSeriesLimit, "asana_exporter_event_series_limit", "Label sets beyond which new ones are folded.")
	desc(&c.foldedTotal, "asana_exporter_folded_events_total", "Events that were counted under _folded labels.")
	c.exposed.Store(&exposition{})
	return c
}

// Describe implements prometheus.Collector.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range c.descs {
		ch <- desc
	}
	c.metrics.delay.Describe(ch)
}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	view := c.view()
	if view.State.Epoch.IsZero() { // The state can't be read: a gap counter at 0 may be less than what somebody saw.
		c.gauge(ch, c.up, 0)
		return
	}
	c.gauge(ch, c.info, 1, view.State.Name)
	c.gauge(ch, c.up, number(view.Up))
	c.gauge(ch, c.catchingUp, number(view.CatchingUp()))
	c.timestamp(ch, c.lastEvent, view.State.LastEvent)
	c.timestamp(ch, c.lastSuccess, view.LastSuccess)

	const window = "15m" // peakWindow as a label value.
	backlog := exposedBacklog(view.State.Backlogs, time.Now())
	c.gauge(ch, c.backlogSeconds, backlog.Seconds)
	c.gauge(ch, c.backlogPeak, float64(backlog.PeakDeleted), "deleted", "", window)
	c.gauge(ch, c.backlogPeak, float64(backlog.PeakProjects), "deleted", "project", window)

	c.collectUsers(ch, view.Users)
	c.collectGaps(ch, view.State)
	if view.Exposed {
		c.collectEvents(ch, view.State.Series())
	}
	c.gauge(ch, c.eventSeries, float64(view.State.Active()))
	c.gauge(ch, c.eventSeriesLimit, float64(c.maxSeries))
	ch <- counter(c.foldedTotal, float64(view.State.foldedEvents()), view.State.Epoch)
}

func (c *Collector) collectUsers(ch chan<- prometheus.Metric, counts users.Counts) {
	for i, window := range []string{"1h", "1d", "7d", "30d"} { // users.ActiveWindows as label values.
		c.gauge(ch, c.activeUsers, float64(counts.Active[i]), window)
	}
	for i, action := range users.TopActions() {
		for j, window := range []string{"15m", "90m"} { // users.TopWindows.
			c.gauge(ch, c.topUserEvents, float64(counts.Top[i][j]), action, window)
		}
	}
}

func (c *Collector) collectGaps(ch chan<- prometheus.Metric, state State) {
	for i, reason := range Reasons() {
		gap := state.Gaps[i]
		count, seconds := gap.Visible()
		ch <- counter(c.gaps, float64(count), gap.Created, string(reason))
		ch <- counter(c.gapSeconds, seconds, gap.Created, string(reason))
	}
}

func (c *Collector) collectEvents(ch chan<- prometheus.Metric, series []Series) {
	before := c.exposed.Load()
	next := &exposition{series, make([]prometheus.Metric, len(series))}
	for i, s := range series {
		if i < len(before.series) && before.series[i].looksLike(s) {
			next.metrics[i] = before.metrics[i]
		} else {
			l := s.Labels
			next.metrics[i] = counter(c.events, float64(s.Visible()), s.Created,
				l.Action, l.ResourceType, l.ResourceSubtype, l.ChangeField, l.ParentType)
		}
		ch <- next.metrics[i]
	}
	c.exposed.Store(next)
	c.metrics.delay.Collect(ch)
}

// looksLike reports whether both series give the same metric.
func (s Series) looksLike(other Series) bool {
	return s.Labels == other.Labels && s.Visible() == other.Visible() && s.Created.Equal(other.Created)
}

func (c *Collector) gauge(ch chan<- prometheus.Metric, desc *prometheus.Desc, value float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
}

// timestamp exposes t unless it is zero, which stands for unknown.
func (c *Collector) timestamp(ch chan<- prometheus.Metric, desc *prometheus.Desc, t time.Time) {
	if !t.IsZero() {
		c.gauge(ch, desc, float64(t.UnixMilli())/1000)
	}
}

func counter(desc *prometheus.Desc, value float64, created time.Time, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetricWithCreatedTimestamp(desc, prometheus.CounterValue, value, created, labels...)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
