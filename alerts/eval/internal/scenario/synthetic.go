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

package scenario

import (
	"math"
	"math/rand/v2"
	"slices"
)

// structureShare is how many deletions of the workspace's structural type there are for one deletion.
const structureShare = .001

// builder is a scenario in the making.
type builder struct {
	scenario       *Scenario
	random         *rand.Rand
	deleted        map[string][]int32 // Deletions in each minute, by resource type.
	changed, added []int32
	rate           []float64 // Expected deletions in each minute.
	projects       float64   // Share of them that are projects.
	structure      string    // A type which holds projects, such as a team.
	sessions       Sessions
	tail           *rand.Rand // For the sizes of large sessions.
	real           bool       // Made from a trace.
	sums           map[string][]float64
}

func newBuilder(r *rand.Rand, minutes int, types ...string) *builder {
	b := &builder{
		random: r, deleted: map[string][]int32{}, rate: make([]float64, minutes),
		changed: make([]int32, minutes), added: make([]int32, minutes),
	}
	for _, t := range types {
		b.deleted[t] = make([]int32, minutes)
	}
	return b
}

func synthetic(s spec, seed uint64) *builder {
	r := Random(s.name, seed)
	b := newBuilder(r, s.days*Day, "task", "story", "attachment", "section", "project")
	b.projects, b.sessions, b.tail = .02, s.sessions, Random(s.name+" sessions", seed)
	b.scenario = &Scenario{Name: s.name, Group: s.group, Start: epoch, Minutes: s.days * Day, Seed: seed, Lazy: s.lazy}
	b.live(s)
	if s.levelDay > 0 {
		shift := Window{Kind: "level-shift-x3", From: s.levelDay * Day, To: (s.levelDay + 2) * Day}
		b.scenario.Benign = append(b.scenario.Benign, shift)
	}
	b.schedules(s)
	b.faults()
	b.structures(Random(s.name+" structure", seed))
	return b
}

// structures adds deletions of one structural type: all of them would cost time in each rule.
func (b *builder) structures(r *rand.Rand) {
	b.structure = []string{"team", "portfolio", "goal", "project_template"}[r.IntN(4)]
	b.deleted[b.structure] = make([]int32, len(b.rate))
	for m, rate := range b.rate {
		b.deleted[b.structure][m] = int32(poisson(r, structureShare*rate))
	}
}

// live draws what happens by itself: the rhythm of the week, good and bad days, and a mood that drifts over an hour or two.
func (b *builder) live(s spec) {
	r := b.random
	perWeight := s.perDay / dayWeight(s.rhythm)
	days := dayFactors(r, s)
	zone := []int{0, 60, -300, -480, 540}[r.IntN(5)]
	mood := 0.0
	for m := range b.rate {
		mood = mood*(1-1./90) + r.NormFloat64()*.22*math.Sqrt(2./90)
		local := m + zone
		if s.dstDay > 0 && m >= s.dstDay*Day {
			local = m + zone - 60
		}
		minute := (local%Week + Week) % Week
		b.rate[m] = perWeight * weight(s.rhythm, minute) * days[min(max(local, 0)/Day, s.days)] * s.trend(m, len(b.rate))
		b.minute(m, b.rate[m]*math.Exp(mood-.024))
	}
}

// dayWeight is the weight of a working day, roughly.
func dayWeight(rhythm string) float64 {
	sum := 0.0
	for m := range Week {
		sum += weight(rhythm, m)
	}
	return sum / 5
}

func dayFactors(r *rand.Rand, s spec) []float64 {
	days := make([]float64, s.days+1)
	for d := range days {
		days[d] = math.Exp(.2*r.NormFloat64() - .02)
	}
	for d := 40; s.fortnight && d < min(54, s.days); d++ {
		days[d] *= .04
	}
	if !s.holidays || s.days < 70 {
		return days
	}
	for range 3 {
		days[10+r.IntN(s.days-15)] *= .04
	}
	first := 30 + r.IntN(30)
	for d := first; d < first+7; d++ {
		days[d] *= .05
	}
	return days
}

func (s spec) trend(minute, minutes int) float64 {
	factor := 1.0
	if s.growth > 0 {
		factor += (s.growth - 1) * float64(minute) / float64(minutes)
	}
	if s.levelDay > 0 && minute >= s.levelDay*Day {
		factor *= 3
	}
	return factor
}

// minute draws the events of one minute.
func (b *builder) minute(m int, rate float64) {
	for range poisson(b.random, rate/b.sessions.mean()) {
		size := b.session()
		kind := resourceType(b.random.Float64())
		if kind == "project" || kind == "section" {
			size = min(size, 3)
		}
		b.deleted[kind][m] += int32(size)
	}
	b.changed[m] = int32(poisson(b.random, rate*12))
	b.added[m] = int32(poisson(b.random, rate*4))
}

func resourceType(u float64) string {
	shares := []struct {
		name  string
		share float64
	}{{"task", .74}, {"story", .14}, {"attachment", .05}, {"section", .05}, {"project", .02}}
	for _, t := range shares {
		if u < t.share {
			return t.name
		}
		u -= t.share
	}
	return "task"
}

// finish turns the counts into series.
func (b *builder) finish(name string) *Scenario {
	b.scenario.Name, b.scenario.Workspace = name, name
	types := make([]string, 0, len(b.deleted))
	for t := range b.deleted {
		if t != b.structure {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	for _, t := range types {
		b.series("deleted", t, "", b.deleted[t])
	}
	b.series("changed", "task", "completed", b.changed)
	b.series("added", "task", "", b.added)
	if b.structure != "" {
		b.series("deleted", b.structure, "", b.deleted[b.structure])
	}
	return b.scenario
}

func (b *builder) series(action, kind, field string, counts []int32) {
	subtypes := map[string]string{"task": "default_task", "story": "comment_added"}
	parents := map[string]string{"story": "task", "attachment": "task", "section": "project"}
	e := Events{Labels: map[string]string{
		"action": action, "resource_type": kind, "resource_subtype": subtypes[kind],
		"change_field": field, "parent_type": parents[kind],
	}}
	for m, n := range counts {
		if n > 0 {
			e.Counts = append(e.Counts, m, int(n))
		}
	}
	b.scenario.Series = append(b.scenario.Series, e)
}
