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
	"fmt"
	"strings"
)

// Queries in annotations, in the language of Go's templates.
const (
	// name is the workspace's name, or its gid while that is unknown.
	name = `{{ with query (printf "last_over_time(asana_workspace_info{workspace=%q, name!=''}[2d])" $labels.workspace) }}` +
		`{{ . | first | label "name" }}{{ else }}{{ $labels.workspace }}{{ end }}`
	count = `{{ $value | printf "%.0f" }}`
)

// value prints the result of a query about the workspace, which has one %q for its gid, or else the text instead.
func value(query, format, instead string) string {
	return fmt.Sprintf(`{{ with query (printf %q $labels.workspace) }}{{ . | first | value | %s }}{{ else }}%s{{ end }}`,
		query, format, instead)
}

// ifAny prints the text if the query about the workspace has a result.
func ifAny(query, text string) string {
	return fmt.Sprintf(`{{ with query (printf %q $labels.workspace) }}%s{{ end }}`, query, text)
}

// annotated gives an alert its texts and the address of its section in the runbook.
func (o options) annotated(r rule, summary string, sentences ...string) rule {
	r.annotations = [][2]string{
		{"summary", summary},
		{"description", strings.Join(sentences, "\n")},
		{"runbook_url", o.runbook + "#" + strings.ToLower(r.alert)},
	}
	return r
}

// duringBacklog says how long the exporter had not read before it counted, after a catch-up.
const duringBacklog = `{{ with query (printf "workspace:asana_backlog_seconds:max{workspace=%q}" $labels.workspace) }}` +
	`The exporter had not read for {{ . | first | value | humanizeDuration }} before it counted this. {{ end }}`

// restored says how much was undeleted lately.
func restored() string {
	return `Undeleted in the last hour: ` +
		`{{ with query (printf "max(sum without (` + ofEvents + `) (` + grew("action='undeleted'", "1h") + `))" $labels.workspace) }}` +
		`{{ . | first | value | printf "%.0f" }}{{ else }}0{{ end }}.`
}

// byOneUser says how much any one user deleted in a window: nearly all of it, or was it many people? After a catch-up that is unknown,
// since the gauge is about what happened lately.
func byOneUser(window, words string) string {
	return `{{ with query (printf "max(max_over_time(asana_workspace_top_user_events{workspace=%[1]q, action='deleted', window='` + window + `'}[5m])) > 0 ` +
		`unless on () workspace:asana_backlog_seconds:max{workspace=%[1]q} > 0" $labels.workspace) }}` +
		`One user deleted {{ . | first | value | printf "%.0f" }} in ` + words + `. {{ end }}`
}

// told says what was deleted most, since when, and what the limit is. The arguments of the query are a window, two minutes longer than
// that of the count, which may be as old when the text is made, and what the selector needs.
func (o options) told(selector, arguments string) string {
	const (
		limit = "max_over_time(workspace_kind_severity:asana_deletions:backlog_limit{workspace=%[1]q, kind=%[2]q, severity=%[3]q}[90m]) " +
			"and on (workspace) workspace:asana_backlog_seconds:max " +
			"or last_over_time(workspace_kind_severity:asana_deletions:limit{workspace=%[1]q, kind=%[2]q, severity=%[3]q}[90m])"
		half = "min_over_time(timestamp(2 * workspace_kind:asana_deletions:count{workspace=%[1]q, kind=%[2]q} > %[3]f)[%[4]s:1m])"
	)
	most := "sort_desc(topk(2, max by (resource_type) (sum without (action, resource_subtype, change_field, parent_type) (" + grew(selector, "%[2]s") + "))) > 0)"
	return `{{ with query (printf "` + most + `" $labels.workspace ` + arguments + `) }}Mostly {{ range $i, $x := . }}{{ if $i }} and {{ end }}` +
		`{{ $x | value | printf "%.0f" }} of type {{ $x | label "resource_type" }}{{ end }}` +
		`{{ with query (printf "` + half + `" $labels.workspace $labels.kind $value ` + arguments + `) }}, half of it by {{ (. | first | value | toTime).Format "15:04" }} UTC{{ end }}. {{ end }}` +
		`The limit at this hour is {{ with query (printf "` + limit + `" $labels.workspace $labels.kind $labels.severity) }}` +
		`{{ . | first | value | printf "%.0f" }}{{ else }}unknown{{ end }}` +
		`{{ with query (printf "last_over_time(workspace:asana_deletions:mature{workspace=%q}[2h])" $labels.workspace) }}, from the habits of four weeks.{{ else }}: a multiple of the largest 15 minutes so far, since there is less than a week of history.{{ end }}`
}

// grew returns the query for the increase of each selected series in a window. Its first printf argument is the workspace.
func grew(selector, window string) string {
	return strings.NewReplacer("EVENTS", "asana_events_total{workspace=%[1]q, "+selector+"}", "WINDOW", window).Replace(
		"EVENTS - (last_over_time(EVENTS[75m] offset WINDOW) <= min_over_time(EVENTS[WINDOW]) or min_over_time(EVENTS[WINDOW]))")
}

// with gives the alert its texts, the address of its section in the runbook, and that of its dashboard.
func (r rule) with(o options, summary string, sentences ...string) rule {
	r = o.annotated(r, summary, sentences...)
	r.annotations = append(r.annotations, [2]string{"dashboard_url", `{{ with query "asana_deletions:grafana" }}{{ . | first | label "url" }}{{ end }}/d/asana-deletions?var-workspace={{ $labels.workspace }}`})
	return r
}
