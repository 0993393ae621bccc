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
	"slices"
	"strconv"
	"strings"
)

// deletions is for whoever is paged: is it real, how large is it, what explains it, what next. It draws the very rules that
// the alerts are made of.
func deletions() dashboard {
	return page(dashboard{
		UID:         deletionsUID,
		Title:       "Asana deletions",
		Description: "Deletions against what is usual, for whoever is paged. Needs the rules of alerts/deletions.yml and alerts/recording.yml.",
		Templating:  variables(),
		Annotations: annotations(chosen),
	},
		"Nothing yet: see the last row",
		row("Is it real?"),
		band{
			firing("Pages", "page", "Alerts that wake somebody, firing now.", alarm),
			firing("Warnings", "warning", "Alerts for working hours, firing now.", caution),
			mostDeletions().size(4, 4),
			nearest().size(4, 4),
			firstBurst().size(4, 4),
			largestBurst().size(4, 4),
		},
		band{quarterHour().size(24, 10)},
		row("What do the alerts say, and what next?"),
		band{alertStates().size(16, 13), nextSteps().size(8, 13)},
		row("Slowly, in the structure, elsewhere, by type"),
		band{ninetyMinutes().size(12, 8), fastStructure().size(12, 8)},
		band{structure().size(12, 8), rareStructure().size(12, 8)},
		band{ratios().size(8, 9), byDeletedType().size(8, 9), byOneUser().size(8, 9)},
		row("Is it being put back? What else was taken away?"),
		band{undeletions().size(12, 9), removals().size(12, 9)},
		row("Is it a catch-up or a gap?"),
		band{backlog().size(12, 8), peaks().size(12, 8)},
		band{gaps().size(24, 5)},
		row("For the first weeks"),
		band{firstWeeksOfDeletions().size(24, 6)},
	)
}

// An alertRow is an alert of alerts/deletions.yml with one of its severities.
type alertRow struct{ name, severity string }

// alertRows lists pages before warnings.
func alertRows() []alertRow {
	return []alertRow{
		{"AsanaDeletionBurst", "page"},
		{"AsanaDeletionsSustained", "page"},
		{"AsanaStructureDeletions", "page"},
		{"AsanaDeletionBurst", "warning"},
		{"AsanaDeletionsSustained", "warning"},
		{"AsanaStructureDeletions", "warning"},
		{"AsanaRemovals", "warning"},
	}
}

// deletionAlerts returns the names of all alerts of alerts/deletions.yml.
func deletionAlerts() []string {
	var names []string
	for _, row := range alertRows() {
		if !slices.Contains(names, row.name) {
			names = append(names, row.name)
		}
	}
	return names
}

func firing(title, severity, description, colour string) *panel {
	return number(title, description, things, instant(orZero(`count(ALERTS{alertname=~"`+strings.Join(deletionAlerts(), "|")+
		`", alertstate="firing", severity="`+severity+`", `+recorded+`})`), title)).
		from(bound{0, calm}, bound{1, colour}).orElse("no rules").leadsTo(statesOfAlerts()).size(4, 4)
}

func mostDeletions() *panel {
	return number("In 15 min", "Deletions in the last 15 minutes, in the chosen workspace that has most of them. After a catch-up, the most in any 15 minutes "+
		"of it.", things, orCatchUp(deleted("burst"), peak("burst"))).withNames().leadsTo(statesOfAlerts())
}

func nearest() *panel {
	return number("Of limit", "Deletions in 15 minutes as a share of what a page needs at this hour, in the workspace with the largest "+
		"share. 100 % pages. After a catch-up, its busiest 15 minutes.", "percentunit",
		orCatchUp(share("burst"), peak("burst")+" / on (workspace, kind) "+peakLimit("burst", "page"))).withNames().
		from(bound{0, calm}, bound{0.6, caution}, bound{1, alarm}).orElse("no limit yet").leadsTo(statesOfAlerts()).whole()
}

// statesID is the number of the panel with the states of the alerts.
const statesID = 10

// statesOfAlerts returns a link from a count to the alerts on it.
func statesOfAlerts() dataLink {
	return dataLink{Title: "State of each alert", URL: "/d/" + deletionsUID + "?viewPanel=panel-" + strconv.Itoa(statesID) + "&${__url_time_range}&${__all_variables}"}
}

// whenFirst returns when an expression first had a value, in milliseconds: at the end of a step, or now, since the last step is over
// for a while.
func whenFirst(expr string) string {
	return `(min(min_over_time(timestamp(` + expr + `)[$__range:$__interval])) or min(timestamp(` + expr + `))) * 1000`
}

func firstBurst() *panel {
	return number("First", "When deletions first exceeded the limit of a warning, in this time range, or a catch-up brought such deletions to light.",
		"dateTimeAsIsoNoDateIfToday",
		instant(whenFirst("("+most(deleted("burst"))+" > on (workspace) "+limit("burst", "warning")+
			" or "+most(peak("burst"))+" > on (workspace, kind) "+peakLimit("burst", "warning")+")"), "first burst")).orElse("none").points(1440)
}

func largestBurst() *panel {
	return number("Largest", "When most was deleted within 15 minutes, in this time range, whether that was unusual or not. Without what a catch-up brings.",
		"dateTimeAsIsoNoDateIfToday",
		instant(whenFirst(`max(`+most(deleted("burst"))+`) >= scalar(max(max_over_time(`+deleted("burst")+`[$__range] @ end()))) > 0`),
			"largest burst")).orElse("none").points(1440)
}

func alertStates() *panel {
	var targets []target
	for _, row := range alertRows() {
		in := func(state string) string { return alerts(row.name, state, `severity="`+row.severity+`", `) }
		targets = append(targets, overTime(orZero("max(2 * "+in("firing")+" or "+in("pending")+")")+" or vector(-1)", row.short()))
	}
	each := func(state string) string {
		return "max by (workspace) (" + alerts(strings.Join(deletionAlerts(), "|"), state, "") + ")"
	}
	targets = append(targets, overTime(named("2 * "+each("firing")+" or "+each("pending")), "in {{name}}"))
	p := states("State of each alert", "Pending alerts wait whether it goes on. Those at the top wake somebody; at the bottom, in which workspace.",
		alertWords(), targets...).every("1m").points(1000)
	for _, row := range alertRows() {
		p.leadsToRunbook(row.short(), row.name)
	}
	return p
}

// short returns a name for which a small screen has room.
func (r alertRow) short() string { return strings.TrimPrefix(r.name, "Asana") + ": " + r.severity }

// alerts are those of these names that were in a state within a step, and that further matchers select.
func alerts(names, state, further string) string {
	return most(`ALERTS{alertname=~"` + names + `", alertstate="` + state + `", ` + further + recorded + `}`)
}

func alertWords() []state {
	return []state{{"-1", "no rules", past}, {"0", "quiet", quiet}, {"1", "pending", caution}, {"2", "firing", alarm}}
}

func nextSteps() *panel {
	return text("What to do next", `1. **Is it explained?** Marks on the charts show gaps, catch-ups and restarts. A catch-up counts late what happened before.
2. **How large is it?** Compare the count with its limit, and look which types were deleted.
3. **Who was it?** One account or many: compare with the most by one user. Names are in Asana's audit log, gids in the log of *--events.log*.
4. **Stop it**: deactivate the person or the app, revoke its tokens.
5. **Put it back**: deleted tasks and projects can be restored for 30 days; the row above the last shows how far that is.

More in the [runbook](`+runbook+`#when-somebody-deletes); a click on a bar leads to its section.`)
}

// againstLimits draws what was deleted of a kind, what is usual, the limits of a warning and of a page.
func againstLimits(title, description, kind, alert string) *panel {
	series := func(expr, legend string) target {
		return overTime(named(expr+" and on (workspace) topk(1, "+pressure(kind)+")"), legend)
	}
	return lines(title, description, things,
		series(most(deleted(kind)), "{{name}}"), series(usual(kind), "usual"),
		series(limit(kind, "warning"), "warns beyond"), series(limit(kind, "page"), "pages beyond")).
		styledEach(
			style{colour: blue, width: 2},
			style{colour: past},
			style{colour: caution, dash: dotted, width: 2},
			style{colour: alarm, dash: dashed, width: 2},
		).orElse("No limit yet: see the last row").leadsTo(statesOfAlerts(), runbookOf(alert))
}

func quarterHour() *panel {
	return againstLimits("Deletions in 15 minutes, in the workspace nearest to its limit", "What was deleted in the 15 minutes before, what is usual at this hour, and what "+
		"it takes for a warning and for a page. Without what a catch-up brings. Choose a workspace above to see another.",
		"burst", "AsanaDeletionBurst").legendRight().every("1m").points(1000) // Enough that at seven days the newest step is young.
}

func ninetyMinutes() *panel {
	return againstLimits("Slow and steady, in 90 minutes", "Deletions in 90 minutes without the largest 15 of them, in the workspace nearest to its limit: "+
		"what a script does that takes its time. Limits are known after a week.",
		"sustained", "AsanaDeletionsSustained").every("5m")
}

func structure() *panel {
	return againstLimits("Structure deleted in an hour", "Projects, project templates, portfolios, goals and teams, in the workspace nearest to its limit. "+
		"A project takes its tasks along, which do not all count. Limits are known after a week.",
		"structure", "AsanaStructureDeletions").every("5m")
}

func fastStructure() *panel {
	return againstLimits("Structure deleted in 15 minutes", "The same kinds of things as in an hour: where projects come and go all day, twenty at once would not be noticed among them.",
		"fast_structure", "AsanaStructureDeletions").every("5m")
}

func rareStructure() *panel {
	return againstLimits("Structure deleted in an hour, without projects", "Project templates, portfolios, goals and teams, in the workspace nearest to its limit: where projects come and go, "+
		"a dozen of these would not be noticed among them.",
		"rare_structure", "AsanaStructureDeletions").every("5m")
}

func ratios() *panel {
	return lines("Share of the limit", "Deletions in 15 minutes over the limit of a page, in the ten workspaces that came nearest to it: where to "+
		"look.", "percentunit",
		overTime(named(most(deleted("burst"))+" / on (workspace) "+limit("burst", "page")+" and on (workspace) topk(10, "+pressure("burst")+")"), "{{name}}")).orElse("No limit yet: see the last row").every("1m")
}

func byDeletedType() *panel {
	return bars("Deletions by type, in 15 min", "What was deleted in the 15 minutes before, in all chosen workspaces together.", things,
		overTime(`sum by (resource_type) (`+most(`workspace_resource_type:asana_deletions:increase15m{`+recorded+`}`)+`)`, "{{resource_type}}")).
		styled(resourceTypes()...).every("1m")
}

func byOneUser() *panel {
	return lines("Most by one user, in 15 min", "The most that any one user deleted, in the ten workspaces where that was most. Nearly all that was deleted: it is one account. "+
		"It begins anew when the exporter starts.", things,
		largest(`asana_workspace_top_user_events{`+chosen+`, action="deleted", window="15m"}`, "{{name}}")).every("1m")
}

func undeletions() *panel {
	hourly := func(action string) target {
		return overTime(orZero(`sum(`+inAnHour(`workspace_action_resource_type:asana_events:increase5m{`+recorded+`, action="`+action+`"}`)+`)`), action)
	}
	return lines("Deletions and undeletions in an hour", "Whether what was deleted is being put back, in all chosen workspaces together, with what a catch-up brings.",
		things, hourly("deleted"), hourly("undeleted")).
		styled(style{name: "deleted", colour: vermillion}, style{name: "undeleted", colour: green, dash: dashed, width: 2}).every("1m")
}

func removals() *panel {
	return lines("Removals in 15 minutes", "Comments and memberships are removed, not deleted, in all chosen workspaces together. Comments can't be put back; "+
		"who loses a membership loses access.", things,
		overTime(orZero(`sum(`+most(deleted("comments"))+`)`), "comments"),
		overTime(orZero(`sum(`+most(deleted("memberships"))+`)`), "memberships")).
		styled(style{name: "comments", colour: orange}, style{name: "memberships", colour: purple, dash: dashed}).
		leadsTo(statesOfAlerts(), runbookOf("AsanaRemovals")).every("1m")
}

// largest draws a gauge in the ten workspaces in which it was highest.
func largest(gauge, legend string) target {
	return overTime(named("max by (workspace) ("+most(gauge)+") and on (workspace) "+
		"topk(10, max by (workspace) (max_over_time("+gauge+"[$__range] @ end())))"), legend)
}

func backlog() *panel {
	return lines("Catch-ups", "How long the stretch was that was counted late, shown for 20 minutes after it became visible.", "s",
		largest("asana_workspace_backlog_seconds{"+chosen+"}", "{{name}}")).every("1m")
}

func peaks() *panel {
	return lines("Busiest 15 minutes of a catch-up", "Most deletions in any 15 minutes, by the time at which they happened. Beyond the limit it was no "+
		"ordinary day.", things,
		largest(`asana_workspace_backlog_peak_events{`+chosen+`, action="deleted", resource_type="", window="15m"}`, "all types: {{name}}"),
		largest(`asana_workspace_backlog_peak_events{`+chosen+`, action="deleted", resource_type="project", window="15m"}`, "projects: {{name}}")).
		styledEach(style{width: 2}, style{dash: dashed}).every("1m")
}

func gaps() *panel {
	return grid("Gaps in this time range", "Stretches that nobody can read any more: deletions in them were never counted. Asana's audit log knows them.", []title{
		{"name", "Workspace", ""}, {"workspace", "", ""}, {"reason", "Reason", ""}, {"Value #A", "Gaps", ""}, {"Value #B", "Length", "s"},
	},
		column(orRow("sum by (workspace, name, reason) ("+named(grown("asana_workspace_gaps_total", chosen, "$__range"))+") > 0", "name", "none")),
		column(grown("asana_workspace_gap_seconds_total", chosen, "$__range")+" > 0")).
		sorted("Length")
}

func firstWeeksOfDeletions() *panel {
	return text("What to expect", `- **First minutes**: counts and alerts need the rules of alerts/deletions.yml and alerts/recording.yml. Where they are not loaded, everything here is empty.
- **First hour**: no limit yet. Then a limit for bursts: a multiple of the largest 15 minutes so far, at least 100.
- **From the eighth day on**: limits for all kinds of deletions, from what is usual at each hour. After four weeks they are as good as they get.
- A **limit** is what a count must exceed. Pages wake somebody, warnings wait for the morning.
- **Too many notifications**, or a planned clean-up: see the [runbook](`+runbook+`).`)
}
