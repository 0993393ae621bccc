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
	"context"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// Firing is one time in which an alert fired, in milliseconds.
type Firing struct {
	Alert  string
	Labels labels.Labels
	From   int64 // The first evaluation at which it fires,
	To     int64 // and the first at which it no longer does.
}

// Span is a time, its ends in milliseconds not included.
type Span struct{ From, To int64 }

// Evaluate runs the rules over the store from start to end, in milliseconds. Where no rule needs its own past, a rule is one
// range query: a rule that reads another sees its result of the same instant, as within a group of Prometheus.
//
// While Prometheus is away nothing is evaluated. Alerts then end, and begin pending anew afterwards, as those do whose "for" is
// shorter than Prometheus' grace period of ten minutes: longer ones it would restore. The recorded series and ALERTS are in the
// store afterwards.
func Evaluate(rs Rules, store *Store, start, end int64, away ...Span) ([]Firing, error) {
	e := &evaluation{
		queries: NewQueries(), store: store, start: start, end: end, away: away,
		active: map[*rule]map[uint64]*alert{}, recorded: map[*rule]map[uint64]*Series{},
	}
	for _, together := range rs.inOrder() {
		run := e.atOnce
		if len(together) > 1 || together[0].needs[together[0].index] {
			run = e.stepByStep
		}
		if err := run(together); err != nil {
			return nil, err
		}
	}
	e.finish()
	return e.fired, nil
}

type evaluation struct {
	queries    *promql.Engine
	store      *Store
	start, end int64
	away       []Span
	fired      []Firing
	active     map[*rule]map[uint64]*alert
	recorded   map[*rule]map[uint64]*Series // What a rule recorded the last time.
}

func (e *evaluation) atOnce(one Rules) error {
	r := one[0]
	q, err := e.queries.NewRangeQuery(context.Background(), e.store, nil, r.expr,
		time.UnixMilli(e.start), time.UnixMilli(e.end), r.interval)
	if err != nil {
		return fmt.Errorf("rule %s: %w", r.name(), err)
	}
	defer q.Close()
	matrix, err := q.Exec(context.Background()).Matrix()
	if err != nil {
		return fmt.Errorf("rule %s: %w", r.name(), err)
	}
	if r.record != "" {
		e.recordAll(r, matrix)
	} else {
		e.alertAll(r, matrix)
	}
	return nil
}

func (e *evaluation) recordAll(r *rule, matrix promql.Matrix) {
	step := r.interval.Milliseconds()
	for _, s := range matrix {
		out := e.store.Series(r.recorded(s.Metric))
		next := int64(math.MaxInt64)
		for _, p := range s.Floats {
			if e.isAway(p.T) {
				continue
			}
			if p.T > next && !e.isAway(next) {
				out.Add(next, Stale())
			}
			out.Add(p.T, p.F)
			next = p.T + step
		}
		if next <= e.end && !e.isAway(next) {
			out.Add(next, Stale())
		}
	}
}

func (e *evaluation) isAway(t int64) bool {
	for _, a := range e.away {
		if t > a.From && t < a.To {
			return true
		}
	}
	return false
}

func (e *evaluation) alertAll(r *rule, matrix promql.Matrix) {
	at := make([]int, len(matrix))
	for t := e.start; t <= e.end; t += r.interval.Milliseconds() {
		var found []labels.Labels
		for i, s := range matrix {
			if at[i] < len(s.Floats) && s.Floats[at[i]].T == t {
				found = append(found, s.Metric)
				at[i]++
			}
		}
		if e.isAway(t) {
			e.stop(r, t)
			continue
		}
		e.alertAt(r, t, found)
	}
}

// stepByStep evaluates rules with instant queries in the order of the file, as Prometheus does.
func (e *evaluation) stepByStep(together Rules) error {
	tick := together[0].interval
	for _, r := range together {
		tick = Tick(tick, r.interval)
	}
	for t := e.start; t <= e.end; t += tick.Milliseconds() {
		for _, r := range together {
			if (t-e.start)%r.interval.Milliseconds() != 0 {
				continue
			}
			if e.isAway(t) {
				e.stop(r, t)
				continue
			}
			if err := e.stepAt(r, t); err != nil {
				return fmt.Errorf("rule %s: %w", r.name(), err)
			}
		}
	}
	return nil
}

func (e *evaluation) stepAt(r *rule, t int64) error {
	q, err := e.queries.NewInstantQuery(context.Background(), e.store, nil, r.expr, time.UnixMilli(t))
	if err != nil {
		return err
	}
	defer q.Close()
	vector, err := toVector(q.Exec(context.Background()))
	if err != nil {
		return err
	}
	if r.record != "" {
		e.recordAt(r, t, vector)
		return nil
	}
	found := make([]labels.Labels, len(vector))
	for i, s := range vector {
		found[i] = s.Metric
	}
	e.alertAt(r, t, found)
	return nil
}

func toVector(result *promql.Result) (promql.Vector, error) {
	if s, ok := result.Value.(promql.Scalar); ok && result.Err == nil {
		return promql.Vector{{T: s.T, F: s.V}}, nil
	}
	return result.Vector()
}

func (e *evaluation) recordAt(r *rule, t int64, vector promql.Vector) {
	now := map[uint64]*Series{}
	for _, s := range vector {
		out := e.store.Series(r.recorded(s.Metric))
		out.Add(t, s.F)
		now[out.labels.Hash()] = out
	}
	for h, s := range e.recorded[r] {
		if now[h] == nil {
			s.Add(t, Stale())
		}
	}
	e.recorded[r] = now
}

// Tick is the longest time of which both intervals are multiples.
func Tick(a, b time.Duration) time.Duration {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
