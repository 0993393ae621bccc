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

// These types are the part of Grafana's classic dashboard schema that our dashboards use, in the order in which it is
// written. dashboards/check compares what comes out with the whole schema.

// schema is the version of Grafana 11.0; later ones migrate it when they load it.
const schema = 39

// object is what a kind of panel defines by itself, such as its options.
type object map[string]any

type dashboard struct {
	UID           string     `json:"uid"`
	Title         string     `json:"title"`
	Description   string     `json:"description"`
	Tags          []string   `json:"tags"`
	Editable      bool       `json:"editable"`
	SchemaVersion int        `json:"schemaVersion"`
	GraphTooltip  int        `json:"graphTooltip"` // 1: the crosshair is shared.
	Timezone      string     `json:"timezone"`
	Time          timeRange  `json:"time"`
	Refresh       string     `json:"refresh"`
	Links         []link     `json:"links"`
	Templating    templating `json:"templating"`
	Annotations   notes      `json:"annotations"`
	Panels        []*panel   `json:"panels"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type link struct {
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Icon        string   `json:"icon"`
	Tooltip     string   `json:"tooltip"`
	URL         string   `json:"url"`
	Tags        []string `json:"tags"`
	AsDropdown  bool     `json:"asDropdown"`
	TargetBlank bool     `json:"targetBlank"`
	IncludeVars bool     `json:"includeVars"`
	KeepTime    bool     `json:"keepTime"`
}

type templating struct {
	List []variable `json:"list"`
}

type variable struct {
	Type       string      `json:"type"`
	Name       string      `json:"name"`
	Label      string      `json:"label"`
	Desc       string      `json:"description,omitempty"`
	Datasource *datasource `json:"datasource,omitempty"`
	Query      any         `json:"query"` // The kind of a datasource, the values of a list, or an object.
	Definition string      `json:"definition,omitempty"`
	Regex      string      `json:"regex,omitempty"`
	Hide       int         `json:"hide,omitempty"`    // 2: out of sight, though links and addresses still set it.
	Refresh    int         `json:"refresh,omitempty"` // 2: when the time range changes.
	Sort       int         `json:"sort,omitempty"`    // 1: by the alphabet.
	Multi      bool        `json:"multi"`
	IncludeAll bool        `json:"includeAll"`
	AllValue   string      `json:"allValue,omitempty"`
	Current    *choice     `json:"current,omitempty"`
}

type choice struct {
	Selected bool `json:"selected"`
	Text     any  `json:"text"`
	Value    any  `json:"value"`
}

type notes struct {
	List []annotation `json:"list"`
}

type annotation struct {
	Name       string     `json:"name"`
	Enable     bool       `json:"enable"`
	Hide       bool       `json:"hide"` // Its switch, which would take a place in the header.
	IconColor  string     `json:"iconColor"`
	Datasource datasource `json:"datasource"`
	Expr       string     `json:"expr"`
	Step       string     `json:"step"`
	AtValue    bool       `json:"useValueForTime"` // The value is the time, in milliseconds.
	Title      string     `json:"titleFormat"`
	Text       string     `json:"textFormat"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type panel struct {
	ID              int              `json:"id"`
	Type            string           `json:"type"`
	Title           string           `json:"title"`
	Description     string           `json:"description,omitempty"`
	GridPos         area             `json:"gridPos"`
	Collapsed       *bool            `json:"collapsed,omitempty"` // Of rows, which have nothing else.
	Panels          *[]*panel        `json:"panels,omitempty"`    // Of rows: what is in them while they are closed.
	Datasource      *datasource      `json:"datasource,omitempty"`
	Interval        string           `json:"interval,omitempty"` // The least step.
	MaxDataPoints   int              `json:"maxDataPoints,omitempty"`
	Targets         []target         `json:"targets,omitempty"`
	Transformations []transformation `json:"transformations,omitempty"`
	FieldConfig     *fieldConfig     `json:"fieldConfig,omitempty"`
	Options         object           `json:"options,omitempty"`
}

// An area of the grid, which is 24 columns wide.
type area struct {
	H int `json:"h"`
	W int `json:"w"`
	X int `json:"x"`
	Y int `json:"y"`
}

type target struct {
	RefID        string     `json:"refId"`
	Datasource   datasource `json:"datasource"`
	Expr         string     `json:"expr"`
	LegendFormat string     `json:"legendFormat,omitempty"`
	Format       string     `json:"format"`
	Instant      bool       `json:"instant"`
	Range        bool       `json:"range"`
	EditorMode   string     `json:"editorMode"`
	Interval     string     `json:"interval,omitempty"` // The least step, of which $__rate_interval is four.
}

type transformation struct {
	ID      string `json:"id"`
	Options object `json:"options"`
}

type fieldConfig struct {
	Defaults  field      `json:"defaults"`
	Overrides []override `json:"overrides"`
}

type field struct {
	Unit       string      `json:"unit,omitempty"`
	Decimals   *int        `json:"decimals,omitempty"`
	Min        *float64    `json:"min,omitempty"`
	Max        *float64    `json:"max,omitempty"`
	NoValue    string      `json:"noValue,omitempty"`
	Color      object      `json:"color,omitempty"`
	Thresholds *thresholds `json:"thresholds,omitempty"`
	Links      []dataLink  `json:"links,omitempty"`
	Mappings   []object    `json:"mappings,omitempty"`
	Custom     object      `json:"custom,omitempty"`
}

// A dataLink leads from a value to what explains it.
type dataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

type thresholds struct {
	Mode  string `json:"mode"`
	Steps []step `json:"steps"`
}

type step struct {
	Color string   `json:"color"`
	Value *float64 `json:"value"` // Null for the first.
}

type override struct {
	Matcher    matcher    `json:"matcher"`
	Properties []property `json:"properties"`
}

type matcher struct {
	ID      string `json:"id"`
	Options string `json:"options"`
}

type property struct {
	ID    string `json:"id"`
	Value any    `json:"value"`
}
