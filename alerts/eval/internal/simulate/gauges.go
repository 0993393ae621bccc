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

package simulate

import (
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

// backlog is what the gauges show of the latest one.
type backlog struct {
	until                  int
	seconds, all, projects float64
}

// gauges plays the metrics of the exporter and the workspace. They are there from the first scrape of a process on,
// unlike the events, which come with the first catch-up.
func (x *exporter) gauges() {
	targetUp, series := x.series(0, "up", nil), x.ownSeries(0)
	lastEnd := -1
	var now backlog
	for m := range x.Minutes {
		now = x.backlog(m, lastEnd, now)
		if x.polled(m) {
			lastEnd = m
		}
		if x.renamed(m) {
			x.end(m, append(series, targetUp)...)
			targetUp, series = x.series(m, "up", nil), x.ownSeries(m)
		}
		if x.down(m) && m > 0 && !x.down(m-1) && !x.renamed(m) {
			x.end(m, series...)
		}
		if !x.away[m] && (!x.down(m) || !x.Faults.NewInstance) {
			targetUp.Add(x.times[m], number(!x.down(m)))
		}
		if x.down(m) || !x.scraped(m) {
			continue
		}
		success := float64(x.Start + int64(lastEnd+1)*60)
		values := []float64{number(x.polled(m)), number(x.starting(m)), success, now.seconds, now.all, now.projects, 1}
		for i, s := range series {
			s.Add(x.times[m], values[i])
		}
	}
}

func (x *exporter) ownSeries(m int) []*engine.Series {
	workspace := map[string]string{"workspace": x.Workspace}
	peak := func(kind string) *engine.Series {
		return x.series(m, "asana_workspace_backlog_peak_events", map[string]string{
			"workspace": x.Workspace, "action": "deleted", "resource_type": kind, "window": "15m",
		})
	}
	return []*engine.Series{
		x.series(m, "asana_workspace_up", workspace),
		x.series(m, "asana_workspace_catching_up", workspace),
		x.series(m, "asana_workspace_last_success_timestamp_seconds", workspace),
		x.series(m, "asana_workspace_backlog_seconds", workspace), peak(""), peak("project"),
		x.series(m, "asana_workspace_info", map[string]string{"workspace": x.Workspace, "name": "The " + x.Workspace}),
	}
}

// backlog is the state of the gauges after minute m. A backlog is reckoned from the minute in which the position was
// last at the end of the stream.
func (x *exporter) backlog(m, lastEnd int, b backlog) backlog {
	if d := m - lastEnd; x.polled(m) && d > 1 && m > 0 && x.outage[m-1] != scenario.Lost {
		return backlog{m + backlogHold, float64(d * 60), x.peak(lastEnd+1, m, ""), x.peak(lastEnd+1, m, "project")}
	}
	if m >= b.until {
		return backlog{}
	}
	return b
}

// peak is the largest number of deletions in any 15 minutes of event time within the minutes from and to, both
// included.
func (x *exporter) peak(from, to int, kind string) float64 {
	var sum, most int32
	count := func(m int) (n int32) {
		for i, e := range x.Series {
			if e.Labels["action"] == "deleted" && (kind == "" || e.Labels["resource_type"] == kind) {
				n += x.happened[i][m]
			}
		}
		return n
	}
	for m := from; m <= to; m++ {
		sum += count(m)
		if m-peakWindow >= from {
			sum -= count(m - peakWindow)
		}
		most = max(most, sum)
	}
	return float64(most)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
