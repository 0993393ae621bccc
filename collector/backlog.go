package collector

import (
	"slices"
	"time"

	"asana_exporter/client"
)

const (
	// PeakWindow is the window of asana_workspace_backlog_peak_events.
	PeakWindow = 15 * time.Minute
	// backlogHold is how long the backlog gauges stay after its counts became visible.
	backlogHold = 20 * time.Minute
	// backlogSlack is how long before the beginning of a backlog an event may have happened that came with it, and
	// longestBacklog how long ago at most: Asana keeps events for a day.
	backlogSlack   = 24 * time.Hour
	longestBacklog = 48 * time.Hour
)

// A Stretch is a part of the stream that becomes visible in one step: how much was deleted when. It is a value, like State.
type Stretch struct {
	// Since is when the position was last at the end of the stream.
	Since time.Time `json:"since"`
	// Newest is the newest created_at that was read.
	Newest time.Time `json:"newest,omitzero"`
	// Steps are sorted; those in which nothing was deleted are left out.
	Steps steps `json:"steps,omitzero"`
}

// A Backlog is one that was read to its end. Its truth is by event time: when things happened, not when they were counted.
type Backlog struct {
	// Seconds is how long the stretch was.
	Seconds float64 `json:"seconds"`
	// PeakDeleted and PeakProjects are the most deletions, of all types and of projects, in any PeakWindow inside it.
	PeakDeleted  uint64 `json:"peak_deleted"`
	PeakProjects uint64 `json:"peak_projects"`
	// HoldUntil is when it stops to be exposed.
	HoldUntil time.Time `json:"hold_until"`
}

// exposedBacklog returns what is exposed of backlogs at now: of those that are held, the longest and the highest; zero if
// there is none.
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

// isHeld tells whether b is exposed at now: not once its time is over, nor where the clock was set back so far that it would
// never be.
func (b Backlog) isHeld(now time.Time) bool {
	left := b.HoldUntil.Sub(now)
	return left > 0 && left <= 2*backlogHold
}

// stillHeld returns those of backlogs that are held at now, in a slice of its own.
func stillHeld(backlogs []Backlog, now time.Time) []Backlog {
	var still []Backlog
	for _, b := range backlogs {
		if b.isHeld(now) {
			still = append(still, b)
		}
	}
	return still
}

// with returns s with the deletions among events.
func (s *Stretch) with(events []client.Event, now time.Time) *Stretch {
	next := &Stretch{Since: s.Since, Newest: s.Newest, Steps: slices.Clone(s.Steps)}
	for _, event := range events {
		at := dateOf(event, now)
		if at.IsZero() {
			at = now
		} else if at.After(next.Newest) {
			next.Newest = truncate(at)
		}
		if event.Action == "deleted" {
			next.add(at, now, event.ResourceType == "project")
		}
	}
	return next
}

// add counts a deletion. A wild date counts at the edge of the stretch, so there is a limit to the number of steps.
func (s *Stretch) add(at, now time.Time, project bool) {
	first, last := stepOf(s.Since.Add(-backlogSlack)), stepOf(now)
	first = max(first, stepOf(now.Add(-longestBacklog)))
	s.Steps.add(max(first, min(last, stepOf(at))), project)
}

// newest returns how far the backlog was read in event time: between its beginning and now.
func (s *Stretch) newest(now time.Time) time.Time {
	switch {
	case s.Newest.Before(s.Since):
		return s.Since
	case s.Newest.After(now):
		return now
	}
	return s.Newest
}

// until returns the Backlog that ends at end and becomes visible at now.
func (s *Stretch) until(end, now time.Time) Backlog {
	b := Backlog{Seconds: max(0, end.Sub(s.Since).Seconds()), HoldUntil: now.Add(backlogHold)}
	b.PeakDeleted, b.PeakProjects = s.Steps.peaks()
	return b
}
