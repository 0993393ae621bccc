package main

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
		row("Is everything counted?"),
		band{
			followed().size(4, 4), lag().size(4, 4), lostStretches().size(4, 4),
			failures().size(4, 4), fullness().size(4, 4), folded().size(4, 4),
		},
		band{exporterTable().size(24, 8)},
		band{following().size(12, 9), exporterAlerts().size(12, 9)},
		row("Asana: how far behind, and what it answers"),
		band{delays().size(12, 10), ages().size(12, 10)},
		band{requests().size(8, 9), latency().size(8, 9), refusals().size(8, 9)},
		row("What is counted and kept"),
		band{eventsCounted().size(8, 9), commits().size(8, 9), commitTimes().size(8, 9)},
		band{series().size(8, 9), foldedRate().size(8, 9), gapSeconds().size(8, 9)},
		row("The process"),
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
	return number("Oldest success", "Time since the last page was counted, of the workspace for which it is longest, whether its exporter lives or not. Asana keeps "+
		"events for a day.", "s",
		instant("max(time() - max by (workspace) (last_over_time(asana_workspace_last_success_timestamp_seconds{"+running+"}[$__range])))", "oldest")).
		from(bound{0, calm}, bound{300, caution}, bound{3600, alarm})
}

func lostStretches() *panel {
	return number("Gaps", "Stretches that nobody can read any more, in this time range.", "short",
		instant("sum("+grown("asana_workspace_gaps_total", running, "$__range")+")", "gaps")).
		from(bound{0, calm}, bound{0.5, alarm}).whole()
}

func failures() *panel {
	return number("Failed commits", "States that could not be made durable, in this time range: the disk is full, or not writable. Nothing is counted "+
		"meanwhile, and nothing is lost for a day.", "short",
		instant("sum(increase(asana_exporter_state_commit_failures_total{"+running+"}[$__range]))", "failed")).
		from(bound{0, calm}, bound{0.5, alarm}).whole()
}

func fullness() *panel {
	return number("Series used", "Label sets as a share of the limit beyond which new ones are folded, where it is largest.", "percentunit",
		instant("max(asana_exporter_event_series{"+running+"} / (asana_exporter_event_series_limit{"+running+"} > 0))", "of the limit")).
		from(bound{0, calm}, bound{0.8, caution}, bound{1, alarm})
}

func folded() *panel {
	return number("Folded events", "Events that were counted without their details, because there were too many series, in this time range.", "short",
		instant("sum(increase(asana_exporter_folded_events_total{"+running+"}[$__range]))", "folded")).
		from(bound{0, calm}, bound{0.5, caution}).whole()
}

func exporterTable() *panel {
	value := func(expr string) target { return column("max by (instance, workspace) (" + expr + ")") }
	return grid("Exporters", "One row for each exporter and the workspace that it follows. API changes are those that Asana announced to it in this time range.", []title{
		{"name", "Workspace", ""},
		{"workspace", "Gid", ""},
		{"instance", "Instance", ""},
		{"version", "Version", ""},
		{"Value #A", "", ""},
		{"Value #B", "", ""},
		{"Value #C", "Up", "bool_yes_no"},
		{"Value #D", "Last success", "s"},
		{"Value #E", "Newest event", "s"},
		{"Value #F", "Series", ""},
		{"Value #G", "API changes", ""},
	},
		column("max by (instance, workspace, name) (last_over_time(asana_workspace_info{"+running+"}[$__range]))"),
		column("max by (instance, version) (last_over_time(asana_exporter_build_info{"+process+"}[$__range]))"),
		value("asana_workspace_up{"+running+"} or last_over_time(asana_workspace_up{"+running+"}[$__range]) * 0"),
		value("time() - last_over_time(asana_workspace_last_success_timestamp_seconds{"+running+"}[$__range])"),
		value("time() - last_over_time(asana_workspace_last_event_timestamp_seconds{"+running+"}[$__range])"),
		value("last_over_time(asana_exporter_event_series{"+running+"}[$__range])"),
		value("increase(asana_exporter_api_announced_changes_total{"+running+"}[$__range])")).
		sorted("Last success").wide("Workspace", 270).wide("Gid", 150).wide("Instance", 210)
}

func following() *panel {
	return states("What each exporter does", "Failing: the last poll did not end with a committed page. Catching up: it reads what happened while it was away.",
		[]state{{"0", "failing", alarm}, {"1", "following", calm}, {"2", "catching up", caution}, {"3", "catching up", caution}},
		overTime("max by (instance) (min_over_time(asana_workspace_up{"+running+"}[$__interval]) + 2 * max_over_time(asana_workspace_catching_up{"+running+"}[$__interval]))",
			"{{instance}}")).every("1m")
}

// exporterAlerts shows whatever alert is about Asana and not about deletions. None firing is a state, too.
func exporterAlerts() *panel {
	const alerts = `alertname=~"Asana.*", alertname!~"Asana.*(Deletion|Removals).*"`
	return states("Alerts on the exporter", "Those of alerts/exporter.yml that are pending or firing.", alertWords(),
		overTime(`max by (alertname) (2 * max_over_time(ALERTS{`+alerts+`, alertstate="firing"}[$__interval])
			or max_over_time(ALERTS{`+alerts+`, alertstate="pending"}[$__interval]))
			or on () label_replace(vector(0), "alertname", "none", "", "")`, "{{alertname}}")).every("1m")
}

func delays() *panel {
	return heatmap("Delay of events", "Time from an event to its being counted; the more a cell stands out, the more events. Asana says that most come within ten minutes.", "cps",
		object{"unit": "s", "axisPlacement": "left"},
		buckets("sum by (le) (rate(asana_event_delay_seconds_bucket{"+running+"}[$__rate_interval]))"))
}

func ages() *panel {
	return lines("Age of the newest success", "Time since a page was last counted, in the ten exporters whose newest success is oldest. It grows while Asana or the "+
		"disk refuses; after a day events are lost.", "s",
		perInstance("max by (instance) (timestamp(asana_workspace_last_success_timestamp_seconds{"+running+"}) - "+
			"asana_workspace_last_success_timestamp_seconds{"+running+"})",
			"time() - max_over_time(asana_workspace_last_success_timestamp_seconds{"+running+"}[$__range] @ end())"))
}

func requests() *panel {
	return bars("Requests by answer", "Requests to Asana a second, by HTTP status; error where no complete answer came.", "reqps",
		overTime("sum by (code) (rate(asana_exporter_api_requests_total{"+running+"}[$__rate_interval])) > 0", "{{code}}")).
		styled(style{name: "200", colour: skyBlue}, style{name: "412", colour: purple}, style{name: "429", colour: orange},
			style{name: "500", colour: vermillion}, style{name: "503", colour: yellow}, style{name: "error", colour: past})
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
		overTime("sum("+rate("_sum")+") / sum("+rate("_count")+")", "mean"),
		overTime("histogram_quantile(0.99, sum by (le) ("+rate("_bucket")+"))", "99 %")).
		styled(style{name: "mean", colour: blue}, style{name: "99 %", colour: vermillion, dash: dashed})
}

// refusals are told apart by what Asana wants: to wait, another token, another position.
func refusals() *panel {
	refused := func(matcher, legend string) target {
		return overTime("sum(increase(asana_exporter_api_requests_total{"+running+", code"+matcher+"}[$__rate_interval])) or vector(0)", legend)
	}
	return bars("Refusals and waits", "Requests that brought no events, by what follows: after 429 and 503 the exporter waits as long as Asana asks, after others longer "+
		"each time, up to five minutes. 412 is a position that died, or the first request.", "short",
		refused(`="429"`, "429: told to wait"), refused(`=~"5.."`, "5xx: Asana fails"), refused(`=~"40[0-9]|451"`, "4xx: not allowed"),
		refused(`="412"`, "412: position died"), refused(`="error"`, "no answer")).
		styledEach(style{colour: orange}, style{colour: vermillion}, style{colour: purple}, style{colour: yellow}, style{colour: past}).
		every("5m")
}

func eventsCounted() *panel {
	return lines("Events counted", "Events a second, from the histogram of their delays: those without a date are left out.", "cps",
		rateOf("asana_event_delay_seconds_count{"+running+"}"))
}

func commits() *panel {
	return lines("Commits", "States made durable a second, and those that could not be. A quiet workspace has one a minute.", "ops",
		overTime("sum(rate(asana_exporter_state_commits_total{"+running+"}[$__rate_interval]))", "durable"),
		overTime("sum(rate(asana_exporter_state_commit_failures_total{"+running+"}[$__rate_interval]))", "failed")).
		styled(style{name: "durable", colour: blue}, style{name: "failed", colour: vermillion, dash: dashed, width: 2})
}

func commitTimes() *panel {
	return durations("Time of a commit", "To make a state durable, two fsyncs included.", "asana_exporter_state_commit_duration_seconds")
}

func series() *panel {
	return lines("Series and their limit", "Label sets of the exporter that has most, and the least limit of all: beyond it new ones are folded.", "short",
		overTime("max(asana_exporter_event_series{"+running+"})", "series"),
		overTime("min(asana_exporter_event_series_limit{"+running+"} > 0)", "limit")).
		styled(style{name: "series", colour: blue, width: 2}, style{name: "limit", colour: vermillion, dash: dashed})
}

func foldedRate() *panel {
	return lines("Folded events", "Events a second that were counted under _folded labels: raise --events.max-series.", "cps",
		rateOf("asana_exporter_folded_events_total{"+running+"}"))
}

func gapSeconds() *panel {
	return bars("Gaps", "Seconds of the stream that nobody can read any more, by the reason why.", "s",
		overTime("sum by (reason) ("+grown("asana_workspace_gap_seconds_total", running, "$__interval")+")", "{{reason}}")).
		styled(style{name: "token_expired", colour: orange}, style{name: "state_lost", colour: purple}).every("5m")
}

func memory() *panel {
	return lines("Memory", "Resident memory of the ten exporters that used most.", "bytes",
		highest("process_resident_memory_bytes{"+process+"}"))
}

func cpu() *panel {
	return lines("CPU", "Share of one core, of the ten exporters that used most.", "percentunit",
		rateOf("process_cpu_seconds_total{"+process+"}"))
}

func goroutines() *panel {
	return lines("Goroutines", "Of the ten exporters that had most. They stay few.", "short",
		highest("go_goroutines{"+process+"}"))
}
