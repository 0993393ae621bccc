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

// Package simulate turns a scenario into what Prometheus would have stored of it: the metrics of one exporter or
// several, scraped once a minute. Only the metrics that the rules about deletions read are made.
package simulate

import (
	"fmt"
	"maps"
	"math/rand/v2"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

const (
	scrapeOffset = 7000 // Milliseconds after the full minute.
	backlogHold  = 20   // Minutes for which the backlog gauges stay after a catch-up.
	zeroFirst    = 2    // Scrapes at which a new series shows 0 (90 s).
	peakWindow   = 15   // Minutes of event time of asana_workspace_backlog_peak_events.
)

// Play makes the series of a scenario, as so many exporters expose them that follow the same workspace. Asana delivers events with
// a delay. Scrapes come up to half a second early or late, and each target has its own time in the minute.
func Play(s *scenario.Scenario, replicas int) *engine.Store { return playAll(s, replicas, true) }

// playAll without noise has events arrive at once and scrapes on the dot, so that tests can name each value.
func playAll(s *scenario.Scenario, replicas int, noise bool) *engine.Store {
	store := engine.NewStore()
	p := newPlay(s, noise)
	for n := range replicas {
		x := &exporter{play: p, store: store, replica: n, timeline: newTimeline(s.Minutes, s.Faults.Of(n, s.Minutes))}
		x.scrapes(noise)
		x.gauges()
		for i := range s.Series {
			x.counter(i)
		}
	}
	return store
}

// play is what all replicas see.
type play struct {
	*scenario.Scenario
	happened  [][]int32 // Of each series in each minute,
	delivered [][]int32 // and what was delivered in it.
}

func newPlay(s *scenario.Scenario, late bool) *play {
	p := &play{Scenario: s}
	r := scenario.Random(s.Name+" delays", s.Seed)
	for _, e := range s.Series {
		counts := perMinute(e.Counts, s.Minutes)
		p.happened = append(p.happened, counts)
		if late && e.Labels["action"] == "deleted" {
			counts = delivered(counts, r)
		}
		p.delivered = append(p.delivered, counts)
	}
	return p
}

type exporter struct {
	*play
	*timeline
	store   *engine.Store
	replica int
	times   []int64 // Of the scrapes.
}

func (x *exporter) scrapes(jitter bool) {
	r := scenario.Random(fmt.Sprintf("%s scrapes %d", x.Name, x.replica), x.Seed)
	offset := int64(scrapeOffset + x.replica*1000)
	if jitter {
		offset = 1000 + r.Int64N(58000)
	}
	x.times = make([]int64, x.Minutes)
	for m := range x.times {
		x.times[m] = (x.Start+int64(m+1)*60)*1000 + offset + shake(r, jitter)
	}
}

func shake(r *rand.Rand, jitter bool) int64 {
	if !jitter {
		return 0
	}
	return r.Int64N(1000) - 500
}

// series is the one of the process that runs in minute m.
func (x *exporter) series(m int, name string, kv map[string]string) *engine.Series {
	b := labels.NewBuilder(labels.EmptyLabels())
	for k, v := range kv {
		b.Set(k, v) // A label with an empty value is no label.
	}
	b.Set(model.MetricNameLabel, name)
	b.Set("job", "asana_exporter")
	b.Set("instance", x.instance(m))
	return x.store.Series(b.Labels())
}

func (x *exporter) instance(m int) string {
	if n := x.process[m]; n > 0 {
		return fmt.Sprintf("asana-exporter-%d-%d:10176", x.replica, n)
	}
	return fmt.Sprintf("asana-exporter-%d:10176", x.replica)
}

// counter plays one series of asana_events_total.
func (x *exporter) counter(i int) {
	kv := map[string]string{"workspace": x.Workspace}
	maps.Copy(kv, x.Series[i].Labels)
	out := x.series(0, "asana_events_total", kv)
	exists, born := !x.Lazy, -zeroFirst
	var value, waiting float64
	for m := range x.Minutes {
		waiting += float64(x.delivered[i][m])
		if x.outage[m] == scenario.Lost {
			waiting = 0
		}
		if x.lost[m] {
			value, exists = 0, !x.Lazy
		}
		if x.polled(m) && waiting > 0 {
			if !exists {
				exists, born = true, m
			}
			value, waiting = value+waiting, 0
		}
		if x.renamed(m) {
			x.end(m, out)
			out = x.series(m, "asana_events_total", kv)
		}
		if exists {
			x.show(out, m, value, m-born < zeroFirst)
		}
	}
}

func (x *exporter) show(out *engine.Series, m int, value float64, zero bool) {
	switch {
	case !x.counting(m):
		if m > 0 && x.counting(m-1) && !x.renamed(m) {
			x.end(m, out)
		}
	case x.scraped(m) && zero:
		out.Add(x.times[m], 0)
	case x.scraped(m):
		out.Add(x.times[m], value)
	}
}

// end marks series as gone at the first scrape that no longer finds them.
func (x *exporter) end(m int, series ...*engine.Series) {
	for _, s := range series {
		if _, values := s.Samples(); x.seesEnd(m) && len(values) > 0 {
			s.Add(x.times[m], engine.Stale())
		}
	}
}
