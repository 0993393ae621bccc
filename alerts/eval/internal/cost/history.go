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

package cost

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/simulate"
)

const (
	days    = 35            // Of what the rules recorded.
	scrapes = 3 * time.Hour // Of what was scraped: further back only recorded series are read.
	scrape  = 15 * time.Second
)

// writeHistory writes a block that ends now: what the rules recorded of a simulated workspace in five weeks, once for
// each workspace, and three hours of scrapes.
func writeHistory(ctx context.Context, folder, rules string) error {
	recorded, end, err := record(rules)
	if err != nil {
		return err
	}
	now := time.Now().Truncate(time.Minute).UnixMilli()
	block, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), filepath.Join(folder, "data"), 3*days*24*time.Hour.Milliseconds())
	if err != nil {
		return err
	}
	defer block.Close()
	for n := range workspaces {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := write(ctx, block, history(recorded, n, now, end)); err != nil {
			return err
		}
	}
	_, err = block.Flush(ctx)
	return err
}

// record evaluates the rules over one workspace.
func record(rules string) (series []*engine.Series, end int64, err error) {
	s := scenario.Synthetic(1, days, scenario.Heavy, "syn-medium-1_clean")[0]
	loaded, err := engine.Load(rules)
	if err != nil {
		return nil, 0, err
	}
	store := simulate.Play(s, 1)
	raw := len(store.All())
	end = (s.Start + int64(s.Minutes)*60) * 1000
	_, err = engine.Evaluate(loaded, store, s.Start*1000, end)
	return store.All()[raw:], end, err
}

// sample is a value at a time, in milliseconds.
type sample struct {
	series labels.Labels
	at     int64
	value  float64
}

// history yields the samples of one workspace, series by series, moved to end now.
func history(recorded []*engine.Series, n int, now, end int64) func(func(sample) bool) {
	return func(yield func(sample) bool) {
		for _, s := range recorded {
			l := s.Labels()
			if l.Has("workspace") {
				l = labels.NewBuilder(l).Set("workspace", workspace(n)).Labels()
			} else if n > 0 {
				continue // The knobs, which all share.
			}
			times, values := s.Samples()
			for i, t := range times {
				if !yield(sample{l, t - end + now, values[i]}) {
					return
				}
			}
		}
		for _, s := range exposed(n) {
			l := labels.NewBuilder(s.labels).Set("job", job).Set("instance", instance).Labels()
			for at := now - scrapes.Milliseconds(); at < now; at += scrape.Milliseconds() {
				if !yield(sample{l, at, s.value(at)}) {
					return
				}
			}
		}
	}
}

func write(ctx context.Context, block *tsdb.BlockWriter, samples func(func(sample) bool)) error {
	app := block.AppenderV2(ctx)
	for s := range samples {
		if _, err := app.Append(0, s.series, 0, s.at, s.value, nil, nil, storage.AppendV2Options{}); err != nil {
			return fmt.Errorf("sample of %s: %w", s.series, err)
		}
	}
	return app.Commit()
}

// shown is a series that the exporter shows.
type shown struct {
	labels labels.Labels
	step   int64 // One event in so many milliseconds; 0 is a constant 0.
}

func (s shown) value(at int64) float64 {
	if s.step == 0 {
		return 0
	}
	return float64(at / s.step)
}

func workspace(n int) string { return fmt.Sprint(1200000000000000 + n) }

// exposed are the series of one workspace that rules about deletions read, with as many label sets as the exporter has.
func exposed(n int) []shown {
	add := func(all []shown, step int64, name string, kv ...string) []shown {
		b := labels.NewBuilder(labels.FromStrings(kv...))
		return append(all, shown{b.Set(model.MetricNameLabel, name).Set("workspace", workspace(n)).Labels(), step})
	}
	var all []shown
	for _, gauge := range []string{"asana_workspace_up", "asana_workspace_catching_up", "asana_workspace_backlog_seconds"} {
		all = add(all, 0, gauge)
	}
	for _, kind := range []string{"", "project"} {
		all = add(all, 0, "asana_workspace_backlog_peak_events", "action", "deleted", "resource_type", kind, "window", "15m")
	}
	all = add(all, 0, "asana_workspace_info", "name", "The "+workspace(n))
	kinds := []string{"task", "story", "project", "workspace_membership"}
	for i, action := range []string{"deleted", "undeleted", "removed"} {
		for k := range 24 {
			all = add(all, int64(600_000*(1+i+k)), "asana_events_total", "action", action, "resource_type", kinds[k%len(kinds)],
				"resource_subtype", fmt.Sprint("subtype_", k))
		}
	}
	return all
}
