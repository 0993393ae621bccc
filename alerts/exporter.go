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

import "slices"

// exporter returns exporter.yml: alerts on the exporter itself. The alerts are in watching.go, in the order of the file.
func exporter(o options) file {
	return file{
		name: "exporter.yml",
		comment: `
			Alerts on asana_exporter itself: whether anybody is watching. Works with Prometheus 2.42 and later, poll intervals of about 15
			seconds, and scrape intervals of up to a minute. Generated: go generate ./alerts

			A token for the position in Asana's stream lives for 24 hours. Until then nothing is lost, however broken things are: when the
			exporter comes back it reads what it missed. So most alerts are warnings, and only a position in danger wakes somebody.
			Meanwhile, though, the alerts on deletions are blind: what happens now is judged when it is read.

			Several replicas of the exporter follow one workspace each on its own. A workspace is in trouble when all of them are; the
			trouble of a single one is an alert of its own, AsanaReplica..., which waits longer.
			The rules select the exporter by its metrics and not by the name of its job, so any name will do.`,
		groups: []group{
			{name: "asana-exporter-knobs", interval: "1m", rules: exporterKnobs(), comment: `
				What you may change; times are in seconds. Prometheus may load this file twice, since the rules read a knob as scalar(max(...));
				then change it in both copies. The hours after which a position is in danger are no knobs: the token lives for 24.`},
			{
				name: "asana-exporter-history", interval: "5m", rules: append(exporterHistory(), watchedSince()),
				comment: "Rules over days. They are expensive, so they are evaluated five times less often.",
			},
			{name: "asana-exporter-state", interval: "1m", rules: append(exporterState(), prerequisiteRecords()...)},
			{name: "asana-exporter-alerts", interval: "1m", rules: slices.Concat(
				o.presence(), o.instances(), o.requests(), o.failures(), o.reading(), o.losses(), o.position(), o.seriesLimit())},
			{
				name: "asana-exporter-prerequisites", interval: "1m", rules: o.prerequisites(),
				comment: "Whether the rules can be right: what they need of the server and of the exporter's flags.",
			},
		},
	}
}

func exporterKnobs() []rule {
	return []rule{
		record("asana_exporter:knob", "A shorter silence never fires.", "vector(1800)", "knob", "silent_floor"),
		record("asana_exporter:knob", "How many times the longest silence at this hour, one and two weeks ago, the stream may be silent.", "vector(20)", "knob", "silent_factor"),
		record("asana_exporter:knob", "A longer silence began the evening before, so today is a holiday.", "vector(28800)", "knob", "silent_longest"),
		record("asana_exporter:knob", "A shorter backlog raises no alert of its own: those on deletions judge it.", "vector(3600)", "knob", "backlog_long"),
	}
}

func exporterHistory() []rule {
	return []rule{
		record("workspace:asana_event_age_seconds:limit", `
			How long the stream may be silent at this hour: many times the longest silence within an hour of this time, one and two weeks
			ago. So it is hours at night, at weekends and in quiet workspaces, and unknown in the first week. Yesterday is not asked: on
			Mondays it was a Sunday.`, `
			clamp_min(
				scalar(max(asana_exporter:knob{knob="silent_factor"})) * max without (week) (
					label_replace(max_over_time(workspace:asana_event_age_seconds:min[2h] offset 167h), "week", "1", "", "")
					or label_replace(max_over_time(workspace:asana_event_age_seconds:min[2h] offset 335h), "week", "2", "", "")
				), scalar(max(asana_exporter:knob{knob="silent_floor"})))`),
		record("workspace_instance:asana_workspace_up:known", "", "max by (workspace, job, instance) (max_over_time(asana_workspace_up[2d]))"),
		record("workspace_instance:asana_gap_seconds:delta1h", `
			What was lost within the last hour. The last value known before it may be from before an outage of a day, after which the
			counter comes back grown: increase() over an hour would see nothing of that.`, `
			sum without (reason) (
				asana_workspace_gap_seconds_total - last_over_time(asana_workspace_gap_seconds_total[2d] offset 1h) > 0
				or asana_workspace_gap_seconds_total - min_over_time(asana_workspace_gap_seconds_total[1h]) > 0
			)`),
		record("workspace:asana_gap_seconds:delta1h",
			"The same of a workspace; the second part is for an exporter that came back under another name.", `
			max by (workspace) (last_over_time(workspace_instance:asana_gap_seconds:delta1h[10m]))
			or on (workspace) sum by (workspace) (
				max by (workspace, reason) (asana_workspace_gap_seconds_total)
				- max by (workspace, reason) (last_over_time(asana_workspace_gap_seconds_total[2d] offset 1h)) > 0
			)`),
	}
}

func exporterState() []rule {
	return []rule{
		record("workspace:asana_workspace_up:max", "1: some replica polls with success.",
			"max by (workspace) (max_over_time(asana_workspace_up[5m]))"),
		record("workspace:asana_last_success_timestamp_seconds:max", "",
			"max by (workspace) (asana_workspace_last_success_timestamp_seconds)"),
		record("workspace:asana_position_age_seconds:min",
			"How old the newest position is. It ages while no replica can be scraped, too, as the token does.",
			"time() - max_over_time(workspace:asana_last_success_timestamp_seconds:max[2d])"),
		record("workspace:asana_event_age_seconds:min", "How long ago the newest event happened.",
			"time() - max by (workspace) (asana_workspace_last_event_timestamp_seconds)"),
		record("workspace_code:asana_exporter_api_requests:increase30m", "",
			"sum by (workspace, code) (increase(asana_exporter_api_requests_total[30m]))"),
		record("workspace_instance:asana_position_age_seconds:gapless", `
			The replicas that have read everything, sooner or later: at the end of the stream, without a gap, and not here for the first
			time.`, `
			time() - asana_workspace_last_success_timestamp_seconds < 600
			unless asana_workspace_catching_up == 1
			and on (workspace, job, instance) last_over_time(workspace_instance:asana_workspace_up:known[15m] offset 75m)
			unless last_over_time(workspace_instance:asana_gap_seconds:delta1h[10m])`),
		record("workspace_instance:asana_position_age_seconds:whole", "Those of them that had no backlog lately: they read everything in time.", `
			workspace_instance:asana_position_age_seconds:gapless
			and asana_workspace_backlog_seconds == 0`),
	}
}
