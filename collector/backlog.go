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
	"cmp"
	"slices"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

const (
	// peakWindow is the window of asana_workspace_backlog_peak_events.
	peakWindow = 15 * time.Minute
	// backlogHold is how long the backlog gauges stay up after the counts of the backlog became visible.
	backlogHold = 20 * time.Minute
	// longestStretch is the longest time for which Asana keeps events and sync tokens. A stretch that seems longer
	// comes from a clock that was set.
	longestStretch = 24 * time.Hour
)

// stepLength is the bucket width of event times; one second would bloat each commit of a backlog.
const stepLength = 10 * time.Second

// A Stretch is a part of the stream whose counts become visible in one step. It is a value, like State.
type Stretch struct {
	// Since is when the position was last at the end of the stream.
	Since time.Time `json:"since"`
	// Steps are the numbers of deletions in it by event time, sorted. Steps without deletions are left out.
	Steps []step `json:"steps,omitzero"`
}

type step struct {
	At       int64  `json:"at"` // Since 1970, in steps.
	Deleted  uint64 `json:"deleted"`
	Projects uint64 `json:"projects,omitzero"`
}

func stepOf(t time.Time) int64 { return t.Unix() / int64(stepLength/time.Second) }

// A Backlog describes a stretch that was longer than Limits.CatchUpAfter, by event time: when things happened, not when
// they were counted.
type Backlog struct {
	// Seconds is the length of the stretch.
	Seconds float64 `json:"seconds"`
	// PeakDeleted and PeakProjects are the most deletions, of all types and of projects, in any peakWindow inside it.
	PeakDeleted  uint64 `json:"peak_deleted"`
	PeakProjects uint64 `json:"peak_projects"`
	// HoldUntil is when the backlog gauges drop it.
	HoldUntil time.Time `json:"hold_until"`
}

// exposedBacklog returns the values of the backlog gauges at now: the longest and the highest of the backlogs that are
// held, or zero if there is none.
func exposedBacklog(backlogs []Backlog, now time.Time) Backlog {
	var exposed Backlog
	for _, b := range stillHeld(backlogs, now) {
		exposed.Seconds = max(exposed.Seconds, b.Seconds)
		exposed.PeakDeleted = max(exposed.PeakDeleted, b.PeakDeleted)
		exposed.PeakProjects = max(exposed.PeakProjects, b.PeakProjects)
		exposed.HoldUntil = later(exposed.HoldUntil, b.HoldUntil)
	}
	return exposed
}

// stillHeld returns the backlogs that are held at now, in a new slice. A hold that is much longer than backlogHold comes
// from a clock that was set back, and is over.
func stillHeld(backlogs []Backlog, now time.Time) []Backlog {
	var still []Backlog
	for _, b := range backlogs {
		if left := b.HoldUntil.Sub(now); left > 0 && left <= 2*backlogHold {
			still = append(still, b)
		}
	}
	return still
}

// with returns s with the deletions among events.
func (s Stretch) with(events []client.Event, now time.Time) *Stretch {
	s.Steps = slices.Clone(s.Steps)
	for i := range events {
		if event := &events[i]; event.Action == "deleted" {
			s.add(event, now)
		}
	}
	return &s
}

// add counts a deletion. A date outside of the stretch counts at its edge, which bounds the number of steps, and a missing one
// at now. The stretch is taken to begin a day early, since Asana may deliver events late, and two days ago at most.
func (s *Stretch) add(event *client.Event, now time.Time) {
	at := stepOf(now)
	if date := dateOf(event, now); !date.IsZero() {
		first := max(stepOf(s.Since.Add(-longestStretch)), stepOf(now.Add(-2*longestStretch)))
		at = max(first, min(at, stepOf(date)))
	}
	i, found := slices.BinarySearchFunc(s.Steps, at, func(s step, at int64) int { return cmp.Compare(s.At, at) })
	if !found {
		s.Steps = slices.Insert(s.Steps, i, step{At: at})
	}
	s.Steps[i].Deleted++
	if event.ResourceType == "project" {
		s.Steps[i].Projects++
	}
}

// until returns the Backlog of s that ends at end and becomes visible at now.
//
// The time of a deletion is known to a step, so its windows are one step longer than peakWindow: a peak is never too low.
func (s Stretch) until(end, now time.Time) Backlog {
	b := Backlog{Seconds: max(0, end.Sub(s.Since).Seconds()), HoldUntil: now.Add(backlogHold)}
	var window step // The sum of the steps from first to last.
	first := 0
	for _, last := range s.Steps {
		window.Deleted += last.Deleted
		window.Projects += last.Projects
		for ; last.At-s.Steps[first].At > int64(peakWindow/stepLength); first++ {
			window.Deleted -= s.Steps[first].Deleted
			window.Projects -= s.Steps[first].Projects
		}
		b.PeakDeleted = max(b.PeakDeleted, window.Deleted)
		b.PeakProjects = max(b.PeakProjects, window.Projects)
	}
	return b
}
