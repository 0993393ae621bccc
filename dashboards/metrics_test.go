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
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notShown says why a metric of docs/metrics.md is on no dashboard and in no alert.
func notShown() map[string]string {
	return map[string]string{}
}

// Whoever adds a metric shows it, or says why not.
func TestEveryMetricIsShown(t *testing.T) {
	var shown strings.Builder
	for _, d := range dashboards() {
		shown.Write(d.json())
	}
	for _, file := range rules(t) {
		shown.WriteString(read(t, file))
	}
	metrics := regexp.MustCompile("(?m)^\\| `(asana_[a-z_]+)` \\|").FindAllStringSubmatch(read(t, "../docs/metrics.md"), -1)
	if len(metrics) < 20 {
		t.Fatalf("docs/metrics.md has %d metrics", len(metrics))
	}
	for _, match := range metrics {
		name := match[1]
		found := regexp.MustCompile(`\b` + name + `(_bucket|_count|_sum)?\b`).MatchString(shown.String())
		if why := notShown()[name]; found == (why != "") {
			t.Errorf("%s: shown: %t; reason why not: %q", name, found, why)
		}
	}
}

// What is recorded has a rule.
func TestRulesAreThere(t *testing.T) {
	var text string
	for _, file := range rules(t) {
		text += read(t, file)
	}
	recorded := regexp.MustCompile(`\b[a-z_]+:asana_[a-z_:0-9]+|\basana_[a-z_]+:[a-z_:0-9]+`)
	for _, d := range dashboards() {
		for _, name := range recorded.FindAllString(string(d.json()), -1) {
			if !regexp.MustCompile(`(?m)record: ` + name + `( |$)`).MatchString(text) {
				t.Errorf("%s: no rule records %s", d.Title, name)
			}
		}
	}
}

// The deletions dashboard has a row for each alert and each severity that the limits of its kinds have.
func TestEveryAlertHasARow(t *testing.T) {
	text := read(t, "../alerts/deletions.yml")
	severities := map[string][]string{} // By kind.
	for _, match := range regexp.MustCompile(`record: asana_deletions:floor, .*labels: {kind: (\w+), severity: (\w+)}`).FindAllStringSubmatch(text, -1) {
		severities[match[1]] = append(severities[match[1]], match[2])
	}
	var want []alertRow
	for _, alert := range strings.Split(text, "- alert: ")[1:] {
		kinds := regexp.MustCompile(`:limit{kind=~?"([^"]+)"`).FindStringSubmatch(alert)
		if kinds == nil {
			t.Fatalf("no limit in the alert %s", alert)
		}
		for kind, of := range severities {
			if !regexp.MustCompile(`^(?:` + kinds[1] + `)$`).MatchString(kind) {
				continue
			}
			for _, severity := range of {
				want = append(want, alertRow{strings.Fields(alert)[0], severity})
			}
		}
	}
	got := alertRows()
	compare := func(a, b alertRow) int { return strings.Compare(a.name+a.severity, b.name+b.severity) }
	slices.SortFunc(got, compare)
	slices.SortFunc(want, compare)
	if want = slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("alerts/deletions.yml has %q, the dashboard %q", want, got)
	}
}

// Each alert on the exporter leads to its section.
func TestEveryAlertOnTheExporterHasALink(t *testing.T) {
	var want []string
	for _, match := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(read(t, "../alerts/exporter.yml"), -1) {
		want = append(want, match[1])
	}
	if got := alertsOnExporter(); !slices.Equal(got, want) {
		t.Errorf("alerts/exporter.yml has %q, the dashboard %q", want, got)
	}
	sections := read(t, "../docs/runbook.md")
	for _, d := range dashboards() {
		for _, match := range regexp.MustCompile(`Runbook: (\w+)`).FindAllStringSubmatch(string(d.json()), -1) {
			if !strings.Contains(sections, "\n## "+match[1]+"\n") {
				t.Errorf("%s: docs/runbook.md has no section %s", d.Title, match[1])
			}
		}
	}
}

// The exporter's dashboard works on a server without rules.
func TestExporterNeedsNoRules(t *testing.T) {
	if match := regexp.MustCompile(`\w+:asana_\w+`).FindString(string(exporter().json())); match != "" {
		t.Errorf("it reads %s", match)
	}
}

func rules(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../alerts/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
