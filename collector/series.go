package collector

import (
	"maps"
	"slices"
	"time"
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

// due reports whether the counter has been exposed at 0 for zeroFirst.
func (e exposure) due(now time.Time, zeroFirst time.Duration) bool {
	return !e.Shown && (zeroFirst == 0 || !e.since.IsZero() && now.Sub(e.since) >= zeroFirst)
}

// Visible returns the value to expose.
func (s Series) Visible() uint64 {
	if !s.Shown {
		return 0
	}
	return s.Value
}

func (e *exposure) exposedSince(now time.Time) {
	if e.since.IsZero() {
		e.since = now
	}
}

// exposed returns the State when a process has begun to expose its gaps and, if events is true, its series.
func (s State) exposed(now time.Time, events bool) State {
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

// reveal returns the State in which every counter that is due shows its value.
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

// nextReveal returns when the next counter that is not zero is due; the zero time if there is none.
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

// add adds a series with new labels, and returns its place. It changes s and its index.
func (s *State) add(series Series) int {
	s.index[series.Labels] = len(s.series)
	s.series = append(s.series, series)
	if series.Value > 0 && !series.Labels.isFolded() {
		s.active++
	}
	return len(s.series) - 1
}

// addZeros adds the missing ones of ZeroSeries, created at the given time.
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
