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

// Package cost measures what rules cost a real Prometheus server, which must be in the PATH. Start with Measure.
package cost

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

const (
	workspaces = 50              // Each has five weeks of history.
	length     = 3 * time.Minute // Of the measurement.
	// every is how often each group is evaluated meanwhile, whatever its own interval: the cost of an evaluation does not depend on
	// it, and groups that run once in half an hour need not be waited for.
	every = 10 * time.Second
)

// Measure starts a server with five weeks of history, feeds it, and prints what each group of rules costs.
func Measure(ctx context.Context, w io.Writer, rules string) error {
	folder, err := os.MkdirTemp("", "rules-cost")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // What is left is in the folder for temporary files.
	if err := writeHistory(ctx, folder, rules); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	groups, err := engine.Groups(rules)
	if err != nil {
		return err
	}
	spent, err := watch(ctx, folder, rules)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return table(w, groups, spent)
}

var interval = regexp.MustCompile(`(?m)^( +interval: ).*$`)

// hurried is the text of a rule file with the interval of the measurement in each group.
func hurried(text []byte) []byte {
	return interval.ReplaceAll(text, []byte("${1}"+every.String()))
}

// table weighs the durations of each group's evaluations by how often they really happen.
func table(w io.Writer, groups []engine.Group, spent map[string][]float64) error {
	fmt.Fprintf(w, "%d workspaces, in seconds\n\n", workspaces)
	fmt.Fprint(w, "| group | rules | every | evaluation, median | fastest | a minute, median | fastest |\n|---|---|---|---|---|---|---|\n")
	var medians, fastest float64
	for _, g := range groups {
		times := slices.Sorted(slices.Values(spent[g.Name]))
		if len(times) == 0 {
			return fmt.Errorf("group %s was never evaluated", g.Name)
		}
		median, least, weight := times[len(times)/2], times[0], time.Minute.Seconds()/g.Interval.Seconds()
		fmt.Fprintf(w, "| %s | %d | %s | %.3f | %.3f | %.3f | %.3f |\n", g.Name, g.Rules, g.Interval, median, least, median*weight, least*weight)
		medians, fastest = medians+median*weight, fastest+least*weight
	}
	fmt.Fprintf(w, "| all | | | | | %.3f | %.3f |\n\n", medians, fastest)
	fmt.Fprintf(w, "%.1f %% of a core, %.1f %% by the fastest evaluations, where nothing else ran. The bound is 0.25 s a minute.\n",
		medians/.6, fastest/.6)
	return nil
}
