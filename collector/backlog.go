package collector

import (
	"slices"
	"time"

	"asana_exporter/client"
)

const (
	// PeakWindow is the window of asana_workspace_backlog_peak_events.
	PeakWindow = 15 * time.Minute
	// backlogHold is how long the backlog gauges stay up after the counts of the backlog became visible.
	backlogHold = 20 * time.Minute
	// longestStretch is the longest time for which Asana keeps events and sync tokens. A stretch that seems longer
	// comes from a clock that was set.
	longestStretch = 24 * time.Hour
)

// A Stretch is a part of the stream whose counts become visible in one step. It is a value, like State.
type Stretch struct {
	// Since is when the position was last at the end of the stream.
	Since time.Time `json:"since"`
	// Steps are the deletions in it by event time.
	Steps steps `json:"steps,omitzero"`
}

// A Backlog describes a stretch that was longer than Limits.CatchUpAfter, by event time: when things happened, not when
// they were counted.
type Backlog struct {
	// Seconds is the length of the stretch.
	Seconds float64 `json:"seconds"`
	// PeakDeleted and PeakProjects are the most deletions, of all types and of projects, in any PeakWindow inside it.
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
		if b.HoldUntil.After(exposed.HoldUntil) {
			exposed.HoldUntil = b.HoldUntil
		}
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

// covers reports whether the backlog gauges are the same with b as with b and other, as they are where b is a reopened other.
func (b Backlog) covers(other Backlog) bool {
	return other.Seconds <= b.Seconds && other.PeakDeleted <= b.PeakDeleted && other.PeakProjects <= b.PeakProjects &&
		!other.HoldUntil.After(b.HoldUntil)
}

// with returns s with the deletions among events.
func (s Stretch) with(events []client.Event, now time.Time) *Stretch {
	s.Steps = slices.Clone(s.Steps)
	for _, event := range events {
		if event.Action != "deleted" {
			continue
		}
		at := dateOf(event, now)
		if at.IsZero() {
			at = now
		}
		s.add(at, now, event.ResourceType == "project")
	}
	return &s
}

// add counts a deletion. A date outside of the stretch counts at its edge, which bounds the number of steps. The stretch
// is taken to begin a day early, since Asana may deliver events late.
func (s *Stretch) add(at, now time.Time, project bool) {
	first := max(stepOf(s.Since.Add(-longestStretch)), stepOf(now.Add(-2*longestStretch)))
	s.Steps.add(max(first, min(stepOf(now), stepOf(at))), project)
}

// until returns the Backlog of s that ends at end and becomes visible at now.
func (s Stretch) until(end, now time.Time) Backlog {
	b := Backlog{Seconds: max(0, end.Sub(s.Since).Seconds()), HoldUntil: now.Add(backlogHold)}
	b.PeakDeleted, b.PeakProjects = s.Steps.peaks()
	return b
}
