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
	"slices"
	"strings"
)

// deletions returns deletions.yml: alerts on unusual deletions.
func deletions(o options) file {
	return file{
		name: "deletions.yml",
		comment: `
			Alerts on unusual deletions in Asana, for asana_exporter. Works with Prometheus 2.42 and later. Generated: go generate ./alerts

			Seven kinds of deletions are counted: a burst (15 minutes), sustained deletions (90 minutes without their largest 15), structure
			(projects, teams, portfolios, goals and templates; 1 hour), fast structure (the same; 15 minutes), rare structure (no projects;
			1 hour), and removed comments and memberships (15 minutes). An alert fires while a count is above a limit. Each kind has a limit
			for warnings, and most have a higher one for pages; the alert takes its label severity from the limit. A limit is the largest of
			  - a floor: fewer deletions never fire, whatever is usual;
			  - what is usual at this hour, plus a multiple of the workspace's own noise. Both are compared by their square roots: on that
			    scale the noise of a count does not grow with the count;
			  - a multiple of the high-water mark of comparable hours (up to 20 less for a warning about a burst), which learns clean-ups that run by schedule;
			  - for pages, the high-water mark plus a multiple of what the most unusual half hours of four weeks had above theirs, since
			    people delete in large sessions, too.
			That of comments and memberships is three times the largest window of the last week.
			The rules look back four weeks: keep 35 days of samples (--storage.tsdb.retention.time=35d).
			alerts/eval measures what a change to these rules finds, and how often it notifies somebody for nothing.`,
		groups: []group{
			{name: "asana-deletions-knobs", interval: "1m", rules: o.knobs(), comment: `
				What you may change. A rule with the label workspace (its gid), in a file of your own, overrides a number in that workspace alone:
				  - record: asana_deletions:floor
				    expr: vector(100)
				    labels: {kind: burst, severity: ` + o.page + `, workspace: "1200000000000001"}
				A rule that records asana_deletions:factor, with the same labels, multiplies the limit but not its floor: in one workspace or,
				without the label workspace, in all. With too many notifications, try a factor of 1.2 for the kind that notifies; with thousands
				of people, double the floors.`},
			{name: "asana-deletions-counts", interval: "1m", rules: counts()},
			{name: "asana-deletions-limits", interval: "5m", rules: o.limits()},
			{name: "asana-deletions-high", interval: "15m", rules: []rule{high()}},
			{name: "asana-deletions-noise", interval: "30m", rules: noise()},
			{name: "asana-deletions-alerts", interval: "1m", rules: o.deletionAlerts()},
		},
	}
}

// kind is one sort of deletions, which is counted and judged on its own.
type kind struct {
	name       string
	selector   string  // Matchers for asana_events_total.
	leastNoise float64 // It decides in small workspaces and at night.
	page       test
	warning    test
}

// test holds the factors of a limit; zero leaves a term out.
type test struct {
	floor float64
	noise float64 // Times the workspace's noise.
	high  float64 // Times the high-water mark of comparable hours,
	less  float64 // less what the mark is above the floor, at most so much: while few people make the mark, a floor above it is unusual.
	most  float64 // Times what the most unusual half hours of four weeks had above their high-water marks.
	week  float64 // Times the largest window of the last week: a coarse test.
}

// rareTypes are those that hold projects, or make them. They are deleted less often than projects.
const rareTypes = "project_template|portfolio|goal|team"

func kinds() []kind {
	const structure = `action="deleted", resource_type=~"project|` + rareTypes + `"`
	return []kind{
		{
			"burst", `action="deleted"`, 3.1,
			test{floor: 40, noise: 2.4, high: 2.6, most: 1.75},
			test{floor: 17, noise: 2.15, high: 2.05, less: 20},
		},
		{
			"sustained", "", 2.8, // The deletions of burst.
			test{floor: 16, noise: 2.2, high: 2.8, most: 1.4},
			test{floor: 9, noise: 2.2, high: 2.4},
		},
		{
			"structure", structure, 1.8,
			test{floor: 8, noise: 2.5, high: 2.1, most: 1.15},
			test{floor: 7, noise: 2.2, high: 1.9},
		},
		// These two are judged by the tests of structure, each by its own history. Where many projects are deleted in an hour,
		// twenty at once are many only beside what is usual in a quarter of an hour, and a dozen teams only without the projects.
		{
			"fast_structure", "", 1.8, // Counted from the totals of structure.
			test{floor: 8},
			test{floor: 7},
		},
		{
			"rare_structure", `action="deleted", resource_type=~"` + rareTypes + `"`, 1.8,
			test{floor: 8},
			test{floor: 7},
		},
		// There is too little experience with what is removed for more than a coarse test.
		{
			"comments", `action="removed", resource_type="story", resource_subtype="comment_added"`, 0,
			test{},
			test{floor: 100, week: 3},
		},
		{
			"memberships", `action="removed", resource_type=~"(workspace|team|project|portfolio|goal)_membership"`, 0,
			test{},
			test{floor: 100, week: 3},
		},
	}
}

// judged are the kinds with a history of their own.
const judged = `kind=~"burst|sustained|.*structure"`

// series replaces short names by those of recorded series; a line in the code would be too long otherwise. Of two names that begin
// alike, the longer one comes first.
func series(expr string) string {
	return strings.NewReplacer(
		"TOTAL", "workspace_instance_kind:asana_deletions:total",
		"COUNTED_AT", "workspace_instance:asana_deletions:counted_at",
		"CAUGHT_UP", "workspace_instance_kind:asana_deletions:caught_up",
		"COUNT", "workspace_kind:asana_deletions:count",
		"SESSION", "workspace:asana_deletions:session",
		"PEAK", "workspace_kind:asana_deletions:backlog_peak",
		"EXPECTED", "workspace_kind:asana_deletions:expected",
		"DEVIATION", "workspace_kind:asana_deletions:deviation",
		"NOISE", "workspace_kind:asana_deletions:noise",
		"HIGH", "workspace_kind:asana_deletions:high",
		"EXCESS", "workspace_kind:asana_deletions:excess",
		"MAX_1W", "workspace_kind:asana_deletions:max1w",
		"MOST", "workspace_kind:asana_deletions:most",
		"MATURE", "workspace:asana_deletions:mature",
		"BACKLOG_LIMIT", "workspace_kind_severity:asana_deletions:backlog_limit",
		"BACKLOG", "workspace:asana_backlog_seconds:max",
		"FLOOR", "workspace_kind_severity:asana_deletions:floor",
		"USUAL", "workspace_kind_severity:asana_deletions:usual_limit",
		"LIMIT", "workspace_kind_severity:asana_deletions:limit",
		"JUDGED", judged,
	).Replace(expr)
}

// record returns a recording rule; pairs are labels and their values.
func record(name, comment, expr string, pairs ...string) rule {
	var labels []string
	for pair := range slices.Chunk(pairs, 2) {
		labels = append(labels, strings.Join(pair, ": "))
	}
	return rule{record: series(name), comment: comment, expr: series(expr), labels: strings.Join(labels, ", ")}
}

func (o options) knobs() (rules []rule) {
	for _, k := range kinds() {
		for _, s := range []struct {
			name  string
			floor float64
		}{{o.page, k.page.floor}, {o.warning, k.warning.floor}} {
			if s.floor > 0 {
				rules = append(rules, record("asana_deletions:floor", "", fmt.Sprintf("vector(%g)", s.floor), "kind", k.name, "severity", s.name))
			}
		}
	}
	return append(rules, record("asana_deletions:grafana", "Where the links in the alerts lead.", "vector(1)", "url", o.grafana))
}

// ofEvents are the labels of asana_events_total that are not those of its target, but for workspace.
const ofEvents = "action, resource_type, resource_subtype, change_field, parent_type"

// counts returns the rules that count deletions in windows.
//
// Each exporter is counted on its own, and the largest count is that of the workspace: replicas count the same events. Exporters differ
// in whatever labels their targets have: federation without honor_labels gives all the same job and instance. A window begins with
// the total at its beginning. That is subtracted, since increase() would extrapolate, and would see nothing of what happened while
// Prometheus was away.
//
// Of two catch-ups in a window the first counts: what came after it also happened after it, and so in the window.
func counts() []rule {
	var totals, caughtUp []rule
	for _, k := range kinds() {
		if k.selector != "" {
			total := "sum without (" + ofEvents + ") (asana_events_total{" + k.selector + "})"
			totals = append(totals, record("TOTAL", "", total, "kind", k.name))
			caughtUp = append(caughtUp, record("CAUGHT_UP", "",
				total+" and asana_workspace_backlog_seconds > 300", "kind", k.name))
		}
	}
	totals[0].comment = "What each exporter has counted so far. All its series begin anew together, so that the sum is a counter, too."
	caughtUp[0].comment = `
			The total in the 20 minutes after a catch-up, while the exporter shows the backlog: that happened before, so counts begin here.
			The total is summed again, since vmalert would show the one recorded above a minute late, and beside a backlog of now.`
	return append(slices.Concat(totals, caughtUp),
		record("COUNTED_AT", "The time of the last recorded total.", "time() * group without (kind) (TOTAL)"),
		record("COUNT", `
			Deletions in the window, or since the first catch-up in it. The count starts at the last sample before the window. If there is
			none, or the exporter lost its counts, it starts at the least value in the window. If Prometheus was away at the start of the
			window, the count covers a longer time and is scaled down.`, `
			label_replace(`+window(`kind=~"burst|structure|comments|memberships"`, "15m", 900, 0)+`,
				"kind", "fast_structure", "kind", "structure")
			or`+window(`kind=~".*structure"`, "1h", 3600, 600)),
		record("SESSION", "The count of 15 minutes as it was before it was scaled down: one session may have made all of it.", `
			max by (workspace) (
				COUNT{kind="burst"} * on (workspace) (
					min by (workspace) (900 + time() - last_over_time(COUNTED_AT[75m] offset 15m)) / (2 * 900) > 1
					unless on (workspace) asana_workspace_backlog_seconds > 300
				)
				or COUNT{kind="burst"}
			)`),
		record("COUNT", `
			Without the largest 15 minutes, so that one session of tidying up does not count. Those recorded more than 75 minutes ago began
			before the window. A session from before a catch-up is subtracted, too: for up to 76 minutes the count is then too low.`, `
			clamp_min(`+window(`kind="burst"`, "90m", 5400, 900)+`
			- on (workspace) max_over_time(SESSION[76m]), 0)`, "kind", "sustained"),
		record("BACKLOG", "", "max by (workspace) (asana_workspace_backlog_seconds) > 0"),
		record("PEAK", `
			The most deletions in any 15 minutes of a backlog, by the time at which they happened. Left out if another replica read the
			stream all the time: its live counts were judged already.`, `
			(
				label_replace(max by (workspace) (asana_workspace_backlog_peak_events{action="deleted", resource_type="", window="15m"}) > 0, "kind", "burst", "", "")
				or label_replace(max by (workspace) (asana_workspace_backlog_peak_events{action="deleted", resource_type="project", window="15m"}) > 0, "kind", "fast_structure", "", "")
			)
			unless on (workspace) (
				asana_workspace_backlog_seconds == 0
				and max_over_time(asana_workspace_backlog_seconds[6h]) == 0
				and asana_workspace_backlog_seconds offset 6h
				unless max_over_time(asana_workspace_up[10m]) == 0
			)`),
	)
}

// window returns the count of the selected kinds in a window. Catch-ups of at most 300 seconds, or of ignore if that is more, are
// treated as live.
func window(kinds, window string, seconds, ignore int) string {
	caughtUp := `TOTAL{KINDS} - min_over_time(CAUGHT_UP{KINDS}[WINDOW]) >= 0`
	if ignore > 0 {
		caughtUp += fmt.Sprintf(`
				and ignoring (kind) max_over_time(asana_workspace_backlog_seconds[WINDOW]) > %d`, ignore)
	}
	// The factor is above the window's share of the time that the count covers, since most of it may have happened in the window.
	return strings.NewReplacer("KINDS", kinds, "WINDOW", window, "SECONDS", fmt.Sprint(seconds)).Replace(`
			max by (workspace, kind) (
				` + caughtUp + `
				or
				(TOTAL{KINDS} - (last_over_time(TOTAL{KINDS}[75m] offset WINDOW) <= min_over_time(TOTAL{KINDS}[WINDOW])))
					* ignoring (kind) group_left () (2 * SECONDS / (SECONDS + time() - last_over_time(COUNTED_AT[75m] offset WINDOW)))
				or
				TOTAL{KINDS} - min_over_time(TOTAL{KINDS}[WINDOW])
			)`)
}

func (o options) deletionAlerts() []rule {
	return []rule{
		o.alert("AsanaDeletionBurst", `kind="burst"`, "1m", true).with(o,
			count+" deletions in 15 minutes in "+name,
			o.told(`action='deleted'`, `"17m"`), byOneUser("15m", "15 minutes")+duringBacklog+restored()),
		o.alert("AsanaDeletionsSustained", `kind="sustained"`, "5m", false).with(o,
			"Deletions go on in "+name+": "+count+" in 90 minutes, without the busiest 15",
			o.told(`action='deleted'`, `"92m"`), "Slow but steady, as a script or a person with patience deletes.", byOneUser("90m", "90 minutes")+restored()),
		o.alert("AsanaStructureDeletions", `kind=~".*structure"`, "", true).with(o,
			count+` {{ if ne $labels.kind "rare_structure" }}projects, {{ end }}teams, portfolios, goals or templates deleted in `+name+
				` within {{ if eq $labels.kind "fast_structure" }}15 minutes{{ else }}an hour{{ end }}`,
			`{{ $window := "62m" }}{{ if eq $labels.kind "fast_structure" }}{{ $window = "17m" }}{{ end }}`+
				`{{ $project := "project|" }}{{ if eq $labels.kind "rare_structure" }}{{ $project = "" }}{{ end }}`+
				o.told(`action='deleted', resource_type=~'%[3]s`+rareTypes+`'`, "$window $project"),
			"A deleted project takes its tasks with it, which do not all count as deletions of their own.", duringBacklog+restored()),
		o.alert("AsanaRemovals", `kind=~"comments|memberships"`, "2m", false).with(o,
			count+" {{ $labels.kind }} removed in 15 minutes in "+name,
			`{{ if eq $labels.kind "comments" }}Comments that are removed can't be put back.`+
				`{{ else }}People are losing access: an off-boarding, a reorganisation, or somebody who locks others out.{{ end }}`,
			"This is more than three times the largest 15 minutes of the last week."),
	}
}

// alert fires while the count of one of the kinds is above its limit, or the peak of a backlog above the limit of the time that it covers.
func (o options) alert(alert, kinds, pending string, backlog bool) rule {
	expr := "COUNT{SEL} > on (workspace, kind) group_right () last_over_time(LIMIT{SEL}[90m])"
	if backlog {
		expr = `
			COUNT{SEL} > on (workspace, kind) group_right () last_over_time(LIMIT{SEL}[90m])
			or
			PEAK{SEL} > on (workspace, kind) group_right () (
				max_over_time(BACKLOG_LIMIT{SEL}[90m]) and on (workspace) BACKLOG <= 7200
				or max_over_time(BACKLOG_LIMIT{SEL}[6h]) and on (workspace) BACKLOG <= 25200
				or max_over_time(BACKLOG_LIMIT{SEL}[1d])
			)`
	}
	return rule{alert: alert, pending: pending, keepFiring: "1h", expr: series(strings.ReplaceAll(expr, "SEL", kinds))}
}
