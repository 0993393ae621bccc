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
	"regexp"
	"slices"
	"strings"
	"testing"
)

const columns = 24

// The grid is full: no panel covers another, and no row has a hole.
func TestLayoutHasNoHoles(t *testing.T) {
	for _, d := range dashboards() {
		taken := map[[2]int]string{}
		bottom := 0
		for _, p := range d.all() {
			g := p.GridPos
			bottom = max(bottom, g.Y+g.H)
			for y := g.Y; y < g.Y+g.H; y++ {
				for x := g.X; x < g.X+g.W; x++ {
					if other, ok := taken[[2]int{x, y}]; ok {
						t.Fatalf("%s: %q covers %q", d.Title, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
					if x >= columns {
						t.Fatalf("%s: %q goes beyond the grid", d.Title, p.Title)
					}
				}
			}
		}
		if got, want := len(taken), columns*bottom; got != want {
			t.Errorf("%s: %d cells of the grid are taken, of %d", d.Title, got, want)
		}
	}
}

// A reader finds on each panel what it shows, in which unit, and which line is which.
func TestPanelsExplainThemselves(t *testing.T) {
	for _, d := range dashboards() {
		for _, p := range d.all() {
			if p.Type == "row" || p.Type == "text" { // Words alone.
				continue
			}
			if p.Title == "" || !strings.HasSuffix(p.Description, ".") {
				t.Errorf("%s: %q has no title, or no description of whole sentences", d.Title, p.Title)
			}
			if p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s: %q has no unit", d.Title, p.Title)
			}
			if p.Datasource.UID != "${datasource}" {
				t.Errorf("%s: %q does not ask the data source that was chosen", d.Title, p.Title)
			}
			checkLegend(t, d, p)
			checkTargets(t, d, p)
		}
	}
}

// checkLegend wants a legend of every kind of panel that can have one.
func checkLegend(t *testing.T, d dashboard, p *panel) {
	t.Helper()
	switch p.Type {
	case "timeseries", "state-timeline":
		if p.Options["legend"].(object)["showLegend"] != true {
			t.Errorf("%s: %q has no legend", d.Title, p.Title)
		}
	case "heatmap":
		if p.Options["tooltip"].(object)["showColorScale"] != true {
			t.Errorf("%s: %q has no scale of colours", d.Title, p.Title)
		}
	case "stat", "bargauge", "table": // Names stand beside the values.
	default:
		t.Errorf("%s: %q is of a new kind, %s: has it a legend?", d.Title, p.Title, p.Type)
	}
}

func checkTargets(t *testing.T, d dashboard, p *panel) {
	t.Helper()
	if len(p.Targets) == 0 {
		t.Errorf("%s: %q asks nothing", d.Title, p.Title)
	}
	var ids []string
	for _, target := range p.Targets {
		if target.LegendFormat == "" && p.Type != "table" {
			t.Errorf("%s: %q, query %s has no legend", d.Title, p.Title, target.RefID)
		}
		if target.Instant == target.Range {
			t.Errorf("%s: %q, query %s must be for a moment or for a range", d.Title, p.Title, target.RefID)
		}
		if slices.Contains(ids, target.RefID) {
			t.Errorf("%s: %q has two queries %s", d.Title, p.Title, target.RefID)
		}
		ids = append(ids, target.RefID)
	}
}

// On a screen of 1280 pixels with Grafana's menu a column is 39 wide, and a letter of a title 8; beside the title is a sign for the
// description. Charts need room for their axes, tables for their columns.
func TestNothingIsCutOff(t *testing.T) {
	const column, letter, margins, border = 39, 8, 72, 18
	least := map[string]int{"timeseries": 8, "heatmap": 8, "state-timeline": 8, "table": 8, "bargauge": 6, "stat": 4, "text": 6, "row": columns}
	for _, d := range dashboards() {
		for _, p := range d.all() {
			if p.GridPos.W < least[p.Type] {
				t.Errorf("%s: %q is %d columns wide, a %s needs %d", d.Title, p.Title, p.GridPos.W, p.Type, least[p.Type])
			}
			if len([]rune(p.Title))*letter+margins > p.GridPos.W*column {
				t.Errorf("%s: the title of %q is cut off at %d columns", d.Title, p.Title, p.GridPos.W)
			}
			if needs, has := columnsOf(p), p.GridPos.W*column-border; needs > has {
				t.Errorf("%s: the columns of %q need %d pixels of %d", d.Title, p.Title, needs, has)
			}
			if needs, has := linesOf(p, p.GridPos.W*column-border), (p.GridPos.H*38-40)/22; needs > has {
				t.Errorf("%s: the text of %q needs %d lines of %d", d.Title, p.Title, needs, has)
			}
			if words := p.FieldConfig; p.Type == "bargauge" && len(words.Defaults.NoValue)*letter > p.GridPos.W*column-border {
				t.Errorf("%s: %q has no room for %q", d.Title, p.Title, words.Defaults.NoValue)
			}
			checkRows(t, d, p)
		}
	}
}

// checkRows wants a legend that is a table to have room for each of its lines.
func checkRows(t *testing.T, d dashboard, p *panel) {
	t.Helper()
	if p.Type != "timeseries" {
		return
	}
	legend := p.Options["legend"].(object)
	if legend["displayMode"] != "table" || legend["placement"] != "bottom" {
		return
	}
	if rows := len(p.Targets); p.openEnded() || rows > legendRows(p.GridPos.H) {
		t.Errorf("%s: the legend of %q hides lines: it has room for %d", d.Title, p.Title, legendRows(p.GridPos.H))
	}
}

// columnsOf returns the width of a table's columns: those without a width of their own need 75 pixels for a heading.
func columnsOf(p *panel) (width int) {
	for _, t := range p.Transformations {
		if t.ID == "organize" {
			width = 75 * len(t.Options["renameByName"].(object))
		}
	}
	if p.FieldConfig == nil {
		return 0
	}
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID == "custom.width" {
				width += property.Value.(int) - 75
			}
		}
	}
	return width
}

// linesOf returns how many lines a text has, with one more for each paragraph. A letter of it is 7 pixels wide, and a list is indented.
func linesOf(p *panel, width int) (lines int) {
	if p.Type != "text" {
		return 0
	}
	seen := regexp.MustCompile(`\]\([^)]*\)|[*\[]`).ReplaceAllString(p.Options["content"].(string), "")
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(seen, "\n   ", " "), "\n") {
		lines += 1 + len(paragraph)*7/(width-25)
	}
	return lines
}

// Others link to the dashboards, and to the panels in them.
func TestDashboardsAreLinked(t *testing.T) {
	for _, d := range dashboards() {
		linked := slices.ContainsFunc(d.Links, func(l link) bool {
			return l.Type == "dashboards" && l.KeepTime && l.IncludeVars && slices.Equal(l.Tags, d.Tags)
		})
		if !linked {
			t.Errorf("%s: no list of the dashboards of its tags", d.Title)
		}
	}
	for _, p := range deletions().all() {
		if (p.ID == statesID) != (p.Title == "State of each alert") {
			t.Errorf("%q has the number %d, counts lead to %d", p.Title, p.ID, statesID)
		}
	}
}
