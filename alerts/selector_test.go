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
	"io"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"
)

// Each metric of the exporter is selected, no recorded series is, and the rules are the same but for that.
func TestSelectorIsInEachQuery(t *testing.T) {
	const flag, selector = ` job = 'asana', env!~"dev: #1|50%" `, `job="asana", env!~"dev: #1|50%"`
	for _, path := range glob(t, filepath.Join(written(t, "-selector", flag), "*")) {
		name, changed := filepath.Base(path), 0
		plain := readRulesOf(t, name)
		for i, r := range readRulesOf(t, path) {
			with, without := r.queries(t), plain[i].queries(t)
			if len(with) != len(without) {
				t.Fatalf("%s: %s%s: %d queries, want %d", name, r.Record, r.Alert, len(with), len(without))
			}
			for k, query := range with {
				compareSelected(t, without[k], query, selector)
				if query != without[k] {
					changed++
				}
			}
		}
		if changed == 0 {
			t.Errorf("%s: nothing is selected", name)
		}
	}
}

// compareSelected looks for the selector in each metric of the exporter, and nowhere else.
func compareSelected(t *testing.T, plain, query, selector string) {
	t.Helper()
	metric := regexp.MustCompile(`(^|[^:\w])(` + strings.Join(metrics(t), "|") + `)\b([^:]|$)`)
	found := metric.FindAllStringIndex(query, -1)
	for _, at := range found {
		if !strings.HasPrefix(query[at[1]-1:], "{"+selector) {
			t.Errorf("not selected: %s", query[at[0]:])
		}
	}
	if got := strings.Count(query, selector); got != len(found) {
		t.Errorf("%d metrics are selected, want %d: %s", got, len(found), query)
	}
	if got := strings.NewReplacer("{"+selector+"}", "", selector+", ", "").Replace(query); got != plain {
		t.Errorf("got %s, want %s", got, plain)
	}
}

// queries returns the expression of a rule, and the queries of its texts with and without results.
func (r loaded) queries(t *testing.T) []string {
	t.Helper()
	all := []string{strings.TrimSpace(r.Expr)}
	text := func(any) string { return "" }
	for _, found := range [][]float64{nil, {1}} {
		funcs := template.FuncMap{
			"query":            func(query string) []float64 { all = append(all, query); return found },
			"first":            func(all []float64) float64 { return all[0] },
			"value":            func(value float64) float64 { return value },
			"label":            func(string, float64) string { return "" },
			"toTime":           func(float64) time.Time { return time.Time{} },
			"humanize":         text,
			"humanizeDuration": text, "humanizePercentage": text,
		}
		for _, annotation := range slices.Sorted(maps.Keys(r.Annotations)) {
			parsed, err := template.New(r.Alert).Funcs(funcs).Parse("{{ $labels := . }}{{ $value := 1.0 }}" + r.Annotations[annotation])
			if err != nil {
				t.Fatalf("%s: %v", r.Alert, err)
			}
			labels := map[string]string{"workspace": "12", "kind": "burst", "severity": "page"}
			if err := parsed.Execute(io.Discard, labels); err != nil {
				t.Fatalf("%s: %v", r.Alert, err)
			}
		}
	}
	return all
}

// metrics returns the names of the exporter's metrics; a test of the program's looks after them.
func metrics(t *testing.T) (names []string) {
	t.Helper()
	for _, match := range regexp.MustCompile("(?m)^\\| `(asana_[a-z_]+)` \\|").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1) {
		names = append(names, match[1])
	}
	if len(names) == 0 {
		t.Fatal("docs/metrics.md has no metrics")
	}
	return names
}
