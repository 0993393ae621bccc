package collector

import (
	"maps"
	"time"
)

// A Series is the count of one label set.
type Series struct {
	Labels Labels
	Value  uint64
	exposure
}

// A Gap sums up the stretches that were lost for one reason.
type Gap struct {
	Count   uint64
	Seconds float64
	exposure
}

// exposure is what makes the first increment of a counter visible to increase(): it is seen at 0 first.
type exposure struct {
	// Created is when the counter was at zero.
	Created time.Time
	// Shown tells that its value may be seen.
	Shown bool
	// since is when this process began to expose it.
	since time.Time
}

// due tells whether a counter has been exposed at 0 for long enough.
func (e exposure) due(now time.Time, zeroFirst time.Duration) bool {
	return !e.Shown && (zeroFirst == 0 || !e.since.IsZero() && now.Sub(e.since) >= zeroFirst)
}

// Visible returns what may be seen of the value.
func (s Series) Visible() uint64 {
	if !s.Shown {
		return 0
	}
	return s.Value
}

// Visible returns what may be seen of the gaps.
func (g Gap) Visible() (count uint64, seconds float64) {
	if !g.Shown {
		return 0, 0
	}
	return g.Count, g.Seconds
}

func (e *exposure) exposedSince(now time.Time) {
	if e.since.IsZero() {
		e.since = now
	}
}

// counting finds the series of a label set, and makes it where there is none.
type counting struct {
	*State
	created   time.Time // Of a new series: the time of the previous commit.
	maxSeries int
	copied    bool // The index is our own.
}

// at returns the place of the series under which an event with these labels counts.
func (c *counting) at(labels Labels) int {
	i, ok := c.index[labels]
	if !ok && c.active >= c.maxSeries && !labels.isFolded() {
		labels = labels.fold()
		i, ok = c.index[labels]
	}
	if !ok {
		i = c.add(labels)
	}
	if c.series[i].Value == 0 && !labels.isFolded() {
		c.active++
	}
	return i
}

func (c *counting) add(labels Labels) int {
	if !c.copied {
		c.index = maps.Clone(c.index)
		c.copied = true
	}
	c.index[labels] = len(c.series)
	c.series = append(c.series, Series{Labels: labels, exposure: exposure{Created: c.created}})
	return len(c.series) - 1
}
