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
	"time"
)

// Clean-ups by schedule.
const (
	daily    = "daily"
	weekly   = "weekly"
	monthly  = "monthly"
	twice    = "twice"    // Two jobs each night.
	monthEnd = "monthend" // People, on the last three working days of a month.
)

// job is a script that deletes tasks. The first runs are benign: an alert about a new script is right.
type job struct {
	at, length, size, known int
	runs                    func(day int) bool
	shift                   int // It begins up to so many minutes later.
}

func (b *builder) schedules(s spec) {
	always := func(int) bool { return true }
	jobs := map[string][]job{
		daily:   {{2*60 + 30, 8, 120, 7, always, 0}},
		weekly:  {{18 * 60, 8, 1500, 2, func(day int) bool { return day%7 == 4 }, 0}},
		monthly: {{3 * 60, 8, 600, 1, func(day int) bool { return day%30 == 9 }, 0}},
		twice:   {{60, 30, 200, 7, always, 120}, {4 * 60, 30, 200, 7, always, 120}},
	}
	for _, j := range jobs[s.cron] {
		b.job(s, j)
	}
	if s.cron == monthEnd {
		b.monthEnd()
	}
}

func (b *builder) job(s spec, j job) {
	runs := 0
	for d := range s.days {
		if !j.runs(d) {
			continue
		}
		m := d*Day + j.at
		if j.shift > 0 {
			m += b.random.IntN(j.shift)
		}
		if s.dstDay > 0 && d >= s.dstDay {
			m -= 60
		}
		for range int(float64(j.size) * math.Exp(.15*b.random.NormFloat64())) {
			b.deleted["task"][m+b.random.IntN(j.length)]++
		}
		if runs++; runs <= j.known {
			b.scenario.Benign = append(b.scenario.Benign, Window{Kind: "cron-new", From: m, To: m + j.length + 7})
		}
	}
}

// monthEnd lets people tidy up: on each of the last three working days of a month three sessions of 40 to 150.
func (b *builder) monthEnd() {
	for d := range len(b.rate) / Day {
		if !b.endOfMonth(d) {
			continue
		}
		for range 3 {
			m := b.busiestOf(d)
			for range 40 + b.random.IntN(111) {
				b.deleted["task"][m+b.random.IntN(10)]++
			}
		}
	}
}

func (b *builder) endOfMonth(day int) bool {
	date := time.Unix(b.scenario.Start, 0).UTC().AddDate(0, 0, day)
	left := 0 // Working days from this one on.
	for t := date; t.Month() == date.Month(); t = t.AddDate(0, 0, 1) {
		if t.Weekday() != time.Saturday && t.Weekday() != time.Sunday {
			left++
		}
	}
	return !b.weekend(day*Day) && left <= 3
}

// busiestOf is the busiest of five minutes of a day.
func (b *builder) busiestOf(day int) int {
	at := day * Day
	for range 5 {
		if m := day*Day + b.random.IntN(Day-10); b.rate[m] > b.rate[at] {
			at = m
		}
	}
	return at
}

// daytime adds bursts which jobs at night might hide.
func (p *placer) daytime() {
	if len(p.scenario.Benign) < 14 {
		return
	}
	for range 8 {
		kind := incident{"jobs_burst100", 100, 5, atWork, mixed, 30}
		if at, _, ok := p.place(kind); ok {
			p.put(kind, at, -1)
		}
	}
}
