package collector

import (
	"cmp"
	"slices"
	"time"

	"asana_exporter/client"
)

const (
	// PeakWindow is the window of asana_workspace_backlog_peak_events.
	PeakWindow = 15 * time.Minute
	// backlogHold is how long the backlog gauges stay after its counts became visible.
	backlogHold = 20 * time.Minute
	// backlogSlack is how long before the beginning of a backlog an event may have happened that came with it.
	backlogSlack = 24 * time.Hour
)

// Running is a backlog that is being read: how much was deleted in which second. It is a value, like State.
type Running struct {
	// Since is when the position was last at the end of the stream.
	Since time.Time `json:"since"`
	// Newest is the newest created_at that was read.
	Newest time.Time `json:"newest,omitzero"`
	// Moments are sorted; seconds in which nothing was deleted are left out.
	Moments []moment `json:"moments,omitzero"`

	untouched bool // Nothing was read yet: a process has just begun, and may find itself at the end of the stream.
}

// moment counts what was deleted in one second of event time.
type moment struct {
	Unix     int64  `json:"unix"`
	Deleted  uint64 `json:"deleted"`
	Projects uint64 `json:"projects,omitzero"`
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
	// Read is what it was made of, until it has been exposed. A process that ends before has shown nothing of it.
	Read *Running `json:"read,omitzero"`
}

// Held returns what is exposed of backlogs at now: of those that are held, the longest and the highest; zero if there is none.
func Held(backlogs []Backlog, now time.Time) Backlog {
	var held Backlog
	for _, b := range backlogs {
		if !b.isHeld(now) {
			continue
		}
		held.Seconds = max(held.Seconds, b.Seconds)
		held.PeakDeleted = max(held.PeakDeleted, b.PeakDeleted)
		held.PeakProjects = max(held.PeakProjects, b.PeakProjects)
		if b.HoldUntil.After(held.HoldUntil) {
			held.HoldUntil = b.HoldUntil
		}
	}
	return held
}

// isHeld tells whether b is exposed at now: not once its time is over, nor where the clock was set back so far that it would
// never be.
func (b Backlog) isHeld(now time.Time) bool {
	left := b.HoldUntil.Sub(now)
	return left > 0 && left <= 2*backlogHold
}

// settled returns the backlogs that are still held at now, when they can be seen: what they were made of is no longer needed.
func settled(backlogs []Backlog, now time.Time) []Backlog {
	var held []Backlog
	for _, b := range backlogs {
		if b.isHeld(now) {
			b.Read = nil
			held = append(held, b)
		}
	}
	return held
}

// with returns r with the deletions among events.
func (r *Running) with(events []client.Event, now time.Time) *Running {
	next := &Running{Since: r.Since, Newest: r.Newest, Moments: slices.Clone(r.Moments)}
	for _, event := range events {
		at := dateOf(event, now)
		if at.IsZero() {
			at = now
		} else if at.After(next.Newest) {
			next.Newest = stamp(at)
		}
		if event.Action == "deleted" {
			next.add(at, now, event.ResourceType == "project")
		}
	}
	return next
}

// add counts a deletion. A wild date counts at the edge of the backlog, so there is a limit to the number of moments.
func (r *Running) add(at, now time.Time, project bool) {
	first, last := r.Since.Add(-backlogSlack).Unix(), now.Unix()
	unix := max(first, min(last, at.Unix()))
	i, found := slices.BinarySearchFunc(r.Moments, unix, func(m moment, unix int64) int { return cmp.Compare(m.Unix, unix) })
	if !found {
		r.Moments = slices.Insert(r.Moments, i, moment{Unix: unix})
	}
	r.Moments[i].Deleted++
	if project {
		r.Moments[i].Projects++
	}
}

// newest returns how far the backlog was read in event time: between its beginning and now.
func (r *Running) newest(now time.Time) time.Time {
	switch {
	case r.Newest.Before(r.Since):
		return r.Since
	case r.Newest.After(now):
		return now
	}
	return r.Newest
}

// until returns the Backlog that ends at end and becomes visible at now.
func (r *Running) until(end, now time.Time) Backlog {
	b := Backlog{Seconds: max(0, end.Sub(r.Since).Seconds()), HoldUntil: now.Add(backlogHold), Read: r}
	var deleted, projects uint64
	first := 0 // The moments from first to the one at hand are inside one window.
	for _, m := range r.Moments {
		deleted += m.Deleted
		projects += m.Projects
		for ; m.Unix-r.Moments[first].Unix >= int64(PeakWindow/time.Second); first++ {
			deleted -= r.Moments[first].Deleted
			projects -= r.Moments[first].Projects
		}
		b.PeakDeleted = max(b.PeakDeleted, deleted)
		b.PeakProjects = max(b.PeakProjects, projects)
	}
	return b
}
