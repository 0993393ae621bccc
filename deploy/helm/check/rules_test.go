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

package check

import (
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// The rules are those of alerts/, with their templates untouched and none left out.
func TestRulesAreThoseOfTheRepository(t *testing.T) {
	groups := rules(t, "")
	if want := fileGroups(t, "../../../alerts"); !reflect.DeepEqual(groups, want) {
		t.Errorf("the chart has other rules than the files of alerts/:%s", firstDifference(groups, want))
	}
	// The API server takes the name for a key.
	names := map[string]bool{}
	for _, group := range groups {
		if names[group.Name] {
			t.Errorf("two groups are called %s", group.Name)
		}
		names[group.Name] = true
	}
}

// The chart puts severities, addresses and a selector into the rules, as the program that writes them does.
func TestRuleValuesDoWhatTheFlagsDo(t *testing.T) {
	const (
		selector = `cluster="prod", job=~"asana\\.exporter|x.{3}"`
		runbook  = "https://wiki.example.com/asana"
		grafana  = "https://grafana.example.com"
	)
	for _, severities := range [][2]string{{"critical", "ticket"}, {"warning", "page"}, {"warning", "info"}, {"critical", "page"}} {
		folder := t.TempDir()
		command := exec.CommandContext(t.Context(), "go", "run", "./alerts", "-out", folder,
			"-page", severities[0], "-warning", severities[1], "-runbook", runbook, "-grafana", grafana+"/", "-selector", selector)
		command.Dir = "../../.."
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, output)
		}
		got := rules(t, "severities: {page: "+severities[0]+", warning: "+severities[1]+"}\n"+
			"runbookUrl: "+runbook+"\ngrafanaUrl: "+grafana+"/\nselector: '"+selector+"'\n")
		if want := fileGroups(t, folder); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the chart makes other rules than the flags:%s", severities, firstDifference(got, want))
		}
	}
}

// Numbers replace those of the rules or are rules of their own. All other rules stay as they are.
func TestNumbersOfRulesMayBeChanged(t *testing.T) {
	got := rules(t, `
severities: {page: critical}
disabled: [AsanaReplicaDown]
floors:
  - {kind: burst, severity: page, value: 80}
  - {kind: burst, severity: warning, value: 32.5, workspace: "1200000000000001"}
factors:
  - {kind: sustained, severity: page, value: 1.25}
knobs: {silent_floor: 3600}`)
	before := map[string]bool{}
	for _, line := range lines(rules(t, "severities: {page: critical}")) {
		before[line] = true
	}
	var added []string
	for _, line := range lines(got) {
		if !before[line] {
			added = append(added, line)
		}
		delete(before, line)
	}
	want := []string{
		"asana-deletions-knobs asana_deletions:floor map[kind:burst severity:critical] vector(80)",
		"asana-deletions-knobs asana_deletions:factor map[kind:sustained severity:critical] vector(1.25)",
		"asana-deletions-knobs asana_deletions:floor map[kind:burst severity:warning workspace:1200000000000001] vector(32.5)",
		"asana-exporter-knobs asana_exporter:knob map[knob:silent_floor] vector(3600)",
	}
	if !slices.Equal(added, want) {
		t.Errorf("added %q, want %q", added, want)
	}
	if gone := strings.Join(slices.Sorted(maps.Keys(before)), "\n"); len(before) != 3 || !strings.Contains(gone, " AsanaReplicaDown ") {
		t.Errorf("gone are\n%s", gone)
	}
}

// rules returns the groups of the chart for some values of prometheusRule.
func rules(t *testing.T, further string) []monitoring.RuleGroup {
	t.Helper()
	all := values(t, "default-values.yaml", "prometheusRule: {enabled: true}")
	maps.Copy(all["prometheusRule"].(map[string]any), parse(t, further))
	r := newRelease(t, all)
	if len(r.rules) != 1 {
		t.Fatalf("%d objects of rules", len(r.rules))
	}
	return r.rules[0].Spec.Groups
}

// fileGroups returns the groups of the rule files in a folder.
func fileGroups(t *testing.T, folder string) (groups []monitoring.RuleGroup) {
	t.Helper()
	for _, name := range ruleFiles() {
		groups = append(groups, decode[monitoring.PrometheusRuleSpec](t, read(t, filepath.Join(folder, name))).Groups...)
	}
	return groups
}

// lines returns a line for each rule.
func lines(groups []monitoring.RuleGroup) (lines []string) {
	for _, group := range groups {
		for _, rule := range group.Rules {
			line := fmt.Sprintln(group.Name, rule.Record+rule.Alert, rule.Labels, rule.Expr.StrVal, rule.Annotations)
			lines = append(lines, strings.TrimSuffix(line, " map[]\n"))
		}
	}
	return lines
}

// firstDifference returns the first lines in which rules differ.
func firstDifference(got, want []monitoring.RuleGroup) string {
	gotLines, wantLines := lines(got), lines(want)
	for i := range min(len(gotLines), len(wantLines)) {
		if gotLines[i] != wantLines[i] {
			return "\n" + gotLines[i] + "\nwant\n" + wantLines[i]
		}
	}
	return " there are more or less, or other groups"
}
