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
	"fmt"
	"strconv"
)

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
		"Nothing yet: the rules of alerts/recording.yml record every five minutes",
		row("In this time range"),
		totals(),
		row("What people do"),
		band{byAction().size(12, 12), byType().size(12, 12)},
		band{tasks().size(12, 10), comments().size(12, 10)},
		band{users().size(12, 9), eventsPerUser().size(12, 9)},
		row("When they do it"),
		band{weekdays().size(24, 9)},
		band{week().size(24, 9)},
		row("What it is about"),
		band{movers().size(12, 13), types().size(6, 13), changes().size(6, 13)},
		row("By workspace"),
		band{byWorkspace().size(24, 6)},
		row("For the first weeks"),
		band{firstWeeksOfActivity().size(24, 5)},
	)
}

// choose returns a variable for a label of the events.
func choose(name, label, description string) variable {
	v := list(name, label, "label_values(asana_events_total{"+chosen+"}, "+name+")", ".*")
	v.Desc = description
	return v
}

// utcOffset is for the week by hour: PromQL knows no time zones.
func utcOffset() variable {
	return variable{
		Type: "custom", Name: "utc_offset", Label: "UTC offset", Desc: "Your hours from UTC, for the week by hour: Prometheus knows no time zones",
		Query:   "-11,-10,-9,-8,-7,-6,-5,-4,-3.5,-3,-2,-1,0,1,2,3,3.5,4,4.5,5,5.5,6,6.5,7,8,9,9.5,10,11,12,13",
		Current: &choice{Selected: true, Text: "0", Value: "0"},
	}
}

func totals() band {
	return band{
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
	}
}

func total(title, description, metric string) *panel {
	const known = "workspace:asana_events:increase5m{" + recorded + "}" // Without the rules there is nothing, and no 0.
	return number(title, description, things, instant("sum("+inRange(metric+"{"+recorded+"}")+") or 0 * sum("+inRange(known)+")", title)).
		size(4, 4).every("5m")
}

func byAction() *panel {
	return lines("Events by action", "Events a second. One thing that people do makes several events: creating a task in a "+
		"project makes two.", eventRate, overTime("sum by (action) ("+perSecond(events)+")", "{{action}}")).
		styled(actions()...).every("5m").points(300)
}

func byType() *panel {
	return lines("Events by type", "Events a second by what they happened to. Comments, and notes of what was done, are "+
		"stories.", eventRate, overTime("sum by (resource_type) ("+perSecond(events)+")", "{{resource_type}}")).
		styled(resourceTypes()...).every("5m").points(300)
}

func tasks() *panel {
	hourly := func(metric, legend string) target {
		return overTime("sum("+inAnHour(metric+"{"+recorded+"}")+")", legend)
	}
	return lines("Tasks in an hour", "Tasks created, completed, deleted and restored in the hour before.", things,
		hourly("workspace:asana_tasks_created:increase5m", "created"),
		hourly("workspace:asana_tasks_completed:increase5m", "completed"),
		hourly("workspace:asana_tasks_deleted:increase5m", "deleted"),
		hourly("workspace:asana_tasks_restored:increase5m", "restored")).
		styled(style{name: "created", colour: blue}, style{name: "completed", colour: skyBlue, dash: dashed},
			style{name: "deleted", colour: vermillion}, style{name: "restored", colour: green, dash: dashed}).every("5m")
}

func comments() *panel {
	return lines("Comments in an hour", "Comments written and removed in the hour before. Asana does not delete comments, it removes them; they can't be "+
		"put back.", things,
		overTime("sum("+inAnHour("workspace:asana_comments:increase5m{"+recorded+"}")+")", "written"),
		// Four windows of 15 minutes.
		overTime(orZero("sum(sum_over_time("+deleted("comments")+"[59m:15m]))"), "removed")).
		styled(style{name: "written", colour: blue}, style{name: "removed", colour: orange, dash: dashed}).every("5m")
}

func users() *panel {
	return lines("Active users", "Users who caused an event in the hour, the day, the 7 and the 30 days before; an estimate, within 3 %. Who is in two of the chosen workspaces "+
		"counts twice.", things,
		overTime(`sum by (window) (max by (workspace, window) (asana_workspace_active_users{`+chosen+`}))`, "{{window}}")).
		styled(style{name: "1h", colour: vermillion, dash: dashed}, style{name: "1d", colour: blue, width: 2}, style{name: "7d", colour: skyBlue},
			style{name: "30d", colour: past}).every("5m")
}

func eventsPerUser() *panel {
	return lines("Events per user in a day", "Events of the day before, divided by the users who were active in it.", things,
		overTime("sum(sum_over_time(workspace:asana_events:increase5m{"+recorded+"}[1d])) / "+
			"(sum(max by (workspace) (asana_workspace_active_users{"+chosen+`, window="1d"})) > 0)`, "events per user")).
		styled(style{name: "events per user", colour: blue, width: 2}).every("5m").points(300)
}

// weekdays compares with the four weeks before: the same weekday at the same time.
func weekdays() *panel {
	const metric = "workspace:asana_events:increase5m{" + recorded + "}"
	var before string
	for _, week := range []string{"1", "2", "3", "4"} {
		if before != "" {
			before += " or "
		}
		before += `label_replace(sum(sum_over_time(` + metric + `[59m] offset ` + week + `w)), "week", "` + week + `", "", "")`
	}
	return lines("Now against the same weekdays before", "Events in the hour before, with the lowest, the mean and the highest of the same "+
		"weekday and hour in the four weeks before.", things,
		overTime("max("+before+")", "highest of four weeks"),
		overTime("min("+before+")", "lowest of four weeks"),
		overTime("avg("+before+")", "mean of four weeks"),
		overTime("sum("+inAnHour(metric)+")", "now")).
		styled(
			style{name: "highest of four weeks", colour: past, fillTo: "lowest of four weeks"},
			style{name: "lowest of four weeks", colour: past},
			style{name: "mean of four weeks", colour: orange, dash: dashed},
			style{name: "now", colour: blue, width: 2},
		).legendRight().every("15m")
}

// week is a row for each weekday and a column for each two hours. It is a table, since a heatmap's columns are days of the browser's
// time zone, and its rows hours of none. What counts at a full hour happened in the hour before.
func week() *panel {
	const at = "vector(time() - 1800 + 3600 * $utc_offset)"
	const slot = `count_values("slot", 1000 + 100 * ((day_of_week(` + at + `) + 6) % 7) + floor(hour(` + at + `) / 2) * 2)` // 1 day hour: Monday is 0.
	part := func(expr, name, group string) string {
		return "label_replace(" + expr + `, "` + name + `", "` + group + `", "slot", "1(.)(..)")`
	}
	hourly := "sum(" + inAnHour("workspace:asana_events:increase5m{"+recorded+"}") + ")"
	counts := "sum_over_time((" + hourly + " * on () group_right () " + slot + ")[167h59m:1h])" // A minute less, since Prometheus 2 counts both ends.
	p := newPanel("table", "The week by hour", "Events of the last seven days, whatever the time range: two hours from left to right, a weekday in each row, with the "+
		"UTC offset chosen above. – is a time of which nothing is known.", "short", []target{column(part(part(counts, "day", "$1"), "hour", "$2"))})
	p.FieldConfig.Defaults.Decimals = new(int)
	p.FieldConfig.Defaults.Color = object{"mode": "continuous-blues"}
	p.FieldConfig.Defaults.Mappings = []object{{"type": "special", "options": object{"match": "null", "result": object{"text": "–"}}}}
	p.FieldConfig.Defaults.Custom = object{"align": "center", "inspect": false, "minWidth": 44, "cellOptions": object{"type": "color-background", "mode": "basic"}}
	p.Options = object{"showHeader": true, "frameIndex": 0, "cellHeight": "sm"}
	order, days := object{`day\hour`: 0}, object{}
	for hour := 0; hour < 24; hour += 2 {
		order[fmt.Sprintf("%02d", hour)] = 1 + hour/2
	}
	for i, day := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		days[strconv.Itoa(i)] = object{"text": day, "index": i}
	}
	p.Transformations = []transformation{
		{"groupingToMatrix", object{"columnField": "hour", "rowField": "day", "valueField": "Value", "emptyValue": "null"}},
		{"sortBy", object{"fields": object{}, "sort": []object{{"field": `day\hour`, "desc": false}}}},
		{"organize", object{"indexByName": order, "renameByName": object{`day\hour`: "Hour"}, "excludeByName": object{}}},
	}
	return p.override("byName", "Hour", property{"mappings", []object{{"type": "value", "options": days}}}, property{"unit", "string"},
		property{"custom.cellOptions", object{"type": "auto"}}, property{"custom.width", 64}).orElse("Nothing yet: it needs a full hour")
}

// movers are pairs of action and type, with the greatest change first.
func movers() *panel {
	const counts = "sum by (action, resource_type) (sum_over_time(" + events + "[$__range]"
	const now, before = counts + "))", counts + " offset 1w))"
	p := grid("Top movers", "Events in this time range and in the same time a week before, of which there is none in the first week. At first those with the greatest growth; a click on "+
		"the heading shows the greatest fall.", []title{
		{"action", "Action", ""},
		{"resource_type", "Type", ""},
		{"Value #A", "Now", ""},
		{"Value #B", "Before", ""},
		{"Change", "Change", ""},
	},
		// A pair that is in one of the times alone has no event in the other.
		column(orRow(now+" or "+before+" * 0", "action", "none")), column(orRow(before+" or "+now+" * 0", "action", "none")))
	change := transformation{"calculateField", object{
		"mode": "binary", "alias": "Change", "binary": object{"left": "Value #A", "operator": "-", "right": "Value #B"},
	}}
	p.Transformations = []transformation{p.Transformations[0], change, p.Transformations[1]}
	return p.sorted("Change").wide("Action", 72).wide("Type", 148).wide("Now", 68).wide("Before", 68).wide("Change", 90)
}

func types() *panel {
	return ranking("Share by type", "Share of the resource types among the events of this time range; the eight largest.", "percentunit",
		instant("topk(8, sum by (resource_type) ("+inRange(events)+") / on () group_left () sum("+inRange(events)+"))",
			"{{resource_type}}"))
}

func changes() *panel {
	return ranking("Most-changed fields", "Changes in this time range by type and field; the eight most frequent. Completing a task "+
		"changes two fields.", things, instant(`topk(8, sum by (resource_type, change_field) (`+
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
		column(orRow("sum by (workspace, name) ("+named(inRange("workspace:asana_events:increase5m{"+recorded+"}"))+")", "name", "not yet")),
		count("workspace:asana_tasks_created:increase5m"), count("workspace:asana_tasks_completed:increase5m"),
		count("workspace:asana_tasks_deleted:increase5m"), count("workspace:asana_tasks_restored:increase5m"),
		count("workspace:asana_comments:increase5m")).
		sorted("Events").barred("Events").wide("Workspace", 210).wide("Gid", 150)
}

func firstWeeksOfActivity() *panel {
	return text("What to expect", `- **First minutes**: counts are recorded every five minutes, by the rules of alerts/recording.yml. Where they are not loaded, everything here is empty.
- **First week**: there is no week before to compare with.
- An **event** is a change as Asana tells it: one thing that people do makes several. Tasks and comments are counted once each.
- **Marks** on the charts: a gap (events were lost), a catch-up (events were counted late, in one step), a start of the exporter.`)
}
