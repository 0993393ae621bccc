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

// limits returns the rules for the limits, from what is usual to the knobs.
//
// A rule reads the rules before it over ten minutes, since vmalert sees only what they recorded five minutes earlier, which is too
// old for a plain selector there.
func (o options) limits() []rule {
	var usual []rule
	for _, k := range kinds() {
		if strings.HasSuffix(k.name, "_structure") {
			continue // They have the limits of structure.
		}
		if k.page != (test{}) {
			usual = append(usual, k.usual(k.page, o.page, firstWeekPage))
		}
		usual = append(usual, k.usual(k.warning, o.warning, firstWeekWarning))
	}
	usual[0].comment = `
			The expected count is capped at the high-water mark, since yesterday may have had an incident. The noise of busy hours does
			not count while little is usual, so that a job at night hides nothing in the daytime. In the first week
			that for bursts is a multiple of the largest 15 minutes so far, and at least 100.`
	return slices.Concat(distances(), usual, o.withKnobs())
}

// distances returns the rules for what is usual, and for how far the count is from that and above the high-water mark.
func distances() []rule {
	return []rule{
		record("EXPECTED", `
			What is usual: the median of this hour in the last four weeks, at least that of yesterday, and for bursts at least that of the
			last hour. Up to four projects yesterday are chance, and say nothing.`, `
			max without (source) (
				label_replace(quantile without (week) (0.5,
					label_replace(avg_over_time(COUNT{JUDGED}[1h] offset 167h30m), "week", "1", "", "")
					or label_replace(avg_over_time(COUNT{JUDGED}[1h] offset 335h30m), "week", "2", "", "")
					or label_replace(avg_over_time(COUNT{JUDGED}[1h] offset 503h30m), "week", "3", "", "")
					or label_replace(avg_over_time(COUNT{JUDGED}[1h] offset 671h30m), "week", "4", "", "")
				), "source", "weeks", "", "")
				or label_replace(
					avg_over_time(COUNT{kind=~"burst|sustained"}[1h] offset 23h30m)
					or avg_over_time(COUNT{kind=~".*structure"}[1h] offset 23h30m) > 4, "source", "yesterday", "", "")
				or label_replace(avg_over_time(COUNT{kind="burst"}[1h] offset 30m), "source", "recent", "", "")
			)`),
		record("EXCESS", "How far the count is above the high-water mark.", "clamp_min(COUNT - last_over_time(HIGH[2h]), 0)"),
		record("DEVIATION", "How far the count is from the usual, in standard deviations.", "2 * (sqrt(COUNT + 1) - sqrt(last_over_time(EXPECTED[10m]) + 1))"),
	}
}

// withKnobs returns the rules for the limits that the alerts read: the usual ones with the knobs applied.
func (o options) withKnobs() []rule {
	return []rule{
		record("FLOOR", "The floor of the workspace, or else that of all.", `
			0 * last_over_time(USUAL[10m]) + on (workspace, kind, severity) asana_deletions:floor
			or 0 * last_over_time(USUAL[10m]) + on (kind, severity) group_left () asana_deletions:floor{workspace=""}`),
		record("LIMIT", "", `
			max without (test) (
				label_replace(
					last_over_time(USUAL[10m]) * on (workspace, kind, severity) asana_deletions:factor
					or last_over_time(USUAL[10m]) * on (kind, severity) group_left () asana_deletions:factor{workspace=""}
					or last_over_time(USUAL[10m]), "test", "usual", "", "")
				or label_replace(last_over_time(FLOOR[10m]), "test", "floor", "", "")
			)`),
		record("BACKLOG_LIMIT", "Lower, since a peak is judged once and not every minute.", `
			max without (test) (
				label_replace(
					0.75 * last_over_time(LIMIT{kind="burst", severity="`+o.warning+`"}[10m])
					or 0.85 * last_over_time(LIMIT{kind=~"burst|fast_structure"}[10m]),
					"test", "limit", "", "")
				or label_replace(last_over_time(FLOOR{kind=~"burst|fast_structure"}[10m]), "test", "floor", "", "")
			)`),
	}
}

// The limits for bursts in the first week. A warning compares with the same hours so far, too; a page only with a multiple of the
// largest count so far.
const (
	firstWeekPage = `
			or on (workspace) clamp_min(
				2.2 * last_over_time(MAX_1W{SEL}[2h]) and on (workspace) COUNT{SEL} offset 1d
				or 6 * last_over_time(MAX_1W{SEL}[2h]), 100)`
	firstWeekWarning = `
			or on (workspace) clamp_min(
				min without (test) (
					label_replace(1.6 * last_over_time(MAX_1W{SEL}[2h]), "test", "most", "", "")
					or label_replace(4 * last_over_time(HIGH{SEL}[2h]), "test", "high", "", "")
				) and on (workspace) COUNT{SEL} offset 1d
				or 6 * last_over_time(MAX_1W{SEL}[2h]), 100)`
)

// usual returns the rule for a limit before the knobs.
func (k kind) usual(t test, severity, firstWeek string) rule {
	expr := fmt.Sprintf("%g * last_over_time(MAX_1W{SEL}[2h])", t.week)
	if t.noise > 0 {
		mark := fmt.Sprintf("%g * last_over_time(HIGH{SEL}[2h])", t.high)
		if t.less > 0 {
			mark += fmt.Sprintf(" - clamp(last_over_time(HIGH{SEL}[2h]) - %g, 0, %g)", t.floor, t.less)
		}
		parts := []string{
			fmt.Sprintf(`label_replace((sqrt(
					last_over_time(HIGH{SEL}[2h]) - clamp_min(last_over_time(HIGH{SEL}[2h]) - last_over_time(EXPECTED{SEL}[10m]), 0) + 1
				) + %g / 2 * %s) ^ 2 - 1, "test", "noise", "", "")`, t.noise, k.noise()),
			"label_replace(" + mark + `, "test", "high", "", "")`,
		}
		if t.most > 0 {
			parts = append(parts, fmt.Sprintf(`label_replace(last_over_time(HIGH{SEL}[2h]) + %g * last_over_time(MOST{SEL}[2h]), "test", "most", "", "")`, t.most))
		}
		expr = `
			max without (test) (
				` + strings.Join(parts, `
				or `) + `
			)
			and on (workspace) last_over_time(MATURE[2h])`
		if k.name == "burst" {
			expr += firstWeek
		}
	}
	return record("USUAL", "", strings.ReplaceAll(expr, "SEL", k.matcher()), append(k.labels(), "severity", severity)...)
}

// noise is that of the workspace; while little is usual, hardly more than the least, since that of busy hours says nothing then.
// That of structure is much the same at all hours.
func (k kind) noise() string {
	all := "last_over_time(NOISE{SEL}[2h])"
	if k.name == "structure" {
		return all
	}
	return fmt.Sprintf("(%s - clamp_min(%[1]s - 0.05 * last_over_time(EXPECTED{SEL}[10m]) - %g, 0))", all, k.leastNoise)
}

// matcher selects the kinds that are judged by the tests of this one.
func (k kind) matcher() string {
	if k.name == "structure" {
		return `kind=~".*structure"`
	}
	return `kind="` + k.name + `"`
}

// labels are those of a limit, unless it is one of several kinds, which have theirs.
func (k kind) labels() []string {
	if k.name == "structure" {
		return nil
	}
	return []string{"kind", k.name}
}

func high() rule {
	var days []string
	for _, day := range []int{1, 2, 3, 4, 5, 6, 7, 14, 21, 28} {
		days = append(days, fmt.Sprintf(`label_replace(max_over_time(COUNT{JUDGED}[3h] offset %dh30m), "day", "%d", "", "")`, day*24-2, day))
	}
	return record("HIGH", "The high-water mark: the third highest of the most within 90 minutes of this time on the last seven days and the same day of four weeks.", `
			quantile without (day) (0.777,
				`+strings.Join(days, `
				or `)+`
			)`)
}

// noise returns the rules over weeks of 30-minute maxima: the same quantiles over all samples cost ten times as much.
func noise() []rule {
	var noises []string
	for _, k := range kinds()[:3] {
		noises = append(noises, fmt.Sprintf("clamp_min(quantile_over_time(0.95, DEVIATION:max30m{%s}[2w] offset 2h), %g)", k.matcher(), k.leastNoise))
	}
	return []rule{
		record("EXCESS:max30m", "", "max_over_time(EXCESS[30m])"),
		record("MOST", `
			What the most unusual half hours had above their high-water marks. Some incidents a month must not teach that hundreds are
			usual, so the 99.5 % quantile is capped; the 98 % quantile, what happens every other day, counts threefold. Sustained deletions
			have only that one: an incident fills seven half hours of their long window, and would be the 99.5 % quantile.`, `
			max without (part) (
				label_replace(clamp_max(quantile_over_time(0.995, EXCESS:max30m{kind="burst"}[4w] offset 2h), 250), "part", "rare", "", "")
				or label_replace(clamp_max(quantile_over_time(0.995, EXCESS:max30m{kind=~".*structure"}[4w] offset 2h), 9), "part", "rare", "", "")
				or label_replace(3 * quantile_over_time(0.98, EXCESS:max30m[4w] offset 2h), "part", "common", "", "")
			)`),
		record("MAX_1W", "Because of the offset, nothing fires in the first 45 minutes of a new workspace.", `
			max_over_time(COUNT{kind="burst"}[1w] offset 45m)
			or max_over_time(COUNT{kind=~"comments|memberships"}[1w] offset 45m) and COUNT offset 1d`),
		record("DEVIATION:max30m", "", "max_over_time(DEVIATION[30m])"),
		record("NOISE", "The minimum decides in small workspaces and at night, where the expected count is 0.", `
			`+strings.Join(noises, `
			or `)),
		record("MATURE", "Exists once there is a week of history.", `group by (workspace) (count_over_time(COUNT{kind="burst"}[1w] offset 7d))`),
	}
}
