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
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// life is what happens in the workspace.
type life struct {
	sets    []simulator.Labels
	minutes [][]uint64 // Events of each minute, by set; of those that were known by then.
}

// life returns what happens from a full hour on. The last week is simulated. The time before is made of hours of that week,
// each drawn from those at the same hour of the day, on working days or at the weekend: the whole would take the simulator
// half a minute at the demo's rate.
func (o options) life(from time.Time) (life, error) {
	simulated := o.to.Add(-week).Truncate(time.Hour)
	if simulated.Before(from) {
		simulated = from
	}
	all, err := o.simulate(simulated)
	if err != nil {
		return all, err
	}
	dice := rand.New(rand.NewPCG(o.seed, 3))
	var before [][]uint64
	for hour := from; hour.Before(simulated); hour = hour.Add(time.Hour) {
		alike := all.hoursLike(hour, simulated)
		before = append(before, alike[dice.IntN(len(alike))]...)
	}
	all.minutes = slices.Concat(before, all.minutes)
	return all, nil
}

// hoursLike returns the full hours of a life that began at start which are at the same time of the day and of the week as
// the given one.
func (l life) hoursLike(hour, start time.Time) (alike [][][]uint64) {
	weekend := func(t time.Time) bool { return t.UTC().Weekday() == time.Saturday || t.UTC().Weekday() == time.Sunday }
	for m := 0; m+60 <= len(l.minutes); m += 60 {
		at := start.Add(time.Duration(m) * time.Minute)
		if at.UTC().Hour() == hour.UTC().Hour() && weekend(at) == weekend(hour) {
			alike = append(alike, l.minutes[m:m+60])
		}
	}
	return alike
}

// simulate lets the simulator live on a clock of its own.
func (o options) simulate(from time.Time) (life, error) {
	now := from
	company := simulator.New(simulator.Options{
		Workspace: o.workspace, Seed: o.seed, Users: o.users, Rate: o.rate, NightShare: o.nightShare,
		TokenLife: 1, // No event need be kept: nobody reads them.
		Now:       func() time.Time { return now },
	})
	if err := o.begin(company); err != nil {
		return life{}, err
	}
	var l life
	var before []uint64
	known := map[simulator.Labels]int{}
	for now.Before(o.to) {
		now = now.Add(time.Minute)
		minute := slices.Repeat([]uint64{0}, len(l.sets))
		for labels, n := range company.Truth() {
			i, ok := known[labels]
			if !ok {
				i = len(l.sets)
				known[labels] = i
				l.sets, minute, before = append(l.sets, labels), append(minute, 0), append(before, 0)
			}
			minute[i], before[i] = n-before[i], n
		}
		l.minutes = append(l.minutes, minute)
	}
	return l, nil
}

// begin asks for a first position, since the simulator counts from there.
func (o options) begin(company http.RoundTripper) error {
	request, err := http.NewRequest(http.MethodGet, "http://asana.invalid/api/1.0/workspaces/"+o.workspace+"/events", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer any")
	response, err := company.RoundTrip(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusPreconditionFailed {
		return fmt.Errorf("the simulator answers %s", response.Status)
	}
	return nil
}
