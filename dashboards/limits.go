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

// What was deleted, and the limits of the alerts on it, as alerts/deletions.yml records them.

// deleted is how much of a kind was deleted in the window of the kind: 15 minutes for burst, comments and memberships.
func deleted(kind string) string {
	return `workspace_kind:asana_deletions:count{kind="` + kind + `", ` + recorded + `}`
}

// usual is how much of a kind is deleted at this hour on other days, as the limit takes it: what is expected holds the last half hour,
// too, and rises to the high-water mark at most.
func usual(kind string) string {
	of := `{kind="` + kind + `", ` + recorded + `}`
	high := `last_over_time(workspace_kind:asana_deletions:high` + of + `[2h])`
	return high + ` - clamp_min(` + high + ` - workspace_kind:asana_deletions:expected` + of + `, 0)`
}

// peak is the most that was deleted within 15 minutes of a backlog.
func peak(kind string) string {
	return `workspace_kind:asana_deletions:backlog_peak{kind="` + kind + `", ` + recorded + `}`
}

// peakLimit is what the peak must exceed for an alert of this severity: the highest limit of the time that the backlog may cover.
func peakLimit(kind, severity string) string {
	within := func(time, condition string) string {
		return `max_over_time(workspace_kind_severity:asana_deletions:backlog_limit{kind="` + kind + `", severity="` + severity + `", ` + recorded +
			`}[` + time + `])` + condition
	}
	const length = ` and on (workspace) workspace:asana_backlog_seconds:max <= `
	return "(" + within("90m", length+"7200") + " or " + within("6h", length+"25200") + " or " + within("1d", "") + ")"
}

// limit is what deleted must exceed for an alert of this severity. The floor is part of it.
func limit(kind, severity string) string {
	return `workspace_kind_severity:asana_deletions:limit{kind="` + kind + `", severity="` + severity + `", ` + recorded + `}`
}

// share is what was deleted over the limit of a page: 1 where it was reached.
func share(kind string) string { return deleted(kind) + " / on (workspace) " + limit(kind, "page") }

// orCatchUp adds to what was deleted lately what a catch-up brought to light, and says so in its name.
func orCatchUp(live, late string) target {
	return instant("topk(1, "+named(live)+` or label_replace(`+named(late)+`, "name", "$1: catch-up", "name", "(.*)"))`, "{{name}}")
}

// pressure is the highest share of each workspace in the time range. Where there is no limit yet, it is next to
// nothing, but most where most was deleted.
func pressure(kind string) string {
	return `max_over_time((` + share(kind) + `)[$__range:5m] @ end())` +
		` or on (workspace) max_over_time(` + deleted(kind) + `[$__range] @ end()) / 1e9`
}

// most is the highest value within a step of a chart: a burst is in the counts for a quarter of an hour, and a step may be longer.
func most(metric string) string { return `max_over_time(` + metric + `[$__interval])` }
