package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The max over replicas drops one of two series that differ only in a label that it does not keep: their events would be missing,
// and nothing would tell. So a rule keeps each label of the exporter, fixes it, or knows that it is empty.
func TestMaxOverReplicasKeepsEachLabelOfEvents(t *testing.T) {
	maxima := regexp.MustCompile(`max by \(([^)]*)\) \(\s*increase\(asana_events_total(?:\{([^}]*)\})?\[`)
	for _, r := range readRulesOf(t, "recording.yml") {
		found := maxima.FindAllStringSubmatch(r.Expr, -1)
		if len(found) != strings.Count(r.Expr, "asana_events_total") {
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
