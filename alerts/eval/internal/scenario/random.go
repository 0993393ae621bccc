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
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// Sessions says how many things people delete at a time.
type Sessions string

// The kinds of Sessions.
const (
	Short   Sessions = "short"   // 1 to 20.
	Heavy   Sessions = "heavy"   // As Short, but 0.3 % have 30 to 99.
	Commits Sessions = "commits" // As many as commits delete files.
)

// Sessions have shortMean or commitMean deletions on average; with Short the variance is dispersion times the mean, more
// than which an incident need not be told from.
const (
	shortMean  = 1.9
	commitMean = 8.6
	dispersion = 4.5
)

// mean leaves out the tail of Heavy, which adds 8 %.
func (s Sessions) mean() float64 {
	if s == Commits {
		return commitMean
	}
	return shortMean
}

func hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // Never fails.
	return h.Sum64()
}

func poisson(r *rand.Rand, mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return int(max(0, mean+math.Sqrt(mean)*r.NormFloat64()+.5))
	}
	floor, product := math.Exp(-mean), 1.0
	for n := 0; ; n++ {
		product *= r.Float64()
		if product <= floor {
			return n
		}
	}
}

// session is the number of things deleted together. That of Short is drawn in any case, and what replaces it has random
// numbers of its own, so that Heavy differs from Short in the large sessions only.
func (b *builder) session() int {
	size := short(b.random)
	switch {
	case b.sessions == Commits:
		return commit(b.tail.Float64())
	case b.sessions == Heavy && b.tail.Float64() < .003:
		return int(30 * math.Pow(100./30, b.tail.Float64()))
	}
	return size
}

// commit is a quantile of how many files a commit deletes that deletes any. The points are near the mean of those of
// the main branches of ansible, electron, panther-analysis and sigma, in quarters of 2020 to 2025.
func commit(u float64) int {
	points := [][2]float64{{0, 1}, {.5, 1}, {.8, 3}, {.9, 7}, {.95, 16}, {.97, 30}, {.99, 120}, {.999, 900}, {1, 2000}}
	i := 1
	for u > points[i][0] {
		i++
	}
	from, to := points[i-1], points[i]
	return int(from[1]*math.Pow(to[1]/from[1], (u-from[0])/(to[0]-from[0])) + .5)
}

// short is a size of Short: people delete one by one, and sometimes by multi-select.
func short(r *rand.Rand) int {
	switch u := r.Float64(); {
	case u < .75:
		return 1
	case u < .93:
		return 2 + r.IntN(3)
	case u < .99:
		return 5 + r.IntN(6)
	default:
		return 11 + r.IntN(10)
	}
}

// The rhythms of a week.
const (
	office      = "office"
	officeNight = "office-night" // Some work at night.
	global      = "global"
)

// weight is how busy a workspace of that rhythm is at a local minute of the week, 0 being Monday 00:00.
func weight(rhythm string, minute int) float64 {
	hour := float64(minute%Day) / 60
	weekend := minute/Day >= 5
	switch rhythm {
	case office:
		return officeHours(hour, weekend)
	case officeNight:
		return officeHours(hour, weekend) + .015
	default:
		share := 1.0
		if weekend {
			share = .25
		}
		return share*(.35+.65*(bump(hour, 10, 3.5)+bump(hour, 19, 3))) + .02
	}
}

func officeHours(hour float64, weekend bool) float64 {
	if hour < 6.5 || hour > 21 {
		return 0
	}
	w := bump(hour, 10.3, 1.6) + .95*bump(hour, 15, 2)
	if weekend {
		w *= .08
	}
	return w
}

func bump(x, centre, width float64) float64 {
	d := (x - centre) / width
	return math.Exp(-d * d / 2)
}
