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

// Parts of the descriptions.
const (
	positionAge = `{{ with query (printf "workspace:asana_position_age_seconds:min{workspace=%q}" $labels.workspace) }}` +
		`{{ . | first | value | humanizeDuration }}{{ else }}an unknown time{{ end }}`
	answers = `Answers other than 200 in the last half hour, by status: ` +
		`{{ range query (printf "sort_desc(workspace_code:asana_exporter_api_requests:increase30m{workspace=%q, code!='200'} > 0.5)" $labels.workspace) }}` +
		`{{ . | label "code" }} ({{ . | value | printf "%.0f" }}), {{ else }}none, {{ end }}the last page was counted ` + positionAge + ` ago.`
)

// watching gives an alert its texts, and the severity of a warning if it has none.
func (o options) watching(r rule, summary string, sentences ...string) rule {
	if r.labels == "" {
		r.labels = "severity: " + o.warning
	}
	return o.annotated(r, summary, sentences...)
}

// presence returns the alerts on exporters that do not answer.
func (o options) presence() []rule {
	return []rule{
		o.watching(rule{
			comment: "Whether there is an exporter at all.",
			alert:   "AsanaExporterDown", pending: "10m",
			expr: "max_over_time(workspace:asana_workspace_up:max[2d]) unless on (workspace) asana_workspace_up",
		},
			"Nobody watches "+name+": no exporter answers",
			"Prometheus can't scrape any exporter of workspace {{ $labels.workspace }}. The last page was counted "+positionAge+" ago.",
			ifAny("workspace:asana_position_age_seconds:min{workspace=%q} > 86400",
				"The position is lost: what happened since is gone, and each further hour too. Start the exporter again."+
					"{{ else }}Nothing is lost until that is 24h, but nobody is told of deletions meanwhile.")),
		o.watching(rule{
			comment: "Of a workspace that was there within two days, AsanaExporterDown tells more.",
			alert:   "AsanaExporterAbsent", pending: "15m",
			expr: "absent(asana_workspace_up) unless on () max_over_time(workspace:asana_workspace_up:max[2d])",
		},
			"Prometheus knows of no Asana exporter",
			"There are rules for Asana's workspaces here, and no metric of any: "+
				"the exporter was never scraped by this server, or not for two days."),
	}
}

// instances returns the alerts on a single exporter that does not answer, or not for long.
func (o options) instances() []rule {
	return []rule{
		o.watching(rule{
			alert: "AsanaReplicaDown", pending: "15m",
			expr: `
				last_over_time(workspace_instance:asana_workspace_up:known[15m])
					and on (job, instance) up == 0
					and on (workspace) asana_workspace_up
				or max by (job, instance) (up{job=~"(.+/)?asana([_-]exporter)?"} == 0)
					unless on (job, instance) last_over_time(workspace_instance:asana_workspace_up:known[15m])`,
		},
			"The Asana exporter {{ $labels.instance }} does not answer",
			"{{ if $labels.workspace }}Another replica watches "+name+" meanwhile. If that one fails, nobody does."+
				"{{ else }}It has never answered in the last two days: did it start at all?{{ end }}",
			"Job {{ $labels.job }}."),
		o.watching(rule{
			alert: "AsanaExporterRestarting", pending: "5m",
			expr: `
				max by (workspace, job, instance) (last_over_time(asana_workspace_up[10m])) * 0
				+ on (job, instance) group_left () max by (job, instance) (changes(process_start_time_seconds[1h])) > 3`,
		},
			`The Asana exporter {{ $labels.instance }} keeps restarting: {{ printf "%.0f" $value }} times within an hour`,
			"It counts on each time, and nothing is lost or doubled, but something kills it. It follows "+name+"."),
	}
}

// requests returns the alerts on polls of Asana that fail.
func (o options) requests() []rule {
	code := func(codes, text string) string {
		return ifAny("workspace_code:asana_exporter_api_requests:increase30m{workspace=%q, code"+codes+"} > 0.5", text+" ")
	}
	return []rule{
		o.watching(rule{
			comment: "Why nothing is read.",
			alert:   "AsanaRequestsRefused", pending: "10m",
			expr: `
				workspace:asana_workspace_up:max == 0
				and on (workspace) workspace_code:asana_exporter_api_requests:increase30m{code=~"3..|40[0-4]|451"} > 0.5`,
		},
			"Asana refuses the exporter's requests for "+name,
			"No poll has succeeded for at least 10 minutes. "+answers,
			code("='401'", "401 is the token.")+
				code("=~'402|403'", "402 and 403 are the plan or the kind of account.")+
				code("='404'", "404 is the workspace.")+
				"This does not heal by itself; at 24h events are lost."),
		o.watching(rule{
			alert: "AsanaRateLimited", pending: "15m",
			expr: `
				workspace:asana_workspace_up:max == 0
				and on (workspace) workspace_code:asana_exporter_api_requests:increase30m{code="429"} > 0.5`,
		},
			"Asana lets the exporter of "+name+" read nothing: too many requests",
			"No poll has succeeded for a quarter of an hour. "+answers,
			"The exporter alone sends four requests a minute: something else uses the same token."),
	}
}

// failures returns the alerts on what else keeps an exporter from counting.
func (o options) failures() []rule {
	return []rule{
		o.watching(rule{
			alert: "AsanaPollsFailing", pending: "15m",
			expr: `
				workspace:asana_workspace_up:max == 0
				unless on (workspace) workspace_code:asana_exporter_api_requests:increase30m{code=~"3..|40[0-4]|429|451"} > 0.5
				and on (workspace) (
					max_over_time(asana_workspace_up[5m])
					unless on (workspace, job, instance) increase(asana_exporter_state_commit_failures_total[10m]) > 0
				)`,
		},
			"Asana's events of "+name+" can't be read",
			"No poll has succeeded for a quarter of an hour. "+answers,
			"5xx is Asana's side, error is the network in between (a time limit or a proxy's page, too). "+
				"None means that the token file can't be read, that pages don't move the position, or that Asana asked for a pause (Retry-After)."),
		o.watching(rule{
			alert: "AsanaStateNotWritten", pending: "10m",
			expr: "sum by (workspace, job, instance) (increase(asana_exporter_state_commit_failures_total[10m])) > 0",
		},
			"The exporter {{ $labels.instance }} can't write its state",
			`Writing failed {{ printf "%.0f" $value }} times in the last 10 minutes, for `+name+
				". What can't be made durable is not counted, and is read again later; the last page was counted "+positionAge+" ago.",
			"Mostly the disk is full, read-only or belongs to somebody else."),
		o.watching(rule{
			alert: "AsanaReplicaFailing", pending: "30m",
			expr: `
				max by (workspace, job, instance) (max_over_time(asana_workspace_up[5m])) == 0
				and on (workspace) workspace:asana_workspace_up:max == 1
				unless on (workspace, job, instance) increase(asana_exporter_state_commit_failures_total[10m]) > 0`,
		},
			"The exporter {{ $labels.instance }} reads nothing from Asana, while another does",
			name+" is watched by another replica. If that one fails, nobody does. "+
				"Since the other succeeds, look at what is this one's own: its token file, its network, its proxy."),
	}
}

// reading returns the alerts on a stream that brings nothing, or has no end.
func (o options) reading() []rule {
	return []rule{
		o.watching(rule{
			comment: "Whether what is read is all. AsanaStreamSilent fires until an event comes: a dead stream is silent at night, too.",
			alert:   "AsanaStreamSilent", pending: "10m",
			expr: `
				(
					workspace:asana_event_age_seconds:min > last_over_time(workspace:asana_event_age_seconds:limit[15m])
					and on (workspace) workspace:asana_event_age_seconds:min < scalar(max(asana_exporter:knob{knob="silent_longest"}))
					or on (workspace) workspace:asana_event_age_seconds:min > 1800
					and on (workspace) last_over_time(ALERTS{alertname="AsanaStreamSilent", alertstate="firing"}[20m])
				)
				and on (workspace) workspace:asana_workspace_up:max == 1
				and on (workspace) min by (workspace) (asana_workspace_catching_up) == 0`,
		},
			"No event from "+name+" for {{ $value | humanizeDuration }}, through hours that are usually busy",
			"Asana answers every poll with success and without an event. At this hour of the last weeks the limit is "+
				value("last_over_time(workspace:asana_event_age_seconds:limit{workspace=%q}[15m])", "humanizeDuration", "unknown")+".",
			"Asana's event stream has stopped like this before. The alert stays until an event comes. The alerts on deletions see nothing meanwhile."),
		o.watching(rule{
			alert: "AsanaCatchUpSlow", pending: "30m",
			expr: `
				min by (workspace) (min_over_time(asana_workspace_catching_up[5m])) == 1
				and on (workspace) workspace:asana_workspace_up:max == 1`,
		},
			"The exporter of "+name+" does not get to the end of its backlog",
			"It has been reading for more than half an hour, where a day of a large workspace takes a few minutes. "+
				"Nothing of it is visible until the end is reached."),
	}
}

// losses returns the alerts on events that were counted late, or never will be.
func (o options) losses() []rule {
	return []rule{
		o.watching(rule{
			alert: "AsanaBacklogLong",
			expr: `
				max by (workspace) (asana_workspace_backlog_seconds) > scalar(max(asana_exporter:knob{knob="backlog_long"}))
				unless on (workspace) workspace_instance:asana_position_age_seconds:whole`,
		},
			name+": the exporter counted a backlog of {{ $value | humanizeDuration }} at once",
			"Nobody was reading for so long; now everything is counted. "+
				"Bursts in it have been judged by the time at which they happened, slow deletion has not: look at that stretch yourself."),
		o.watching(rule{
			alert: "AsanaEventsLost",
			expr: `
				last_over_time(workspace:asana_gap_seconds:delta1h[10m])
				unless on (workspace) workspace_instance:asana_position_age_seconds:gapless`,
		},
			"{{ $value | humanizeDuration }} of "+name+" were not counted, and never will be",
			`The position was lost, or the state. The exporter's log has both ends of the gap ("gap: the events in between are lost"). `+
				"Nobody was told of deletions in it: look into Asana's audit log."),
		o.watching(rule{
			comment: "The gap has no length, so AsanaEventsLost can't see it.",
			alert:   "AsanaSyncError",
			expr: `
				max by (workspace) (
					asana_workspace_gaps_total{reason="sync_error"} - last_over_time(asana_workspace_gaps_total{reason="sync_error"}[2d] offset 1h) > 0
					or asana_workspace_gaps_total{reason="sync_error"} - min_over_time(asana_workspace_gaps_total{reason="sync_error"}[1h]) > 0
				)`,
		},
			"Asana reports that it lost events of "+name,
			"Reports (sync_error) in the event stream within an hour: {{ $value }}. "+
				"Asana does not say how many events are missing, or of which time. "+
				"Nobody was told of deletions among them: look into Asana's audit log."),
	}
}

// position returns the alerts on a position that grows old.
func (o options) position() []rule {
	const nothing = "was counted in " + name + " for {{ $value | humanizeDuration }}"
	lost := func(then, otherwise string) string {
		return "{{ if gt $value 86400.0 }}" + then + "{{ else }}" + otherwise + "{{ end }}"
	}
	return []rule{
		o.watching(rule{
			comment: "How long there is left.",
			alert:   "AsanaCountsStale", pending: "5m",
			expr: "workspace:asana_position_age_seconds:min > 3600",
		},
			"Nothing "+nothing,
			"The alerts on deletions are blind for as long. "+lost(
				"The position is lost, and what happened since with it: Asana keeps it for 24h.",
				"Nothing is lost yet: Asana keeps the position for 24h.")),
		o.watching(rule{
			alert: "AsanaPositionInDanger", pending: "5m", labels: "severity: " + o.page,
			expr: "workspace:asana_position_age_seconds:min > 6 * 3600",
		},
			"Nothing "+nothing+": "+lost("the position is lost", "at 24h events are lost for ever"),
			"The alerts on deletions have been blind for as long. "+lost(
				"What happened since is gone, and each further hour too, until the exporter reads again.",
				"If the exporter reads again before its position is 24h old, nothing is lost.")),
		o.watching(rule{
			comment: "The same again under another name, for people who silenced the one before.",
			alert:   "AsanaPositionNearlyLost", pending: "5m", labels: "severity: " + o.page,
			expr: "workspace:asana_position_age_seconds:min > 18 * 3600",
		},
			lost("The position is lost: nothing", "Last call: nothing")+" "+nothing+
				"{{ if le $value 86400.0 }}, at 24h events are lost for ever{{ end }}",
			lost(
				"What happened since is gone, and each further hour too, until the exporter reads again. Only Asana's audit log knows of it.",
				"If the exporter reads again before its position is 24h old, nothing is lost. After that, this whole stretch is.")),
	}
}

// seriesLimit returns the alerts on events that are not counted under their own name.
func (o options) seriesLimit() []rule {
	return []rule{
		o.watching(rule{
			comment: "Whether it is counted under its own name.",
			alert:   "AsanaSeriesLimitNear", pending: "1h",
			expr: `
				max by (workspace) (asana_exporter_event_series / (asana_exporter_event_series_limit > 0)) > 0.9
				unless on (workspace) asana_exporter_folded_events_total - min_over_time(asana_exporter_folded_events_total[6h]) > 0`,
		},
			name+" uses {{ $value | humanizePercentage }} of its series",
			"Beyond the limit, new kinds of events are counted under _folded: no event is dropped, but nobody can tell them apart. "+
				"Raise --events.max-series before that."),
		o.watching(rule{
			comment: "A limit of 0 folds on purpose.",
			alert:   "AsanaEventsFolded", pending: "5m",
			expr: `
				max by (workspace) (asana_exporter_folded_events_total - min_over_time(asana_exporter_folded_events_total[6h])) > 0
				and on (workspace) asana_exporter_event_series_limit > 0`,
		},
			"Events of "+name+` counted under _folded in 6 hours: {{ $value | printf "%.0f" | humanize }}`,
			"The limit of series is reached. Deletions stay deletions and the sums are right, but new kinds of events can't be told apart. "+
				"Raise --events.max-series."),
	}
}
