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

// exporter is for whoever runs it: are the counts complete and fresh, and what does it cost.
func exporter() dashboard {
	instances := list("instance", "Instance", "label_values(asana_workspace_up{"+chosen+"}, instance)", ".+")
	instances.Desc = "The addresses of the exporters"
	return page(dashboard{
		UID:         exporterUID,
		Title:       "Asana exporter",
		Description: "Whether the counts are complete and fresh, for whoever runs asana_exporter. Needs no rules.",
		Templating:  variables(instances),
		Annotations: annotations(running),
		Time:        timeRange{From: "now-6h", To: "now"},
	},
		"Nothing yet: it takes two scrapes. Is asana_exporter scraped, and is it chosen above?",
		row("Is everything counted?"),
		band{
			followed().size(4, 4), lag().size(4, 4), lostStretches().size(4, 4),
			failures().size(4, 4), fullness().size(4, 4), folded().size(4, 4),
		},
		band{exporterTable().size(24, 5)},
		band{following().size(12, 9), exporterAlerts().size(12, 9)},
		row("Asana: how far behind, and what it answers"),
		band{delays().size(12, 10), ages().size(12, 10)},
		band{requests().size(8, 9), latency().size(8, 9), refusals().size(8, 9)},
		row("What is counted and kept"),
		band{eventsCounted().size(8, 9), commits().size(8, 9), commitTimes().size(8, 9)},
		band{series().size(8, 9), leftOut().size(8, 9), gapSeconds().size(8, 9)},
		row("For the first day"),
		band{text("What to expect", `- **First minutes**: the exporter exposes no events until it has caught up with Asana for the first time. A rate needs two scrapes.
- **Scrapes** more than a minute apart: set *Scrape interval* in Grafana's data source, or rates are empty.
- **Catch-up**: after a stop the exporter reads what happened meanwhile, and shows it in one step. **Gap**: what was longer ago than Asana keeps.
- What to do about an alert is in the [runbook](`+runbook+`); a click on its bar leads there.`).size(24, 5)},
		closedRow("The process"),
		band{memory().size(8, 9), cpu().size(8, 9), goroutines().size(8, 9)},
	)
}

const (
	running = `job=~"$job", instance=~"$instance", workspace=~"$workspace"`
	process = `job=~"$job", instance=~"$instance"`
)

// perInstance has at most ten lines: those of the exporters in which the rank is highest. Ranks are of the whole time range, so that
// an exporter that is gone is still there.
func perInstance(expr, rank string) target {
	return overTime(expr+" and on (instance) topk(10, max by (instance) ("+rank+"))", "{{instance}}")
}

// scraped is the least step of rates: that of a scrape, where Grafana's data source knows less.
const scraped = "1m"

// rateOf draws the rates of a counter in the exporters where it grew most.
func rateOf(counter string) target {
	return perInstance("sum by (instance) (rate("+counter+"[$__rate_interval]))", ofExporters("increase("+counter+"[$__range] @ end())"))
}

// highest draws a gauge in the exporters where it was highest.
func highest(gauge string) target {
	return perInstance("max by (instance) ("+gauge+")", ofExporters("max_over_time("+gauge+"[$__range] @ end())"))
}

// ofExporters leaves out what else the server scrapes: every process has a memory.
func ofExporters(expr string) string {
	return expr + " and on (job, instance) last_over_time(asana_exporter_build_info{" + process + "}[$__range] @ end())"
}

func followed() *panel {
	return number("Followed", "Share of the workspaces seen in this time range that some exporter follows now: its last poll ended with a committed page.", "percentunit",
		instant("(sum(max by (workspace) (asana_workspace_up{"+running+"})) or vector(0)) / "+
			"count(count by (workspace) (last_over_time(asana_workspace_up{"+running+"}[$__range])))", "followed")).
		from(bound{0, alarm}, bound{0.01, caution}, bound{1, calm})
}

func lag() *panel {
	return number("Behind", "Time since the last page was counted, of the workspace for which it is longest, whether its exporter lives or not. Asana keeps "+
		"events for a day.", "s",
		instant("max(time() - max by (workspace) (last_over_time(asana_workspace_last_success_timestamp_seconds{"+running+"}[$__range])))", "oldest")).
		from(bound{0, calm}, bound{300, caution}, bound{3600, alarm})
}

func lostStretches() *panel {
	return number("Gaps", "Stretches that nobody can read any more, in this time range.", things,
		instant("sum("+grown("asana_workspace_gaps_total", running, "$__range")+")", "gaps")).
		from(bound{0, calm}, bound{0.5, alarm}).leadsTo(runbookOf("AsanaEventsLost"))
}

func failures() *panel {
	return number("Not saved", "States that could not be made durable, in this time range: the disk is full, or not writable. Nothing is counted "+
		"meanwhile, and nothing is lost for a day.", things,
		instant("sum(increase(asana_exporter_state_commit_failures_total{"+running+"}[$__range]))", "failed")).
		from(bound{0, calm}, bound{0.5, alarm}).leadsTo(runbookOf("AsanaStateNotWritten"))
}

func fullness() *panel {
	return number("Series", "Label sets as a share of the limit beyond which new ones are folded, where it is largest.", "percentunit",
		instant("max(asana_exporter_event_series{"+running+"} / (asana_exporter_event_series_limit{"+running+"} > 0))", "of the limit")).
		from(bound{0, calm}, bound{0.8, caution}, bound{1, alarm}).leadsTo(runbookOf("AsanaSeriesLimitNear"))
}

func folded() *panel {
	return number("Folded", "Events that were counted without their details, because there were too many series, in this time range.", things,
		instant("sum(increase(asana_exporter_folded_events_total{"+running+"}[$__range]))", "folded")).
		from(bound{0, calm}, bound{0.5, caution}).leadsTo(runbookOf("AsanaEventsFolded"))
}

func exporterTable() *panel {
	value := func(expr string) target { return column("max by (instance, workspace) (" + expr + ")") }
	return grid("Exporters", "One row for each exporter and the workspace that it follows: the time since its last success and since its newest event, and the changes of "+
		"its API that Asana announced in this time range.", []title{
		{"name", "Workspace", ""},
		{"workspace", "Gid", ""},
		{"instance", "Instance", ""},
		{"shown", "Version", "string"},
		{"Value #A", "", ""},
		{"Value #B", "", ""},
		{"Value #C", "Up", "bool_yes_no"},
		{"Value #D", "Behind", "s"},
		{"Value #E", "Newest", "s"},
		{"Value #F", "Series", ""},
		{"Value #G", "Changes", ""},
	},
		// A renamed workspace has two names in the time range.
		column(orRow("topk by (instance, workspace) (1, max by (instance, workspace, name) (2 * asana_workspace_info{"+running+"} or "+
			"last_over_time(asana_workspace_info{"+running+"}[$__range])))", "name", "none")),
		column(`max by (instance, shown) (label_replace(label_replace(last_over_time(asana_exporter_build_info{`+process+`}[$__range])`+
			` and on (job, instance) last_over_time(asana_workspace_up{`+running+`}[$__range]), `+
			`"shown", "$1", "version", "(.*)"), "shown", "unknown", "version", ""))`),
		value("asana_workspace_up{"+running+"} or last_over_time(asana_workspace_up{"+running+"}[$__range]) * 0"),
		value("time() - last_over_time(asana_workspace_last_success_timestamp_seconds{"+running+"}[$__range])"),
		value("time() - last_over_time(asana_workspace_last_event_timestamp_seconds{"+running+"}[$__range])"),
		value("last_over_time(asana_exporter_event_series{"+running+"}[$__range])"),
		value("increase(asana_exporter_api_announced_changes_total{"+running+"}[$__range])")).
		sortedThen("Up", "Behind"). // What was never up has no Behind.
		wide("Workspace", 210).wide("Gid", 150).wide("Instance", 130).wide("Version", 72).wide("Up", 58).wide("Behind", 88).
		wide("Newest", 72).wide("Series", 60).wide("Changes", 78)
}

func following() *panel {
	of := func(metric string) string { return "_over_time(" + metric + "{" + running + "}[$__interval])" }
	return states("What each exporter does", "Of several workspaces, the one in most trouble. Failing: its last poll did not end with a committed page. Catching up: it reads what "+
		"happened while it was away.",
		[]state{{"0", "failing", alarm}, {"1", "catching up", caution}, {"2", "following", calm}, {"3", "no workspace", caution}, {"4", "not scraped", quiet}},
		overTime("min by (instance) (min"+of("asana_workspace_up")+" * (2 - max"+of("asana_workspace_catching_up")+"))"+
			` or max by (instance) (3 + (max_over_time(asana_exporter_workspaces{`+process+`}[$__interval]) == 0))`+
			` or on () label_replace(vector(4), "instance", "none", "", "")`, "{{instance}}")).every("1m")
}

// exporterAlerts shows whatever alert is about Asana and not about deletions. None firing is a state, too.
func exporterAlerts() *panel {
	const alerts = `alertname=~"Asana.*", alertname!~"Asana.*(Deletion|Removals).*"`
	p := states("Alerts on the exporter", "Those of alerts/exporter.yml that are pending or firing; where that file is not loaded, it is always quiet. A click on one "+
		"leads to the runbook.", alertWords(),
		overTime(`max by (alertname) (2 * max_over_time(ALERTS{`+alerts+`, alertstate="firing"}[$__interval])
			or max_over_time(ALERTS{`+alerts+`, alertstate="pending"}[$__interval]))
			or on () label_replace(vector(0), "alertname", "none", "", "")`, "{{alertname}}")).every("1m")
	for _, alert := range alertsOnExporter() {
		p.leadsToRunbook(alert, alert)
	}
	return p
}

// alertsOnExporter returns the names of all alerts of alerts/exporter.yml.
func alertsOnExporter() []string {
	return []string{
		"AsanaExporterDown", "AsanaExporterAbsent", "AsanaReplicaDown", "AsanaExporterRestarting", "AsanaRequestsRefused", "AsanaRateLimited",
		"AsanaPollsFailing", "AsanaStateNotWritten", "AsanaReplicaFailing", "AsanaStreamSilent", "AsanaCatchUpSlow", "AsanaBacklogLong",
		"AsanaEventsLost", "AsanaSyncError", "AsanaCountsStale", "AsanaPositionInDanger", "AsanaPositionNearlyLost", "AsanaSeriesLimitNear",
		"AsanaEventsFolded", "AsanaScrapesRare", "AsanaZeroFirstShort", "AsanaHistoryShort", "AsanaRulesIncomplete",
	}
}

// delays reads both forms in which Prometheus may store the histogram: with native histograms on, it drops the buckets. Each bucket
// has a value at each step, if need be 0: without a series a heatmap is an error in Grafana, and it subtracts buckets by the
// positions of their samples, whatever their times.
func delays() *panel {
	native := "sum(rate(asana_event_delay_seconds{" + running + "}[$__rate_interval]))"
	le := []string{"1", "5", "15", "30", "60", "120", "300", "600", "1800", "3600", "21600", "86400", "+Inf"}
	forms := make([]string, 0, 1+len(le))
	forms = append(forms, `label_replace(sum by (le) (rate(asana_event_delay_seconds_bucket{`+running+`}[$__rate_interval])), "le", "$1", "le", "(.*)[.]0")`) // Prometheus 3 has 1.0.
	for _, le := range le {
		forms = append(forms, `label_replace(histogram_fraction(-Inf, `+le+`, `+native+`) * histogram_count(`+native+`) or vector(0), "le", "`+le+`", "", "")`)
	}
	return heatmap("Delay of events", "Time from an event to its being counted; the more a cell stands out, the more events. Asana says that most come within ten minutes.", eventRate,
		object{"unit": "s", "axisPlacement": "left"}, buckets(strings.Join(forms, " or "))).every(scraped)
}

func ages() *panel {
	return lines("Age of the newest success", "Time since a page was last counted, in the ten exporters whose newest success is oldest. It grows while Asana or the "+
		"disk refuses; after a day events are lost.", "s",
		perInstance("max by (instance) (timestamp(asana_workspace_last_success_timestamp_seconds{"+running+"}) - "+
			"asana_workspace_last_success_timestamp_seconds{"+running+"})",
			"time() - max_over_time(asana_workspace_last_success_timestamp_seconds{"+running+"}[$__range] @ end())"))
}

func requests() *panel {
	return bars("Requests by answer", "Requests to Asana a second, by HTTP status: 412 is a position that died, or the first request; after 429 and 503 the exporter "+
		"waits as long as Asana asks, after others longer each time, up to five minutes.", "reqps",
		overTime(byAnswer("rate(asana_exporter_api_requests_total{"+running+"}[$__rate_interval])")+" > 0", "{{answer}}")).
		styled(answers()...).every(scraped)
}

func latency() *panel {
	return durations("Time of a request", "From a request to the end of its answer, of all chosen exporters.",
		"asana_exporter_api_request_duration_seconds")
}

// durations draws no more than one quantile: each reads all buckets of all exporters.
func durations(title, description, histogram string) *panel {
	rate := func(suffix string) string {
		return "rate(" + histogram + suffix + "{" + running + "}[$__rate_interval])"
	}
	return lines(title, description, "s",
		overTime("sum("+rate("_sum")+") / (sum("+rate("_count")+") > 0)", "mean"),
		overTime("histogram_quantile(0.99, sum by (le) ("+rate("_bucket")+")) >= 0", "99 %")).
		styled(style{name: "mean", colour: blue}, style{name: "99 %", colour: vermillion, dash: dashed}).upTo(0.1).every(scraped)
}

// refusals leaves out what went well, which hides the rest.
func refusals() *panel {
	return bars("Refusals and waits", "Requests that brought no events, in the five minutes before or in a longer step, by what follows.", things,
		overTime(byAnswer("increase(asana_exporter_api_requests_total{"+running+`, code!="200"}[$__interval])`), "{{answer}}")).
		styled(answers()...).every("5m")
}

func eventsCounted() *panel {
	const counter = "asana_event_delay_seconds_count{" + running + "}"
	const native = "asana_event_delay_seconds{" + running + "}"
	return lines("Events counted", "Events a second, from the histogram of their delays: those without a date are left out.", eventRate,
		perInstance("(sum by (instance) (rate("+counter+"[$__rate_interval])) or sum by (instance) (histogram_count(rate("+native+"[$__rate_interval]))))",
			ofExporters("(increase("+counter+"[$__range] @ end()) or histogram_count(increase("+native+"[$__range] @ end())))"))).every(scraped)
}

func commits() *panel {
	return lines("Commits", "States made durable a second, and those that could not be. A quiet workspace has one a minute.", "ops",
		overTime("sum(rate(asana_exporter_state_commits_total{"+running+"}[$__rate_interval]))", "durable"),
		overTime("sum(rate(asana_exporter_state_commit_failures_total{"+running+"}[$__rate_interval]))", "failed")).
		styled(style{name: "durable", colour: blue}, style{name: "failed", colour: vermillion, dash: dashed, width: 2}).every(scraped)
}

func commitTimes() *panel {
	return durations("Time of a commit", "To make a state durable, two fsyncs included.", "asana_exporter_state_commit_duration_seconds")
}

func series() *panel {
	return lines("Series and their limit", "Label sets of the exporter that has most, and the least limit of all: beyond it new ones are folded.", things,
		overTime("max(asana_exporter_event_series{"+running+"})", "series"),
		overTime("min(asana_exporter_event_series_limit{"+running+"} > 0)", "limit")).
		styled(style{name: "series", colour: blue, width: 2}, style{name: "limit", colour: vermillion, dash: dashed})
}

func leftOut() *panel {
	rate := func(counter string) string { return "sum(rate(" + counter + "{" + running + "}[$__rate_interval]))" }
	return lines("Folded or not logged", "Events a second that were counted under _folded labels: raise --events.max-series. And those that --events.log left out, which are counted.",
		eventRate, overTime(rate("asana_exporter_folded_events_total"), "folded"), overTime(rate("asana_exporter_event_log_dropped_total"), "not logged")).
		styled(style{name: "folded", colour: orange, width: 2}, style{name: "not logged", colour: purple, dash: dashed}).every(scraped)
}

func gapSeconds() *panel {
	return bars("Gaps", "Seconds of the stream that nobody can read any more, by the reason why.", "s",
		overTime("sum by (reason) ("+grown("asana_workspace_gap_seconds_total", running, "$__interval")+")", "{{reason}}")).
		styled(style{name: "token_expired", colour: orange}, style{name: "state_lost", colour: purple},
			style{name: "sync_error", colour: vermillion}).every("5m")
}

func memory() *panel {
	return lines("Memory", "Resident memory of the ten exporters that used most.", "bytes",
		highest("process_resident_memory_bytes{"+process+"}"))
}

func cpu() *panel {
	return lines("CPU", "Share of one core, of the ten exporters that used most.", "percentunit",
		rateOf("process_cpu_seconds_total{"+process+"}")).upTo(0.02).every(scraped)
}

func goroutines() *panel {
	return lines("Goroutines", "Of the ten exporters that had most. They stay few.", things,
		highest("go_goroutines{"+process+"}"))
}
