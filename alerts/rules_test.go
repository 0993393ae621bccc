// Package alerts_test looks after the rule files: that each alert is whole, that the runbook knows it, and that a test of
// promtool's has it fire and resolve. What the rules do is tested by promtool itself, in e2e.
package alerts_test

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

// An alert is what these tests ask of an alerting rule.
type alert struct {
	Name        string `yaml:"alert"`
	Labels      map[string]string
	Annotations map[string]string
}

// rules are all rules of all rule files.
type rules struct {
	alerts  []alert
	records []string
}

// The rule files are those in this folder that have groups of rules.
func readRules(t *testing.T) (all rules) {
	t.Helper()
	for _, path := range glob(t, "*.yml") {
		var file struct {
			Groups []struct {
				Rules []struct {
					alert  `yaml:",inline"`
					Record string
				}
			}
		}
		decode(t, path, &file)
		for _, group := range file.Groups {
			for _, rule := range group.Rules {
				if rule.Record != "" {
					all.records = append(all.records, rule.Record)
				} else {
					all.alerts = append(all.alerts, rule.alert)
				}
			}
		}
	}
	if len(all.alerts) == 0 || len(all.records) == 0 {
		t.Fatalf("%d alerts and %d recording rules", len(all.alerts), len(all.records))
	}
	return all
}

func (r rules) names() (names []string) {
	for _, a := range r.alerts {
		names = append(names, a.Name)
	}
	return names
}

func TestEachAlertIsWhole(t *testing.T) {
	rules := readRules(t)
	for i, a := range rules.alerts {
		if slices.Contains(rules.names()[:i], a.Name) {
			t.Errorf("%s: there are two of it", a.Name)
		}
		if severity := a.Labels["severity"]; severity != "page" && severity != "warning" {
			t.Errorf("%s: severity %q", a.Name, severity)
		}
		for _, annotation := range []string{"summary", "description"} {
			if text := a.Annotations[annotation]; text == "" || strings.Contains(text, "\n") {
				t.Errorf("%s: %s is missing, or more than a line: %q", a.Name, annotation, text)
			}
		}
		if got, want := a.Annotations["runbook_url"], runbook+strings.ToLower(a.Name); got != want {
			t.Errorf("%s: runbook_url is %q, want %q", a.Name, got, want)
		}
	}
}

// See https://prometheus.io/docs/practices/rules/.
func TestRecordingRulesAreNamedByLevelMetricAndOperations(t *testing.T) {
	named := regexp.MustCompile(`^[a-z][a-z0-9_]*(:[a-z][a-z0-9_]*){1,3}$`)
	for _, name := range readRules(t).records {
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
		section, ok := sections[a.Name]
		if !ok {
			t.Errorf("no heading %q", a.Name)
			continue
		}
		for _, part := range []string{"**Means** (" + a.Labels["severity"] + "): ", "**Is it real?** ", "**Do**: ", "**Silence**: ", "**Tested** "} {
			if strings.Count(section, "\n"+part) != 1 {
				t.Errorf("%s: want one paragraph that begins with %q", a.Name, part)
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
	paths := append(glob(t, "../docs/*.md"), "../README.md", "alertmanager.yml", "deletions.yml", "exporter.yml")
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
			if !slices.Contains(rules.records, name) {
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
