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

const (
	activityUID  = "asana-activity"
	deletionsUID = "asana-deletions"
	exporterUID  = "asana-exporter"

	runbook = "https://github.com/asana-exporter/asana_exporter/blob/main/docs/runbook.md"
)

// Matchers of what the exporters themselves expose, and of what is recorded from it: replicas are one there.
const (
	chosen   = `job=~"$job", workspace=~"$workspace"`
	recorded = `workspace=~"$workspace"`

	// Counts of five minutes, of the chosen actions and types.
	events = `workspace_action_resource_type:asana_events:increase5m{` + recorded + `, action=~"$action", resource_type=~"$resource_type"}`
)

// overTime returns a query that is drawn over time, with its legend.
func overTime(expr, legend string) target {
	return target{Expr: tidy(expr), LegendFormat: legend, Range: true, Format: "time_series"}
}

// instant returns a query for one value at the end of the time range.
func instant(expr, legend string) target {
	return target{Expr: tidy(expr), LegendFormat: legend, Instant: true, Format: "time_series"}
}

// column returns a query for a column of a table: one row for each set of labels.
func column(expr string) target {
	return target{Expr: tidy(expr), Instant: true, Format: "table"}
}

// orRow adds a row that says so where an expression has none: Grafana shows a table without rows as headings alone.
func orRow(expr, label, text string) string {
	return expr + ` or on () label_replace(vector(NaN), "` + label + `", "` + text + `", "", "")`
}

// buckets returns a query for a heatmap of a histogram.
func buckets(expr string) target {
	return target{Expr: tidy(expr), LegendFormat: "{{le}}", Range: true, Format: "heatmap"}
}

// tidy makes one line of an expression.
func tidy(expr string) string { return strings.Join(strings.Fields(expr), " ") }

// named gives the series of an expression the names of their workspaces. A workspace that was renamed while Prometheus was away has two
// for some minutes, and Prometheus refuses a query with both.
func named(expr string) string {
	return "(" + expr + ") * on (workspace) group_left (name) topk by (workspace) (1, workspace:asana_workspace:name{" + recorded + "})"
}

// perSecond makes a rate of the counts of five minutes.
func perSecond(counts string) string { return "avg_over_time(" + counts + "[$__interval]) / 300" }

// inAnHour sums the counts of five minutes over the hour before: 59 minutes, since Prometheus 2 counts both ends of a range.
func inAnHour(counts string) string { return "sum_over_time(" + counts + "[59m])" }

// orZero is 0 where an expression has no value, unless the rules are not loaded: then nothing is known.
func orZero(expr string) string { return expr + " or 0 * max(asana_deletions:floor)" }

// inRange sums the counts of five minutes over the whole time range.
func inRange(counts string) string { return "sum_over_time(" + counts + "[$__range])" }

// grown is by how much a counter has grown in a time, or since it was last seen before: after an outage it comes back grown, and
// increase() sees nothing of that. Where it was never seen before, the growth that was seen counts.
func grown(counter, matchers, time string) string {
	c := counter + "{" + matchers + "}"
	return "max by (workspace, reason) (clamp_min(" + c + " - last_over_time(" + c + "[2d] offset " + time + "), 0) or increase(" + c + "[" + time + "]))"
}

// byAnswer sums by what answers() calls the codes.
func byAnswer(expr string) string {
	expr = `label_replace(` + expr + `, "answer", "$1", "code", "(.*)")`
	for _, to := range []struct{ name, codes string }{
		{"412: position died", "412"}, {"429: told to wait", "429"}, {"4xx: not allowed", "40.|451"}, {"5xx: Asana fails", "5.."}, {"no answer", "error"},
	} {
		expr = `label_replace(` + expr + `, "answer", "` + to.name + `", "code", "` + to.codes + `")`
	}
	return "sum by (answer) (" + expr + ")"
}
