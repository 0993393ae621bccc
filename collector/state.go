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
	"slices"
	"time"

	"github.com/asana-exporter/asana_exporter/client"
)

// maxAhead is how far Asana's clock may be ahead of ours. A date beyond that is treated as missing.
const maxAhead = time.Hour

// Limits are the operator's settings for counting.
type Limits struct {
	// ZeroFirst is how long a new series is exposed at 0 before its value; 0 turns that off.
	ZeroFirst time.Duration
	// MaxSeries is the number of label sets beyond which new ones are folded.
	MaxSeries int
	// CatchUpAfter is how long a stretch must be to be a backlog.
	CatchUpAfter time.Duration
}

// State is everything that a restart needs: the position in the stream and all that was counted up to it. It is a value:
// its methods return a new State and leave the old one as it was, so any goroutine may read a published State.
// Its times have no more than milliseconds. The zero State is not usable; NewEpoch makes the first one.
type State struct {
	// Workspace is the name that the Store uses for the workspace; empty before Store.Begin.
	Workspace string `json:"workspace"`
	// Epoch is when the counters were at zero.
	Epoch time.Time `json:"epoch"`
	// Token is the position; empty before the first one is known.
	Token string `json:"token"`
	// Committed is the time of the last commit of a page or of a fresh position.
	Committed time.Time `json:"committed"`
	// AtEnd is when the position was last known to be at the end of the stream. It is the time of the request, since the
	// answer may be as old as that.
	AtEnd time.Time `json:"at_end,omitzero"`
	// LastEvent is the newest created_at that was counted.
	LastEvent time.Time `json:"last_event,omitzero"`
	// Name is the name of the workspace; empty until it is known.
	Name string `json:"name,omitzero"`
	// LostSince is when a damaged state file was written, until the gap that it left is counted.
	LostSince time.Time `json:"lost_since,omitzero"`
	// Gaps are in the order of Reasons.
	Gaps [3]Gap `json:"gaps"`
	// Pending is the stretch that is counted and that nobody may have seen yet; nil if everything was published.
	Pending *Stretch `json:"pending,omitzero"`
	// Open is whether this process still has to reach the end of the stream: nothing is published before that. It is not in
	// the state file, since every process begins so.
	Open bool `json:"-"`
	// Backlogs are those that the backlog gauges may still show.
	Backlogs []Backlog `json:"backlogs,omitzero"`

	series []Series       // A State never changes the array of another.
	index  map[Labels]int // The place of a label set in series. Shared by States, and copied before it grows.
	active int            // The number of label sets that count against Limits.MaxSeries.
}

// NewEpoch returns a State with all counters at zero and no position.
func NewEpoch(now time.Time) State {
	now = truncate(now)
	s := State{Epoch: now, Committed: now, index: map[Labels]int{}}
	for i := range s.Gaps {
		s.Gaps[i].Created = now
	}
	s.addZeros(now)
	return s
}

// clamp replaces times after now, which come from a clock that was ahead: as created timestamps they would stay for ever. It
// changes s and its series.
func (s *State) clamp(now time.Time) {
	times := []*time.Time{&s.Epoch, &s.Committed, &s.AtEnd, &s.LastEvent}
	if s.Pending != nil {
		times = append(times, &s.Pending.Since)
	}
	for i := range s.Gaps {
		times = append(times, &s.Gaps[i].Created)
	}
	for i := range s.series {
		times = append(times, &s.series[i].Created)
	}
	for _, t := range times {
		*t = earlier(*t, now)
	}
}

// Series returns the series, oldest first. The caller must not change them.
func (s State) Series() []Series { return s.series }

// Active returns the number of label sets that count against Limits.MaxSeries.
func (s State) Active() int { return s.active }

// foldedEvents returns the number of visible events under folded labels.
func (s State) foldedEvents() uint64 {
	var n uint64
	for _, series := range s.series {
		if series.Labels.isFolded() {
			n += series.Visible()
		}
	}
	return n
}

// With returns the State after page, which was asked for at asked and accepted at now.
func (s State) With(page client.Page, asked, now time.Time, limits Limits) State {
	now = truncate(now)
	next := s
	next.Token = page.Sync
	next.Backlogs = stillHeld(s.Backlogs, now)
	next.count(page.Events, now, limits)
	next.Committed = now // Not before count: a new series was created at the previous commit.
	next.Pending, next.Open = s.pending(now).with(page.Events, now), true
	if !page.HasMore {
		next.close(now, now, limits)
		next.AtEnd = truncate(asked)
	}
	if s.Pending == nil && len(page.Events) == 0 && !page.HasMore {
		next.Pending = nil // It counted nothing that somebody has to see.
	}
	return next
}

// pending returns the stretch that the next page belongs to. It begins where the position was last at the end of the
// stream, as far as the clock can be believed.
func (s State) pending(now time.Time) Stretch {
	if s.Pending != nil {
		return *s.Pending
	}
	return Stretch{Since: later(earlier(s.AtEnd, now), now.Add(-longestStretch))}
}

// close ends the pending stretch at end; its counts become visible at now. It changes s.
func (s *State) close(end, now time.Time, limits Limits) {
	if now.Sub(s.Pending.Since) > limits.CatchUpAfter {
		s.Backlogs = slices.Compact(append(s.Backlogs, s.Pending.until(end, now))) // A restart gives the same again.
	}
	s.Open = false
}

// quiet reports whether an empty answer at the end of the stream, which left the token as it was, is not worth a commit.
func (s State) quiet(now time.Time) bool {
	// Abs, since the clock may have been set back.
	return !s.Open && now.Sub(s.Committed).Abs() < quietCommit
}

// truncate returns t in the precision of a state file, without its monotonic reading.
func truncate(t time.Time) time.Time { return t.Truncate(time.Millisecond).UTC() }

// count adds events to their series, and a gap for each sync_error. It changes s.
func (s *State) count(events []client.Event, now time.Time, limits Limits) {
	if len(events) == 0 {
		return
	}
	c := counting{State: s, created: earlier(s.Committed, now), maxSeries: limits.MaxSeries}
	s.series = slices.Clone(s.series)
	newest := s.LastEvent
	for i := range events {
		event := &events[i]
		if event.Action == syncErrorAction {
			s.lose(Lost{Reason: SyncError, From: now, To: now})
			continue
		}
		s.series[c.of(event)].Value++
		newest = later(newest, dateOf(event, now))
	}
	s.LastEvent = truncate(newest)
}

// dateOf returns when an event happened, or zero if the date is missing or ahead of any clock.
func dateOf(e *client.Event, now time.Time) time.Time {
	if e.CreatedAt.Sub(now) > maxAhead {
		return time.Time{}
	}
	return e.CreatedAt
}

// Expired returns the State after Asana has refused the position and given a fresh token, and the gap that this left; the
// gap is zero at the first start of all. The token was asked for at asked and came at now.
//
// If this process has accepted a page, the counters go on. If not, the State may be an old copy, which has counted less than
// somebody has seen: then a new epoch begins.
func (s State) Expired(fresh string, asked, now time.Time, accepted bool, limits Limits) (State, Lost) {
	now = truncate(now)
	next := s
	next.Backlogs = stillHeld(s.Backlogs, now)
	lost := Lost{Reason: TokenExpired, From: s.AtEnd, To: now}
	switch {
	case s.Token == "":
		lost.Reason, lost.From, lost.NewEpoch = StateLost, s.LostSince, !s.LostSince.IsZero()
		next.LostSince = time.Time{}
	case !accepted:
		if lost.NewEpoch = true; s.Pending != nil { // Nobody may have seen what it counted.
			lost.From = s.Pending.Since
		}
		next = next.restarted(now)
	case s.Open && s.Pending != nil: // What was read of it becomes visible; the rest is the gap.
		lost.From = later(s.Pending.Since, earlier(s.LastEvent, now))
		next.close(lost.From, now, limits)
	}
	next.Token, next.AtEnd, next.Committed, next.Open = fresh, truncate(asked), now, false
	if !lost.From.IsZero() {
		next.lose(lost)
	}
	return next, lost
}

// restarted returns a new epoch that keeps the name, the gaps and the backlogs.
func (s State) restarted(now time.Time) State {
	next := NewEpoch(now)
	next.Workspace, next.Name, next.Gaps, next.Backlogs, next.LastEvent = s.Workspace, s.Name, s.Gaps, s.Backlogs, s.LastEvent
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
