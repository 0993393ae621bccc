package collector

import (
	"maps"
	"slices"
	"time"

	"asana_exporter/client"
)

// maxAhead is how far Asana's clock may be ahead of ours; a later date is a wild one.
const maxAhead = time.Hour

// A Reason says why a stretch of the stream can't be read any more.
type Reason string

// The reasons of a gap.
const (
	TokenExpired Reason = "token_expired" // The position died.
	StateLost    Reason = "state_lost"    // The state file was damaged.
)

// Reasons returns all reasons.
func Reasons() []Reason { return []Reason{StateLost, TokenExpired} }

// Limits are what the operator decides about counting.
type Limits struct {
	// ZeroFirst is how long a new series is exposed at 0 before its value; 0 turns that off.
	ZeroFirst time.Duration
	// MaxSeries is how many label sets are counted apart; further ones are folded.
	MaxSeries int
	// CatchUpAfter is how long ago the position was last at the end of the stream when what is read becomes a backlog.
	CatchUpAfter time.Duration
}

// State is everything that a restart needs: the position in the stream and all that was counted up to it. It is a value:
// its methods return a new State and leave the old one as it was, so a published State can be read by anybody.
// Its times have no more than milliseconds. The zero State is not usable; NewEpoch makes the first one.
type State struct {
	// Workspace names the workspace as its Store does; empty before that has begun.
	Workspace string
	// Epoch is when the counters were at zero.
	Epoch time.Time
	// Token is the position; empty before the first one is known.
	Token string
	// Committed is the time of the last commit of a page or a gap.
	Committed time.Time
	// AtEnd is when the position was last known to be at the end of the stream: when that was asked, since the answer may be
	// as old as the question.
	AtEnd time.Time
	// LastEvent is the newest created_at that was counted.
	LastEvent time.Time
	// Name is the name of the workspace; empty until it is known.
	Name string
	// LostSince is set while the start of a gap is known and its end is not: after a damaged state file.
	LostSince time.Time
	// Gaps are in the order of Reasons.
	Gaps [2]Gap
	// Running is the stretch that is being read: counted on disk, and shown at the end of the stream; nil if there is none.
	Running *Stretch
	// Unseen is the stretch of the latest commit until that is published: a process that is killed before has shown nothing
	// of it. Nil if there is none.
	Unseen *Stretch
	// Backlogs are those that were read to their end and may still be exposed; see Backlog.HoldUntil.
	Backlogs []Backlog

	series []Series       // A State never changes the array of another.
	index  map[Labels]int // Where a label set is in series; shared by many States, and copied before it grows.
	active int            // Label sets that count against Limits.MaxSeries.
}

// NewEpoch returns a State with all counters at zero and no position.
func NewEpoch(now time.Time) State {
	now = truncate(now)
	s := State{Epoch: now, Committed: now}
	for i := range s.Gaps {
		s.Gaps[i].Created = now
	}
	return s.complete(now)
}

// complete adds the known label sets that are missing, created at the given time.
func (s State) complete(created time.Time) State {
	s.index = maps.Clone(s.index)
	if s.index == nil {
		s.index = map[Labels]int{}
	}
	s.series = slices.Clone(s.series)
	for _, labels := range ZeroSeries() {
		if _, ok := s.index[labels]; !ok {
			s.index[labels] = len(s.series)
			s.series = append(s.series, Series{Labels: labels, exposure: exposure{Created: created}})
		}
	}
	return s
}

// Series returns the series in the order in which they came. The caller must not change them.
func (s State) Series() []Series { return s.series }

// Active returns how many label sets count against Limits.MaxSeries.
func (s State) Active() int { return s.active }

// foldedEvents returns how many of the events that may be seen are counted under folded labels.
func (s State) foldedEvents() uint64 {
	var n uint64
	for _, series := range s.series {
		if series.Labels.isFolded() {
			n += series.Visible()
		}
	}
	return n
}

// Resumed returns the State from which a new process goes on. Nothing of it has been exposed by this process, so all that is
// read up to the end of the stream becomes visible in one step, together with what the process before may have committed
// without showing it. Whether that is a backlog is decided at the end.
func (s State) Resumed() State {
	switch {
	case s.Running != nil || s.AtEnd.IsZero():
	case s.Unseen != nil:
		s.Running, s.Unseen = s.Unseen, nil
		last := len(s.Backlogs) - 1
		if last >= 0 && s.Backlogs[last].HoldUntil.Equal(s.Committed.Add(backlogHold)) {
			s.Backlogs = s.Backlogs[:last:last] // It ended with this very stretch, which now goes on.
		}
	default:
		s.Running = &Stretch{Since: s.AtEnd}
	}
	return s
}

// With returns the State after page, which was accepted at now.
func (s State) With(page client.Page, now time.Time, limits Limits) State {
	now = truncate(now)
	next := s
	next.Token = page.Sync
	next.Backlogs, next.Unseen = stillHeld(s.Backlogs, now), nil
	if next.Running == nil && s.behind(now, limits) {
		next.Running = &Stretch{Since: s.AtEnd}
	}
	if !s.LostSince.IsZero() { // Asana gave a first token without a 412.
		next.lose(Lost{Reason: StateLost, From: s.LostSince, To: now})
		next.LostSince = time.Time{}
	}
	next.count(page.Events, now, limits)
	next.Committed = now // Not before count: a new series was created at the previous commit.
	switch {
	case next.Running != nil:
		next.Running = next.Running.with(page.Events, now)
	case len(page.Events) > 0:
		next.Unseen = (&Stretch{Since: s.AtEnd}).with(page.Events, now)
	}
	if !page.HasMore {
		next.finish(now, limits)
	}
	return next
}

// lastSuccess returns when the last page was committed; zero if there was none.
func (s State) lastSuccess() time.Time {
	if s.Token == "" {
		return time.Time{}
	}
	return s.Committed
}

// truncate returns a time as it is in a State: what a file can hold, and of the wall clock.
func truncate(t time.Time) time.Time { return t.Truncate(time.Millisecond).UTC() }

// behind tells whether what is read now is a backlog.
func (s State) behind(now time.Time, limits Limits) bool {
	return !s.AtEnd.IsZero() && now.Sub(s.AtEnd) > limits.CatchUpAfter
}

// atEnd returns the State after an empty answer at the end of the stream that is not worth a commit.
func (s State) atEnd(now time.Time) State {
	s.AtEnd, s.Running = truncate(now), nil
	return s
}

// finish ends what is running, which was a backlog if it lasted long enough. It changes s.
func (s *State) finish(now time.Time, limits Limits) {
	if s.Running != nil {
		if now.Sub(s.Running.Since) > limits.CatchUpAfter {
			s.Backlogs = append(s.Backlogs, s.Running.until(now, now)) // A slice of our own: With has made it.
		}
		s.Unseen, s.Running = s.Running, nil
	}
	s.AtEnd = now
}

// count adds events to series of its own. It changes s.
func (s *State) count(events []client.Event, now time.Time, limits Limits) {
	if len(events) == 0 {
		return
	}
	c := counting{State: s, created: s.Committed, maxSeries: limits.MaxSeries}
	s.series = slices.Clone(s.series)
	for _, event := range events {
		s.series[c.at(classify(event))].Value++
		if date := dateOf(event, now); date.After(s.LastEvent) {
			s.LastEvent = truncate(date)
		}
	}
}

// dateOf returns when an event happened; zero if that can't be read.
func dateOf(e client.Event, now time.Time) time.Time {
	if e.CreatedAt.Sub(now) > maxAhead {
		return time.Time{}
	}
	return e.CreatedAt
}

// Lost is a stretch of the stream that became a gap; From is zero if there is none.
type Lost struct {
	Reason   Reason
	From, To time.Time
	NewEpoch bool
}

// Expired returns the State after Asana no longer knew the position, with a fresh token, and what was lost by that; at
// the first start of all, nothing.
//
// If this process had accepted a page before, the counters go on. If not, the State may be an old copy, in which less was
// counted than somebody has seen: then an epoch begins.
func (s State) Expired(fresh string, now time.Time, accepted bool) (State, Lost) {
	now = truncate(now)
	next := s
	lost := Lost{Reason: TokenExpired, From: s.AtEnd, To: now}
	switch {
	case s.Token == "":
		lost.Reason, lost.From, lost.NewEpoch = StateLost, s.LostSince, !s.LostSince.IsZero()
		next.LostSince = time.Time{}
	case accepted && s.Running != nil:
		lost.From = s.Running.newest(now)
		next.Backlogs = append(stillHeld(s.Backlogs, now), s.Running.until(lost.From, now))
		next.Unseen, next.Running = s.Running, nil
	case !accepted:
		lost.NewEpoch = true
		if s.Running != nil { // What was not shown is lost, too.
			lost.From = s.Running.Since
		}
		next = NewEpoch(now)
		next.Workspace, next.Name = s.Workspace, s.Name
		next.Gaps, next.Backlogs, next.LastEvent = s.Gaps, stillHeld(s.Backlogs, now), s.LastEvent
	}
	next.Token, next.AtEnd, next.Committed = fresh, now, now
	if !lost.From.IsZero() {
		next.lose(lost)
	}
	return next, lost
}

// lose adds a gap. It changes s.
func (s *State) lose(lost Lost) {
	gap := &s.Gaps[slices.Index(Reasons(), lost.Reason)]
	gap.Count++
	gap.Seconds += max(0, lost.To.Sub(lost.From).Seconds())
}

// exposed returns the State as it is when people can see it from now on.
func (s State) exposed(now time.Time, events bool) State {
	s.Unseen = nil
	for i := range s.Gaps {
		s.Gaps[i].exposedSince(now)
	}
	fresh := func(series Series) bool { return !series.Shown && series.since.IsZero() }
	if !events || !slices.ContainsFunc(s.series, fresh) {
		return s
	}
	s.series = slices.Clone(s.series)
	for i := range s.series {
		s.series[i].exposedSince(now)
	}
	return s
}

// reveal returns the State in which every counter that was at 0 for long enough shows its value.
func (s State) reveal(now time.Time, zeroFirst time.Duration) State {
	if due := func(series Series) bool { return series.due(now, zeroFirst) }; slices.ContainsFunc(s.series, due) {
		s.series = slices.Clone(s.series)
		for i := range s.series {
			s.series[i].Shown = s.series[i].Shown || s.series[i].due(now, zeroFirst)
		}
	}
	for i := range s.Gaps {
		s.Gaps[i].Shown = s.Gaps[i].Shown || s.Gaps[i].due(now, zeroFirst)
	}
	return s
}

// nextReveal returns when the next counter has been at 0 for long enough that has something to show; zero if none has.
func (s State) nextReveal(zeroFirst time.Duration) time.Time {
	var next time.Time
	consider := func(e exposure, counted bool) {
		if at := e.since.Add(zeroFirst); counted && !e.Shown && !e.since.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, series := range s.series {
		consider(series.exposure, series.Value > 0)
	}
	for _, gap := range s.Gaps {
		consider(gap.exposure, gap.Count > 0)
	}
	return next
}
