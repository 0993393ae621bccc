package main

// activity is for whoever owns the workspace: what people do in it.
func activity() dashboard {
	return page(dashboard{
		UID:         activityUID,
		Title:       "Asana workspace activity",
		Description: "What people do in the workspace, for its owner. Needs the rules of alerts/recording.yml.",
		Templating: variables(
			choose("action", "Action", "What happened: added, changed, removed, deleted, undeleted"),
			choose("resource_type", "Resource type", "What it happened to, in Asana's words"),
			utcOffset(),
		),
		Annotations: annotations(chosen),
	},
		row("In this time range"),
		band{
			total("Created", "Tasks that were added to a project, or created outside of any. Adding a task to a further project "+
				"counts, too; subtasks don't.", "workspace:asana_tasks_created:increase5m"),
			total("Completed", "Tasks that were completed, from the story in the task: reopening one does not count.",
				"workspace:asana_tasks_completed:increase5m"),
			total("Deleted", "Tasks that were deleted. What goes down with a deleted project does not all count.",
				"workspace:asana_tasks_deleted:increase5m"),
			total("Restored", "Deleted tasks that were put back.", "workspace:asana_tasks_restored:increase5m"),
			total("Comments", "Comments that were written.", "workspace:asana_comments:increase5m"),
			total("Events", "All events of the chosen workspaces, whatever action and type are chosen.",
				"workspace:asana_events:increase5m"),
		},
		row("What people do"),
		band{byAction().size(12, 10), byType().size(12, 10)},
		band{tasks().size(12, 10), comments().size(12, 10)},
		row("When they do it"),
		band{weekdays().size(24, 9)},
		band{week().size(12, 11), movers().size(12, 11)},
		row("What it is about"),
		band{types().size(12, 12), changes().size(12, 12)},
		row("By workspace"),
		band{byWorkspace().size(24, 10)},
	)
}

// choose returns a variable for a label of the events.
func choose(name, label, description string) variable {
	v := list(name, label, "label_values(asana_events_total{"+chosen+"}, "+name+")", ".*")
	v.Desc = description
	return v
}

// utcOffset is for the heatmap: PromQL knows no time zones.
func utcOffset() variable {
	v := variable{
		Type: "custom", Name: "utc_offset", Label: "Hours from UTC", Desc: "Shifts the hours of the heatmap",
		Query:   "-11,-10,-9,-8,-7,-6,-5,-4,-3.5,-3,-2,-1,0,1,2,3,3.5,4,4.5,5,5.5,6,6.5,7,8,9,9.5,10,11,12,13",
		Current: &choice{Selected: true, Text: "0", Value: "0"},
	}
	return v
}

func total(title, description, metric string) *panel {
	const known = "workspace:asana_events:increase5m{" + recorded + "}" // Without the rules there is nothing, and no 0.
	return number(title, description, "short", instant("sum("+inRange(metric+"{"+recorded+"}")+") or 0 * sum("+inRange(known)+")", title)).
		size(4, 4).every("5m")
}

func byAction() *panel {
	return lines("Events by action", "Events a second. One thing that people do makes several events: creating a task in a "+
		"project makes two.", "cps", overTime("sum by (action) ("+perSecond(events)+")", "{{action}}")).
		styled(actions()...).every("5m").points(300)
}

func byType() *panel {
	return lines("Events by type", "Events a second by what they happened to. Comments, and notes of what was done, are "+
		"stories.", "cps", overTime("sum by (resource_type) ("+perSecond(events)+")", "{{resource_type}}")).
		styled(resourceTypes()...).every("5m").points(300)
}

func tasks() *panel {
	hourly := func(metric, legend string) target {
		return overTime("sum("+perHour(metric+"{"+recorded+"}")+")", legend)
	}
	return lines("Tasks an hour", "Tasks created, completed, deleted and restored, at the pace of the moment, in an hour.", "short",
		hourly("workspace:asana_tasks_created:increase5m", "created"),
		hourly("workspace:asana_tasks_completed:increase5m", "completed"),
		hourly("workspace:asana_tasks_deleted:increase5m", "deleted"),
		hourly("workspace:asana_tasks_restored:increase5m", "restored")).
		styled(style{name: "created", colour: blue}, style{name: "completed", colour: skyBlue, dash: dashed},
			style{name: "deleted", colour: vermillion}, style{name: "restored", colour: green, dash: dashed}).every("5m")
}

func comments() *panel {
	return lines("Comments an hour", "Comments written and removed, at the pace of the moment, in an hour. Asana does not delete "+
		"comments, it removes them; they can't be put back.", "short",
		overTime("sum("+perHour("workspace:asana_comments:increase5m{"+recorded+"}")+")", "written"),
		overTime("sum(avg_over_time("+deleted("comments")+"[$__interval])) * 4 or vector(0)", "removed")).
		styled(style{name: "written", colour: blue}, style{name: "removed", colour: orange, dash: dashed}).every("5m")
}

// weekdays compares with the four weeks before: the same weekday at the same time.
func weekdays() *panel {
	const metric = "workspace:asana_events:increase5m{" + recorded + "}"
	var before string
	for _, week := range []string{"1", "2", "3", "4"} {
		if before != "" {
			before += " or "
		}
		before += `label_replace(sum(avg_over_time(` + metric + `[$__interval] offset ` + week + `w)), "week", "` + week + `", "", "")`
	}
	return lines("Now against the same weekdays before", "Events an hour, with the lowest, the mean and the highest of the same "+
		"weekday and hour in the four weeks before.", "short",
		overTime("max("+before+") * 12", "highest of four weeks"),
		overTime("min("+before+") * 12", "lowest of four weeks"),
		overTime("avg("+before+") * 12", "mean of four weeks"),
		overTime("sum("+perHour(metric)+")", "now")).
		styled(
			style{name: "highest of four weeks", colour: past, fillTo: "lowest of four weeks"},
			style{name: "lowest of four weeks", colour: past},
			style{name: "mean of four weeks", colour: orange, dash: dashed},
			style{name: "now", colour: blue, width: 2},
		).legendRight().every("15m")
}

// week is a row for each hour of the day and a column for each day. What counts at a full hour happened in the hour before.
func week() *panel {
	const hourly = "sum(sum_over_time(workspace:asana_events:increase5m{" + recorded + "}[59m]))" // See below.
	const hour = `label_replace(count_values("hour", hour(vector(time() - 1800 + 3600 * $utc_offset))), "hour", "0$1", "hour", "(.)")`
	p := heatmap("The week by hour", "Events of the last seven whole days, whatever the time range: a column for each day, a row for each hour of it. The "+
		"days are those of your browser; so choose its hours from UTC above.", "short", object{"axisPlacement": "left", "axisLabel": "hour", "reverse": true},
		overTime("sum_over_time(("+hourly+" * on () group_right () "+hour+")[23h59m:1h])", "{{hour}}")) // A minute less, since Prometheus 2 counts both ends.
	p.TimeFrom = "7d"
	return p.every("1d")
}

// movers are pairs of action and type, with the greatest change first.
func movers() *panel {
	const counts = "sum by (action, resource_type) (sum_over_time(" + events + "[$__range]"
	p := grid("Top movers", "Events in this time range and in the same time a week before. At first those with the greatest growth; a click on "+
		"the heading shows the greatest fall.", []title{
		{"action", "Action", ""},
		{"resource_type", "Type", ""},
		{"Value #A", "Now", ""},
		{"Value #B", "Week before", ""},
		{"Change", "Change", ""},
	},
		column(counts+"))"), column(counts+" offset 1w))"))
	change := transformation{"calculateField", object{
		"mode": "binary", "alias": "Change", "binary": object{"left": "Value #A", "operator": "-", "right": "Value #B"},
	}}
	p.Transformations = []transformation{p.Transformations[0], change, p.Transformations[1]}
	return p.sorted("Change").wide("Type", 190)
}

func types() *panel {
	return ranking("Share by type", "Share of the resource types among the events of this time range; the twelve largest.", "percentunit",
		instant("topk(12, sum by (resource_type) ("+inRange(events)+") / on () group_left () sum("+inRange(events)+"))",
			"{{resource_type}}"))
}

func changes() *panel {
	return ranking("Most-changed fields", "Changes in this time range by type and field; the twelve most frequent. Completing a task "+
		"changes two fields.", "short", instant(`topk(12, sum by (resource_type, change_field) (`+
		inRange(`workspace_resource_type_change_field:asana_events:increase5m{`+recorded+`, resource_type=~"$resource_type"}`)+`))`,
		"{{resource_type}}: {{change_field}}"))
}

func byWorkspace() *panel {
	count := func(metric string) target {
		return column("sum by (workspace) (" + inRange(metric+"{"+recorded+"}") + ")")
	}
	return grid("Workspaces", "What was counted in this time range in each of the chosen workspaces.", []title{
		{"name", "Workspace", ""},
		{"workspace", "Gid", ""},
		{"Value #A", "Events", ""},
		{"Value #B", "Created", ""},
		{"Value #C", "Completed", ""},
		{"Value #D", "Deleted", ""},
		{"Value #E", "Restored", ""},
		{"Value #F", "Comments", ""},
	},
		column("sum by (workspace, name) ("+named(inRange("workspace:asana_events:increase5m{"+recorded+"}"))+")"),
		count("workspace:asana_tasks_created:increase5m"), count("workspace:asana_tasks_completed:increase5m"),
		count("workspace:asana_tasks_deleted:increase5m"), count("workspace:asana_tasks_restored:increase5m"),
		count("workspace:asana_comments:increase5m")).
		sorted("Events").barred("Events").wide("Workspace", 270).wide("Gid", 150)
}
