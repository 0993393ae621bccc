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

//go:build e2e && cost

package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/asana-exporter/asana_exporter/collector"
)

const (
	costWorkspaces = 50
	costSeries     = 300 // Of events, in each workspace.
	costRange      = 7 * 24 * time.Hour
	costBound      = time.Second
	costRuns       = 3 // The fastest counts, since the machine may be busy.
)

// Fifty workspaces of 300 series, over seven days: the queries of each panel, one after the other, take less than a second.
// Recorded series are as dense as the rules make them; series of exporters have a sample every five minutes, unless
// DASHBOARDS_COST is set. The test measures time and is no part of CI: the build tag cost is for `make dashboard-cost`.
func TestDashboardsCostLittle(t *testing.T) {
	scrape := duration(cmp.Or(os.Getenv("DASHBOARDS_COST"), "5m"))
	dir := cmp.Or(os.Getenv("DASHBOARDS_COST_DIR"), t.TempDir()) // A folder to keep the past in.
	data, now := filepath.Join(dir, "data"), time.Now()
	if _, err := os.Stat(data); err != nil {
		writeLargePast(t, data, now, scrape)
	}
	p := runPrometheus(t, dir, "", "--storage.tsdb.retention.time=60d")

	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "dashboard\tpanel\tqueries\tsamples\ttime")
	for _, b := range boards(t) {
		g := grafana{prometheus: p, scrape: scrape, from: now.Add(-costRange), to: now}
		all, _ := drawing{t: t, prometheus: p}.values(g, b)
		for _, panel := range fastest(t, g, b, all) {
			fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", b.Title, panel.panel, panel.series, panel.samples, panel.took.Round(time.Millisecond))
			if panel.took > costBound {
				t.Errorf("%s / %s takes %s", b.Title, panel.panel, panel.took)
			}
		}
	}
	_ = w.Flush() // Into memory.
	t.Logf("%d workspaces of %d series over %s:\n%s", costWorkspaces, costSeries, costRange, table.String())
}

// fastest returns an answer for each panel: the time of all its queries, in the fastest of several runs; series counts queries.
func fastest(t *testing.T, g grafana, b board, values map[string]string) []answer {
	t.Helper()
	var panels []answer
	for run := range costRuns {
		var these []answer
		for _, a := range g.draw(b, values) {
			if a.err != nil {
				t.Fatal(a.err)
			}
			if len(these) == 0 || these[len(these)-1].panel != a.panel {
				these = append(these, answer{panel: a.panel})
			}
			last := &these[len(these)-1]
			last.series, last.samples, last.took = last.series+1, last.samples+a.samples, last.took+a.took
		}
		if run == 0 {
			panels = these
		}
		for i := range panels {
			panels[i].took = min(panels[i].took, these[i].took)
		}
	}
	return panels
}

// A recording is a metric with its label sets in each workspace.
type recording struct {
	metric string
	every  time.Duration
	back   time.Duration
	labels []string
}

// writeLargePast makes the blocks.
func writeLargePast(t *testing.T, dir string, now time.Time, scrape time.Duration) {
	t.Helper()
	past := newHistory(t, now, now)
	for i := range costWorkspaces {
		workspace := fmt.Sprintf(`workspace="%d"`, 1200000000000001+i)
		for _, r := range slices.Concat(recordedPast(i), exposedPast(i, scrape)) {
			past.from = now.Add(-r.back).Truncate(r.every)
			value := pastOf(r.metric, float64(1+i))
			for _, labels := range r.labels {
				past.add(r.metric+"{"+strings.TrimSuffix(workspace+","+labels, ",")+"}", r.every, value)
			}
		}
	}
	t.Logf("%d samples are made", past.samples)
	past.write(t, dir)
}

// pastOf returns how the values of a metric go in a workspace of this size.
func pastOf(metric string, size float64) func(time.Duration) float64 {
	for _, rare := range []string{"backlog", "catching_up", "gap", "fail", "folded"} {
		if strings.Contains(metric, rare) {
			return daily(0)
		}
	}
	for _, suffix := range []string{"_total", "_bucket", "_count", "_sum"} {
		if strings.HasSuffix(metric, suffix) {
			return growing(size / 1000)
		}
	}
	return daily(size)
}

// recordedPast returns the series of the recording rules, as dense as they record.
func recordedPast(i int) []recording {
	const week, none = 8 * 24 * time.Hour, ""
	var pairs, types, fields []string
	for _, typ := range costTypes() {
		for _, action := range []string{"added", "changed", "removed"} {
			pairs = append(pairs, fmt.Sprintf(`action="%s",resource_type="%s"`, action, typ))
		}
		for field := range 3 {
			fields = append(fields, fmt.Sprintf(`resource_type="%s",change_field="field_%d"`, typ, field))
		}
	}
	for _, known := range collector.ZeroSeries() {
		pairs = append(pairs, fmt.Sprintf(`action="%s",resource_type="%s"`, known.Action, known.ResourceType))
		if known.Action == "deleted" {
			types = append(types, fmt.Sprintf(`resource_type="%s"`, known.ResourceType))
		}
	}
	slices.Sort(pairs)
	slices.Sort(types)
	recordings := []recording{
		{"workspace:asana_workspace:name", time.Minute, week, []string{fmt.Sprintf(`name="Workspace %d"`, i)}},
		{"workspace_action_resource_type:asana_events:increase5m", 5 * time.Minute, 2 * week, slices.Compact(pairs)},
		{"workspace_resource_type_change_field:asana_events:increase5m", 5 * time.Minute, week, fields},
		{"workspace_resource_type:asana_deletions:increase15m", time.Minute, week, slices.Compact(types)},
		{"workspace:asana_events:increase5m", 5 * time.Minute, 5 * week, []string{none}},
		{"ALERTS", time.Minute, time.Hour, []string{`alertname="AsanaDeletionBurst",alertstate="firing",kind="burst",severity="page"`}},
	}
	for _, name := range []string{"tasks_created", "tasks_completed", "tasks_deleted", "tasks_restored", "comments"} {
		recordings = append(recordings, recording{"workspace:asana_" + name + ":increase5m", 5 * time.Minute, week, []string{none}})
	}
	return append(recordings,
		recording{"workspace_kind:asana_deletions:count", time.Minute, week, kindsOf("burst", "sustained", "structure", "fast_structure", "rare_structure", "comments", "memberships", "undeleted")},
		recording{"workspace_kind:asana_deletions:expected", 5 * time.Minute, week, kindsOf("burst", "sustained", "structure", "fast_structure", "rare_structure")},
		recording{"workspace_kind_severity:asana_deletions:limit", 5 * time.Minute, week, slices.Concat(
			withSeverity("page", kindsOf("burst", "sustained", "structure", "fast_structure", "rare_structure")),
			withSeverity("warning", kindsOf("burst", "sustained", "structure", "fast_structure", "rare_structure", "comments", "memberships")),
		)},
	)
}

// kindsOf returns label sets for kinds of deletions.
func kindsOf(kinds ...string) []string {
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf(`kind="%s"`, kind)
	}
	return kinds
}

// withSeverity adds a severity to label sets.
func withSeverity(severity string, sets []string) []string {
	for i, set := range sets {
		sets[i] = fmt.Sprintf(`%s,severity="%s"`, set, severity)
	}
	return sets
}

func costTypes() []string {
	return []string{
		"task", "story", "project", "section", "attachment", "tag", "portfolio", "goal", "team", "status_update", "custom_field",
		"project_membership", "workspace_membership",
	}
}

// exposedPast returns the series of the exporters.
func exposedPast(i int, every time.Duration) []recording {
	const week = 8 * 24 * time.Hour
	target := fmt.Sprintf(`job="asana",instance="exporter-%d:10176"`, i)
	with := func(label string, values ...string) (labels []string) {
		for _, value := range values {
			labels = append(labels, target+","+label+`="`+value+`"`)
		}
		return labels
	}
	// No chart draws the events themselves: a sample every two hours will do.
	events := recording{"asana_events_total", 2 * time.Hour, week, nil}
	for n := range costSeries {
		types := costTypes()
		events.labels = append(events.labels, fmt.Sprintf(`%s,action="changed",resource_type="%s",change_field="field_%d"`, target, types[n%len(types)], n))
	}
	recordings := []recording{
		events,
		{"asana_event_delay_seconds_bucket", every, week, with("le", "1", "5", "15", "30", "60", "120", "300", "600", "1800", "3600", "21600", "86400", "+Inf")},
		{"asana_exporter_api_request_duration_seconds_bucket", every, week, with("le", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "30", "+Inf")},
		{
			"asana_exporter_state_commit_duration_seconds_bucket", every, week,
			with("le", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "1", "5", "+Inf"),
		},
		{"asana_exporter_api_requests_total", every, week, with("code", "200", "400", "401", "402", "403", "404", "412", "429", "500", "502", "503", "504", "error")},
		{"asana_workspace_info", every, week, with("name", fmt.Sprintf("Workspace %d", i))},
		{"asana_exporter_build_info", every, week, with("version", "1.0.0")},
		{"asana_workspace_gaps_total", every, week, with("reason", "token_expired", "state_lost", "sync_error")},
		{"asana_workspace_gap_seconds_total", every, week, with("reason", "token_expired", "state_lost", "sync_error")},
		{"asana_workspace_backlog_peak_events", every, week, []string{
			target + `,action="deleted",resource_type="",window="15m"`, target + `,action="deleted",resource_type="project",window="15m"`,
		}},
	}
	for _, name := range []string{
		"asana_exporter_api_request_duration_seconds_sum", "asana_exporter_api_request_duration_seconds_count",
		"asana_exporter_state_commit_duration_seconds_sum", "asana_exporter_state_commit_duration_seconds_count",
		"asana_event_delay_seconds_count", "asana_workspace_up", "asana_workspace_catching_up", "asana_workspace_backlog_seconds",
		"asana_workspace_last_event_timestamp_seconds", "asana_workspace_last_success_timestamp_seconds",
		"asana_exporter_api_announced_changes_total", "asana_exporter_event_series", "asana_exporter_event_series_limit",
		"asana_exporter_folded_events_total", "asana_exporter_state_commits_total", "asana_exporter_state_commit_failures_total",
		"process_resident_memory_bytes", "process_cpu_seconds_total", "go_goroutines",
	} {
		recordings = append(recordings, recording{name, every, week, []string{target}})
	}
	return recordings
}
