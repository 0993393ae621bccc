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

// The rules over simulated time by Prometheus' own code, which is slow, and right by definition. In tests alone, since its rule
// manager brings along four hundred packages: all that it can discover targets with.

package engine_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

// byPrometheus does what engine.Evaluate does with Prometheus' own rules.Group.Eval, once for each tick. The groups are evaluated
// in the order of the file. After a time away they are loaded anew.
func byPrometheus(ctx context.Context, file string, store *engine.Store, start, end int64, away ...engine.Span) ([]engine.Firing, error) {
	groups, err := loadGroups(ctx, file, store)
	if err != nil {
		return nil, err
	}
	tick := groups[0].Interval()
	for _, g := range groups {
		tick = engine.Tick(tick, g.Interval())
	}
	w := watch{open: map[string]engine.Firing{}}
	for t := start; t <= end; t += tick.Milliseconds() {
		if slices.ContainsFunc(away, func(s engine.Span) bool { return t > s.From && t < s.To }) {
			w.stop(t)
			if groups, err = loadGroups(ctx, file, store); err != nil {
				return nil, err
			}
			continue
		}
		for _, g := range groups {
			if (t-start)%g.Interval().Milliseconds() != 0 {
				continue
			}
			g.Eval(ctx, time.UnixMilli(t))
			for _, r := range g.AlertingRules() {
				w.look(r, t)
			}
		}
	}
	w.stop(end)
	return w.done, nil
}

func loadGroups(ctx context.Context, file string, store *engine.Store) ([]*rules.Group, error) {
	ordered, err := engine.Groups(file)
	if err != nil {
		return nil, err
	}
	m := rules.NewManager(&rules.ManagerOptions{
		Context: ctx, Queryable: store, AppendableV2: appendable{store}, Parser: parser.NewParser(parser.Options{}),
		QueryFunc:  rules.EngineQueryFunc(engine.NewQueries(), store),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     slog.New(slog.DiscardHandler),
	})
	loaded, errs := m.LoadGroups(engine.DefaultInterval, labels.EmptyLabels(), "", nil, false, file)
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	groups := slices.Collect(maps.Values(loaded))
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			r.SetRestored(true) // There is nothing to restore, and without it no ALERTS are written.
		}
	}
	at := func(g *rules.Group) int {
		return slices.IndexFunc(ordered, func(o engine.Group) bool { return o.Name == g.Name() })
	}
	slices.SortFunc(groups, func(x, y *rules.Group) int { return cmp.Compare(at(x), at(y)) })
	return groups, nil
}

// watch turns the active alerts of each tick into firings.
type watch struct {
	open map[string]engine.Firing
	done []engine.Firing
}

func (w *watch) stop(t int64) {
	for key, f := range w.open {
		f.To = t
		w.done = append(w.done, f)
		delete(w.open, key)
	}
}

func (w *watch) look(r *rules.AlertingRule, t int64) {
	now := map[string]bool{}
	for _, a := range r.ActiveAlerts() {
		if a.State != rules.StateFiring {
			continue
		}
		key := r.Name() + a.Labels.String()
		now[key] = true
		if _, known := w.open[key]; !known {
			w.open[key] = engine.Firing{Alert: r.Name(), Labels: a.Labels, From: t}
		}
	}
	for key, f := range w.open {
		if f.Alert == r.Name() && !now[key] {
			f.To = t
			w.done = append(w.done, f)
			delete(w.open, key)
		}
	}
}

// appendable lets Prometheus record into a store.
type appendable struct{ store *engine.Store }

func (a appendable) AppenderV2(context.Context) storage.AppenderV2 { return a }
func (a appendable) Commit() error                                 { return nil }
func (a appendable) Rollback() error                               { return nil }

func (a appendable) Append(_ storage.SeriesRef, l labels.Labels, _, t int64, v float64,
	_ *histogram.Histogram, _ *histogram.FloatHistogram, _ storage.AppendV2Options,
) (storage.SeriesRef, error) {
	a.store.Series(l).Add(t, v)
	return 1, nil
}
