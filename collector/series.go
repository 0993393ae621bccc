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

package collector

import (
	"maps"
	"slices"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

// A Series is the count of one label set.
type Series struct {
	Labels   Labels `json:",embed"`
	Value    uint64 `json:"value"`
	exposure `json:",embed"`
}

// exposure exposes a new counter at 0 before its value; otherwise increase() misses the first increment.
type exposure struct {
	// Created is when the counter was at zero.
	Created time.Time `json:"created"`
	// Shown is whether the value is exposed. It is never taken back.
	Shown bool `json:"shown"`
	// since is when this process began to expose the counter.
	since time.Time
}

// dueAt returns when the counter has been exposed at 0 for zeroFirst. It returns the zero time if its value is shown already, or if it
// is not exposed yet.
func (e exposure) dueAt(zeroFirst time.Duration) time.Time {
	if e.Shown || e.since.IsZero() {
		return time.Time{}
	}
	return e.since.Add(zeroFirst)
}

// Visible returns the value to expose.
func (s Series) Visible() uint64 {
	if !s.Shown {
		return 0
	}
	return s.Value
}

// exposed returns the State with now as the time since when its new gaps are exposed and, if events is true, its new series.
func (s State) exposed(now time.Time, events bool) State {
	fresh := func(e exposure) bool { return !e.Shown && e.since.IsZero() }
	return s.changed(events, fresh, func(e *exposure) { e.since = now })
}

// reveal returns the State in which every counter that is due shows its value.
func (s State) reveal(now time.Time, zeroFirst time.Duration) State {
	due := func(e exposure) bool {
		at := e.dueAt(zeroFirst)
		return zeroFirst == 0 && !e.Shown || !at.IsZero() && !now.Before(at)
	}
	return s.changed(true, due, func(e *exposure) { e.Shown = true })
}

// changed returns the State with change made to the gaps that match and, if events is true, to the series.
func (s State) changed(events bool, match func(exposure) bool, change func(*exposure)) State {
	for i := range s.Gaps {
		if match(s.Gaps[i].exposure) {
			change(&s.Gaps[i].exposure)
		}
	}
	if !events || !slices.ContainsFunc(s.series, func(one Series) bool { return match(one.exposure) }) {
		return s
	}
	s.series = slices.Clone(s.series)
	for i := range s.series {
		if match(s.series[i].exposure) {
			change(&s.series[i].exposure)
		}
	}
	return s
}

// nextReveal returns when the next counter that is not zero is due; latest if there is none before.
func (s State) nextReveal(zeroFirst time.Duration, latest time.Time) time.Time {
	consider := func(e exposure) {
		if at := e.dueAt(zeroFirst); !at.IsZero() {
			latest = earlier(at, latest)
		}
	}
	for _, series := range s.series {
		if series.Value > 0 {
			consider(series.exposure)
		}
	}
	for _, gap := range s.Gaps {
		if gap.Count > 0 {
			consider(gap.exposure)
		}
	}
	return latest
}

// add adds a series with new labels, and returns its place. It changes s and its index.
func (s *State) add(series Series) int {
	s.index[series.Labels] = len(s.series)
	s.series = append(s.series, series)
	if series.Value > 0 && !series.Labels.isFolded() {
		s.active++
	}
	return len(s.series) - 1
}

// addZeros adds the series of ZeroSeries that are missing, created at the given time.
func (s *State) addZeros(created time.Time) {
	for _, labels := range ZeroSeries() {
		if _, ok := s.index[labels]; !ok {
			s.add(Series{Labels: labels, exposure: exposure{Created: created}})
		}
	}
}

// counting finds the series of a label set, and adds the missing ones to its State.
type counting struct {
	*State
	created   time.Time // Of a new series: the time of the previous commit.
	maxSeries int
	copied    bool // The index is this State's own.
}

// of returns the place of the series that counts an event. Labels that are in the index were checked when they came first.
func (c *counting) of(e *client.Event) int {
	labels := Labels{e.Action, e.ResourceType, e.ResourceSubtype, e.ChangeField, e.ParentType}
	if i, ok := c.index[labels]; ok && c.series[i].Value > 0 && !labels.isFolded() {
		return i
	}
	return c.at(classify(*e))
}

// at returns the place of the series that counts events with these labels.
func (c *counting) at(labels Labels) int {
	i, ok := c.index[labels]
	if !ok && c.active >= c.maxSeries {
		labels = labels.fold()
		i, ok = c.index[labels]
	}
	if !ok {
		if !c.copied {
			c.index, c.copied = maps.Clone(c.index), true
		}
		i = c.add(Series{Labels: labels, exposure: exposure{Created: c.created}})
	}
	if c.series[i].Value == 0 && !labels.isFolded() {
		c.active++
	}
	return i
}
