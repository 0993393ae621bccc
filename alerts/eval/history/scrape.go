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

package main

import (
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

const events = "asana_events_total"

// A target is the exporter as a server knows it.
type target struct {
	options
	store *engine.Store
}

// series is one of its series. The process and the build are not of a workspace.
func (t target) series(name string, kv ...string) *engine.Series {
	b := labels.NewBuilder(labels.FromStrings(kv...))
	b.Set(model.MetricNameLabel, name)
	b.Set(model.JobLabel, t.job)
	b.Set(model.InstanceLabel, t.instance)
	ofProcess := name == "asana_exporter_build_info" || name == "asana_exporter_workspaces" || name == "asana_exporter_zero_first_seconds"
	if strings.HasPrefix(name, "asana_") && !ofProcess {
		b.Set("workspace", t.workspace)
	}
	return t.store.Series(b.Labels())
}

// still returns what never changes, as nothing went wrong. The process began at from, and counts so many label sets.
func (t target) still(from time.Time, sets int) map[*engine.Series]float64 {
	return map[*engine.Series]float64{
		t.series("up"):                         1,
		t.series("process_start_time_seconds"): float64(from.Unix()),

		t.series("asana_workspace_up"):                                                                                    1,
		t.series("asana_workspace_info", "name", t.name):                                                                  1,
		t.series("asana_workspace_catching_up"):                                                                           0,
		t.series("asana_workspace_backlog_seconds"):                                                                       0,
		t.series("asana_workspace_backlog_peak_events", "action", "deleted", "window", "15m"):                             0,
		t.series("asana_workspace_backlog_peak_events", "action", "deleted", "window", "15m", "resource_type", "project"): 0,
		t.series("asana_workspace_gaps_total", "reason", "token_expired"):                                                 0,
		t.series("asana_workspace_gaps_total", "reason", "state_lost"):                                                    0,
		t.series("asana_workspace_gaps_total", "reason", "sync_error"):                                                    0,
		t.series("asana_workspace_gap_seconds_total", "reason", "token_expired"):                                          0,
		t.series("asana_workspace_gap_seconds_total", "reason", "state_lost"):                                             0,
		t.series("asana_workspace_gap_seconds_total", "reason", "sync_error"):                                             0,
		t.series("asana_exporter_state_commit_failures_total"):                                                            0,
		t.series("asana_exporter_folded_events_total"):                                                                    0,
		t.series("asana_exporter_event_series"):                                                                           float64(sets),
		t.series("asana_exporter_zero_first_seconds"):                                                                     90,
		t.series("asana_exporter_event_series_limit"):                                                                     5000,
	}
}

// scrape puts into the store what a server would have scraped each minute: the events, and of the other metrics those that the
// rules read; of the last days those of the exporter itself, too.
func (o options) scrape(store *engine.Store, from time.Time, all life) {
	t := target{o, store}
	var counters []*engine.Series
	for _, set := range all.sets {
		counters = append(counters, t.series(events, "action", set.Action, "resource_type", set.ResourceType,
			"resource_subtype", set.ResourceSubtype, "change_field", set.ChangeField, "parent_type", set.ParentType))
	}
	still := t.still(from, len(all.sets))
	requests := t.series("asana_exporter_api_requests_total", "code", "200")
	success, newest := t.series("asana_workspace_last_success_timestamp_seconds"), t.series("asana_workspace_last_event_timestamp_seconds")

	process, young := t.own(o.seed), o.to.Add(-ownDays*day)
	counts, last := make([]uint64, len(all.sets)), from
	for m, minute := range all.minutes {
		now, sum := from.Add(time.Duration(m+1)*time.Minute), uint64(0)
		for i, n := range minute {
			sum += n
			if counts[i] += n; n > 0 {
				last = now
			}
		}
		at := now.UnixMilli()
		for i, counter := range counters {
			counter.Add(at, float64(counts[i]))
		}
		for gauge, value := range still {
			gauge.Add(at, value)
		}
		requests.Add(at, float64(60*(m+1))) // The demo polls every second.
		success.Add(at, float64(now.Unix()))
		newest.Add(at, float64(last.Unix()))
		if now.After(young) {
			process.add(at, minuteOf(int(sum)))
		}
	}
}
