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

package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/asana-exporter/asana_exporter/simulator"
)

// A witness scrapes the program over all its lives and reports what breaks Rule Z: a series resumes at no less than anybody
// saw, or at zero with a new created timestamp. It also reports a sync_error that is counted as an event or as time lost.
// It is safe for concurrent use.
type witness struct {
	t         testing.TB
	zeroFirst time.Duration
	lost      bool   // The state is destroyed at times, and the count of gaps with it.
	looked    func() // Called after each scrape, with the lock held; may be nil.

	watcher

	mu      sync.Mutex
	hidden  time.Time // The latest moment at which what was never seen was surely not exposed.
	epoch   time.Time // When the events were at zero.
	events  map[string]sighting
	others  map[string]sighting
	scrapes int // With events in them.
	epochs  int
}

// A sighting is the value of a counter when it was last seen.
type sighting struct {
	labels  simulator.Labels // Of an event.
	value   float64
	created time.Time
}

func newWitness(t testing.TB, zeroFirst time.Duration) *witness {
	t.Helper()
	return &witness{t: t, zeroFirst: zeroFirst, others: map[string]sighting{}}
}

// born notes that the program is started now: it has exposed nothing yet.
func (w *witness) born() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hidden = time.Now()
}

// look compares a scrape with what was seen before.
func (w *witness) look(families []*dto.MetricFamily, began, ended time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ended.Before(w.hidden) { // It is late, and from the life before.
		return
	}
	events, others := counters(families)
	for series, now := range others {
		if strings.HasPrefix(series, "asana_workspace_gap_seconds") && strings.Contains(series, "reason:sync_error") && now.value != 0 {
			w.t.Errorf("%s: %v, want no seconds", series, now)
		}
		last, known := w.others[series]
		keeps := strings.HasPrefix(series, "asana_workspace_gap") && !w.lost // Others begin anew with a process or an epoch.
		if known && !now.after(last) && (keeps || !now.created.After(last.created)) {
			w.t.Errorf("%s: after %v came %v", series, last, now)
		}
		w.others[series] = now
	}
	if len(events) == 0 {
		return // The first catch-up is not complete.
	}
	w.scrapes++
	epoch := oldest(events)
	switch {
	case epoch.Before(w.epoch):
		w.t.Errorf("after the epoch of %s came that of %s", w.epoch, epoch)
	case epoch.After(w.epoch):
		w.epoch, w.events = epoch, map[string]sighting{}
		w.epochs++
	}
	w.lookAtEvents(events, ended)
	if w.looked != nil {
		w.looked()
	}
	w.hidden = began
}

// lookAtEvents compares the events of one epoch.
func (w *witness) lookAtEvents(events map[string]sighting, at time.Time) {
	for series, last := range w.events {
		if now, found := events[series]; !found || !now.after(last) {
			w.t.Errorf("%s: after %v came %v", series, last, now)
		}
	}
	for series, now := range events {
		if now.labels.Action == "sync_error" {
			w.t.Errorf("%s: a sync_error is no event", series)
		}
		if _, known := w.events[series]; !known && now.value > 0 && at.Sub(w.hidden) < w.zeroFirst {
			w.t.Errorf("%s: %v came without a zero before it", series, now)
		}
	}
	w.events = events
}

// after reports whether a sighting may follow another of the same epoch.
func (s sighting) after(last sighting) bool {
	return s.value >= last.value && s.created.Equal(last.created)
}

func (s sighting) String() string { return fmt.Sprintf("%v created %s", s.value, s.created) }

// counted returns what was last seen of the events, without zeros.
func (w *witness) counted() map[simulator.Labels]uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	counted := map[simulator.Labels]uint64{}
	for _, s := range w.events {
		if s.value > 0 {
			counted[s.labels] = uint64(s.value)
		}
	}
	return counted
}

// gaps returns how many gaps with a reason were last seen.
func (w *witness) gaps(reason string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return int(w.others["asana_workspace_gaps_total map[reason:"+reason+" workspace:"+testWorkspace+"]"].value)
}

// counters returns the counters that have a created timestamp.
func counters(families []*dto.MetricFamily) (events, others map[string]sighting) {
	events, others = map[string]sighting{}, map[string]sighting{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			counter := metric.GetCounter()
			if counter.GetCreatedTimestamp() == nil {
				continue
			}
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			s := sighting{value: counter.GetValue(), created: counter.GetCreatedTimestamp().AsTime()}
			series := family.GetName() + " " + fmt.Sprint(labels)
			if family.GetName() != "asana_events_total" {
				others[series] = s
				continue
			}
			s.labels = simulator.Labels{
				Action: labels["action"], ResourceType: labels["resource_type"], ResourceSubtype: labels["resource_subtype"],
				ChangeField: labels["change_field"], ParentType: labels["parent_type"],
			}
			events[series] = s
		}
	}
	return events, others
}

// oldest returns the epoch, at which the series that are always there were created.
func oldest(events map[string]sighting) time.Time {
	var epoch time.Time
	for _, s := range events {
		if epoch.IsZero() || s.created.Before(epoch) {
			epoch = s.created
		}
	}
	return epoch
}

// A complaints collects what a witness finds, for the test of the witness.
type complaints struct {
	testing.TB
	found int
}

func (c *complaints) Errorf(string, ...any) { c.found++ }

func TestWitnessNoticesWhatBreaksRuleZ(t *testing.T) {
	epoch, later := time.Unix(1000, 0), time.Unix(2000, 0)
	before := map[string]sighting{"always": {created: epoch}, "a": {value: 5, created: later}}
	for _, row := range []struct {
		name  string
		after map[string]sighting
		want  int
	}{
		{"nothing happens", before, 0},
		{"it goes on", map[string]sighting{"always": {created: epoch}, "a": {value: 6, created: later}}, 0},
		{"it falls", map[string]sighting{"always": {created: epoch}, "a": {value: 4, created: later}}, 1},
		{"it falls to zero", map[string]sighting{"always": {created: epoch}, "a": {created: later}}, 1},
		{"it vanishes", map[string]sighting{"always": {created: epoch}}, 1},
		{"its created timestamp moves", map[string]sighting{"always": {created: epoch}, "a": {value: 6, created: epoch}}, 1},
		{"another has no zero first", map[string]sighting{"always": {created: epoch}, "a": {value: 5, created: later}, "b": {value: 1, created: later}}, 1},
		{"a sync error is counted", map[string]sighting{
			"always": {created: epoch}, "a": {value: 5, created: later}, "b": {created: later, labels: simulator.Labels{Action: "sync_error"}},
		}, 1},
		{"another has", map[string]sighting{"always": {created: epoch}, "a": {value: 5, created: later}, "b": {created: later}}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := &complaints{TB: t}
			w := newWitness(c, time.Second)
			w.events, w.hidden = before, later
			w.lookAtEvents(row.after, later.Add(time.Millisecond))
			if c.found != row.want {
				t.Errorf("found %d breaks, want %d", c.found, row.want)
			}
		})
	}
}
