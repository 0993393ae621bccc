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

// faults draws seven outages, short failures, restarts and missed scrapes.
func (b *builder) faults() {
	for i, kind := range []string{API, API, API, Down, Down, Lost, API} {
		b.outage(i, kind)
	}
	b.restarts()
	f, r, minutes := &b.scenario.Faults, b.random, b.scenario.Minutes
	for range minutes / (10 * Day) { // A small backlog each time.
		m := Day + r.IntN(minutes-2*Day)
		f.Outages = append(f.Outages, Outage{m, m + 2 + r.IntN(8), API})
	}
	for range minutes / Day {
		m := r.IntN(minutes)
		f.Missed = append(f.Missed, [2]int{m, m + 1})
	}
	for range minutes / (10 * Day) {
		m := r.IntN(minutes)
		f.Missed = append(f.Missed, [2]int{m, m + 3 + r.IntN(10)})
	}
	slices.SortFunc(f.Outages, func(x, y Outage) int { return cmp.Compare(x.From, y.From) })
}

// outage adds one of half an hour to four hours, far from the others; the first four are put into busy hours.
func (b *builder) outage(i int, kind string) {
	minutes := b.scenario.Minutes
	start := func() int { return 2*Day + b.random.IntN(max(1, minutes-3*Day)) }
	for range 100 {
		at, length := start(), 30+b.random.IntN(210)
		if i == 0 {
			length = 120
		}
		if i < 4 {
			at = b.busiest(at, length, start)
		}
		if b.troubled(at) {
			continue
		}
		b.scenario.Faults.Outages = append(b.scenario.Faults.Outages, Outage{at, at + length, kind})
		return
	}
}

// busiest is the busiest of twelve starts for an outage of that length.
func (b *builder) busiest(at, length int, start func() int) int {
	most := -1.0
	for range 12 {
		candidate, sum := start(), 0.0
		for m := candidate; m < min(candidate+length, len(b.rate)); m++ {
			sum += b.rate[m]
		}
		if sum > most && !b.troubled(candidate) {
			at, most = candidate, sum
		}
	}
	return at
}

func (b *builder) troubled(m int) bool {
	for _, o := range b.scenario.Faults.Outages {
		if m > o.From-400 && m < o.To+400 {
			return true
		}
	}
	return false
}

// restarts adds one every ten days or so, one of them without the state.
func (b *builder) restarts() {
	f, days := &b.scenario.Faults, b.scenario.Minutes/Day
	for d := 5; d < days; d += 6 + b.random.IntN(8) {
		m := d*Day + b.random.IntN(Day)
		if len(f.Restarts)%4 == 3 && len(f.StateLost) == 0 {
			f.StateLost = append(f.StateLost, m)
		} else {
			f.Restarts = append(f.Restarts, m)
		}
	}
}

// Of returns the faults of one of several replicas. Asana's own failures and those of Prometheus meet all of them;
// the process of each later replica has its outages, restarts and losses of state at other times than the first.
func (f Faults) Of(replica, minutes int) Faults {
	if replica == 0 {
		return f
	}
	shifted := func(m int) int { return (m + replica*minutes/3) % minutes }
	own := Faults{Missed: f.Missed, Away: f.Away, NewInstance: f.NewInstance}
	for _, o := range f.Outages {
		if o.Kind == Down {
			from := shifted(o.From)
			o = Outage{from, from + o.To - o.From, o.Kind}
		}
		own.Outages = append(own.Outages, o)
	}
	for _, m := range f.Restarts {
		own.Restarts = append(own.Restarts, shifted(m))
	}
	for _, m := range f.StateLost {
		own.StateLost = append(own.StateLost, shifted(m))
	}
	return own
}

// Near reports whether minute m is within an outage or a time without Prometheus or up to two hours after one, or up to
// half an hour after a short failure or a restart.
func (f Faults) Near(m float64) bool {
	for _, o := range f.Outages {
		after := 30
		if o.Long() {
			after = 120
		}
		if m >= float64(o.From) && m <= float64(o.To+after) {
			return true
		}
	}
	for _, a := range f.Away {
		if m >= float64(a[0]) && m <= float64(a[1]+120) {
			return true
		}
	}
	for _, at := range slices.Concat(f.Restarts, f.StateLost) {
		if m >= float64(at) && m <= float64(at+30) {
			return true
		}
	}
	return false
}
