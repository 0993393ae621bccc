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

package simulate

import (
	"math"
	"math/rand/v2"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

// timeline is what happens in each minute to one replica.
type timeline struct {
	outage  []string // The kind of an outage, else empty.
	restart []bool   // The process restarts within this minute, its state is kept.
	lost    []bool   // As restart, but the state is gone: counters begin again at 0.
	missed  []bool   // Prometheus gets no sample.
	away    []bool   // Nor does it see the end of a target.
	process []int    // Which of the target's instance labels the process has.
}

// instances is after how many restarts a label is used again. A new one each time would cost time in each rule, and
// no rule compares raw counts over weeks.
const instances = 3

func newTimeline(minutes int, f scenario.Faults) *timeline {
	bools := func() []bool { return make([]bool, minutes) }
	t := &timeline{make([]string, minutes), bools(), bools(), bools(), bools(), make([]int, minutes)}
	for _, o := range f.Outages {
		for m := max(0, o.From); m < min(o.To, minutes); m++ {
			t.outage[m] = o.Kind
		}
	}
	mark(t.restart, f.Restarts)
	mark(t.restart, f.StateLost)
	mark(t.lost, f.StateLost)
	span(t.missed, f.Missed)
	span(t.away, f.Away)
	if f.NewInstance {
		t.rename()
	}
	return t
}

// rename gives each process another instance label than the last.
func (t *timeline) rename() {
	for m := 1; m < len(t.process); m++ {
		t.process[m] = t.process[m-1]
		if t.restart[m] || t.down(m) && !t.down(m-1) {
			t.process[m] = (t.process[m] + 1) % instances
		}
	}
}

func span(minutes []bool, spans [][2]int) {
	for _, w := range spans {
		for m := w[0]; m < min(w[1], len(minutes)); m++ {
			minutes[m] = true
		}
	}
}

func mark(minutes []bool, at []int) {
	for _, m := range at {
		if m < len(minutes) {
			minutes[m] = true
		}
	}
}

// down says that the process is dead; starting that it runs but has not caught up yet, so that it shows the workspace
// but no events; polled that it read the stream to its end.
func (t *timeline) down(m int) bool     { return t.outage[m] == scenario.Down }
func (t *timeline) starting(m int) bool { return m > 0 && t.down(m-1) && t.outage[m] == "" }
func (t *timeline) polled(m int) bool   { return t.outage[m] == "" && !t.starting(m) }
func (t *timeline) counting(m int) bool { return !t.down(m) && !t.starting(m) }
func (t *timeline) scraped(m int) bool  { return !t.missed[m] && !t.restart[m] && !t.away[m] }
func (t *timeline) renamed(m int) bool  { return m > 0 && t.process[m] != t.process[m-1] }

// seesEnd reports whether Prometheus marks the series of a target as stale that it saw a minute before.
func (t *timeline) seesEnd(m int) bool { return m > 0 && !t.away[m] && !t.away[m-1] }

// perMinute unfolds the pairs of minute and count.
func perMinute(counts []int, minutes int) []int32 {
	all := make([]int32, minutes)
	for i := 0; i+1 < len(counts); i += 2 {
		if m := counts[i]; m >= 0 && m < minutes {
			all[m] += int32(counts[i+1])
		}
	}
	return all
}

// delivered moves events from the minute in which they happened to that in which Asana delivers them: nine of ten
// after 20 s on average, the others after some six minutes: within a minute on average, and most within ten.
func delivered(happened []int32, r *rand.Rand) []int32 {
	all := make([]int32, len(happened))
	for m, n := range happened {
		for left := int(n); left > 0; {
			group := min(left, 1+left/50) // Large counts in groups, for speed.
			left -= group
			mean := 1. / 3
			if r.Float64() < .1 {
				mean = 6
			}
			late := int(r.Float64() + math.Min(r.ExpFloat64()*mean, 60))
			if at := m + late; at < len(all) {
				all[at] += int32(group)
			}
		}
	}
	return all
}
