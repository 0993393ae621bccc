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

import "time"

// ruleHour is when, in UTC, a rule goes over many tasks each night.
const ruleHour = 2

// scene is a few actions of one person, or of a rule, in a row.
type scene struct {
	*world
	at    time.Time     // When the next event happens.
	delay time.Duration // From there to the stream.
	user  *Resource     // Nil for a rule.
	n     int           // Events so far.
}

// kind is a kind of scene with its share among all.
type kind struct {
	weight float64
	play   func(*scene)
}

// play plays a scene that begins at the given time and returns how many events it had.
func (w *world) play(at time.Time) int {
	s := &scene{world: w, at: at, user: pick(w.dice, w.people), delay: 100*time.Millisecond + seconds(w.dice.ExpFloat64()/2)}
	if w.dice.IntN(50) == 0 {
		s.delay += seconds(w.dice.Float64() * 300) // "Most within ten minutes."
	}
	if w.rate <= 0 && (at.UTC().Hour() == ruleHour && w.dice.IntN(5) > 0) {
		s.rule()
		return s.n
	}
	sum := 0.0
	for _, k := range w.kinds {
		sum += k.weight
	}
	chosen := w.dice.Float64() * sum
	for _, k := range w.kinds {
		if chosen -= k.weight; chosen < 0 {
			k.play(s)
			break
		}
	}
	return s.n
}

// add lets an event happen some time after the one before.
func (s *scene) add(after time.Duration, e Event) {
	s.at = s.at.Add(after)
	s.n++
	e.User = s.user
	e.CreatedAt = s.at.Truncate(time.Millisecond)
	if e.Parent == nil && s.dice.IntN(6) == 0 {
		e.Absent = append(e.Absent, "parent")
	}
	if s.dice.IntN(300) == 0 {
		e.Absent = append(e.Absent, "user")
	}
	late := s.delay
	if s.dice.IntN(100) == 0 {
		late += seconds(s.dice.Float64() * 20) // Overtaken by others.
	}
	s.send(&e, s.at.Add(late))
}

// put lets a resource be added to, or removed from, a parent.
func (s *scene) put(after time.Duration, action string, r, parent *Resource) {
	s.add(after, Event{Action: action, Resource: r, Parent: parent})
}

// change lets a field of a resource change.
func (s *scene) change(after time.Duration, r *Resource, field string) {
	s.add(after, Event{Action: "changed", Resource: r, Change: &Change{Field: field, Action: "changed"}})
}

// story adds a story to a task.
func (s *scene) story(after time.Duration, task *Resource, subtype string) *Resource {
	story := s.object("story", subtype, "")
	s.put(after, "added", story, task)
	return story
}

// someTask returns a task and its project.
func (s *scene) someTask() (*Resource, *project) {
	p := pick(s.dice, s.projects)
	if len(p.tasks) == 0 {
		s.create(p, 0)
	}
	return pick(s.dice, p.tasks), p
}

// create adds a new task to a project: two events, one for each of its parents.
func (s *scene) create(p *project, after time.Duration) {
	task := s.newTask()
	s.put(after, "added", task, p.Resource)
	s.put(time.Duration(125+s.dice.IntN(30))*time.Millisecond, "added", task, p.sections[0])
	p.remember(task)
}

// bulk returns the size of a mass operation: up to most, or up to a few seconds' worth of a flat rate.
func (s *scene) bulk(most int) int {
	if s.rate > 0 {
		most = min(most, max(2, int(4*s.rate)))
	}
	return 1 + s.dice.IntN(most)
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }
