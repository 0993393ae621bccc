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

package simulator

// repertoire returns all that people do, with shares in per cent of the scenes.
func repertoire() []kind {
	kinds := []kind{
		{16, func(s *scene) { s.create(pick(s.dice, s.projects), 0) }},
		{13, (*scene).complete},
		{18, (*scene).comment},
		{7, (*scene).move},
		{3, (*scene).subtask},
		{3, (*scene).attach},
		{3, (*scene).tag},
		{1.5, (*scene).cleanUp},
		{1, (*scene).rule},
		{1, (*scene).membership},
		{1, (*scene).status},
		{0.6, (*scene).section},
		{0.6, (*scene).portfolio},
		{0.6, (*scene).goal},
		{0.5, (*scene).births},
		{0.1, (*scene).imports},
		{0.1, (*scene).rareDeletion},
	}
	for _, e := range edits() {
		kinds = append(kinds, kind{e.weight, e.play})
	}
	return kinds
}

// edit is a change of one field of a task, with its story.
type edit struct {
	weight               float64
	field, action, value string // The value's type, if it is an Asana object.
	story                string
}

func edits() []edit {
	return []edit{
		{8, "assignee", "changed", "user", "assigned"},
		{1, "assignee", "changed", "", "unassigned"},
		{7, "due_on", "changed", "", "due_date_changed"},
		{1, "start_on", "changed", "", "start_date_changed"},
		{1, "due_at", "changed", "", "due_date_changed"},
		{3, "custom_fields", "changed", "custom_field", "enum_custom_field_changed"},
		{2, "custom_fields", "changed", "custom_field", "text_custom_field_changed"},
		{1, "custom_fields", "changed", "custom_field", "number_custom_field_changed"},
		{5, "followers", "added", "user", ""},
		{1, "followers", "removed", "user", ""},
		{3, "name", "changed", "", "name_changed"},
		{4, "notes", "changed", "", "notes_changed"},
		{1, "dependencies", "added", "task", "dependency_due_date_changed"},
		{0.5, "dependencies", "removed", "task", ""},
		{0.4, "approval_status", "changed", "", ""},
		{0.3, "html_notes", "changed", "", "automatic_cover_image"}, // A story subtype that is not documented.
	}
}

func (e edit) play(s *scene) {
	task, _ := s.someTask()
	c := &Change{Field: e.field, Action: e.action}
	switch e.action {
	case "added":
		c.AddedValue = s.value(e.value)
	case "removed":
		c.RemovedValue = s.value(e.value)
	default:
		c.NewValue = s.value(e.value)
	}
	s.add(0, Event{Action: "changed", Resource: task, Change: c})
	if e.story != "" {
		s.story(ms(s.dice.IntN(40)), task, e.story)
	}
}

// value returns an object of the given type as the value of a field; nil if there is none.
func (s *scene) value(typ string) *Resource {
	switch typ {
	case "user":
		return pick(s.dice, s.people)
	case "task":
		task, _ := s.someTask()
		return task
	case "custom_field":
		field := *pick(s.dice, s.fields)
		if field.Subtype == "enum" {
			field.EnumValue = s.object("enum_option", "", "")
		}
		return &field
	default:
		return nil
	}
}

// complete completes a task or takes that back: two changes in the same millisecond, and a story that says which.
func (s *scene) complete() {
	task, _ := s.someTask()
	story := "marked_complete"
	if s.dice.IntN(10) == 0 {
		story = "marked_incomplete"
	}
	s.change(0, task, "completed")
	s.change(0, task, "completed_at")
	s.story(ms(s.dice.IntN(40)), task, story)
}

func (s *scene) comment() {
	task, _ := s.someTask()
	story := s.story(0, task, "comment_added")
	switch s.dice.IntN(20) {
	case 0:
		s.put(ms(9000), "removed", story, task) // Stories are never deleted.
	case 1, 2:
		s.change(ms(15000), story, "text")
	case 3:
		s.change(ms(4000), story, "liked")
		s.story(ms(10), task, "liked")
	}
}

func (s *scene) move() {
	task, p := s.someTask()
	s.put(0, "added", task, pick(s.dice, p.sections))
	s.story(ms(20), task, "section_changed")
	if s.dice.IntN(8) == 0 {
		other := pick(s.dice, s.projects)
		s.put(ms(800), "added", task, other.Resource)
		s.story(ms(15), task, "added_to_project")
		s.put(ms(300), "removed", task, p.Resource)
		s.story(ms(15), task, "removed_from_project")
	}
}

func (s *scene) subtask() {
	task, _ := s.someTask()
	s.put(0, "added", s.newTask(), task)
	if s.dice.IntN(3) == 0 {
		s.put(ms(5000), "added", s.object("time_tracking_entry", "", ""), task)
	}
}

func (s *scene) attach() {
	task, _ := s.someTask()
	s.story(0, task, "attachment_added")
	if s.dice.IntN(8) == 0 {
		file := s.object("attachment", pick(s.dice, []string{"asana", "gdrive", "dropbox", "external"}), "scan.pdf")
		s.add(ms(20000), Event{Action: "deleted", Resource: file})
	}
}

func (s *scene) tag() {
	task, _ := s.someTask()
	tag := pick(s.dice, s.tags)
	switch s.dice.IntN(8) {
	case 0:
		s.put(0, "added", s.object("tag", "", s.title()), s.workspace)
	case 1:
		s.change(0, tag, "color")
	case 2:
		s.put(0, "removed", task, tag)
	default:
		s.put(0, "added", task, tag)
	}
}

// rule is an automation at work on many tasks: these events have no user.
func (s *scene) rule() {
	s.user = nil
	for range s.bulk(20) {
		task, p := s.someTask()
		if s.dice.IntN(2) == 0 {
			s.put(ms(30), "added", task, pick(s.dice, p.sections))
			continue
		}
		c := &Change{Field: "custom_fields", Action: "changed", NewValue: s.value("custom_field")}
		s.add(ms(30), Event{Action: "changed", Resource: task, Change: c})
	}
}
