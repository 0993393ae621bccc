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

// The kinds of panels. Each takes a title, what it means to the reader, a unit, and its queries.

// things is the unit of what can be counted, of which there are no fractions: 1,102 and not 1 K.
const (
	things    = "locale"
	eventRate = "eps"
)

// row returns a heading over the bands that follow.
func row(title string) band {
	open, none := false, []*panel{}
	return band{{Type: "row", Title: title, GridPos: area{H: 1, W: 24}, Collapsed: &open, Panels: &none}}
}

// closedRow is a row whose panels are shown, and their queries sent, when somebody opens it.
func closedRow(title string) band {
	b := row(title)
	*b[0].Collapsed = true
	return b
}

func newPanel(kind, title, description, unit string, targets []target) *panel {
	source := datasource{"prometheus", "${datasource}"}
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
		targets[i].Datasource = source
		targets[i].EditorMode = "code"
	}
	p := &panel{
		Type: kind, Title: title, Description: description, Datasource: &source, Targets: targets,
		FieldConfig: &fieldConfig{
			Defaults:  field{Unit: unit, Color: object{"mode": "fixed", "fixedColor": calm}},
			Overrides: []override{},
		},
	}
	if unit == things {
		p.FieldConfig.Defaults.Decimals = new(int)
	}
	return p
}

// lines returns a chart over time with a legend of means, highs and last values below. Series that no style is given for
// have Grafana's colours: shades of one colour are too much alike.
func lines(title, description, unit string, targets ...target) *panel {
	p := newPanel("timeseries", title, description, unit, targets)
	p.MaxDataPoints = 500 // Enough for any width, and at seven days a step of 20 minutes.
	p.FieldConfig.Defaults.Color = object{"mode": "palette-classic"}
	p.FieldConfig.Defaults.Min = new(float64)
	p.FieldConfig.Defaults.Custom = object{
		"drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "auto", "pointSize": 4, "spanNulls": false,
		"axisSoftMax": softMax(unit),
	}
	p.Options = object{
		"legend":  legend("table", "bottom", "mean", "max", "lastNotNull"),
		"tooltip": object{"mode": "multi", "sort": "desc"},
	}
	return p
}

// softMax returns what an axis shows at least: without values Grafana would go to 100, in whatever unit.
func softMax(unit string) float64 {
	switch unit {
	case "s":
		return 60
	case "bytes":
		return 64 << 20
	default:
		return 1
	}
}

// bars is lines with a bar for each step, stacked.
func bars(title, description, unit string, targets ...target) *panel {
	p := lines(title, description, unit, targets...)
	custom := p.FieldConfig.Defaults.Custom
	custom["drawStyle"], custom["fillOpacity"], custom["lineWidth"] = "bars", 70, 0
	custom["stacking"] = object{"mode": "normal", "group": "A"}
	return p
}

func legend(mode, placement string, calcs ...string) object {
	return object{
		"showLegend": true, "displayMode": mode, "placement": placement, "calcs": append([]string{}, calcs...),
		"sortBy": "Max", "sortDesc": true,
	}
}

// number returns one big number, or few of them.
func number(title, description, unit string, targets ...target) *panel {
	p := newPanel("stat", title, description, unit, targets)
	p.MaxDataPoints = 300
	p.Interval = "1m"
	p.Options = object{
		"colorMode": "value", "graphMode": "none", "justifyMode": "center", "orientation": "auto", "textMode": "auto",
		"wideLayout": true, "showPercentChange": false, "percentChangeColorMode": "standard", "reduceOptions": last(),
	}
	return p
}

func last() object { return object{"calcs": []string{"lastNotNull"}, "fields": "", "values": false} }

// ranking returns a bar for each series, with its name and value beside it.
func ranking(title, description, unit string, targets ...target) *panel {
	p := newPanel("bargauge", title, description, unit, targets)
	p.FieldConfig.Defaults.Min = new(float64)
	p.Options = object{
		"displayMode": "basic", "orientation": "horizontal", "namePlacement": "top", "valueMode": "text",
		"showUnfilled": false, "sizing": "auto", "minVizWidth": 8, "minVizHeight": 14, "maxVizHeight": 26,
		"legend": legend("list", "bottom"), "reduceOptions": last(),
	}
	p.Options["text"] = object{"titleSize": 12, "valueSize": 14}
	p.Options["legend"].(object)["showLegend"] = false // The names are above the bars, where they have the whole width.
	return p
}

// heatmap returns a chart of cells: over time from left to right, by series from bottom to top. The more a cell stands out, the more is in it.
func heatmap(title, description, unit string, axis object, targets ...target) *panel {
	p := newPanel("heatmap", title, description, unit, targets)
	p.MaxDataPoints = 200
	p.FieldConfig.Defaults.Custom = object{"scaleDistribution": object{"type": "linear"}}
	p.Options = object{
		"calculate": false, "cellGap": 0, "showValue": "never", "yAxis": axis,
		"cellValues": object{"unit": unit},
		"color": object{
			"mode": "scheme", "scheme": "Blues", "fill": blue, "scale": "exponential", "exponent": 0.5, "steps": 64,
			"reverse": false,
		},
		"exemplars":    object{"color": orange},
		"filterValues": object{"le": 1e-9},
		"legend":       object{"show": false}, // It says "undefined" while there is no event; the tooltip has the scale, too.
		"rowsFrame":    object{"layout": "auto"},
		"tooltip":      object{"mode": "single", "yHistogram": true, "showColorScale": true},
	}
	return p
}

// states returns a band for each series that tells its states over time, in words and colours.
func states(title, description string, states []state, targets ...target) *panel {
	p := newPanel("state-timeline", title, description, "none", targets)
	p.MaxDataPoints = 300
	// By thresholds Grafana would merge the states below 80, and not look at what they say.
	p.FieldConfig.Defaults.Color = object{"mode": "fixed", "fixedColor": past}
	p.FieldConfig.Defaults.Custom = object{"fillOpacity": 80, "lineWidth": 0, "spanNulls": false}
	p.Options = object{
		"mergeValues": true, "showValue": "auto", "alignValue": "left", "rowHeight": 0.8,
		"legend": legend("list", "bottom"), "tooltip": object{"mode": "single", "sort": "none"},
	}
	p.orElse("–") // Also the word for a stretch without a value, in the legend.
	return p.saying(states...)
}

// grid returns a table: a row for each workspace or instance, a column for each query.
func grid(title, description string, columns []title, targets ...target) *panel {
	p := newPanel("table", title, description, things, targets)
	p.FieldConfig.Defaults.Decimals = nil // Not of seconds.
	p.FieldConfig.Defaults.Custom = object{"align": "auto", "inspect": false, "minWidth": 60, "cellOptions": object{"type": "auto"}}
	p.FieldConfig.Defaults.Mappings = []object{{"type": "special", "options": object{"match": "null+nan", "result": object{"text": "–"}}}}
	p.Options = object{"showHeader": true, "frameIndex": 0, "cellHeight": "sm"}
	names, order, hidden := object{}, object{}, object{"Time": true}
	for i, c := range columns {
		order[c.from] = i
		if c.to == "" {
			hidden[c.from] = true
			continue
		}
		names[c.from] = c.to
		if c.from == "workspace" {
			c.unit = "string" // Or Grafana makes a number of it.
		}
		if c.unit != "" {
			p.override("byName", c.to, property{"unit", c.unit})
		} else {
			p.override("byName", c.to, property{"decimals", 0})
		}
	}
	p.Transformations = []transformation{
		{"merge", object{}},
		{"organize", object{"renameByName": names, "indexByName": order, "excludeByName": hidden}},
	}
	return p
}

// A title names a column of a table, and its unit, if these are not things. Without a new name the column is hidden.
type title struct{ from, to, unit string }

// A state is what a value means.
type state struct {
	value, text, colour string
}

// text returns words in Markdown.
func text(title, markdown string) *panel {
	return &panel{Type: "text", Title: title, Options: object{"mode": "markdown", "content": markdown}}
}
