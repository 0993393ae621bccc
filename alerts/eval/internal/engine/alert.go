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

package engine

import (
	"math"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

const (
	pending = "pending"
	firing  = "firing"
)

// alert is an active alert; times in milliseconds.
type alert struct {
	labels   labels.Labels
	since    int64
	state    string
	firedAt  int64
	goneFrom int64 // While it fires on for keep_firing_for: when the condition went away; else 0.
}

// alertAt does what rules.AlertingRule.Eval does with the series that an expression found.
func (e *evaluation) alertAt(r *rule, t int64, found []labels.Labels) {
	active := e.active[r]
	if active == nil {
		active = map[uint64]*alert{}
		e.active[r] = active
	}
	seen := map[uint64]bool{}
	for _, metric := range found {
		l := r.alerted(metric)
		h := l.Hash()
		seen[h] = true
		if active[h] == nil {
			active[h] = &alert{labels: l, since: t, state: pending}
		}
		active[h].goneFrom = 0
	}
	for h, a := range active {
		if !seen[h] && !a.kept(r, t) {
			e.resolve(r, a, t)
			delete(active, h)
			continue
		}
		if a.state == pending && t-a.since >= r.hold.Milliseconds() {
			e.sample(a, t, Stale())
			a.state, a.firedAt = firing, t
		}
		e.sample(a, t, 1)
	}
}

func (a *alert) kept(r *rule, t int64) bool {
	if a.state != firing || r.keep == 0 {
		return false
	}
	if a.goneFrom == 0 {
		a.goneFrom = t
	}
	return t-a.goneFrom < r.keep.Milliseconds()
}

func (e *evaluation) resolve(r *rule, a *alert, t int64) {
	if a.state == firing {
		e.fired = append(e.fired, Firing{r.alert, a.labels, a.firedAt, t})
	}
	e.sample(a, t, Stale())
}

// stop forgets the state of a rule, since Prometheus is away.
func (e *evaluation) stop(r *rule, t int64) {
	for _, a := range e.active[r] {
		if a.state == firing {
			e.fired = append(e.fired, Firing{r.alert, a.labels, a.firedAt, t})
		}
	}
	delete(e.active, r)
	delete(e.recorded, r)
}

// finish ends what still fires.
func (e *evaluation) finish() {
	for r := range e.active {
		e.stop(r, e.end)
	}
}

// sample adds to ALERTS; a stale one only where there is a series to end.
func (e *evaluation) sample(a *alert, t int64, v float64) {
	b := labels.NewBuilder(a.labels)
	b.Set(model.MetricNameLabel, "ALERTS")
	b.Set("alertstate", a.state)
	l := b.Labels()
	if math.IsNaN(v) {
		if s := e.store.find(l); s != nil && s.last() == 1 {
			s.Add(t, v)
		}
		return
	}
	e.store.Series(l).Add(t, v)
}
