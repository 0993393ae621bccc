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
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/cost"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/scenario"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/score"
	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/simulate"
)

// quality prints the table of the rules, for each seed and summed.
func quality(ctx context.Context, w io.Writer, o options) error {
	var sum []score.Result
	for _, seed := range o.seeds {
		results, err := o.judge(ctx, seed)
		if err != nil {
			return err
		}
		if o.list {
			score.List(w, results)
		}
		fmt.Fprintf(w, "\nSeed %d, %d scenarios\n\n", seed, len(results))
		score.Table(w, results)
		sum = append(sum, results...)
	}
	if len(o.seeds) > 1 {
		fmt.Fprintf(w, "\nAll %d seeds\n\n", len(o.seeds))
		score.Table(w, sum)
	}
	return nil
}

// price prints what the rules cost a real server.
func price(ctx context.Context, w io.Writer, o options) error {
	return cost.Measure(ctx, w, o.rules)
}

// judge runs the rules over the scenarios of a seed, several at a time.
func (o options) judge(ctx context.Context, seed uint64) ([]score.Result, error) {
	debug.SetGCPercent(400) // Most of the time goes into short-lived samples.
	rules, err := engine.Load(o.rules)
	if err != nil {
		return nil, err
	}
	all, err := o.scenarios(seed)
	if err != nil {
		return nil, err
	}
	results := make([]score.Result, len(all))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range all {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			firings, err := o.evaluate(rules, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			results[i] = score.Judge(s, firings)
			return nil
		})
	}
	return results, g.Wait()
}

func (o options) evaluate(rules engine.Rules, s *scenario.Scenario) ([]engine.Firing, error) {
	end := (s.Start + int64(s.Minutes)*60) * 1000
	store := simulate.Play(s, o.replicas)
	store.Forget(o.retention, end)
	return engine.Evaluate(rules, store, s.Start*1000, end, away(s)...)
}

// away is when Prometheus is down: the scrape of a minute comes after its end.
func away(s *scenario.Scenario) []engine.Span {
	var spans []engine.Span
	for _, a := range s.Faults.Away {
		at := func(minute int) int64 { return (s.Start + int64(minute+1)*60) * 1000 }
		spans = append(spans, engine.Span{From: at(a[0]), To: at(a[1])})
	}
	return spans
}
