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

import "slices"

// cleanUp deletes some tasks of a project, and now and then takes that back.
func (s *scene) cleanUp() {
	p := pick(s.dice, s.projects)
	for range min(1+s.dice.IntN(8), len(p.tasks)) {
		i := s.dice.IntN(len(p.tasks))
		task := p.tasks[i]
		s.add(ms(500+s.dice.IntN(6000)), Event{Action: "deleted", Resource: task})
		if s.dice.IntN(12) == 0 {
			s.add(ms(4000), Event{Action: "undeleted", Resource: task})
			continue
		}
		p.tasks = slices.Delete(p.tasks, i, i+1)
	}
}

// rareDeletion deletes something bigger than a task.
func (s *scene) rareDeletion() {
	typ := pick(s.dice, []string{"tag", "portfolio", "goal", "team", "project_template", "status_update"})
	s.add(0, Event{Action: "deleted", Resource: s.object(typ, "", s.title())})
}

func (s *scene) membership() {
	action := "added"
	if s.dice.IntN(3) == 0 {
		action = "removed"
	}
	switch s.dice.IntN(3) {
	case 0:
		s.put(0, action, s.object("workspace_membership", "", ""), s.workspace)
	case 1:
		s.put(0, action, s.object("team_membership", "", ""), pick(s.dice, s.teams))
	default:
		s.put(0, action, s.object("project_membership", "", ""), pick(s.dice, s.projects).Resource)
	}
}

func (s *scene) status() {
	p := pick(s.dice, s.projects)
	s.put(0, "added", s.object("status_update", "project_status_update", s.title()), p.Resource)
	s.change(ms(10), p.Resource, "current_status_update")
}

func (s *scene) section() {
	p := pick(s.dice, s.projects)
	switch i := s.dice.IntN(len(p.sections)); s.dice.IntN(4) {
	case 0:
		s.change(0, p.sections[i], "name")
	case 1:
		if len(p.sections) > 2 {
			s.add(0, Event{Action: "deleted", Resource: p.sections[i]})
			p.sections = slices.Delete(p.sections, i, i+1)
		}
	default:
		if len(p.sections) < 12 {
			p.sections = append(p.sections, s.object("section", "", s.title()))
			s.put(0, "added", p.sections[len(p.sections)-1], p.Resource)
		}
	}
}

func (s *scene) portfolio() {
	portfolio, p := pick(s.dice, s.portfolios), pick(s.dice, s.projects)
	action := pick(s.dice, []string{"added", "added", "removed"})
	s.put(0, action, p.Resource, portfolio)
	if s.dice.IntN(6) == 0 {
		s.put(ms(700), "added", s.object("portfolio", "", s.title()), s.workspace)
	}
}

func (s *scene) goal() {
	goal := pick(s.dice, s.goals)
	if s.dice.IntN(5) == 0 {
		s.put(0, "added", s.object("goal", "", s.title()), s.workspace)
		return
	}
	s.change(0, goal, pick(s.dice, []string{"current_status_update", "metric", "due_on", "owner"}))
}

// births lets a project be born; when there are enough, another one is archived, and sometimes deleted.
func (s *scene) births() {
	p := s.newProject()
	s.put(0, "added", p.Resource, pick(s.dice, s.teams))
	for _, section := range p.sections {
		s.put(ms(30), "added", section, p.Resource)
	}
	s.put(ms(50), "added", s.object("project_membership", "", ""), p.Resource)
	for range s.bulk(8) {
		s.create(p, ms(9000))
	}
	if len(s.projects) <= s.usualProjects() {
		return
	}
	i := s.dice.IntN(len(s.projects) - 1) // Not the new one.
	old := s.projects[i]
	s.projects = slices.Delete(s.projects, i, i+1)
	if s.dice.IntN(4) == 0 {
		s.add(ms(20000), Event{Action: "deleted", Resource: old.Resource})
		return
	}
	s.change(ms(20000), old.Resource, "archived")
}

// imports brings many tasks into one project within seconds.
func (s *scene) imports() {
	p := pick(s.dice, s.projects)
	for range s.bulk(maxBulk) {
		s.create(p, ms(20))
	}
}
