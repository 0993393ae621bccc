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

// The palette of Okabe and Ito, which people tell apart who do not see red and green apart. Orange and sky blue are darker than
// theirs, and yellow is missing: those are pale in the light theme. Beside it, whatever a colour says is also said by a word, a dash
// or a place.
const (
	orange     = "#BD8000"
	skyBlue    = "#3E9AD6"
	green      = "#009E73"
	blue       = "#0072B2"
	vermillion = "#D55E00"
	purple     = "#CC79A7"
	grey       = "#8E8E8E" // In place of black, which dark themes swallow.
)

// What the colours mean, on all three dashboards.
const (
	calm    = skyBlue
	caution = orange
	alarm   = vermillion
	past    = grey
	quiet   = grey + "40" // Seen through.
)

// actions are the actions that Asana documents.
func actions() []style {
	return []style{
		{name: "added", colour: blue},
		{name: "changed", colour: skyBlue},
		{name: "removed", colour: orange},
		{name: "deleted", colour: vermillion},
		{name: "undeleted", colour: green, dash: dashed},
	}
}

// answers are Asana's by what the exporter does about them, so that an answer has one colour on all panels.
func answers() []style {
	return []style{
		{name: "200", colour: skyBlue},
		{name: "412: position died", colour: purple},
		{name: "429: told to wait", colour: orange},
		{name: "4xx: not allowed", colour: blue},
		{name: "5xx: Asana fails", colour: vermillion},
		{name: "no answer", colour: past},
	}
}

// resourceTypes are the most frequent types: those of one colour have different dashes.
func resourceTypes() []style {
	return []style{
		{name: "task", colour: blue},
		{name: "story", colour: skyBlue},
		{name: "project", colour: vermillion},
		{name: "section", colour: orange},
		{name: "attachment", colour: purple},
		{name: "tag", colour: green},
		{name: "portfolio", colour: blue, dash: dashed},
		{name: "goal", colour: green, dash: dashed},
		{name: "team", colour: vermillion, dash: dashed},
		{name: "status_update", colour: orange, dash: dashed},
		{name: "custom_field", colour: purple, dash: dashed},
		{name: "project_template", colour: skyBlue, dash: dashed},
		{name: "team_membership", colour: vermillion, dash: dotted},
		{name: "project_membership", colour: orange, dash: dotted},
		{name: "workspace_membership", colour: purple, dash: dotted},
		{name: "time_tracking_entry", colour: blue, dash: dotted},
		{name: "user_task_list", colour: green, dash: dotted},
	}
}

// Dashes of lines.
const (
	solid = iota
	dashed
	dotted
)

// A style is how a series of this name is drawn; without a colour in one of Grafana's.
type style struct {
	name, colour string
	dash, width  int
	fillTo       string // The area down to the series of this name is filled.
}

// properties returns what Grafana overrides for the series.
func (s style) properties() []property {
	var properties []property
	if s.colour != "" {
		properties = append(properties, property{"color", object{"mode": "fixed", "fixedColor": s.colour}})
	}
	switch s.dash {
	case dashed:
		properties = append(properties, property{"custom.lineStyle", object{"fill": "dash", "dash": []int{10, 6}}})
	case dotted:
		properties = append(properties, property{"custom.lineStyle", object{"fill": "dot", "dash": []int{1, 5}}})
	}
	if s.width > 0 {
		properties = append(properties, property{"custom.lineWidth", s.width})
	}
	if s.fillTo != "" {
		properties = append(properties, property{"custom.fillBelowTo", s.fillTo}, property{"custom.fillOpacity", 30})
	}
	return properties
}
