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
	"cmp"
	"slices"
)

const prometheus = "prometheus" // It is away, in place of an outage of the exporter.

// trouble is a fault which an incident falls into or follows.
type trouble struct {
	fault       string // The kind of outage, or prometheus.
	least, most int    // Minutes that it lasts.
	incident    incident
	within      int // The incident begins so many minutes after the catch-up at most; 0 is during the fault.
}

func (b *builder) troubles() []trouble {
	process := []string{API, Down}[b.random.IntN(2)]
	return []trouble{
		{process, 16, 120, incident{"after_burst500", 500, 5, anytime, mixed, 30}, 10},
		{API, 16, 120, incident{"after_burst500", 500, 5, atWork, mixed, 30}, 120},
		{Down, 16, 120, incident{"after_projects20", 20, 10, anytime, "project", 30}, 120},
		{prometheus, 15, 60, incident{"away_burst500", 500, 5, atWork, mixed, 30}, 0},
		{prometheus, 15, 60, incident{"away_projects20", 20, 10, anytime, "project", 30}, 0},
		{prometheus, 15, 60, incident{when: atWork}, 0},
		{prometheus, 15, 60, incident{when: anytime}, 0},
		{Down, 2, 4, incident{"restart_burst500", 500, 2, atWork, mixed, 90}, 0},
		{Down, 2, 4, incident{"restart_burst500", 500, 2, anytime, mixed, 90}, 0},
	}
}

// more are the incidents without a fault of which a workspace has one each; of the last three, which tell how many
// notifications a long one gives, it has one.
func (b *builder) more() []incident {
	long := []incident{
		{"projects20_tasks", 500, 10, anytime, whole, 30},
		{"waves250_4h", 1000, 4 * 60, atWork, waves, 30},
		{"leaver800_90m", 800, 90, atWork, whole, 30},
	}
	return []incident{{"structure12_10m", 12, 10, anytime, b.structure, 30}, long[b.random.IntN(len(long))]}
}

// trouble adds what has random numbers of its own, so that all else stays where it was for a seed: faults, and
// incidents in and after them.
func (p *placer) trouble(incidents bool) {
	p.random = Random(p.scenario.Name+" troubles", p.scenario.Seed)
	p.scenario.Faults.NewInstance = p.random.IntN(2) == 0
	for _, t := range p.troubles() {
		if p.real && t.incident.deletes == "project" {
			continue
		}
		length := t.least + p.random.IntN(t.most-t.least+1)
		kind := t.incident
		kind.duration = length + t.within
		if at, _, ok := p.place(kind); ok {
			p.fault(t, at, at+length, incidents && t.incident.kind != "")
		}
	}
	for _, kind := range p.more() {
		if at, _, ok := p.place(kind); ok && incidents && (!p.real || kind.deletes == waves) {
			p.put(kind, at, -1)
		}
	}
	f := &p.scenario.Faults
	slices.SortFunc(f.Outages, func(x, y Outage) int { return cmp.Compare(x.From, y.From) })
	slices.SortFunc(f.Away, func(x, y [2]int) int { return cmp.Compare(x[0], y[0]) })
}

func (p *placer) fault(t trouble, from, to int, incident bool) {
	f, o := &p.scenario.Faults, Outage{from, to, t.fault}
	if t.fault == prometheus {
		f.Away = append(f.Away, [2]int{from, to})
	} else {
		f.Outages = append(f.Outages, o)
	}
	p.taken = append(p.taken, [2]int{from - apart, to + apart})
	switch {
	case !incident:
	case t.within > 0:
		after := 1 + p.random.IntN(t.within)
		p.put(t.incident, o.CaughtUp()+after, -1).After = after
	default:
		p.put(t.incident, from+p.random.IntN(to-from-t.incident.duration+1), to)
	}
}
