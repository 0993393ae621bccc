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

// What the rules need of the server that evaluates them, and of the exporter's flags.

// longestInterval is how far apart, in seconds, two scrapes may be: two minutes, and a little for a late one.
const longestInterval = "125"

// prerequisiteRecords returns what the alerts below read every minute.
func prerequisiteRecords() []rule {
	return []rule{
		record("instance:asana_scrape_interval_seconds:avg20m", "The time between two samples of an exporter. Prometheus 2 counts samples at both ends of a range, hence not 20m.",
			"1200 / max by (job, instance) (count_over_time(asana_exporter_zero_first_seconds[19m59s]))"),
	}
}

// watchedSince returns the rule that remembers since when this server evaluates the rules. It reads its own last value, since
// samples that are older than the retention are gone.
func watchedSince() rule {
	return record("asana_exporter:watched_since_seconds:min", "Since when these rules have had an exporter to watch. It outlives the retention.", `
			min(last_over_time(asana_exporter:watched_since_seconds:min[2d]))
			or on () min(time() + 0 * asana_workspace_up)`)
}

// prerequisites returns the alerts on a server or an exporter that is set up so that the rules can't be right.
func (o options) prerequisites() []rule {
	return []rule{o.scrapesRare(), o.zeroFirstShort(), o.historyShort(), o.rulesIncomplete()}
}

func (o options) scrapesRare() rule {
	return o.watching(rule{
		comment: "An outage does not fire this, nor a new exporter: the twenty minutes are full again before the half hour ends.",
		alert:   "AsanaScrapesRare", pending: "30m",
		expr: "instance:asana_scrape_interval_seconds:avg20m > " + longestInterval,
	},
		"The Asana exporter {{ $labels.instance }} is scraped too rarely",
		"There are about {{ $value | humanizeDuration }} between two samples. Bursts are found that much later, and beyond five minutes "+
			"counts of deletions are wrong by a third. Set scrape_interval to a minute or less; if it is, half of the scrapes fail.",
		"Job {{ $labels.job }}.")
}

func (o options) zeroFirstShort() rule {
	return o.watching(rule{
		comment: "0 turns it off on purpose: for servers that read created timestamps.",
		alert:   "AsanaZeroFirstShort", pending: "30m",
		expr: `
			(instance:asana_scrape_interval_seconds:avg20m <= ` + longestInterval + `)
			> on (job, instance) max by (job, instance) (asana_exporter_zero_first_seconds > 0)`,
	},
		"--events.zero-first of the Asana exporter {{ $labels.instance }} is shorter than the scrape interval",
		"There are about {{ $value | humanizeDuration }} between two samples. A new series may then appear with its value, "+
			"so that its first events are in no count and no alert. Scrape more often, or raise --events.zero-first.",
		"Job {{ $labels.job }}.")
}

func (o options) historyShort() rule {
	return o.watching(rule{
		comment: "Nothing is left of what was recorded three weeks ago, or of four weeks ago. A server that was away leaves some of so many days.",
		alert:   "AsanaHistoryShort", pending: "1h",
		expr: `
			time() - asana_exporter:watched_since_seconds:min > 20 * 86400
			unless on () count_over_time(asana_exporter:watched_since_seconds:min[10d] offset 18d)
			or time() - asana_exporter:watched_since_seconds:min > 32 * 86400
			unless on () count_over_time(asana_exporter:watched_since_seconds:min[5d] offset 27d)`,
	},
		"Prometheus keeps less than four weeks of Asana's deletions",
		"These rules have been loaded for {{ $value | humanizeDuration }}, and the samples of four weeks ago are gone. "+
			"Limits on deletions compare with the same hours of four weeks: with less history they find less, and notify more often for nothing. "+
			"Keep 35 days (--storage.tsdb.retention.time=35d).")
}

func (o options) rulesIncomplete() rule {
	return o.watching(rule{
		comment: `
			What alerts read is not recorded: nothing at all, nothing of a workspace, or no limit for its deletions, where deletions.yml is
			loaded and events have been counted for three hours.`,
		alert: "AsanaRulesIncomplete", pending: "1h",
		expr: series(`
			absent(asana_exporter:knob)
			or max by (workspace) (asana_workspace_up offset 1h)
				and on (workspace) asana_workspace_up
				unless on (workspace) (
					workspace:asana_workspace_up:max
					and on (workspace) last_over_time(workspace_instance:asana_workspace_up:known[15m])
				)
			or max by (workspace) (asana_events_total{action="deleted", resource_type="project"} offset 3h)
				and on (workspace) asana_events_total{action="deleted", resource_type="project"}
				and on () asana_deletions:floor
				unless on (workspace) last_over_time(LIMIT{kind="burst"}[90m])`),
	},
		"{{ if $labels.workspace }}Rules for "+name+" record nothing{{ else }}Asana's rules record nothing{{ end }}: alerts are blind",
		"Alerts compare with series that other rules of the same files record, and these are missing"+
			"{{ if $labels.workspace }} for workspace {{ $labels.workspace }}{{ end }}. "+
			"A group of rules was refused or fails, or what is recorded goes elsewhere than where alerts are evaluated.")
}
