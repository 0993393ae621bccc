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

// A band is a row of panels side by side; its panels are of one height, and as wide together as the grid.
type band []*panel

// page puts what all three dashboards have in common around the bands. empty is shown by panels without data, unless they have
// words of their own.
func page(d dashboard, empty string, bands ...band) dashboard {
	d.Tags = []string{"asana"}
	d.Editable = true // Or Grafana offers to make it so.
	d.SchemaVersion = schema
	d.GraphTooltip = 1
	d.Timezone = "browser"
	if d.Time == (timeRange{}) {
		d.Time = timeRange{From: "now-24h", To: "now"}
	}
	d.Refresh = "1m"
	d.Links = links()
	d.Panels = layOut(bands)
	for _, p := range d.all() {
		p.orDefault(empty)
	}
	return d
}

// orDefault says what a panel shows without data, unless it has words of its own. Numbers, bars and cells have little room.
func (p *panel) orDefault(empty string) {
	switch {
	case p.FieldConfig == nil || p.FieldConfig.Defaults.NoValue != "":
	case p.Type == "stat" || p.Type == "table" || p.Type == "bargauge":
		p.orElse("not yet")
	default:
		p.orElse(empty)
	}
}

// all returns the panels, those in closed rows too.
func (d dashboard) all() []*panel {
	var all []*panel
	for _, p := range d.Panels {
		all = append(all, p)
		if p.Panels != nil {
			all = append(all, *p.Panels...)
		}
	}
	return all
}

// layOut gives the panels their places and numbers, from left to right and from top to bottom. A closed row takes the bands below
// it in.
func layOut(bands []band) []*panel {
	var panels []*panel
	var closed *panel
	y, id := 0, 0
	for _, band := range bands {
		if band[0].Type == "row" {
			closed = nil
		}
		x := 0
		for _, p := range band {
			id++
			p.ID, p.GridPos.X, p.GridPos.Y = id, x, y
			x += p.GridPos.W
			if closed != nil {
				*closed.Panels = append(*closed.Panels, p)
			} else {
				panels = append(panels, p)
			}
		}
		y += band[0].GridPos.H
		if p := band[0]; p.Type == "row" && *p.Collapsed {
			closed = p
		}
	}
	return panels
}

// links returns one list of the dashboards, which take variables and the time range along, and the runbook.
func links() []link {
	return []link{
		{
			Title: "Asana", Tooltip: "The other dashboards of asana_exporter", Type: "dashboards", Icon: "external link",
			Tags: []string{"asana"}, AsDropdown: true, IncludeVars: true, KeepTime: true,
		},
		{
			Title: "Runbook", Tooltip: "What to do about each alert", Type: "link", Icon: "doc", URL: runbook,
			Tags: []string{}, TargetBlank: true,
		},
	}
}

// variables returns the data source, the jobs and the workspaces to choose from, and further variables. Jobs are out of sight: hardly
// anybody has two, and workspaces tell them apart.
func variables(further ...variable) templating {
	source := variable{
		Type: "datasource", Name: "datasource", Label: "Data source", Query: "prometheus", Refresh: 1,
		Desc:    "The Prometheus server that scrapes asana_exporter and has its rules loaded",
		Current: &choice{Selected: true, Text: "default", Value: "default"}, // Or Grafana takes the first by the alphabet.
	}
	job := list("job", "Job", "label_values(asana_workspace_up, job)", ".+")
	job.Desc = "The scrape jobs of asana_exporter"
	job.Hide = 2
	return templating{append([]variable{source, job, workspaces()}, further...)}
}

// workspaces shows workspaces by their names. While a name is unknown, the gid stands for it. All are those of the chosen jobs, of
// which recorded series say nothing.
func workspaces() variable {
	v := list("workspace", "Workspace", "query_result(group by (name, workspace) ("+
		`last_over_time(asana_workspace_info{job=~"$job", name!=""}[$__range])`+
		` or on (workspace) last_over_time(asana_workspace_info{job=~"$job"}[$__range])))`, "")
	v.Query = object{"qryType": 3, "query": v.Definition, "refId": "PrometheusVariableQueryEditor-VariableQuery"}
	v.Regex = `/(?:name="(?<text>.*)",)?workspace="(?<value>[^"]+)"/` // An empty label is no label.
	v.Desc = "Asana workspaces, by name"
	return v
}

// list returns a variable of which several values may be chosen, or all.
func list(name, label, query, all string) variable {
	return variable{
		Type: "query", Name: name, Label: label, Datasource: &datasource{"prometheus", "${datasource}"},
		Query:      object{"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
		Definition: query, Refresh: 2, Sort: 1, Multi: true, IncludeAll: true, AllValue: all,
		Current: &choice{Selected: true, Text: []string{"All"}, Value: []string{"$__all"}},
	}
}

// annotations returns marks for what makes counts look odd, with the given matchers.
func annotations(matchers string) notes {
	// A workspace without a name goes by its gid. The exporter's dashboard has no rules to ask.
	info := func(name string) string {
		return `last_over_time(asana_workspace_info{` + matchers + `, name` + name + `}[1d])`
	}
	withName := ` * on (workspace) group_left (name) group by (workspace, name) (topk by (workspace) (1, 2 * ` + info(`!=""`) +
		` or label_replace(` + info(`=""`) + `, "name", "$1", "workspace", "(.*)")))`
	mark := func(name, colour, expr, title, text string) annotation {
		return annotation{
			Name: name, Enable: true, Hide: true, IconColor: colour, Datasource: datasource{"prometheus", "${datasource}"},
			Expr: expr + withName, Step: "240s", Title: title, Text: text,
		}
	}
	started := mark("Starts", purple, "max by (workspace, instance) (asana_workspace_up{"+matchers+"} * 0 + on (job, instance) group_left () "+
		`(1000 * (process_start_time_seconds{job=~"$job"} > time() - 300)))`,
		"The exporter was started", "{{name}} by {{instance}}")
	started.AtValue = true
	return notes{[]annotation{
		mark("Gaps", vermillion, "(max by (workspace, reason) (asana_workspace_gaps_total{"+matchers+"} - "+
			"last_over_time(asana_workspace_gaps_total{"+matchers+"}[2d] offset 4m) or increase(asana_workspace_gaps_total{"+matchers+"}[4m])) > 0)",
			"Gap: events were lost", "{{name}}: {{reason}}"),
		mark("Catch-ups", orange, "(max by (workspace) (asana_workspace_backlog_seconds{"+matchers+"}) > 0)",
			"Catch-up: events were counted late, in one step", "{{name}}"),
		started,
	}}
}
