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

package pages

// Labels are the label values that one event counts under, in the order action, resource type, resource subtype,
// changed field, parent type. What does not apply is empty.
type Labels [5]string

// Names are the label names that go with Labels.
func Names() [5]string {
	return [5]string{"action", "resource_type", "resource_subtype", "change_field", "parent_type"}
}

// shape is one kind of event: what it counts under, what its change carries and how often it comes.
type shape struct {
	labels Labels
	// value is the type of the object in the change: a change of a name has none.
	value string
	// weight is the share of this kind among all events, in no unit.
	weight int
}

// shapes are about a hundred kinds of events, weighted so that a few make up most of a page, as people's work does.
func shapes() []shape {
	return append(append(taskShapes(), storyShapes()...), otherShapes()...)
}

func taskShapes() []shape {
	fields := []struct {
		name, value string
		weight      int
	}{
		{"name", "", 60},
		{"notes", "", 90},
		{"assignee", "user", 60},
		{"completed", "", 50},
		{"completed_at", "", 50},
		{"due_on", "", 40},
		{"due_at", "", 10},
		{"start_on", "", 10},
		{"followers", "user", 40},
		{"dependencies", "task", 5},
		{"custom_fields", "custom_field", 120},
	}
	var all []shape
	for i, subtype := range []string{"default_task", "milestone", "approval"} {
		share := []int{10, 2, 1}[i]
		for _, f := range fields {
			all = append(all, shape{Labels{"changed", "task", subtype, f.name, ""}, f.value, f.weight * share})
		}
		for _, parent := range []string{"project", "section", "task"} {
			all = append(all, shape{Labels{"added", "task", subtype, "", parent}, "", 60 * share})
			all = append(all, shape{Labels{"removed", "task", subtype, "", parent}, "", 10 * share})
		}
		all = append(all, shape{Labels{"deleted", "task", subtype, "", ""}, "", 8 * share})
		all = append(all, shape{Labels{"undeleted", "task", subtype, "", ""}, "", share})
	}
	return all
}

func storyShapes() []shape {
	all := []shape{
		{Labels{"changed", "story", "comment_added", "text", ""}, "", 30},
		{Labels{"changed", "story", "comment_added", "liked", ""}, "", 60},
		{Labels{"removed", "story", "comment_added", "", "task"}, "", 10},
	}
	for _, subtype := range []string{
		"comment_added", "added_to_project", "removed_from_project", "section_changed", "marked_complete",
		"marked_incomplete", "assigned", "unassigned", "due_date_changed", "start_date_changed", "name_changed",
		"notes_changed", "attachment_added", "mentioned", "enum_custom_field_changed", "text_custom_field_changed",
		"number_custom_field_changed", "people_custom_field_changed",
	} {
		all = append(all, shape{Labels{"added", "story", subtype, "", "task"}, "", 120})
	}
	return all
}

func otherShapes() []shape {
	return []shape{
		{Labels{"added", "project", "", "", "team"}, "", 5},
		{Labels{"changed", "project", "", "name", ""}, "", 8},
		{Labels{"changed", "project", "", "notes", ""}, "", 8},
		{Labels{"changed", "project", "", "owner", ""}, "user", 4},
		{Labels{"changed", "project", "", "archived", ""}, "", 4},
		{Labels{"changed", "project", "", "members", ""}, "user", 10},
		{Labels{"deleted", "project", "", "", ""}, "", 3},
		{Labels{"undeleted", "project", "", "", ""}, "", 1},
		{Labels{"added", "section", "", "", "project"}, "", 12},
		{Labels{"changed", "section", "", "name", ""}, "", 8},
		{Labels{"deleted", "section", "", "", ""}, "", 3},
		{Labels{"changed", "tag", "", "name", ""}, "", 2},
		{Labels{"deleted", "tag", "", "", ""}, "", 2},
		{Labels{"deleted", "attachment", "asana", "", ""}, "", 6},
		{Labels{"undeleted", "attachment", "asana", "", ""}, "", 1},
		{Labels{"added", "portfolio", "", "", "workspace"}, "", 1},
		{Labels{"deleted", "portfolio", "", "", ""}, "", 1},
		{Labels{"changed", "team", "", "name", ""}, "", 1},
		{Labels{"added", "team_membership", "", "", "team"}, "", 4},
		{Labels{"removed", "team_membership", "", "", "team"}, "", 2},
		{Labels{"added", "project_membership", "", "", "project"}, "", 20},
		{Labels{"removed", "project_membership", "", "", "project"}, "", 8},
		{Labels{"added", "workspace_membership", "", "", "workspace"}, "", 2},
		{Labels{"removed", "workspace_membership", "", "", "workspace"}, "", 1},
		{Labels{"deleted", "goal", "", "", ""}, "", 1},
		{Labels{"added", "status_update", "", "", "project"}, "", 5},
	}
}
