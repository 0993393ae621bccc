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

// Monday 2026-01-05 00:00 UTC.
const epoch = 1767571200

// spec describes a synthetic workspace.
type spec struct {
	name, group, rhythm string
	perDay              float64 // Deletions on a working day.
	growth              float64 // Factor over the whole time.
	levelDay            int     // Three times as much from this day on.
	dstDay              int     // The clocks change on this day.
	cron                string  // A clean-up by schedule.
	holidays            bool
	fortnight           bool // Two weeks of holidays for everybody.
	lazy                bool
	days                int
	sessions            Sessions
}

// Cleanups is the group of workspaces that show what the alerts make of recurring clean-ups and holidays.
const Cleanups = "syn-7-cleanups"

// Synthetic makes the synthetic workspaces of a seed whose name contains one of the parts of only, each with
// incidents ("_inc") and without ("_clean"); those with clean-ups have few incidents or none ("_cleanup").
func Synthetic(seed uint64, days int, sessions Sessions, only string) []*Scenario {
	var all []*Scenario
	for _, s := range specs() {
		s.days, s.sessions = days, sessions
		suffixes := []string{"_clean", "_inc"}
		if s.group == Cleanups {
			suffixes = []string{"_cleanup"}
		}
		for _, suffix := range suffixes {
			if name := s.name + suffix; Wanted(name, only) {
				b := synthetic(s, seed)
				b.disturb(suffix)
				all = append(all, b.finish(name))
			}
		}
	}
	return all
}

// disturb adds what the suffix of a name says.
func (b *builder) disturb(suffix string) {
	p := b.placer()
	switch suffix {
	case "_inc":
		p.inject()
		p.trouble(true)
	case "_clean":
		p.trouble(false)
	case "_cleanup":
		p.daytime()
	}
	slices.SortFunc(b.scenario.Incidents, func(x, y Window) int { return cmp.Compare(x.From, y.From) })
}

func specs() []spec {
	const variant = "syn-6-variant"
	return []spec{
		{name: "syn-sparse-1", group: "syn-1-sparse", rhythm: office, perDay: 1.7},
		{name: "syn-small-1", group: "syn-2-small", rhythm: office, perDay: 20},
		{name: "syn-medium-1", group: "syn-3-medium", rhythm: officeNight, perDay: 300},
		{name: "syn-large-1", group: "syn-4-large", rhythm: global, perDay: 5000},
		{name: "syn-huge-1", group: "syn-5-huge", rhythm: global, perDay: 70000},
		{name: "syn-sparse-3", group: "syn-1-sparse", rhythm: office, perDay: 1.7, holidays: true},
		{name: "syn-small-3", group: "syn-2-small", rhythm: office, perDay: 20, holidays: true},
		{name: "syn-medium-3", group: "syn-3-medium", rhythm: officeNight, perDay: 300, holidays: true},
		{name: "syn-large-3", group: "syn-4-large", rhythm: global, perDay: 5000, holidays: true},
		{name: "syn-small-growth", group: variant, rhythm: office, perDay: 15, growth: 4},
		{name: "syn-medium-dailycron", group: variant, rhythm: officeNight, perDay: 300, cron: daily},
		{name: "syn-medium-weeklycron", group: variant, rhythm: officeNight, perDay: 300, cron: weekly, holidays: true},
		{name: "syn-medium-levelshift", group: variant, rhythm: officeNight, perDay: 300, levelDay: 50},
		{name: "syn-large-dst", group: variant, rhythm: officeNight, perDay: 5000, dstDay: 48},
		{name: "syn-small-lazy", group: variant, rhythm: office, perDay: 20, lazy: true},
		{name: "syn-medium-monthly", group: Cleanups, rhythm: officeNight, perDay: 300, cron: monthly},
		{name: "syn-medium-monthend", group: Cleanups, rhythm: office, perDay: 300, cron: monthEnd},
		{name: "syn-medium-fortnight", group: Cleanups, rhythm: office, perDay: 300, fortnight: true},
		{name: "syn-small-twojobs", group: Cleanups, rhythm: office, perDay: 20, cron: twice},
		{name: "syn-medium-jobdst", group: Cleanups, rhythm: office, perDay: 300, cron: daily, dstDay: 48},
	}
}
