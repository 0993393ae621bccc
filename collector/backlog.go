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

// Running is a backlog that is being read: how much was deleted in which minute. It is a value, like State.
type Running struct {
	// Since is when the position was last at the end of the stream.
	Since time.Time `json:"since"`
	// Newest is the newest created_at that was read.
	Newest time.Time `json:"newest,omitzero"`
	// Minutes are sorted; minutes in which nothing was deleted are left out.
	Minutes []minute `json:"minutes,omitzero"`
}

// minute counts what was deleted in one minute of event time.
type minute struct {
	Unix     int64  `json:"unix"` // In minutes.
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
}

// Held returns the Backlog as it is exposed at now: zero once its time is over, or where the clock was set back so far that
// it would never be.
func (b Backlog) Held(now time.Time) Backlog {
	if left := b.HoldUntil.Sub(now); left <= 0 || left > 2*backlogHold {
		return Backlog{}
	}
	return b
}

// with returns r with the deletions among events.
func (r *Running) with(events []client.Event, now time.Time) *Running {
	next := &Running{Since: r.Since, Newest: r.Newest, Minutes: slices.Clone(r.Minutes)}
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

// add counts a deletion. A wild date counts at the edge of the backlog, so there is a limit to the number of minutes.
func (r *Running) add(at, now time.Time, project bool) {
	first, last := r.Since.Add(-backlogSlack).Unix()/60, now.Unix()/60
	unix := max(first, min(last, at.Unix()/60))
	i, found := slices.BinarySearchFunc(r.Minutes, unix, func(m minute, unix int64) int { return cmp.Compare(m.Unix, unix) })
	if !found {
		r.Minutes = slices.Insert(r.Minutes, i, minute{Unix: unix})
	}
	r.Minutes[i].Deleted++
	if project {
		r.Minutes[i].Projects++
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
	b := Backlog{Seconds: end.Sub(r.Since).Seconds(), HoldUntil: now.Add(backlogHold)}
	var deleted, projects uint64
	first := 0 // The minutes from first to the one at hand are inside one window.
	for _, m := range r.Minutes {
		deleted += m.Deleted
		projects += m.Projects
		for ; m.Unix-r.Minutes[first].Unix >= int64(PeakWindow/time.Minute); first++ {
			deleted -= r.Minutes[first].Deleted
			projects -= r.Minutes[first].Projects
		}
		b.PeakDeleted = max(b.PeakDeleted, deleted)
		b.PeakProjects = max(b.PeakProjects, projects)
	}
	return b
}
