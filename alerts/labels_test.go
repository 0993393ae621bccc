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
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The max over replicas drops one of two series that differ only in a label that it does not keep: their events would be missing,
// and nothing would tell. So a rule keeps each label of the exporter, fixes it, or it is always empty.
func TestMaxOverReplicasKeepsEachLabelOfEvents(t *testing.T) {
	maxima := regexp.MustCompile(`max by \(([^)]*)\) \(\s*(?:last_over_time\()?asana_events_total(?:\{([^}]*)\})?( - \()?`)
	somebody := regexp.MustCompile(`unless on \(workspace\) \(asana_events_total(\{[^}]*\})? and asana_events_total(\{[^}]*\})? offset 5m\)`)
	for _, r := range readRulesOf(t, "recording.yml") {
		found := maxima.FindAllStringSubmatch(r.Expr, -1)
		understood := 2 * len(somebody.FindAllString(r.Expr, -1))
		for _, match := range found {
			understood++
			if match[3] != "" {
				understood += strings.Count(grown("", "1m"), "asana_events_total") - 1
			}
		}
		if strings.Count(r.Expr, "asana_events_total") != understood {
			t.Errorf("%s uses asana_events_total without a max over replicas that this test understands", r.Record)
		}
		for _, match := range found {
			kept, matchers := strings.Split(match[1], ", "), match[2]
			for _, label := range eventLabels(t) {
				fixed := strings.Contains(", "+matchers, ", "+label+`="`)
				empty := label == "change_field" && strings.Contains(matchers, `action="`) && !strings.Contains(matchers, `action="changed"`)
				if !slices.Contains(kept, label) && !fixed && !empty {
					t.Errorf("%s drops the label %s", r.Record, label)
				}
			}
		}
	}
}

// eventLabels returns the labels of asana_events_total; a test of the program's compares the table with what it exposes.
func eventLabels(t *testing.T) (labels []string) {
	t.Helper()
	row := regexp.MustCompile("(?m)^\\| `asana_events_total` \\| counter \\| ([^|]*) \\|").FindStringSubmatch(read(t, "../docs/metrics.md"))
	if row == nil {
		t.Fatal("docs/metrics.md does not have the labels of asana_events_total")
	}
	for label := range strings.SplitSeq(row[1], ", ") {
		labels = append(labels, strings.Trim(label, "`"))
	}
	return labels
}
