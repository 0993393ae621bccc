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

// Package v2 holds the little of Grafana's package of this name that dashboard-linter needs to be built: the real one can't be
// had as a module. Our dashboards are classic ones, so none of it is ever used.
package v2

// DashboardSpec and all that follows mirror the names and fields that dashboard-linter reads.
type DashboardSpec struct {
	Title       string
	Editable    *bool
	Elements    map[string]DashboardElement
	Variables   []DashboardVariableKind
	Annotations []DashboardAnnotationQueryKind
}

// DashboardElement is a panel, or something without queries.
type DashboardElement struct {
	PanelKind *struct{ Spec DashboardPanelSpec }
}

// DashboardPanelSpec is a panel.
type DashboardPanelSpec struct {
	Id                 float64
	Title, Description string
	VizConfig          struct {
		Group string
		Spec  struct{ FieldConfig, Options any }
	}
	Data struct {
		Spec struct{ Queries []DashboardPanelQueryKind }
	}
}

// DashboardPanelQueryKind is a query of a panel.
type DashboardPanelQueryKind struct {
	Spec struct {
		RefId  string
		Hidden bool
		Query  DashboardDataQueryKind
	}
}

// DashboardDataQueryKind is a query of a data source.
type DashboardDataQueryKind struct {
	Group      string
	Datasource *struct{ Name *string }
	Spec       map[string]any
}

// DashboardVariableRefresh says when a variable is asked for anew.
type DashboardVariableRefresh string

// The values of DashboardVariableRefresh.
const (
	DashboardVariableRefreshOnDashboardLoad    DashboardVariableRefresh = "onDashboardLoad"
	DashboardVariableRefreshOnTimeRangeChanged DashboardVariableRefresh = "onTimeRangeChanged"
)

type variable struct {
	Spec struct {
		Name, PluginId  string
		Label, AllValue *string
		Multi           bool
		Refresh         DashboardVariableRefresh
		Query           DashboardDataQueryKind
	}
}

type textVariable struct {
	Spec struct {
		Name, Query     string
		Label, AllValue *string
		Multi           bool
	}
}

// DashboardVariableKind is a variable of one of these kinds.
type DashboardVariableKind struct {
	QueryVariableKind, DatasourceVariableKind                                        *variable
	CustomVariableKind, IntervalVariableKind, ConstantVariableKind, TextVariableKind *textVariable
	AdhocVariableKind, GroupByVariableKind, SwitchVariableKind                       *textVariable
}

// DashboardAnnotationQueryKind is an annotation.
type DashboardAnnotationQueryKind struct {
	Spec struct {
		Name  string
		Query DashboardDataQueryKind
	}
}
