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

package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

// ownDays is how far back the metrics of the process itself reach: no rule reads them, and a dashboard six hours of them.
const ownDays = 2

// A minute is what the exporter had to do in one.
type minute struct{ polls, commits, events int }

// minuteOf returns the work that as many events make. The demo polls each second, and a state is saved for each in which
// something happened.
func minuteOf(events int) minute {
	return minute{polls: 60, commits: int(math.Round(60 * (1 - math.Exp(-float64(events)/60)))), events: events}
}

// A row is a value for each thing that is done. With buckets it becomes a histogram, else a counter.
type row struct {
	name    string
	buckets []float64
	done    func(minute) int
	value   func(*rand.Rand) float64
}

// rows have the exporter's buckets. The values are those of the demo, and the delays those of the simulator.
func rows() []row {
	polls := func(m minute) int { return m.polls }
	commits := func(m minute) int { return m.commits }
	events := func(m minute) int { return m.events }
	return []row{
		{"asana_event_delay_seconds", []float64{1, 5, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400}, events, delay},
		{"asana_exporter_api_request_duration_seconds", []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30}, polls, around(0.0004, 0.5)},
		{"asana_exporter_state_commit_duration_seconds", []float64{.001, .0025, .005, .01, .025, .05, .1, .25, 1, 5}, commits, around(0.005, 0.9)},
		{"asana_exporter_state_commits_total", nil, commits, around(1, 0)},
		{"process_cpu_seconds_total", nil, events, around(0.0007, 0.5)},
	}
}

// delay is how long it takes until an event is counted: it reaches the stream, seldom late, and the next poll finds it there.
func delay(dice *rand.Rand) float64 {
	late := 0.1 + dice.ExpFloat64()/2
	if dice.IntN(50) == 0 {
		late += 300 * dice.Float64()
	}
	if dice.IntN(100) == 0 {
		late += 20 * dice.Float64()
	}
	return late + dice.Float64()
}

// around draws values above and below the middle, equally often; the wider, the farther from it.
func around(middle, width float64) func(*rand.Rand) float64 {
	return func(dice *rand.Rand) float64 { return middle * math.Exp(width*dice.NormFloat64()) }
}

// own are the metrics of the process itself, which goes from minute to minute.
type own struct {
	dice               *rand.Rand
	tallies            []*tally
	memory, goroutines *engine.Series
	still              map[*engine.Series]float64
}

func (t target) own(seed uint64) own {
	o := own{
		dice:       rand.New(rand.NewPCG(seed, 4)),
		memory:     t.series("process_resident_memory_bytes"),
		goroutines: t.series("go_goroutines"),
		still: map[*engine.Series]float64{
			t.series("asana_exporter_build_info"):                        1, // As the demo is built, it has no version.
			t.series("asana_exporter_api_announced_changes_total"):       0,
			t.series("asana_exporter_api_requests_total", "code", "412"): 1, // The first of all.
			t.series("asana_exporter_event_log_dropped_total"):           0,
			t.series("asana_exporter_workspaces"):                        1,
		},
	}
	for code := range strings.FieldsSeq("400 401 402 403 404 429 451 500 502 503 504 error") {
		o.still[t.series("asana_exporter_api_requests_total", "code", code)] = 0
	}
	for _, row := range rows() {
		o.tallies = append(o.tallies, t.tally(row))
	}
	return o
}

// add adds the samples at the end of a minute.
func (o own) add(at int64, m minute) {
	for _, t := range o.tallies {
		t.add(at, m, o.dice)
	}
	o.memory.Add(at, math.Round((22+2*o.dice.Float64())*(1<<20)))
	o.goroutines.Add(at, float64(13+o.dice.IntN(3)))
	for series, value := range o.still {
		series.Add(at, value)
	}
}

// A tally is what a row has come to. The last bucket holds all values.
type tally struct {
	row
	sum, count *engine.Series
	below      []*engine.Series // The buckets.
	total      float64
	counts     []float64
}

func (t target) tally(r row) *tally {
	if len(r.buckets) == 0 {
		return &tally{row: r, sum: t.series(r.name)}
	}
	all := &tally{row: r, sum: t.series(r.name + "_sum"), count: t.series(r.name + "_count")}
	for _, most := range append(slices.Clone(r.buckets), math.Inf(1)) {
		all.below = append(all.below, t.series(r.name+"_bucket", "le", bound(most)))
	}
	all.counts = make([]float64, len(all.below))
	return all
}

func (t *tally) add(at int64, m minute, dice *rand.Rand) {
	for range t.done(m) {
		value := t.value(dice)
		t.total += value
		for i := sort.SearchFloat64s(t.buckets, value); i < len(t.counts); i++ {
			t.counts[i]++
		}
	}
	t.sum.Add(at, t.total)
	for i, series := range t.below {
		series.Add(at, t.counts[i])
	}
	if t.count != nil {
		t.count.Add(at, t.counts[len(t.counts)-1])
	}
}

// bound writes the upper bound of a bucket as OpenMetrics does.
func bound(most float64) string {
	text := strconv.FormatFloat(most, 'f', -1, 64)
	if !strings.ContainsAny(text, ".I") {
		text += ".0"
	}
	return text
}
