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

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// Sizes of the company and its work. Nobody has published such numbers: they are plausible, not measured.
const (
	eventsPerDay    = 50 // By each person on a working day.
	peoplePerTeam   = 12
	peoplePerBoard  = 6 // So many people share a project.
	tasksPerProject = 12
	maxTasks        = 200 // Older tasks of a project are left alone.
	maxBulk         = 200 // Tasks of an import.
	maxPause        = 12  // Events of one scene that count for the pause after it; flat rates count all.
)

// world is the workspace with its people. It plays one scene after the other. The events of a scene reach the stream a
// little later, some much later.
type world struct {
	dice       *rand.Rand
	users      int
	rate       float64
	nightShare float64
	kinds      []kind

	workspace                                      *Resource
	people, teams, tags, fields, portfolios, goals []*Resource
	projects                                       []*project

	nextScene time.Time
	onTheWay  []arrival // The next arrival last.
	gid       int64
}

type project struct {
	*Resource
	sections, tasks []*Resource
}

func newWorld(o Options, start time.Time) *world {
	w := &world{
		dice:       rand.New(rand.NewPCG(o.Seed, 1)),
		users:      o.Users,
		rate:       o.Rate,
		nightShare: o.NightShare,
		workspace:  &Resource{GID: o.Workspace, Type: "workspace", Name: o.Name},
		gid:        1200000000100000,
	}
	w.kinds = repertoire()
	for range o.Users {
		w.people = append(w.people, w.object("user", "", w.personName()))
	}
	for range 1 + o.Users/peoplePerTeam {
		w.teams = append(w.teams, w.object("team", "", w.title()))
		w.portfolios = append(w.portfolios, w.object("portfolio", "", w.title()))
		w.goals = append(w.goals, w.object("goal", "", w.title()))
	}
	for _, name := range []string{"urgent", "blocked", "customer", "idea", "später"} {
		w.tags = append(w.tags, w.object("tag", "", name))
	}
	for _, subtype := range []string{"enum", "text", "number", "date", "multi_enum", "people"} {
		w.fields = append(w.fields, w.object("custom_field", subtype, w.title()))
	}
	for range w.usualProjects() {
		p := w.newProject()
		for range tasksPerProject {
			p.remember(w.newTask())
		}
	}
	w.skipTo(start)
	return w
}

// until plays on until now, and hands every event that has arrived by then to deliver.
func (w *world) until(now time.Time, deliver func(*Event)) {
	for {
		due := min(now.UnixNano(), w.nextScene.UnixNano())
		for last := len(w.onTheWay) - 1; last >= 0 && w.onTheWay[last].at <= due; last-- {
			deliver(w.onTheWay[last].event)
			w.onTheWay = slices.Delete(w.onTheWay, last, last+1)
		}
		if w.nextScene.After(now) {
			return
		}
		n := w.play(w.nextScene)
		if w.rate <= 0 {
			n = min(n, maxPause)
		}
		w.nextScene = w.after(w.nextScene, n)
	}
}

// skipTo forgets what is on the way and lets life begin again at now.
func (w *world) skipTo(now time.Time) {
	w.onTheWay = nil
	w.nextScene = w.after(now, 1)
}

// after returns when the next scene begins after one of n events, so that on average the rate is kept.
func (w *world) after(t time.Time, n int) time.Time {
	wanted := float64(n) * w.dice.ExpFloat64()
	if w.rate > 0 && w.nightShare == 1 {
		return t.Add(seconds(wanted / w.rate))
	}
	for {
		hour := t.Truncate(time.Hour).Add(time.Hour)
		perSecond := w.pace(t)
		left := hour.Sub(t).Seconds() * perSecond
		if wanted <= left {
			return t.Add(seconds(wanted / perSecond))
		}
		wanted -= left
		t = hour
	}
}

// pace returns how many events a second there are in the hour of t.
func (w *world) pace(t time.Time) float64 {
	if w.rate > 0 {
		return w.rate * (w.nightShare + (1-w.nightShare)*presence(t))
	}
	return presence(t) * float64(w.users) * eventsPerDay / (12 * 3600)
}

// presence returns which share of the company is at work: about twelve full hours on a working day (UTC).
func presence(t time.Time) float64 {
	day, hour := t.UTC().Weekday(), t.UTC().Hour()
	switch {
	case hour == ruleHour:
		return 0.15
	case hour < 6 || hour >= 22:
		return 0.02
	case day == time.Saturday || day == time.Sunday:
		return 0.05
	case hour < 8 || hour >= 19:
		return 0.2
	case hour == 12:
		return 0.6
	default:
		return 1
	}
}

func seconds(s float64) time.Duration {
	return time.Duration(math.Min(s, 1e9) * float64(time.Second))
}

// usualProjects returns how many projects are alive in a company of this size.
func (w *world) usualProjects() int { return 3 + w.users/peoplePerBoard }

func (w *world) newProject() *project {
	p := &project{Resource: w.object("project", "", w.title())}
	for _, name := range []string{"To do", "Doing", "Review", "Done"} {
		p.sections = append(p.sections, w.object("section", "", name))
	}
	w.projects = append(w.projects, p)
	return p
}

func (w *world) newTask() *Resource {
	return w.object("task", taskSubtype(w.dice), w.title())
}

func taskSubtype(dice *rand.Rand) string {
	switch n := dice.IntN(100); {
	case n < 88:
		return "default_task"
	case n < 93:
		return "milestone"
	case n < 97:
		return "approval"
	default:
		return "custom"
	}
}

func (p *project) remember(task *Resource) {
	if len(p.tasks) >= maxTasks {
		p.tasks = append(p.tasks[:0], p.tasks[maxTasks/2:]...)
	}
	p.tasks = append(p.tasks, task)
}

// object returns a resource with a new gid. Some gids are as long as they may get.
func (w *world) object(typ, subtype, name string) *Resource {
	w.gid += 1 + w.dice.Int64N(97)
	gid := w.gid
	if w.dice.IntN(200) == 0 {
		gid += 9e18
	}
	return &Resource{GID: strconv.FormatInt(gid, 10), Type: typ, Subtype: subtype, Name: name}
}

func (w *world) title() string {
	verb := pick(w.dice, []string{"Plan", "Review", "Draft", "Fix", "Ship", "Prüfe", "Discuss", "Update"})
	thing := pick(w.dice, []string{"launch", "budget", `"final" deck`, "roadmap <v2>", "onboarding", "invoice ✅", "報告", "Q3 report"})
	return verb + " " + thing
}

func (w *world) personName() string {
	first := pick(w.dice, []string{"Ada", "Bo", "Chidi", "Dana", "Émile", "Fatima", "Greg", "Hiro"})
	last := pick(w.dice, []string{"Sanchez", "O'Neill", "Müller", "Tanaka", "Okafor", "Lind", "Rossi", "Novak"})
	return first + " " + last
}

// pick returns one of the choices.
func pick[T any](dice *rand.Rand, choices []T) T {
	return choices[dice.IntN(len(choices))]
}

// arrival is an event on its way to the stream.
type arrival struct {
	at    int64 // In nanoseconds since 1970.
	event *Event
}

// send lets an event reach the stream at the given time, after those that were sent earlier for the same time.
func (w *world) send(e *Event, at time.Time) {
	next := arrival{at.UnixNano(), e}
	i, _ := slices.BinarySearchFunc(w.onTheWay, next.at, func(a arrival, at int64) int { return cmp.Compare(at, a.at) })
	w.onTheWay = slices.Insert(w.onTheWay, i, next)
}
