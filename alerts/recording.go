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
			them catches up with what another has counted already, these events are here twice; the dashboards mark every catch-up.`,
		groups: []group{
			{name: "asana-names", interval: "1m", rules: []rule{workspaceName()}},
			{
				name: "asana-events", interval: "5m", rules: eventCounts(),
				comment: "Windows of five minutes, one after the other: their sum over a day is the count of the day.",
			},
			{
				name: "asana-deletions-by-type", interval: "1m", rules: []rule{deletionsByType()},
				comment: "The same minutes and the same windows as in deletions.yml, by type. Without what a catch-up brings, as there.",
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
	return append([]rule{
		record("workspace_action_resource_type:asana_events:increase5m", "", `
			sum by (workspace, action, resource_type) (
				max by (workspace, action, resource_type, resource_subtype, change_field, parent_type) (
					`+grown("", "5m")+`
				)
			)`),
		record("workspace:asana_events:increase5m", "", `
			sum by (workspace) (
				max by (workspace, action, resource_type, resource_subtype, change_field, parent_type) (
					`+grown("", "5m")+`
				)
			)`),
		record("workspace_resource_type_change_field:asana_events:increase5m", "", `
			sum by (workspace, resource_type, change_field) (
				max by (workspace, resource_type, resource_subtype, change_field, parent_type) (
					`+grown(`action="changed"`, "5m")+`
				)
			)`),
	}, activity()...)
}

// activity returns the rules that count what people did.
func activity() []rule {
	tasks := func(action string) string {
		return `
			sum by (workspace) (
				max by (workspace, resource_subtype, parent_type) (
					` + grown(`action="`+action+`", resource_type="task"`, "5m") + `
				)
			)`
	}
	return []rule{
		record("workspace:asana_tasks_created:increase5m", `
			A task that is created in a project is added twice, to the project and to a section of it: only the first counts. One that is
			created outside of projects is added to nothing. Subtasks, which are added to a task, are left out.`, `
			sum by (workspace) (
				max by (workspace, resource_subtype, parent_type) (
					`+grown(`action="added", resource_type="task", parent_type=~"|project"`, "5m")+`
				)
			)`),
		record("workspace:asana_tasks_completed:increase5m", "changed/completed fires when a task is reopened, too: only the story tells.", `
			sum by (workspace) (
				max by (workspace, parent_type) (
					`+grown(`action="added", resource_type="story", resource_subtype="marked_complete"`, "5m")+`
				)
			)`),
		record("workspace:asana_tasks_deleted:increase5m", "", tasks("deleted")),
		record("workspace:asana_tasks_restored:increase5m", "", tasks("undeleted")),
		record("workspace:asana_comments:increase5m", "", `
			sum by (workspace) (
				max by (workspace, parent_type) (
					`+grown(`action="added", resource_type="story", resource_subtype="comment_added"`, "5m")+`
				)
			)`),
	}
}

// grown counts what the selected counters grew in a window: from the last sample before it, or from the least value of those that
// appeared or began anew within it.
//
// increase() would extrapolate. In VictoriaMetrics it also counts the first value of a series: an exporter that comes back under another
// name would count again what it had counted before.
func grown(matchers, window string) string {
	counter := "asana_events_total"
	if matchers != "" {
		counter += "{" + matchers + "}"
	}
	return strings.NewReplacer("COUNTER", counter, "WINDOW", window).Replace(`COUNTER - (
						COUNTER offset WINDOW <= COUNTER
						or min_over_time(COUNTER[WINDOW])
					)`)
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
