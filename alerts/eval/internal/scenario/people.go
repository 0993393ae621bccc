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

// The model of who deletes. A workspace has a person for each perPerson deletions of a working day. How much each deletes
// is log-normal: with a spread of 1.2 the busiest of 2,500 does thirty times the average. People work in bouts: a session
// joins with a given probability a bout that had one in the last boutGap minutes, else somebody begins a bout.
const (
	perPerson = 2
	fewest    = 5
	unequal   = 1.2
	boutGap   = 20
	trials    = 30 // Of each kind in a workspace.
)

// Life is a workspace without incidents or faults, by the people in it.
type Life struct {
	Top    map[int][]int // The most deletions of any one user in so many minutes up to each minute.
	Trials []Trial
}

// Trial is what one more account might delete. Volume cannot tell those that are Hard.
type Trial struct {
	Window
	At []int // The minutes of its deletions.
}

// Lives are the synthetic workspaces whose name contains one of the parts of only. A session joins a bout with probability
// join. Workspaces with jobs and level shifts are left out: an alert can only lose by them.
func Lives(seed uint64, days int, sessions Sessions, join float64, only string) []Life {
	var all []Life
	for _, s := range specs() {
		if s.cron != "" || s.levelDay > 0 || !Wanted(s.name+"_inc", only) {
			continue
		}
		s.days, s.sessions, s.people, s.join = days, sessions, true, join
		b := synthetic(s, seed)
		p := b.placer()
		p.random = Random(s.name+" trials", seed)
		all = append(all, Life{
			Top:    map[int][]int{15: b.people.top(len(b.rate), 15), 90: b.people.top(len(b.rate), 90)},
			Trials: p.trials(),
		})
	}
	return all
}

// trials are placed from the sixth week on, each as if there were no other.
func (p *placer) trials() []Trial {
	var all []Trial
	for _, kind := range []incident{
		{"40 in 2 h at work", 40, 120, atWork, mixed, 30},
		{"20 in 10 min at night", 20, 10, quiet, mixed, 30},
		{"60 in 1 h at work", 60, 60, atWork, mixed, 30},
		{"250 in 1 h at work", 250, 60, atWork, mixed, 30},
	} {
		for range trials {
			at, _, ok := p.place(kind)
			if !ok || at < 5*Week {
				continue
			}
			t := Trial{Window: p.window(kind, at, -1)}
			for range kind.extra {
				t.At = append(t.At, at+p.random.IntN(kind.duration))
			}
			all = append(all, t)
		}
	}
	return all
}

// deed is a session of somebody.
type deed struct{ minute, user, size int }

// people gives sessions to persons; nil gives them to nobody. It has random numbers of its own, so that the counts stay as
// they are without it.
type people struct {
	random *rand.Rand
	join   float64
	shares []float64 // The activity of all persons up to and including each.
	bouts  []deed    // The last session of each bout that goes on,
	last   int       // and the minute of the last session of all.
	deeds  []deed
}

func newPeople(r *rand.Rand, perDay, join float64) *people {
	p := &people{random: r, join: join, shares: make([]float64, max(fewest, int(perDay/perPerson)))}
	sum := 0.0
	for i := range p.shares {
		sum += math.Exp(unequal * r.NormFloat64())
		p.shares[i] = sum
	}
	return p
}

// session is a session of a person. Minutes never decrease.
func (p *people) session(minute, size int) {
	if p == nil {
		return
	}
	if minute > p.last {
		p.bouts = slices.DeleteFunc(p.bouts, func(d deed) bool { return d.minute < minute-boutGap })
		p.last = minute
	}
	if p.random.Float64() < p.join && len(p.bouts) > 0 {
		i := p.random.IntN(len(p.bouts))
		p.bouts[i].minute = minute
		p.deeds = append(p.deeds, deed{minute, p.bouts[i].user, size})
		return
	}
	user, _ := slices.BinarySearch(p.shares, p.random.Float64()*p.shares[len(p.shares)-1])
	p.bouts = append(p.bouts, deed{minute: minute, user: user})
	p.deeds = append(p.deeds, deed{minute, user, size})
}

// top slides a window over the deeds.
func (p *people) top(minutes, window int) []int {
	counts := make([]int, len(p.shares))
	having := map[int]int{} // How many users have that count.
	change := func(user, by int) {
		having[counts[user]]--
		counts[user] += by
		having[counts[user]]++
	}
	tops := make([]int, minutes)
	top, first, next := 0, 0, 0
	for m := range tops {
		for ; next < len(p.deeds) && p.deeds[next].minute <= m; next++ {
			change(p.deeds[next].user, p.deeds[next].size)
			top = max(top, counts[p.deeds[next].user])
		}
		for ; first < next && p.deeds[first].minute <= m-window; first++ {
			change(p.deeds[first].user, -p.deeds[first].size)
		}
		for top > 0 && having[top] <= 0 {
			top--
		}
		tops[m] = top
	}
	return tops
}
