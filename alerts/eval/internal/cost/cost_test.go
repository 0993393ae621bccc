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
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/asana-exporter/asana_exporter/alerts/eval/internal/engine"
)

func TestGroupsAreHurried(t *testing.T) {
	const text = "groups:\n  - name: g\n    interval: 30m\n    rules:\n      - record: interval\n        expr: a # interval: 1m\n"
	if got, want := string(hurried([]byte(text))), strings.Replace(text, "interval: 30m", "interval: 10s", 1); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestDurationsAreReadByGroup(t *testing.T) {
	const page = `# TYPE prometheus_rule_group_last_duration_seconds gauge
prometheus_rule_group_last_duration_seconds{rule_group="/tmp/rules.yml;counts"} 0.0125
prometheus_rule_group_last_duration_seconds{rule_group="/tmp/rules.yml;alerts"} 0
prometheus_rule_group_rules{rule_group="/tmp/rules.yml;counts"} 9
`
	if got, want := parse(strings.NewReader(page)), map[string]float64{"counts": .0125}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEvaluationsAreWeighedByTheirInterval(t *testing.T) {
	groups := []engine.Group{{Name: "counts", Rules: 2, Interval: time.Minute}, {Name: "usual", Rules: 3, Interval: 5 * time.Minute}}
	spent := map[string][]float64{"counts": {.3, .1, .2}, "usual": {1}}
	var b strings.Builder
	if err := table(&b, groups, spent); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"50 workspaces, in seconds\n",
		"| counts | 2 | 1m0s | 0.200 | 0.100 | 0.200 | 0.100 |",
		"| usual | 3 | 5m0s | 1.000 | 1.000 | 0.200 | 0.200 |",
		"| all | | | | | 0.400 | 0.300 |",
		"0.7 % of a core, 0.5 % by the fastest",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if err := table(&b, append(groups, engine.Group{Name: "alerts"}), spent); err == nil {
		t.Error("no error for a group that was never evaluated")
	}
}

func TestEachWorkspaceHasAHistoryThatEndsNow(t *testing.T) {
	store := engine.NewStore()
	store.Series(labels.FromStrings(model.MetricNameLabel, "limit", "workspace", "simulated")).Add(500, 7)
	store.Series(labels.FromStrings(model.MetricNameLabel, "knob")).Add(400, 8)
	const now = 1_000_000_000
	for n := range 2 {
		var recorded, scraped []string
		knobs := 0
		for s := range history(store.All(), n, now, 500) {
			switch name := s.series.Get(model.MetricNameLabel); {
			case name == "knob":
				knobs++
			case name == "limit":
				recorded = append(recorded, fmt.Sprint(s.series.Get("workspace"), " ", s.at, " ", s.value))
			case s.series.Get("workspace") != workspace(n) || s.series.Get("instance") != instance || s.at >= now:
				scraped = append(scraped, s.series.String())
			}
		}
		if want := []string{workspace(n) + " 1000000000 7"}; !slices.Equal(recorded, want) {
			t.Errorf("recorded %q, want %q", recorded, want)
		}
		if len(scraped) != 0 {
			t.Errorf("scrapes of something else: %v", scraped)
		}
		if want := 1 - min(n, 1); knobs != want {
			t.Errorf("%d samples of what all workspaces share, want %d", knobs, want)
		}
	}
}
