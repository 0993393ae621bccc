package main

// A band is a row of panels side by side; its panels are of one height, and as wide together as the grid.
type band []*panel

// page puts what all three dashboards have in common around the bands.
func page(d dashboard, bands ...band) dashboard {
	d.Tags = []string{"asana"}
	d.SchemaVersion = schema
	d.GraphTooltip = 1
	d.Timezone = "browser"
	if d.Time == (timeRange{}) {
		d.Time = timeRange{From: "now-24h", To: "now"}
	}
	d.Refresh = "1m"
	d.Links = links(d.UID)
	d.Panels = layOut(bands)
	return d
}

// layOut gives the panels their places and numbers, from left to right and from top to bottom.
func layOut(bands []band) []*panel {
	var panels []*panel
	y := 0
	for _, band := range bands {
		x := 0
		for _, p := range band {
			p.ID = len(panels) + 1
			p.GridPos.X, p.GridPos.Y = x, y
			x += p.GridPos.W
			panels = append(panels, p)
		}
		y += band[0].GridPos.H
	}
	return panels
}

// links returns links to the other dashboards, which take variables and the time range along.
func links(uid string) []link {
	var links []link
	for _, other := range []struct{ uid, title, tooltip string }{
		{activityUID, "Activity", "What people do in the workspace"},
		{deletionsUID, "Deletions", "What was deleted, against what is usual"},
		{exporterUID, "Exporter", "Whether the counts are complete and fresh"},
	} {
		if other.uid != uid {
			links = append(links, link{
				Title: other.title, Tooltip: other.tooltip, Type: "link", Icon: "dashboard", URL: "/d/" + other.uid,
				Tags: []string{}, IncludeVars: true, KeepTime: true,
			})
		}
	}
	return append(links, link{
		Title: "Runbook", Tooltip: "What to do about each alert", Type: "link", Icon: "doc", URL: runbook,
		Tags: []string{}, TargetBlank: true,
	})
}

// variables returns the data source, the jobs and the workspaces to choose from, and further variables.
func variables(further ...variable) templating {
	source := variable{
		Type: "datasource", Name: "datasource", Label: "Data source", Query: "prometheus", Refresh: 1,
		Desc: "The Prometheus server that scrapes asana_exporter and has its rules loaded",
	}
	job := list("job", "Job", "label_values(asana_workspace_up, job)", ".+")
	job.Desc = "The scrape jobs of asana_exporter"
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
	mark := func(name, colour, expr, title, text string) annotation {
		return annotation{
			Name: name, Enable: true, IconColor: colour, Datasource: datasource{"prometheus", "${datasource}"},
			Expr: expr, Step: "240s", Title: title, Text: text,
		}
	}
	return notes{[]annotation{
		mark("Gaps", vermillion, "max by (workspace, reason) (asana_workspace_gaps_total{"+matchers+"} - "+
			"last_over_time(asana_workspace_gaps_total{"+matchers+"}[2d] offset 4m) or increase(asana_workspace_gaps_total{"+matchers+"}[4m])) > 0",
			"Gap: events were lost", "{{workspace}}: {{reason}}"),
		mark("Catch-ups", orange, "max by (workspace) (asana_workspace_backlog_seconds{"+matchers+"}) > 0",
			"Catch-up: events were counted late, in one step", "{{workspace}}"),
		mark("Starts", purple, "max by (workspace, instance) (asana_workspace_up{"+matchers+"} * 0 + on (job, instance) group_left () "+
			`(process_start_time_seconds{job=~"$job"} > time() - 240))`,
			"The exporter was started", "{{workspace}} by {{instance}}"),
	}}
}
