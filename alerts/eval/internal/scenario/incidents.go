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
	"slices"
)

// When an incident is put in.
const (
	atWork  = "work"
	anytime = "any"
	quiet   = "quiet" // Nights and weekends.
	outage  = "outage"
	cold    = "cold" // In the first week.
)

const (
	mixed = "mix"   // Tasks and some comments.
	whole = "whole" // Tasks and some projects.
	waves = "waves" // Tasks, for five minutes of each hour.
	apart = 10 * 60
)

// incident is a kind of unusual deletions.
type incident struct {
	kind     string
	extra    int // 0 is five times the usual, and at least 40.
	duration int
	when     string
	deletes  string
	grace    int // Minutes after its end in which an alert still counts.
}

func incidents() []incident {
	return []incident{
		{"burst50_5m", 50, 5, anytime, mixed, 30},
		{"burst50_5m", 50, 5, atWork, mixed, 30},
		{"burst500_5m", 500, 5, atWork, mixed, 30},
		{"burst500_5m", 500, 5, anytime, mixed, 30},
		{"burst5000_5m", 5000, 5, atWork, mixed, 30},
		{"drip5x_2h", 0, 120, atWork, mixed, 30},
		{"drip5x_2h", 0, 120, anytime, mixed, 30},
		{"offhours20_10m", 20, 10, quiet, mixed, 30},
		{"offhours20_10m", 20, 10, quiet, mixed, 30},
		{"projects20_10m", 20, 10, atWork, "project", 30},
		{"projects20_10m", 20, 10, anytime, "project", 30},
		{"projects15_90m", 15, 90, atWork, "project", 60},
		{"outage_burst500", 500, 5, outage, mixed, 90},
		{"outage_burst500", 500, 5, outage, mixed, 90},
		{"outage_burst50", 50, 5, outage, mixed, 90},
		{"outage_projects20", 20, 10, outage, "project", 90},
		{"cold_burst500", 500, 5, cold, mixed, 30},
	}
}

// placer finds free times for incidents.
type placer struct {
	*builder
	taken   [][2]int
	outages []Outage // Those that may still get an incident.
	high    float64  // Rate above which the workspace is at work,
	low     float64  // and below which it is quiet.
}

// inject puts incidents into the scenario.
func (p *placer) inject() {
	for _, kind := range incidents() {
		if p.real && kind.deletes == "project" {
			continue
		}
		if p.short() && p.random.IntN(2) == 0 {
			continue
		}
		if at, end, ok := p.place(kind); ok {
			p.put(kind, at, end)
		}
	}
}

// put adds an incident; end is that of the outage which it is in, or -1.
func (p *placer) put(kind incident, at, end int) *Window {
	w := p.window(kind, at, end)
	p.add(kind, w)
	p.scenario.Incidents = append(p.scenario.Incidents, w)
	p.taken = append(p.taken, [2]int{at - apart, w.Deadline + apart})
	return &p.scenario.Incidents[len(p.scenario.Incidents)-1]
}

func (b *builder) placer() *placer {
	b.cumulate()
	p := &placer{builder: b}
	for _, w := range b.scenario.Benign {
		p.taken = append(p.taken, [2]int{w.From - 60, w.To + 180})
	}
	for _, o := range b.scenario.Faults.Outages {
		if !o.Long() {
			continue // An incident may meet a short failure.
		}
		if o.Kind != Lost && o.From > 8*Day {
			p.outages = append(p.outages, o)
		}
		p.taken = append(p.taken, [2]int{o.From - 120, o.To + 180})
	}
	rates := slices.Sorted(slices.Values(b.rate))
	p.high, p.low = rates[len(rates)*80/100], rates[len(rates)*15/100]
	return p
}

func (p *placer) short() bool { return p.scenario.Minutes < 20*Day }

// place returns the minute in which the incident begins and, if that is within an outage, the outage's end.
func (p *placer) place(kind incident) (at, end int, ok bool) {
	from := 8 * Day
	if p.short() {
		from = 5 * Day
	}
	for range 4000 {
		m := from + p.random.IntN(p.scenario.Minutes-from-300)
		if kind.when == outage {
			if at, end, ok = p.inOutage(); ok {
				return at, end, true
			}
			continue
		}
		if kind.when == cold {
			m = 2*Day + p.random.IntN(4*Day)
		}
		if p.suits(kind.when, m) && p.free(m-apart, m+kind.duration+apart) {
			return m, -1, true
		}
	}
	return 0, 0, false
}

func (p *placer) suits(when string, m int) bool {
	switch when {
	case atWork:
		return p.rate[m] >= p.high*.8
	case quiet:
		return p.rate[m] <= p.low+1e-9 || p.rate[m] <= p.high*.05
	}
	return true
}

// inOutage takes an outage and a minute in it: one incident for each.
func (p *placer) inOutage() (at, end int, ok bool) {
	if len(p.outages) == 0 {
		return 0, 0, false
	}
	k := p.random.IntN(len(p.outages))
	o := p.outages[k]
	if ok = o.To+200 < p.scenario.Minutes; ok {
		at, end = o.From+5+p.random.IntN(o.To-o.From-15), o.To
	}
	p.outages = slices.Delete(p.outages, k, k+1)
	return at, end, ok
}

func (p *placer) free(from, to int) bool {
	if from < 0 || to+200 >= p.scenario.Minutes {
		return false
	}
	return !slices.ContainsFunc(p.taken, func(t [2]int) bool { return from < t[1] && to > t[0] })
}

// window says what the incident adds, until when it must be found, and whether volume can tell it at all.
func (b *builder) window(kind incident, at, end int) Window {
	length := max(kind.duration, 10)
	usual := b.expected(at, length)
	extra := kind.extra
	if extra == 0 {
		extra = int(max(4*b.expected(at, kind.duration), 40))
	}
	spread, vary := dispersion, .3
	switch kind.deletes {
	case "project":
		usual *= b.projects
		spread = 1.7
	case b.structure:
		usual *= structureShare
		spread = 1.7
	}
	if b.real {
		spread, vary = b.empiricalDispersion(length), 0
	}
	deviation := math.Sqrt(usual*spread + vary*vary*usual*usual + 1)
	w := Window{Kind: kind.kind, From: at, To: at + kind.duration, Deadline: at + kind.duration + kind.grace, Extra: extra}
	w.Hard = float64(extra) < 6*deviation || float64(extra)+usual < 1.25*b.naturalMax(at, length, kind.deletes)
	if end >= 0 {
		w.Deadline = end + kind.grace
	}
	return w
}

func (b *builder) expected(from, length int) float64 {
	sum := 0.0
	for m := from; m < min(from+length, len(b.rate)); m++ {
		sum += b.rate[m]
	}
	return sum
}

func (b *builder) add(kind incident, w Window) {
	for range w.Extra {
		t := kind.deletes
		switch t {
		case mixed:
			t = b.other("story", .15)
		case whole:
			t = b.other("project", .04)
		}
		at := b.random.IntN(kind.duration)
		if kind.deletes == waves {
			t, at = "task", at/60*60+at%5
		}
		b.deleted[t][w.From+at]++
	}
}

// other is that type with this probability, if the workspace has it; else a task.
func (b *builder) other(t string, probability float64) string {
	if _, ok := b.deleted[t]; ok && b.random.Float64() < probability {
		return t
	}
	return "task"
}
