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

// Package scenario makes the workspaces that alert rules are judged on: what truly happened in each minute, what
// went wrong with the exporter and Prometheus meanwhile, and which of it deserved an alert.
//
// Start with Synthetic, which needs a seed only, and Traces, which reads counts of real activity. The same seed gives
// the same scenarios on every machine. What Prometheus would have stored of them is made by package simulate.
package scenario

import (
	"math/rand/v2"
	"strings"
)

// Day and Week are in minutes, the unit of time of a scenario.
const (
	Day  = 24 * 60
	Week = 7 * Day
)

// Scenario is one workspace over some weeks.
type Scenario struct {
	Name  string
	Group string // Of similar scenarios; those made from real traces begin with "real".
	// Workspace is the value of the label.
	Workspace string
	Start     int64 // Unix seconds of minute 0.
	Minutes   int
	Seed      uint64 // For what is drawn when the scenario is played: delays, jitter, the second replica's faults.
	Series    []Events
	Faults    Faults
	Incidents []Window
	Benign    []Window // Known legitimate bulk work: pages there are counted apart.
	Lazy      bool     // The deleted series appear with their first event, as 0 for 90 s.
}

// Events are the events that share one set of labels.
type Events struct {
	Labels map[string]string
	// Counts are pairs: a minute and how many events happened in it.
	Counts []int
}

// Faults are what goes wrong, in minutes since the start.
type Faults struct {
	Outages   []Outage
	Restarts  []int    // One scrape is missed, counters go on where they were.
	StateLost []int    // As a restart, but counters begin again at 0.
	Missed    [][2]int // Prometheus gets no sample from the first to before the second minute.
	Away      [][2]int // As Missed, but Prometheus itself is down: it evaluates no rules either.
	// NewInstance says that the process comes back with a new instance label each time, as a pod does.
	NewInstance bool
}

// The kinds of an Outage.
const (
	API  = "api"  // The process stays up, its counters stay flat.
	Down = "down" // The process is dead; its counters come back when it has caught up.
	Lost = "lost" // As API, but the missed events are never counted, since the sync token expired.
)

// Outage is a time in which the exporter can't read events. At its end it reads all it missed and shows it at once.
type Outage struct {
	From, To int
	Kind     string
}

// Long says that the outage is more than a short failure.
func (o Outage) Long() bool { return o.To-o.From >= 16 }

// CaughtUp is the minute at whose end everything that was missed is counted.
func (o Outage) CaughtUp() int {
	if o.Kind == Down {
		return o.To + 1
	}
	return o.To
}

// Window is a time in which something unusual happens.
type Window struct {
	Kind     string
	From, To int
	Deadline int // The last minute in which an alert still counts as finding it.
	After    int // Minutes since the catch-up that it follows; 0 if it follows none.
	Extra    int // Deletions on top of what is usual.
	// Hard says that volume alone cannot tell it from what happens by itself; such incidents are reported apart.
	Hard bool
}

// Cut shortens the scenario to so many days; 0 leaves it as it is.
func (s *Scenario) Cut(days int) {
	if days <= 0 || s.Minutes <= days*Day {
		return
	}
	s.Minutes = days * Day
	var kept []Window
	for _, w := range s.Incidents {
		if w.Deadline < s.Minutes {
			kept = append(kept, w)
		}
	}
	s.Incidents = kept
}

// Wanted reports whether name contains one of the comma-separated parts; no parts want everything.
func Wanted(name, parts string) bool {
	for part := range strings.SplitSeq(parts, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Random is a stream of random numbers that depends on a name and a seed alone.
func Random(name string, seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(hash(name), seed))
}
