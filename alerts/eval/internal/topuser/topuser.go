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

// Package topuser asks whether an alert on the most deletions of any one user finds what volume cannot. Start with Tune.
//
// It gives the alert every advantage: four clean weeks to learn from, no incident among them, no fault of the exporter.
package topuser

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
)

// A limit is the same for all minutes of a half hour.
const (
	bin    = 30
	perDay = scenario.Day / bin
	weeks4 = 28 * perDay
	first  = 29 * perDay // From here on there are four weeks to learn from.
	budget = .05         // False alarms a workspace and quarter of each window: .1 of both.
)

func windows() [2]int { return [2]int{15, 90} }

// Limit is the largest of a floor and of multiples of the high-water marks of four weeks: in the same hour of the week, at the
// same time of day, and in all hours.
type Limit struct{ Floor, Week, Day, Whole float64 }

// workspace has the numbers that the limits of one window are compared with.
type workspace struct {
	trials           []scenario.Trial
	peaks            []map[int]float64 // The most of each trial in the half hours until its deadline.
	top              []float64         // The most of all others in each half hour,
	week, day, whole []float64         // and the high-water marks before it.
}

func workspaces(lives []scenario.Life, window int) []*workspace {
	var all []*workspace
	for _, life := range lives {
		w := &workspace{trials: life.Trials}
		for minutes := range slices.Chunk(life.Top[window], bin) {
			w.top = append(w.top, float64(slices.Max(minutes)))
		}
		for _, t := range life.Trials {
			w.peaks = append(w.peaks, peaks(t, window))
		}
		w.week, w.day, w.whole = w.marks(7*perDay, 2), w.marks(perDay, 2), w.marks(perDay, perDay/2)
		all = append(all, w)
	}
	return all
}

// marks are the largest tops around each half hour of four weeks that is a multiple of lag before.
func (w *workspace) marks(lag, around int) []float64 {
	wide, marks := make([]float64, len(w.top)), make([]float64, len(w.top))
	for i := range w.top {
		wide[i] = slices.Max(w.top[max(0, i-around):min(len(w.top), i+around+1)])
	}
	for i := first; i < len(marks); i++ {
		for before := lag; before <= weeks4; before += lag {
			marks[i] = max(marks[i], wide[i-before])
		}
	}
	return marks
}

func peaks(t scenario.Trial, window int) map[int]float64 {
	all := map[int]float64{}
	for m := t.From; m <= t.Deadline; m++ {
		count := 0.0
		for _, at := range t.At {
			if at <= m && at > m-window {
				count++
			}
		}
		all[m/bin] = max(all[m/bin], count)
	}
	return all
}

func (w *workspace) limit(l Limit, i int) float64 {
	return max(l.Floor, l.Week*w.week[i], l.Day*w.day[i], l.Whole*w.whole[i])
}

// alarms counts those without a trial. Less than an hour apart they are one.
func (w *workspace) alarms(l Limit) int {
	n, last := 0, 0
	for i := first; i < len(w.top); i++ {
		if w.top[i] <= w.limit(l, i) {
			continue
		}
		if i > last+60/bin {
			n++
		}
		last = i
	}
	return n
}

func (w *workspace) quarters() float64 { return float64(len(w.top)-first) / perDay / 90 }

// finds reports whether the alert would begin by the deadline of that trial.
func (w *workspace) finds(l Limit, trial int) bool {
	for i, count := range w.peaks[trial] {
		if count > w.limit(l, i) {
			return true
		}
	}
	return false
}

// Tune returns the limits of both windows that find most of what volume cannot within the budget of false alarms. Of several
// it takes the highest, and one that never fires if none finds any.
func Tune(lives []scenario.Life) [2]Limit {
	limits := [2]Limit{{Floor: math.Inf(1)}, {Floor: math.Inf(1)}}
	for i, window := range windows() {
		all, most := workspaces(lives, window), 0
		for _, l := range grid() {
			alarms, quarters, found := 0.0, 0.0, 0
			for _, w := range all {
				alarms += float64(w.alarms(l))
				quarters += w.quarters()
				for j, t := range w.trials {
					if t.Hard && w.finds(l, j) {
						found++
					}
				}
			}
			if alarms <= budget*quarters && found > most {
				limits[i], most = l, found
			}
		}
	}
	return limits
}

func grid() []Limit {
	var all []Limit
	for _, floor := range []float64{200, 150, 110, 80, 55, 45, 35, 25, 18, 12} {
		for _, week := range []float64{2.5, 1.5, 0} {
			for _, day := range []float64{2.5, 2, 1.5, 1.25, 1, 0} {
				for _, whole := range []float64{2, 1.5, 1.25, 1, .75, .5, 0} {
					all = append(all, Limit{floor, week, day, whole})
				}
			}
		}
	}
	return all
}

// Table prints what the limits find of what volume cannot, and the false alarms of both.
func Table(out io.Writer, limits [2]Limit, lives []scenario.Life) {
	short, long := workspaces(lives, windows()[0]), workspaces(lives, windows()[1])
	var kinds []string
	trials, hard, found := map[string]int{}, map[string]int{}, map[string]int{}
	alarms, quarters := 0, 0.0
	for i, w := range short {
		alarms += w.alarms(limits[0]) + long[i].alarms(limits[1])
		quarters += w.quarters()
		for j, t := range w.trials {
			if trials[t.Kind]++; trials[t.Kind] == 1 {
				kinds = append(kinds, t.Kind)
			}
			if !t.Hard {
				continue
			}
			if hard[t.Kind]++; w.finds(limits[0], j) || long[i].finds(limits[1], j) {
				found[t.Kind]++
			}
		}
	}
	fmt.Fprint(out, "| one account deletes | volume cannot tell | of these found |\n|---|---|---|\n")
	for _, k := range kinds {
		fmt.Fprintf(out, "| %s | %d of %d | %d = %.0f %% |\n", k, hard[k], trials[k], found[k], 100*float64(found[k])/max(1, float64(hard[k])))
	}
	fmt.Fprintf(out, "| false alarms a workspace and 90 days | | %.2f (%d) |\n", float64(alarms)/quarters, alarms)
}
