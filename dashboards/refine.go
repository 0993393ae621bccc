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
)

// What makes one panel differ from others of its kind. Each of these changes the panel, and returns it.

// size sets the width in columns, of which there are 24, and the height, of which about 30 fit on a screen. A narrow chart has a
// legend with fewer columns. Where a table with a line for each series would not fit, the legend is a list of names.
func (p *panel) size(width, height int) *panel {
	p.GridPos.W, p.GridPos.H = width, height
	if p.Type != "timeseries" {
		return p
	}
	legend := p.Options["legend"].(object)
	if width < 12 {
		legend["calcs"] = fewCalcs()
	}
	if legend["placement"] == "bottom" && (p.openEnded() || len(p.Targets) > legendRows(height)) {
		legend["displayMode"], legend["calcs"] = "list", []string{}
	}
	return p
}

// openEnded reports whether a query gives a series for each value of a label.
func (p *panel) openEnded() bool {
	return slices.ContainsFunc(p.Targets, func(t target) bool { return strings.Contains(t.LegendFormat, "{{") })
}

// legendRows returns how many rows of a table fit below a chart, which leaves a third of the panel to it. All in pixels: a row of
// the grid is 38 high, a title 40, and a row of the table 30, as is its heading.
func legendRows(height int) int { return (height*38-40)*35/100/30 - 1 }

// every sets the least step, where samples are further apart than Grafana believes. Rates go by that of the query.
func (p *panel) every(step string) *panel {
	p.Interval = step
	for i := range p.Targets {
		if strings.Contains(p.Targets[i].Expr, "$__rate_interval") {
			p.Targets[i].Interval = step
		}
	}
	return p
}

// legendRight puts the legend where a wide chart has room for many series.
func (p *panel) legendRight() *panel {
	legend := p.Options["legend"].(object)
	legend["placement"], legend["width"] = "right", 400 // Pixels: a third of a chart as wide as a small screen.
	legend["calcs"] = fewCalcs()
	return p
}

// fewCalcs are what a legend without much room tells of each line.
func fewCalcs() []string { return []string{"max", "lastNotNull"} }

// points sets how many points there may be: fewer where each of them costs much.
func (p *panel) points(n int) *panel {
	p.MaxDataPoints = n
	return p
}

// sorted sorts the rows of a table by a column, the largest first.
func (p *panel) sorted(column string) *panel {
	p.Options["sortBy"] = []object{{"displayName": column, "desc": true}}
	return p
}

// sortedThen sorts the rows of a table by a column, the smallest first, and those alike by another one.
func (p *panel) sortedThen(first, then string) *panel {
	p.sorted(then)
	p.Options["sortBy"] = append([]object{{"displayName": first, "desc": false}}, p.Options["sortBy"].([]object)...)
	return p
}

// wide sets the width of a column of a table, in pixels: the others share what is left.
func (p *panel) wide(column string, pixels int) *panel {
	return p.override("byName", column, property{"custom.width", pixels})
}

// barred draws a column of a table as bars.
func (p *panel) barred(column string) *panel {
	return p.override("byName", column, property{"custom.cellOptions", object{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}})
}

// withNames shows the name of a number's series, too.
func (p *panel) withNames() *panel {
	p.Options["textMode"] = "value_and_name"
	return p
}

// whole shows no decimals.
func (p *panel) whole() *panel {
	p.FieldConfig.Defaults.Decimals = new(int)
	return p
}

// upTo sets what an axis shows at least, where the usual values are far from those of the unit.
func (p *panel) upTo(value float64) *panel {
	p.FieldConfig.Defaults.Custom["axisSoftMax"] = value
	return p
}

// leadsTo links values to what explains them.
func (p *panel) leadsTo(links ...dataLink) *panel {
	p.FieldConfig.Defaults.Links = append(p.FieldConfig.Defaults.Links, links...)
	return p
}

// leadsToRunbook links the series of each alert to its section.
func (p *panel) leadsToRunbook(series, alert string) {
	p.override("byName", series, property{"links", []dataLink{runbookOf(alert)}})
}

// runbookOf returns a link to the section on an alert.
func runbookOf(alert string) dataLink {
	return dataLink{Title: "Runbook: " + alert, URL: runbook + "#" + strings.ToLower(alert), TargetBlank: true}
}

// orElse says what is shown where there is nothing.
func (p *panel) orElse(text string) *panel {
	p.FieldConfig.Defaults.NoValue = text
	return p
}

// from colours a value by the highest bound that it reaches; the first bound does not count.
func (p *panel) from(bounds ...bound) *panel {
	steps := make([]step, len(bounds))
	for i, b := range bounds {
		steps[i].Color = b.colour
		if i > 0 {
			steps[i].Value = &b.least
		}
	}
	p.FieldConfig.Defaults.Color = object{"mode": "thresholds"}
	p.FieldConfig.Defaults.Thresholds = &thresholds{Mode: "absolute", Steps: steps}
	return p
}

// A bound is the least value of a colour.
type bound struct {
	least  float64
	colour string
}

// saying shows words in place of values.
func (p *panel) saying(states ...state) *panel {
	words := object{}
	for i, s := range states {
		words[s.value] = object{"text": s.text, "color": s.colour, "index": i}
	}
	p.FieldConfig.Defaults.Mappings = []object{{"type": "value", "options": words}}
	return p
}

// styled draws the series of these names so.
func (p *panel) styled(styles ...style) *panel {
	for _, s := range styles {
		p.override("byName", s.name, s.properties()...)
	}
	return p
}

// styledEach draws the series of the queries so, in their order: for queries that give several series.
func (p *panel) styledEach(styles ...style) *panel {
	for i, s := range styles {
		p.override("byFrameRefID", p.Targets[i].RefID, s.properties()...)
	}
	return p
}

func (p *panel) override(by, what string, properties ...property) *panel {
	p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, override{matcher{by, what}, properties})
	return p
}
