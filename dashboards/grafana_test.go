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
	"strings"
	"testing"
)

// These are faults that were seen in a real Grafana, each with its whole kind. What only the JSON shows is looked at there.

// eachPanel calls a function for each panel with queries.
func eachPanel(t *testing.T, check func(t *testing.T, p *panel)) {
	t.Helper()
	for _, d := range dashboards() {
		for _, p := range d.all() {
			if len(p.Targets) > 0 {
				t.Run(d.UID+"/"+p.Title, func(t *testing.T) { check(t, p) })
			}
		}
	}
}

// By thresholds Grafana merges states, by default at 80, and ignores the words that they map to.
func TestStatesHaveTheirColours(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		if p.Type != "state-timeline" {
			return
		}
		if mode := p.FieldConfig.Defaults.Color["mode"]; mode != "fixed" || len(p.FieldConfig.Defaults.Mappings) == 0 {
			t.Errorf("colours by %v, %d mappings", mode, len(p.FieldConfig.Defaults.Mappings))
		}
		// Without a frame it complains that there is no time.
		if expr := p.Targets[0].Expr; !strings.Contains(expr, "or vector(") && !strings.Contains(expr, "or on () label_replace(vector(") {
			t.Errorf("%s may be empty", expr)
		}
		if _, ok := p.Options["perPage"]; ok {
			t.Error("a pager for one page")
		}
	})
}

// 1,102 deletions are not 1 K, and there are no 84.7 tasks: things are counted in full. Seconds may have fractions.
func TestThingsAreCountedInFull(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		defaults := p.FieldConfig.Defaults
		if defaults.Unit == "short" && !strings.HasPrefix(p.Title, "The week") { // Narrow cells.
			t.Error("short rounds what is counted")
		}
		if whole := defaults.Decimals != nil && *defaults.Decimals == 0; defaults.Unit == things && !whole && p.Type != "table" {
			t.Error("fractions of things")
		}
		for _, o := range p.FieldConfig.Overrides {
			unit := slices.ContainsFunc(o.Properties, func(p property) bool { return p.ID == "unit" && p.Value == "s" })
			whole := slices.ContainsFunc(o.Properties, func(p property) bool { return p.ID == "decimals" })
			if unit && (whole || defaults.Decimals != nil) {
				t.Errorf("no fractions of seconds in %q", o.Matcher.Options)
			}
		}
	})
}

// A workspace that was renamed has two names for a while. Without a choice Prometheus refuses the whole query.
func TestWorkspacesHaveOneName(t *testing.T) {
	for _, d := range dashboards() {
		for _, expr := range strings.Split(string(d.json()), "group_left (name) ")[1:] {
			if !strings.HasPrefix(expr, "topk by (workspace) (1, ") && !strings.HasPrefix(expr, "group by (workspace, name) (topk by (workspace) (1, ") {
				t.Errorf("%s: %.60s may be two names", d.Title, expr)
			}
		}
		if strings.Contains(string(d.json()), `"expr": "max by (instance, workspace, name)`) {
			t.Errorf("%s: a row for each name", d.Title)
		}
	}
}

// Where the rules are not loaded, nothing is known: neither quiet nor 0.
func TestNothingIsKnownWithoutRules(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			recorded := strings.Contains(target.Expr, ":asana_") || strings.Contains(target.Expr, "AsanaDeletion")
			if recorded && strings.HasSuffix(target.Expr, " or vector(0)") {
				t.Errorf("%s is 0 without the rules", target.Expr)
			}
		}
	})
}

// A table without a row shows its headings and no word, whatever it should say for no data.
func TestTablesAreNeverEmpty(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		matrix := slices.ContainsFunc(p.Transformations, func(t transformation) bool { return t.ID == "groupingToMatrix" }) // Has no headings then.
		if p.Type == "table" && !matrix && !strings.Contains(p.Targets[0].Expr, " or on () label_replace(vector(NaN), ") {
			t.Error("no row for no data")
		}
	})
}

// One process may follow many workspaces: the best of them does not stand for the exporter.
func TestStatesAreThoseOfTheWorstWorkspace(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			if p.Type == "state-timeline" && strings.Contains(target.Expr, "asana_workspace_up") && !strings.HasPrefix(target.Expr, "min by (instance) ") {
				t.Error(target.Expr)
			}
		}
	})
}

// One colour for all series of a query is for queries with one series.
func TestWorkspacesDiffer(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, o := range p.FieldConfig.Overrides {
			coloured := slices.ContainsFunc(o.Properties, func(p property) bool { return p.ID == "color" })
			for _, target := range p.Targets {
				if o.Matcher == (matcher{"byFrameRefID", target.RefID}) && coloured && !strings.Contains(target.Expr, "topk(1, ") {
					t.Errorf("query %s draws several workspaces in one colour", target.RefID)
				}
			}
		}
	})
}

// Before there is a limit, the workspace with most deletions is the nearest to it: at 0 all would be.
func TestNearestHasMostDeletions(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			if strings.Contains(target.Expr, "topk(") && strings.Contains(target.Expr, ":count{") && strings.Contains(target.Expr, "@ end()) * 0)") {
				t.Error(target.Expr)
			}
		}
	})
}

// Where nothing happened, a mean or a quantile is NaN, for which a legend has the words for no data.
func TestNothingIsNotANumber(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			mean := strings.Contains(target.Expr, "_sum{") && !strings.HasSuffix(target.Expr, " > 0)")
			if quantile := strings.Contains(target.Expr, "histogram_quantile(") && !strings.HasSuffix(target.Expr, " >= 0"); mean || quantile {
				t.Errorf("%s may be NaN", target.Expr)
			}
		}
	})
}

// A table has rows of what was chosen alone.
func TestVersionsAreOfChosenWorkspaces(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			if p.Type == "table" && strings.Contains(target.Expr, "build_info") && !strings.Contains(target.Expr, "and on (job, instance) last_over_time(asana_workspace_up{") {
				t.Errorf("%s has rows of all exporters", target.Expr)
			}
		}
	})
}

// A heatmap without a series is a TypeError in Grafana, and one whose buckets have gaps in other places is wrong.
func TestHeatmapsAreNeverEmpty(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		if p.Type != "heatmap" {
			return
		}
		for _, le := range []string{"1", "5", "15", "30", "60", "120", "300", "600", "1800", "3600", "21600", "86400", "+Inf"} {
			if !strings.Contains(p.Targets[0].Expr, ` or vector(0), "le", "`+le+`"`) {
				t.Errorf("the bucket %s may be empty", le)
			}
		}
	})
}

// What Grafana computes from two columns is NaN where one of them has no value.
func TestComputedColumnsHaveBothSides(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		if !slices.ContainsFunc(p.Transformations, func(t transformation) bool { return t.ID == "calculateField" }) {
			return
		}
		for _, target := range p.Targets {
			if !strings.Contains(target.Expr, ") * 0 or on () ") || !strings.Contains(target.Expr, ") or ") {
				t.Errorf("%s: nothing stands for what is missing", target.Expr)
			}
		}
	})
}

// Without a current value Grafana takes the data source that is first by the alphabet, not the default.
func TestDataSourceIsTheDefault(t *testing.T) {
	for _, d := range dashboards() {
		for _, v := range d.Templating.List {
			if v.Current == nil || v.Type == "datasource" && v.Current.Value != "default" {
				t.Errorf("%s: %s has no current value", d.Title, v.Name)
			}
		}
	}
}

// Switches of annotations, links and variables take a row of the screen each, where it is small.
func TestHeaderIsShort(t *testing.T) {
	const most = 7
	for _, d := range dashboards() {
		seen := len(d.Links)
		for _, v := range d.Templating.List {
			if v.Hide == 0 {
				seen++
			}
		}
		for _, a := range d.Annotations.List {
			if !a.Hide {
				seen++
			}
		}
		if seen > most {
			t.Errorf("%s: %d things in the header", d.Title, seen)
		}
	}
}

// The axis of an empty chart goes to 100 seconds, or to a fifth of a task, unless it is told better. Neighbouring shades look alike.
func TestChartsLookRightWhenEmpty(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		if p.FieldConfig.Defaults.NoValue == "" {
			t.Error("no words for no data")
		}
		if p.Type != "timeseries" {
			return
		}
		if most, _ := p.FieldConfig.Defaults.Custom["axisSoftMax"].(float64); most <= 0 {
			t.Error("no soft maximum")
		}
		if p.FieldConfig.Defaults.Color["mode"] == "shades" {
			t.Error("shades")
		}
	})
}

// $__rate_interval is a minute where Grafana is not told how often Prometheus scrapes: too short for those who scrape once a minute.
func TestRatesHaveTwoScrapes(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			rate := strings.Contains(target.Expr, "$__rate_interval")
			if rate && (target.Interval != scraped || p.Interval != scraped) {
				t.Errorf("query %s has a least step of %q, its panel of %q", target.RefID, target.Interval, p.Interval)
			}
			if strings.Contains(target.Expr, "[$__interval]") && p.Interval == "" {
				t.Errorf("query %s has windows of any size", target.RefID)
			}
		}
	})
}

// With native histograms on, Prometheus drops the buckets of those that have both forms.
func TestDelaysAreDrawnInBothForms(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			classic := strings.Contains(target.Expr, "asana_event_delay_seconds_")
			if native := strings.Contains(target.Expr, "asana_event_delay_seconds{"); classic != native {
				t.Errorf("classic: %t, native: %t", classic, native)
			}
		}
	})
}

// A count of five minutes, times twelve, is no count of an hour.
func TestCountsAreNotScaled(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			if strings.Contains(target.Expr, ") * 12") || strings.Contains(target.Expr, ") * 4") {
				t.Error(target.Expr)
			}
		}
	})
}

// The expected count holds the last half hour, and rises above the limits in an incident.
func TestUsualStaysBelowTheLimit(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		for _, target := range p.Targets {
			if strings.Contains(target.Expr, ":expected{") && !strings.Contains(target.Expr, "clamp_min(last_over_time(workspace_kind:asana_deletions:high{") {
				t.Error(target.Expr)
			}
		}
	})
}

// A moment is told to the minute, on a clock of 24 hours as on the axes.
func TestMomentsAreExact(t *testing.T) {
	eachPanel(t, func(t *testing.T, p *panel) {
		unit := p.FieldConfig.Defaults.Unit
		if strings.HasPrefix(unit, "dateTime") && (unit != "dateTimeAsIsoNoDateIfToday" || p.MaxDataPoints < 1440) {
			t.Errorf("%s, %d points", unit, p.MaxDataPoints)
		}
	})
}
