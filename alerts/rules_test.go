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

// These tests look after the rule files: that each alert is whole, that the runbook has a section on it, and that a test of
// promtool's has it fire and resolve. What the rules do is tested by promtool itself, in e2e.
package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

const runbook = "https://github.com/asana-exporter/asana_exporter/blob/main/docs/runbook.md#"

// loaded is what these tests ask of a rule.
type loaded struct {
	Record, Alert string
	Expr          string
	Labels        map[string]string
	Annotations   map[string]string
}

// rules are all rules of all rule files.
type rules struct {
	alerts   []alert
	recorded []loaded
}

type alert struct {
	loaded
	severities []string // Of its own label, or of the recorded limits that its expression compares with.
}

// The rule files are those in this folder that have groups of rules.
func readRules(t *testing.T) (all rules) {
	t.Helper()
	var alerts []loaded
	for _, path := range glob(t, "*.yml") {
		for _, r := range readRulesOf(t, path) {
			if r.Record != "" {
				all.recorded = append(all.recorded, r)
			} else {
				alerts = append(alerts, r)
			}
		}
	}
	for _, a := range alerts {
		all.alerts = append(all.alerts, alert{a, all.severities(a)})
	}
	if len(all.alerts) == 0 || len(all.recorded) == 0 {
		t.Fatalf("%d alerts and %d recording rules", len(all.alerts), len(all.recorded))
	}
	return all
}

func readRulesOf(t *testing.T, path string) (all []loaded) {
	t.Helper()
	var file struct {
		Groups []struct{ Rules []loaded }
	}
	decode(t, path, &file)
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	return all
}

// severities returns the severities under which an alert fires, pages first. A rule without the label has that of the limit.
func (r rules) severities(a loaded) (severities []string) {
	if severity, ok := a.Labels["severity"]; ok {
		return []string{severity}
	}
	limits := regexp.MustCompile(`workspace_kind_severity:asana_deletions:limit\{kind=~?"([^"]*)"\}`).FindStringSubmatch(a.Expr)
	if limits == nil {
		return nil
	}
	for _, recorded := range r.recorded {
		kind, severity := recorded.Labels["kind"], recorded.Labels["severity"]
		if recorded.Record == "asana_deletions:floor" &&
			regexp.MustCompile("^(?:"+limits[1]+")$").MatchString(kind) && !slices.Contains(severities, severity) {
			severities = append(severities, severity)
		}
	}
	return severities
}

func (r rules) names() (names []string) {
	for _, a := range r.alerts {
		names = append(names, a.Alert)
	}
	return names
}

// notification is an alert with one of its severities.
type notification struct {
	alert
	severity string
}

func (n notification) String() string { return n.Alert + " (" + n.severity + ")" }

func (r rules) notifications() (all []notification) {
	for _, a := range r.alerts {
		for _, severity := range a.severities {
			all = append(all, notification{a, severity})
		}
	}
	return all
}

func (r rules) records() (names []string) {
	for _, recorded := range r.recorded {
		names = append(names, recorded.Record)
	}
	return names
}

func TestEachAlertIsWhole(t *testing.T) {
	rules := readRules(t)
	for i, a := range rules.alerts {
		if slices.Contains(rules.names()[:i], a.Alert) {
			t.Errorf("%s: there are two of it", a.Alert)
		}
		if severities := strings.Join(a.severities, " or "); !slices.Contains([]string{"page", "warning", "page or warning"}, severities) {
			t.Errorf("%s: severity %q", a.Alert, severities)
		}
		for _, annotation := range []string{"summary", "description"} {
			if text := a.Annotations[annotation]; text == "" || strings.Contains(text, "\n") {
				t.Errorf("%s: %s is missing, or more than a line: %q", a.Alert, annotation, text)
			}
		}
		if got, want := a.Annotations["runbook_url"], runbook+strings.ToLower(a.Alert); got != want {
			t.Errorf("%s: runbook_url is %q, want %q", a.Alert, got, want)
		}
	}
}

// See https://prometheus.io/docs/practices/rules/.
func TestRecordingRulesAreNamedByLevelMetricAndOperations(t *testing.T) {
	named := regexp.MustCompile(`^[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){1,3}$`)
	for _, name := range readRules(t).records() {
		if !named.MatchString(name) {
			t.Errorf("%s", name)
		}
	}
}

func TestRunbookHasASectionForEachAlert(t *testing.T) {
	sections := map[string]string{}
	for _, section := range strings.Split(read(t, "../docs/runbook.md"), "\n## ")[1:] {
		name, text, _ := strings.Cut(section, "\n")
		sections[name] = text
	}
	rules := readRules(t)
	for _, a := range rules.alerts {
		section, ok := sections[a.Alert]
		if !ok {
			t.Errorf("no heading %q", a.Alert)
			continue
		}
		for _, part := range []string{"**Means** (" + strings.Join(a.severities, " or ") + "): ", "**Is it real?** ", "**Do**: ", "**Silence**: ", "**Tested** "} {
			if strings.Count(section, "\n"+part) != 1 {
				t.Errorf("%s: want one paragraph that begins with %q", a.Alert, part)
			}
		}
	}
	for name := range sections {
		if strings.HasPrefix(name, "Asana") && !slices.Contains(rules.names(), name) {
			t.Errorf("there is a heading %q and no such alert", name)
		}
	}
}

// What people read, and what they copy, names alerts and series that exist.
func TestDocsNameWhatExists(t *testing.T) {
	rules := readRules(t)
	paths := append(append(glob(t, "../docs/*.md"), glob(t, "tests/*.yml")...), "../README.md", "alertmanager.yml", "deletions.yml", "exporter.yml")
	for _, path := range paths {
		text := read(t, path)
		for _, name := range regexp.MustCompile(`\bAsana[A-Z][A-Za-z]*\b(\.\*|\.\.\.)?`).FindAllString(text, -1) {
			prefix := strings.TrimRight(name, ".*")
			known := func(alert string) bool {
				return alert == name || prefix != name && strings.HasPrefix(alert, prefix)
			}
			if !slices.ContainsFunc(rules.names(), known) {
				t.Errorf("%s: there is no alert %s", path, name)
			}
		}
		for _, name := range regexp.MustCompile(`\b(workspace|job|instance)[a-z_]*:[a-z0-9_:]*[a-z0-9_]`).FindAllString(text, -1) {
			if !slices.Contains(rules.records(), name) {
				t.Errorf("%s: no rule records %s", path, name)
			}
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
	}
	return paths
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func decode(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(read(t, path)), into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
