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

import "strings"

// recording returns recording.yml: what the dashboards read.
func recording() file {
	return file{
		name: "recording.yml",
		comment: `
			What the dashboards of asana_exporter read, recorded so that a week of fifty workspaces answers within a second. Works
			with Prometheus 2.42 and later. Generated: go generate ./alerts

			Several replicas of the exporter count the same events: the max makes them one, whatever their targets are called. When one of
			them, which kept running, catches up with what another has counted already, these events are here twice; the dashboards mark
			every catch-up.`,
		groups: []group{
			{name: "asana-names", interval: "1m", rules: []rule{workspaceName()}},
			{
				name: "asana-events", interval: "5m", rules: eventCounts(),
				comment: "Windows of five minutes, one after the other: their sum over a day is the count of the day.",
			},
			{
				name: "asana-deletions-by-type", interval: "1m", rules: []rule{deletionsByType()},
				comment: `
				The windows of 15 minutes of deletions.yml, by type. Nothing is recorded in the 25 minutes after a catch-up, and what happened
				while Prometheus was away is missing: deletions.yml counts both.`,
			},
		},
	}
}

func workspaceName() rule {
	return record("workspace:asana_workspace:name",
		"One name for each workspace, for six hours after it was last seen. While it is unknown, the gid stands for it.", `
			group by (workspace, name) (
				topk by (workspace) (1,
					2 * last_over_time(asana_workspace_info{name!=""}[6h])
					or label_replace(last_over_time(asana_workspace_info{name=""}[6h]), "name", "$1", "workspace", "(.*)")
				)
			)`)
}

// eventCounts returns the rules that count events in windows of five minutes.
//
// The max over the replicas keeps each label that is not fixed by the selector: two series that differ in it alone are different
// events, of which the max would drop one. A test compares the labels with those of the exporter.
//
// No rule reads another one: vmalert would show it what was recorded five minutes ago, which is too old for a plain selector there.
func eventCounts() []rule {
	return []rule{
		record("workspace_action_resource_type:asana_events:increase5m", "",
			counted("workspace, action, resource_type", "workspace, action, resource_type, resource_subtype, change_field, parent_type", "")),
		record("workspace:asana_events:increase5m", "",
			counted("workspace", "workspace, action, resource_type, resource_subtype, change_field, parent_type", "")),
		record("workspace_resource_type_change_field:asana_events:increase5m", "",
			counted("workspace, resource_type, change_field", "workspace, resource_type, resource_subtype, change_field, parent_type", `action="changed"`)),
		record("workspace:asana_tasks_created:increase5m", `
			A task that is created in a project is added twice, to the project and to a section of it: only the first counts. One that is
			created outside of projects is added to nothing. Subtasks, which are added to a task, are left out.`,
			counted("workspace", "workspace, resource_subtype, parent_type", `action="added", resource_type="task", parent_type=~"|project"`)),
		record("workspace:asana_tasks_completed:increase5m", "changed/completed fires when a task is reopened, too: only the story tells.",
			counted("workspace", "workspace, parent_type", `action="added", resource_type="story", resource_subtype="marked_complete"`)),
		record("workspace:asana_tasks_deleted:increase5m", "",
			counted("workspace", "workspace, resource_subtype, parent_type", `action="deleted", resource_type="task"`)),
		record("workspace:asana_tasks_restored:increase5m", "",
			counted("workspace", "workspace, resource_subtype, parent_type", `action="undeleted", resource_type="task"`)),
		record("workspace:asana_comments:increase5m", "",
			counted("workspace", "workspace, parent_type", `action="added", resource_type="story", resource_subtype="comment_added"`)),
	}
}

// counted returns the events of five minutes, summed by labels, and the max over the replicas before that, which keeps other labels.
//
// If no exporter that was there when the window began is there at its end, all that happened since the last sample of anybody counts: the
// exporter moved to another address, or it or the server was away. Else what happened was counted by that one already. What happened
// between the last full window and the end of scraping is missing.
func counted(by, kept, matchers string) string {
	return strings.NewReplacer("BY", by, "KEPT", kept, "COUNTER", counter(matchers), "GROWN", grown(matchers, "5m")).Replace(`
			sum by (BY) (
				max by (KEPT) (COUNTER)
					- max by (KEPT) (last_over_time(COUNTER[1d] offset 5m)) >= 0
					unless on (workspace) (COUNTER and COUNTER offset 5m)
				or
				max by (KEPT) (
					GROWN
				)
			)`)
}

// grown counts what the selected counters grew in a window: from the last sample before it, or from the least value of those that
// appeared or began anew within it.
//
// increase() would extrapolate. In VictoriaMetrics it also counts the first value of a series: an exporter that comes back under another
// name would count again what it had counted before.
func grown(matchers, window string) string {
	return strings.NewReplacer("COUNTER", counter(matchers), "WINDOW", window).Replace(`COUNTER - (
						COUNTER offset WINDOW <= min_over_time(COUNTER[WINDOW])
						or min_over_time(COUNTER[WINDOW])
					)`)
}

func counter(matchers string) string {
	if matchers == "" {
		return "asana_events_total"
	}
	return "asana_events_total{" + matchers + "}"
}

func deletionsByType() rule {
	return record("workspace_resource_type:asana_deletions:increase15m", "", `
			sum by (workspace, resource_type) (
				max by (workspace, resource_type, resource_subtype, parent_type) (
					`+grown(`action="deleted"`, "15m")+`
					unless ignoring (`+ofEvents+`) max_over_time(asana_workspace_backlog_seconds[5m]) > 300
				)
			)`)
}
